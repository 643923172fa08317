"""VERB. Cloud in; Estimate out: what stands costs by the month, by the prices in `catalog`. No I/O."""

from __future__ import annotations

from natless.cost.compare import Option, compare
from natless.cost.difference import Changed, Difference, difference
from natless.cost.estimate import Estimate, Traffic, estimate
from natless.cost.nat import BreakEven, break_even
from natless.cost.sums import Line

__all__ = [
    "BreakEven",
    "Changed",
    "Difference",
    "Estimate",
    "Line",
    "Option",
    "Traffic",
    "break_even",
    "compare",
    "difference",
    "estimate",
]
