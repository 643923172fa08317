"""What stands of a deployment."""

from __future__ import annotations

import msgspec

from natless.deploy import services, stacks
from natless.deploy.calls import Connect
from natless.deploy.progress import StackEvent
from natless.deploy.services import ServiceStatus

_EVENTS = 10


class Status(msgspec.Struct, frozen=True):
    """A deployment. `state` is the main stack's, "" where it does not stand; `events` are the last, oldest first."""

    name: str
    state: str
    reason: str
    url: str
    outputs: dict[str, str]
    services: tuple[ServiceStatus, ...]
    events: tuple[StackEvent, ...]


def status(connect: Connect, name: str) -> Status:
    """Read what stands of the deployment `name`: its main stack, services, tasks and targets."""
    stack = stacks.find(connect, name)
    if stack is None:
        return Status(name, "", "", "", {}, (), ())
    found = (
        services.read(connect, services.named(each.id, name))
        for each in stacks.resources(connect, stack.id)
        if each.type == "AWS::ECS::Service" and each.id and each.status != "DELETE_COMPLETE"
    )
    return Status(
        name,
        stack.status,
        stack.reason,
        stack.outputs.get("Url", ""),
        dict(stack.outputs),
        tuple(service for service in found if service is not None),
        stacks.Events(connect, stack.id, from_now=False).new()[-_EVENTS:],
    )
