"""Where a task stands: the interface that pulls for it, its containers' network, and how a load balancer finds it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import msgspec

from natless.lab.instances.fleet import Fleet
from natless.lab.services.ecs_tasks import Tasks
from natless.lab.tasks import words
from natless.lab.tasks.plan import TaskPlan
from natless.lab.tasks.ports import House


class Standing(msgspec.Struct, frozen=True):
    """A task's place. `pulls_by` is the interface of who prepares it, in `subnet`; `namespace` is the containers'.

    `speaks_by` is the interface that the containers' own packets leave by.

    `target` is what is registered with target groups: an address, or an instance with the host port of each of `ports`.
    """

    pulls_by: str
    speaks_by: str
    subnet: str
    namespace: str
    address: str
    target: str
    ports: Mapping[int, int] = {}

    def port(self, container_port: int) -> int:
        """Give the port at which a container's port is found."""
        return self.ports.get(container_port, container_port)


def stand(house: House, door: Tasks, fleet: Fleet, plan: TaskPlan) -> Standing:
    """Give a task its place: an interface of its own, its instance's, or one behind that."""
    host = plan.host
    if host is None:
        attached = door.attach(plan.arn, plan.subnet, plan.groups, public=plan.public)
        namespace = when_there(house, attached.interface)
        return Standing(
            attached.interface, attached.interface, plan.subnet, namespace, attached.address, attached.address
        )
    machine = host.machine
    when_there(house, machine.interface)
    if plan.mode == "awsvpc":
        attached = door.attach(plan.arn, plan.subnet, plan.groups, public=False)
        namespace = when_there(house, attached.interface)
        speaks = attached.interface
        return Standing(machine.interface, speaks, machine.subnet, namespace, attached.address, attached.address)
    door.bind(plan.arn, plan.ports)
    if plan.mode == "host":
        namespace = house.network.namespace(machine.interface)
        mine, address = machine.interface, machine.address
        return Standing(mine, mine, machine.subnet, namespace, address, machine.id, plan.ports)
    joined = fleet.bridges.join(machine.interface, machine.id, plan.id, plan.ports)
    mine = machine.interface
    return Standing(mine, mine, machine.subnet, joined.namespace, joined.address, machine.id, plan.ports)


def when_there(house: House, interface: str) -> str:
    """Wait until the fabric has an interface, and give its namespace."""
    until = time.monotonic() + house.patience.interface
    while time.monotonic() < until:
        with contextlib.suppress(LookupError):
            return house.network.namespace(interface)
        time.sleep(0.02)
    raise words.StartError("Timeout waiting for network interface provisioning to complete.")
