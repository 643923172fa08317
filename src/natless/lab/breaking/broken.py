"""What was broken, and the calls that undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

Connect: TypeAlias = Callable[[str], Any]


class Call(msgspec.Struct, frozen=True):
    """One call to the account: the service, boto3's name of the operation, and its arguments."""

    service: str
    operation: str
    arguments: Mapping[str, Any]


class Broken(msgspec.Struct, frozen=True):
    """What was done and what mending does, in words, and the calls that undo it, in this order.

    `slow` names the host names whose servers answer late: AWS has no call for that, the lab does it itself.
    """

    said: str
    back: str
    calls: tuple[Call, ...] = ()
    slow: tuple[str, ...] = ()


def make(connect: Connect, calls: Sequence[Call]) -> None:
    """Make calls, one after the other."""
    for call in calls:
        getattr(connect(call.service), call.operation)(**call.arguments)


def undo(broken: Broken, connect: Connect) -> None:
    """Undo a break."""
    make(connect, broken.calls)
