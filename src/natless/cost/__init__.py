"""VERB. Cloud in; Estimate out: what stands costs by the month, by the prices in `catalog`. No I/O."""

from __future__ import annotations

from natless.cost.compare import Option, compare
from natless.cost.estimate import Estimate, Line, Traffic, estimate
from natless.cost.nat import BreakEven, break_even

__all__ = ["BreakEven", "Estimate", "Line", "Option", "Traffic", "break_even", "compare", "estimate"]
