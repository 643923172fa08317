"""Three verdicts, each with its evidence."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from natless.finding.origin import Gap, Origin

GateKind: TypeAlias = Literal[
    "placement",
    "name",
    "security-group-egress",
    "network-acl-out",
    "route",
    "network-acl-in",
    "security-group-ingress",
    "endpoint-policy",
    "listener",
    "target-group",
    "identity",
    "image-source",
    "order",
]
"""The kinds of thing that may say no, in the order a packet (and then a request) meets them. `placement` is before any
packet: no instance that the task could be placed on."""


class Hop(msgspec.Struct, frozen=True):
    """One step of a path: the element that was asked and why it said yes (or, last in a blocked path, no).

    `instead` are other rules of the element, each of which would say yes as well.
    """

    kind: GateKind
    element: str
    detail: str
    origin: Origin
    instead: tuple[str, ...] = ()


class Path(msgspec.Struct, frozen=True):
    """The hops of a flow forward, and those of its answer back."""

    forward: tuple[Hop, ...] = ()
    back: tuple[Hop, ...] = ()


class Gate(msgspec.Struct, frozen=True):
    """The one element that says no: the thing a person has to change.

    `element` is its logical id (template), address (plan) or physical id (account). `stopped_at` is
    the element where the packet itself dies, which differs from `element` when the cause is a name:
    with private DNS off the packet dies at a route table or a group, but the endpoint is the cause.
    """

    kind: GateKind
    element: str
    origin: Origin
    stopped_at: str = ""
    stopped_kind: GateKind | None = None


class Reachable(msgspec.Struct, frozen=True, tag="reachable"):
    """The need is met. `path` is the way; `degraded` says which endpoint interfaces are not reachable."""

    path: Path
    degraded: str = ""


class Blocked(msgspec.Struct, frozen=True, tag="blocked"):
    """The need is not met: `gate` blocks, rule `rule` (NLnnn) explains it, `path` is the way up to the gate."""

    path: Path
    gate: Gate
    rule: str
    reason: str


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """It cannot be said, because of `gaps`."""

    gaps: tuple[Gap, ...]


Outcome: TypeAlias = Reachable | Blocked | Unknown


class Verdict(msgspec.Struct, frozen=True):
    """What proof says of one need of one task.

    `task` is the logical id of the task definition (family:revision in an account), `need` the short
    name of what must be reached (`ecr.api`, `s3-layers`, `internet->alb`, `task->internet`, ...).
    `kept` says whether the outcome is what was promised: *blocked* keeps a promise of isolation.
    """

    task: str
    need: str
    outcome: Outcome
    reason: str
    kept: bool
