"""From a service or a one-off task to its place on an instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from natless.lab.instances.fleet import Fleet, Wanted
from natless.lab.instances.machines import Host
from natless.lab.instances.room import needs
from natless.lab.tasks.plan import TaskPlan
from natless.lab.tasks.ports import Connect


class Asking(Protocol):
    """A service or a task, as far as its place leans on it."""

    @property
    def cluster(self) -> str:
        """The cluster's name."""

    @property
    def providers(self) -> tuple[str, ...]:
        """The capacity providers that stand for instances."""

    @property
    def subnets(self) -> tuple[str, ...]:
        """The subnets of an awsvpc task."""


class Placed(msgspec.Struct, frozen=True):
    """The instance that was found, and the subnet of the task's own interface, "" where it has none."""

    host: Host
    subnet: str


def place(fleet: Fleet, connect: Connect, definition: Mapping[str, Any], asking: Asking) -> Placed | str:
    """Find an instance for a task, or say why there is none."""
    mode = definition["networkMode"]
    own = mode == "awsvpc"
    zones = _zones(connect, asking.subnets) if own else {}
    ports = () if own else tuple(_fixed(definition, mode))
    where = tuple(sorted(set(zones.values())))
    found = fleet.place(Wanted(asking.cluster, asking.providers, ports, where, needs(definition)))
    if isinstance(found, str):
        return found
    subnet = next((one for one, zone in zones.items() if zone == found.machine.zone), "")
    return Placed(found, subnet)


def _zones(connect: Connect, subnets: Sequence[str]) -> dict[str, str]:
    if not subnets:
        return {}
    found = connect("ec2").describe_subnets(SubnetIds=list(subnets))["Subnets"]
    return {each["SubnetId"]: each["AvailabilityZone"] for each in found}


def _fixed(definition: Mapping[str, Any], mode: str) -> list[int]:
    """Give the host ports that a task must have."""
    mappings = [each for one in definition["containerDefinitions"] for each in one.get("portMappings") or []]
    ports = (int(each["containerPort"]) if mode == "host" else int(each.get("hostPort") or 0) for each in mappings)
    return [port for port in ports if port]


def put(fleet: Fleet, plan: TaskPlan, placed: Placed) -> TaskPlan:
    """Take the place for a task: its plan with the instance and its ports."""
    if plan.mode == "awsvpc":
        fleet.hold(plan.id, placed.host, needs(plan.definition))
        return msgspec.structs.replace(plan, host=placed.host)
    mappings = [each for one in plan.containers for each in one.get("portMappings") or []]
    ports = fleet.take(plan.id, placed.host, mappings, plan.mode, needs(plan.definition))
    return msgspec.structs.replace(plan, host=placed.host, ports=ports)
