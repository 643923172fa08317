"""What a lab is made for, and its main function: all that a command needs that brings one up.

The lab's own rooms are read by the process that becomes the lab; the command itself waits, and is gone at once.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from natless.lab.services.ledger import Timings
from natless.lab.supervisor import Inside
from natless.lab.tasks.patience import Patience

ACCOUNT = "123456789012"

Snapshot: TypeAlias = Callable[[Callable[[str], Any]], dict[str, Any]]
"""Reads the account into describe JSON: `account.snapshot`, handed in, since sibling rooms do not see each other."""


class Plan(msgspec.Struct, frozen=True):
    """What a lab is made for: its region, how its account is read, and how long things take and are waited for."""

    region: str
    snapshot: Snapshot
    timings: Timings = Timings()
    patience: Patience = Patience()


def house(plan: Plan) -> Callable[[Inside], None]:
    """Give the main function of a lab, as `supervisor.up` takes it."""

    def main(inside: Inside) -> None:
        from natless.lab import models  # noqa: PLC0415 - what is read here the lab alone needs: moto takes half a second

        # What is read now stays to the lab's end: to look through it for garbage took a fifth of the time.
        gc.disable()
        models.share(plan.region)
        from natless.lab.house import keep  # noqa: PLC0415 - moto keeps what it finds when it is imported

        keep(inside, plan)

    return main
