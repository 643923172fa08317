"""What a deployment says while it goes: frozen facts, for `cli` to show."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from natless.finding import Finding


class StackEvent(msgspec.Struct, frozen=True, tag_field="event", tag="stack-event"):
    """CloudFormation did something to a resource. `resource` is the logical id, `id` the physical one."""

    stack: str
    resource: str
    type: str
    status: str
    reason: str
    id: str
    at: datetime

    @property
    def failed(self) -> bool:
        """Say whether the resource failed, and not merely because another one did."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


class PropertyChange(msgspec.Struct, frozen=True):
    """A property that a change set changes. `recreation` is AWS's word: Never, Conditionally or Always."""

    name: str
    recreation: str
    before: str = ""
    after: str = ""


class Change(msgspec.Struct, frozen=True):
    """A resource that a change set adds, modifies, removes; `replacement` is AWS's word: True, False, Conditional.

    `policy` is AWS's PolicyAction, what becomes of the old resource: Delete, Retain, ReplaceAndDelete, ...; or "".
    """

    action: str
    resource: str
    type: str
    id: str
    replacement: str
    properties: tuple[PropertyChange, ...] = ()
    policy: str = ""


class Changes(msgspec.Struct, frozen=True, tag_field="event", tag="changes"):
    """A change set that stands ready: what executing it does to `stack`."""

    stack: str
    change_set: str
    kind: Literal["CREATE", "UPDATE"]
    changes: tuple[Change, ...]


class Unchanged(msgspec.Struct, frozen=True, tag_field="event", tag="unchanged"):
    """The stack is already what the template says."""

    stack: str


class Said(msgspec.Struct, frozen=True, tag_field="event", tag="said"):
    """Something a person should know: a leftover cleaned up, a stack waited for, what is kept."""

    text: str


class Found(msgspec.Struct, frozen=True, tag_field="event", tag="found"):
    """The preflight found something that a person should know, and that does not stop the deployment."""

    finding: Finding


class Pushing(msgspec.Struct, frozen=True, tag_field="event", tag="pushing"):
    """The image of a service is being built and pushed."""

    service: str
    repository: str


class Pushed(msgspec.Struct, frozen=True, tag_field="event", tag="pushed"):
    """The image of a service lies in its repository."""

    service: str
    repository: str
    digest: str


class LookedUp(msgspec.Struct, frozen=True, tag_field="event", tag="looked-up"):
    """A parameter's value, asked of the account. `expected` is the value that `check` proves with."""

    parameter: str
    value: str
    expected: str


class Underway(msgspec.Struct, frozen=True, tag_field="event", tag="underway"):
    """How far a stack is: `done` of `total` resources, and about how many `seconds` it will still take on AWS."""

    stack: str
    done: int
    total: int
    seconds: float


class ServiceEvent(msgspec.Struct, frozen=True, tag_field="event", tag="service-event"):
    """A line of the ECS service's own events."""

    service: str
    message: str
    at: datetime


class TaskEvent(msgspec.Struct, frozen=True, tag_field="event", tag="task-event"):
    """A task came into a new status. `address` is its private address, "" while it has none."""

    service: str
    task: str
    status: str
    address: str
    reason: str


class Ran(msgspec.Struct, frozen=True, tag_field="event", tag="ran"):
    """A one-off task came to its end. `code` is its container's, `lines` what it wrote."""

    service: str
    task: str
    code: int
    lines: tuple[str, ...]


class TargetEvent(msgspec.Struct, frozen=True, tag_field="event", tag="target-event"):
    """A load balancer's target came into a new state: initial, healthy, unhealthy, draining, unused."""

    service: str
    address: str
    port: int
    state: str
    reason: str


class FatalStart(msgspec.Struct, frozen=True, tag_field="event", tag="fatal-start"):
    """A release cannot come up, and waiting will not help. `cause` is ECS's (or the load balancer's) own text.

    `stage`: its tasks cannot start, or exit, or do not answer their health checks.
    """

    service: str
    task: str
    cause: str
    meaning: str
    stage: Literal["start", "exit", "health"] = "start"

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        what = {"start": "cannot start", "exit": "exit", "health": "do not pass their health checks"}[self.stage]
        return f"{self.service}: tasks {what}: {self.cause}"


class Deployed(msgspec.Struct, frozen=True, tag_field="event", tag="deployed"):
    """The end: every service runs and answers its health checks. `outputs` are the main stack's."""

    stack: str
    url: str
    outputs: dict[str, str]


class Destroyed(msgspec.Struct, frozen=True, tag_field="event", tag="destroyed"):
    """A stack (or log group, or images) is gone."""

    what: str


class Kept(msgspec.Struct, frozen=True, tag_field="event", tag="kept"):
    """Something that still stands after `destroy`, and the command that takes it away."""

    what: str
    command: str


Progress: TypeAlias = (
    StackEvent
    | Changes
    | Unchanged
    | Said
    | Found
    | Pushing
    | Pushed
    | LookedUp
    | Underway
    | ServiceEvent
    | TaskEvent
    | Ran
    | TargetEvent
    | FatalStart
    | Deployed
    | Destroyed
    | Kept
)
