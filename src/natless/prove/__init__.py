"""VERB. Cloud in; Verdicts and Findings out. No I/O.

`prove` proves, `explain` explains. Pages are read by `explain` alone, when it is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from natless.prove.proof import Promises, Proof, prove

if TYPE_CHECKING:
    from natless.prove.explanation import Explanation

__all__ = ["Promises", "Proof", "explain", "prove"]


def explain(text: str) -> Explanation | None:
    """Explain a rule's code or name, an ECS error text pasted whole, or an explanation code; None for anything else."""
    from natless.prove import explanation  # noqa: PLC0415 - `check` needs none of it

    return explanation.explain(text)
