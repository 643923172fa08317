"""All container instances of a lab: their agents, the instance that a task is placed on, and more where none fits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from natless.lab.instances.agent import Agent
from natless.lab.instances.bridge import Bridges
from natless.lab.instances.machines import Host, Machines
from natless.lab.instances.room import Needs, lacks
from natless.lab.services.ecs_instances import ContainerInstances
from natless.lab.tasks.ports import House

_LAST_DYNAMIC, _FIRST_DYNAMIC = 60999, 32768
NO_INSTANCE = (
    "was unable to place a task because no container instance met all of its requirements. Reason: {reason} For more "
    "information, see the Troubleshooting section of the Amazon ECS Developer Guide."
)


class Wanted(msgspec.Struct, frozen=True):
    """What a task asks of an instance: its cluster, its capacity providers, and the host ports that it takes.

    `zones` are those of its own subnets, () where it has none; `needs` is what it takes of the instance.
    """

    cluster: str
    providers: tuple[str, ...]
    ports: tuple[int, ...]
    zones: tuple[str, ...] = ()
    needs: Needs = Needs()


class Taken(msgspec.Struct, frozen=True):
    """What a task has of an instance, by the instance's ARN."""

    arn: str
    ports: tuple[int, ...]
    needs: Needs


class Fleet:
    """Keeps an agent on each instance, and knows what runs where. `step` looks once and returns."""

    def __init__(self, house: House) -> None:
        """Take what the lab's tasks share."""
        self._house = house
        self._machines = Machines(house.account, house.region)
        self._door = ContainerInstances(house.region, house.account)
        self._agents: dict[str, Agent] = {}
        self._taken: dict[str, Taken] = {}
        self._scaled = 0.0
        self.bridges = Bridges(house)

    def step(self, running: Iterable[str]) -> tuple[str, ...]:
        """Follow the account; `running` are the tasks that have not ended. Give the instances that have gone."""
        machines = self._machines.running()
        gone = [identifier for identifier in self._agents if identifier not in machines]
        for identifier in gone:
            self._agents.pop(identifier).stop()
            self._door.forget(identifier)
            self.bridges.forget(identifier)
        for identifier, machine in machines.items():
            if identifier not in self._agents:
                self._agents[identifier] = Agent(self._house, self._door, machine)
                self._agents[identifier].start()
        alive = set(running)
        for task in [task for task in self._taken if task not in alive]:
            del self._taken[task]
        if self._agents:
            arns = [each.arn for each in self._taken.values()]
            self._door.count({arn: arns.count(arn) for arn in set(arns)})
        return tuple(gone)

    def reports(self, machine: str) -> bool:
        """Say whether the agent of an instance can say how its containers are."""
        agent = self._agents.get(machine)
        return agent is not None and agent.reports

    def place(self, wanted: Wanted) -> Host | str:
        """Give the instance with the fewest tasks among those that fit, or why there is none."""
        hosts = [host for host in self._machines.hosts() if host.cluster == wanted.cluster]
        groups = {group.name for name in wanted.providers if (group := self._machines.provided(name))}
        if wanted.providers:
            hosts = [host for host in hosts if host.machine.auto_scaling_group in groups]
        arns = [each.arn for each in self._taken.values()]
        fitting = [host for host in hosts if self._why_not(host, wanted) == ""]
        if fitting:
            return min(fitting, key=lambda host: arns.count(host.arn))
        if all(host.connected for host in hosts):
            self._scale_out(wanted, len(hosts))
        if not hosts:
            return "No Container Instances were found in your cluster."
        closest = hosts[0]
        return f"The closest matching (container-instance {closest.arn}) {self._why_not(closest, wanted)}."

    def _why_not(self, host: Host, wanted: Wanted) -> str:
        """Say why a task does not fit on an instance, in ECS's words; "" where it does."""
        if not host.connected:
            return "the agent is disconnected"
        if wanted.zones and host.machine.zone not in wanted.zones:
            return "encountered error 'ATTRIBUTE'"
        if self._used_ports(host) & set(wanted.ports):
            return "is already using a port required by your task"
        taken = (each.needs for each in self._taken.values() if each.arn == host.arn)
        return lacks(host.machine.type, taken, wanted.needs)

    def _used_ports(self, host: Host) -> set[int]:
        return {port for each in self._taken.values() if each.arn == host.arn for port in each.ports}

    def take(
        self, task: str, host: Host, mappings: Iterable[Mapping[str, Any]], mode: str, wants: Needs
    ) -> dict[int, int]:
        """Take an instance's room and ports for a task, and give the host port of each container port."""
        used = self._used_ports(host)
        found: dict[int, int] = {}
        for mapping in mappings:
            container = int(mapping["containerPort"])
            port = container if mode == "host" else int(mapping.get("hostPort") or 0)
            if not port:
                port = next(free for free in range(_FIRST_DYNAMIC, _LAST_DYNAMIC + 1) if free not in used)
            found[container] = port
            used.add(port)
        self._taken[task] = Taken(host.arn, tuple(found.values()), wants)
        return found

    def hold(self, task: str, host: Host, wants: Needs) -> None:
        """Note that a task with an interface of its own runs on an instance."""
        self._taken[task] = Taken(host.arn, (), wants)

    def stop(self) -> None:
        """End the agents."""
        for agent in self._agents.values():
            agent.stop()

    def _scale_out(self, wanted: Wanted, standing: int) -> None:
        """Raise the desired capacity by one, as managed scaling does for a task that finds no place."""
        for name in wanted.providers:
            group = self._machines.provided(name)
            if group is None or group.desired > standing or group.desired >= group.most:
                continue
            if time.monotonic() - self._scaled < self._house.patience.backoff:
                return
            self._scaled = time.monotonic()
            autoscaling = self._house.connect("autoscaling")
            autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=group.desired + 1)
            return
