"""Three values: True, False, and Maybe with the gaps that leave it open (Kleene's strong logic)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from natless.finding import Gap


class Maybe(msgspec.Struct, frozen=True):
    """Not decided, because of `gaps`. It has no truth value of its own: ask with `is True` and `is False`."""

    gaps: tuple[Gap, ...]

    def __bool__(self) -> bool:
        """Refuse: an undecided answer that counts as yes or as no is how unknown becomes fine.

        Raises:
            TypeError: always.
        """
        msg = "undecided: compare with `is True` or `is False`"
        raise TypeError(msg)


Truth: TypeAlias = bool | Maybe


def every(truths: Iterable[Truth]) -> Truth:
    """Give the conjunction: one False decides, then one Maybe leaves it open. True of nothing."""
    gaps: list[Gap] = []
    open_ = False
    for truth in truths:
        if truth is False:
            return False
        if isinstance(truth, Maybe):
            open_ = True
            gaps.extend(truth.gaps)
    return Maybe(distinct(gaps)) if open_ else True


def some(truths: Iterable[Truth]) -> Truth:
    """Give the disjunction: one True decides, then one Maybe leaves it open. False of nothing."""
    gaps: list[Gap] = []
    open_ = False
    for truth in truths:
        if truth is True:
            return True
        if isinstance(truth, Maybe):
            open_ = True
            gaps.extend(truth.gaps)
    return Maybe(distinct(gaps)) if open_ else False


def negate(truth: Truth) -> Truth:
    """Give the negation; what is open stays open."""
    return truth if isinstance(truth, Maybe) else not truth


def distinct(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Give the gaps in order, each once."""
    return tuple(dict.fromkeys(gaps))
