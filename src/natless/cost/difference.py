"""What a change costs by the month: what stands against what would stand, line by line."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from natless.cost.estimate import Estimate
from natless.cost.sums import Line


class Changed(msgspec.Struct, frozen=True):
    """One line that a change adds, takes away or moves, in USD by the month, at least.

    `before` or `after` is None where the line is not there then, or has no price: `why` says the latter. `most` is what
    it costs after the change where autoscaling has it scaled out, None where it does not.
    """

    resource: str
    what: str
    before: Decimal | None
    after: Decimal | None
    most: Decimal | None = None
    why: str = ""


class Difference(msgspec.Struct, frozen=True):
    """What all costs before and after a change, in USD by the month and at least, and what makes the difference.

    `before` is None where nothing stands. `unpriced` counts the lines after the change that have no price.
    """

    region: str
    hours: int
    before: Decimal | None
    after: Decimal
    unpriced: int
    changed: tuple[Changed, ...]

    @property
    def more(self) -> Decimal:
        """USD by the month that the change adds; less than nothing where it saves."""
        return self.after - (self.before or Decimal(0))


def difference(before: Estimate | None, after: Estimate) -> Difference:
    """Set what would stand against what stands."""
    old = _by_thing(before.lines) if before is not None else {}
    new = _by_thing(after.lines)
    changed = tuple(
        _changed(old.get(thing), new.get(thing))
        for thing in [*new, *(each for each in old if each not in new)]
        if _moves(old.get(thing), new.get(thing))
    )
    return Difference(
        after.region, after.hours, before.total if before is not None else None, after.total, after.unpriced, changed
    )


_Thing = tuple[str, str]


def _by_thing(lines: tuple[Line, ...]) -> dict[_Thing, Line]:
    """Give lines by what they are of: a resource, and what it is billed as (an instance, its volumes)."""
    return {(line.resource, line.what): line for line in lines}


def _moves(old: Line | None, new: Line | None) -> bool:
    """Say whether a line makes a difference: what is free makes none, and what has no price may make one."""
    if old is not None and new is not None:
        return (old.usd, old.most) != (new.usd, new.most)
    line = new or old
    return line is not None and line.usd != 0


def _changed(old: Line | None, new: Line | None) -> Changed:
    line = new or old
    assert line is not None  # noqa: S101 - one of the two is there
    return Changed(
        line.resource,
        line.what,
        old.usd if old is not None else None,
        new.usd if new is not None else None,
        new.most if new is not None else None,
        next((each.why for each in (new, old) if each is not None and each.why), ""),
    )
