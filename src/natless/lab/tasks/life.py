"""The life of one task, in a thread of its own: interface, start, containers, registration, end."""

from __future__ import annotations

import contextlib
import threading
import time

import msgspec

from natless.lab.instances.fleet import Fleet
from natless.lab.instances.keys import InstanceKeys
from natless.lab.instances.standing import Standing, stand
from natless.lab.metadata import Admission
from natless.lab.metadata.server import Keys
from natless.lab.services.ecs_tasks import ContainerState, Tasks
from natless.lab.tasks import words
from natless.lab.tasks.bounds import drop_storage, make_storage, storage, task_memory
from natless.lab.tasks.calls import Caller
from natless.lab.tasks.crew import Crew, Ending
from natless.lab.tasks.health import Health
from natless.lab.tasks.logs import LogShipper
from natless.lab.tasks.meter import Meter
from natless.lab.tasks.plan import Registration, TaskPlan, name_servers
from natless.lab.tasks.ports import House
from natless.lab.tasks.roles import role_keys
from natless.lab.tasks.runner import Container, Place
from natless.lab.tasks.startup import Prepared, Startup, container_folder, task_folder
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.way import Way

LAB_DOWN = Ending("UserInitiated", "The lab is going down", own_fault=False)
"""No task holds the lab up for longer than its patience when it goes down."""

_LOOK = 0.05
"""Seconds between looks at a running container."""


class TaskLife(threading.Thread):
    """Starts a task and sees it through to STOPPED. `ending` is set, with `ended` true, when it is over."""

    def __init__(self, house: House, door: Tasks, trees: Trees, meter: Meter, plan: TaskPlan, *, fleet: Fleet) -> None:
        """Take the lab, its task records' door, the unpacked images, the meter, what to start, and the instances."""
        super().__init__(name=f"task-{plan.id[:8]}", daemon=True)
        self.plan = plan
        self.address = ""
        self.running_since: float | None = None
        self.ending: Ending | None = None
        self._house = house
        self._door = door
        self._trees = trees
        self._fleet = fleet
        self._standing: Standing | None = None
        self._meter = meter
        self._crew: Crew | None = None
        self._told: object = None
        self._asked: Ending | None = None
        self._stop = threading.Event()
        self._over = threading.Event()
        self._admission: Admission | None = None
        self.agent: Caller | None = None
        """What the agent of ECS Exec calls by, with the task role's keys; None where the task has none."""
        self.registered = False
        self.deregistered = False

    @property
    def ended(self) -> bool:
        """Whether the task is STOPPED."""
        return self._over.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop, or has."""
        return self._stop.is_set() or self.ending is not None

    @property
    def health(self) -> Health | None:
        """What the containers' health checks say of the task, as far as ECS hears it; None where it has none."""
        found = self._crew.health if self._crew is not None else None
        return found if found is None or self._heard() else "UNKNOWN"

    def _heard(self) -> bool:
        """Say whether ECS hears of the containers' health: on instances by the agent's telemetry."""
        host = self.plan.host
        return host is None or self._fleet.reports(host.machine.id)

    def ask_to_stop(self, ending: Ending) -> None:
        """Have the task stopped, for the reason given; the first to ask is heard."""
        if not self._stop.is_set():
            self._asked = ending
            self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the task is STOPPED, `seconds` at most; say whether it is."""
        return self._over.wait(seconds)

    def run(self) -> None:
        """Live."""
        try:
            self.ending = self._live()
        except words.StartError as error:
            self.ending = Ending("TaskFailedToStart", str(error), own_fault=True)
        except Exception as error:  # noqa: BLE001  # the lab's own fault, and it must be told as the task's end
            self.ending = Ending("TaskFailedToStart", f"InternalError: {type(error).__name__}: {error}", own_fault=True)
        try:
            self._die(self.ending)
        finally:
            drop_storage(task_folder(self._house, self.plan))
            self._over.set()

    def _live(self) -> Ending:
        execution: Keys | None = role_keys(self._house.identities, self.plan, "executionRoleArn")
        secret = any(each.get("secrets") for each in self.plan.containers)
        if execution is None and self.plan.host is not None and not secret:
            # Pulls and logs fall back to the instance's role (catalog.instances); secrets do not.
            execution = InstanceKeys(self._house.identities, self.plan.host.machine)
        own = role_keys(self._house.identities, self.plan, "taskRoleArn")
        standing = self._standing = stand(self._house, self._door, self._fleet, self.plan)
        self.address = standing.address
        self._door.update(self.plan.arn, status="PENDING", moments=["pull_started_at"])
        servers = name_servers(self._house.connect, standing.subnet)
        way = Way(self._house.network, standing.pulls_by, servers, self._house.ca_file, self._house.patience)
        names = [str(each["name"]) for each in self.plan.containers]
        self._admission = self._house.metadata.admit(self.plan.arn, self.plan.cluster, standing.namespace, names, own)
        if own is not None:
            out = msgspec.structs.replace(way, eni=standing.speaks_by)
            self.agent = Caller(out, self._house.region, own)
        startup = Startup(self._house, self.plan, way, self._trees, execution)
        prepared = startup.prepare(self._admission.variables)
        if self._asked is not None:
            return self._asked
        self._door.update(self.plan.arn, status="ACTIVATING", moments=["pull_stopped_at"])
        make_storage(task_folder(self._house, self.plan), storage(self.plan.definition))

        def begin(each: Prepared, starts: int) -> tuple[Container, LogShipper]:
            container = Container(each.process, self._place(each, starts, standing, servers))
            return container, LogShipper(startup.caller, each.log, container.output)

        pace = self._house.patience.check_pace
        self._crew = Crew(prepared, task_memory(self.plan.definition), self._meter, pace, begin)
        return self._watch(self._crew)

    def container(self, name: str) -> Container | None:
        """Give a container that runs, by its name."""
        return self._crew.container(name) if self._crew is not None and not self.stopping else None

    def target(self, registration: Registration) -> tuple[str, int]:
        """Give what a target group knows the task as: an address or an instance, and a port."""
        if self._standing is None:
            return "", registration.port
        return self._standing.target, self._standing.port(registration.port)

    def _place(self, prepared: Prepared, starts: int, standing: Standing, servers: tuple[str, ...]) -> Place:
        folder = container_folder(self._house, self.plan, prepared.name, starts)
        folder.mkdir()
        for mount in prepared.mounts:
            mount.source.mkdir(parents=True, exist_ok=True)
        host_name = f"ip-{standing.address.replace('.', '-')}.{self._house.region}.compute.internal"
        root, ca_file = prepared.image.root, self._house.ca_file
        return Place(folder, root, standing.namespace, host_name, standing.address, servers, ca_file, prepared.mounts)

    def _watch(self, crew: Crew) -> Ending:
        """Start the containers and wait for the first essential one's end, or to be asked to stop."""
        while self._asked is None:
            ending = crew.step()
            self._tell(crew)
            if ending is not None:
                return ending
            if crew.started and self.running_since is None:
                self._door.update(self.plan.arn, status="RUNNING")
                self.running_since = time.monotonic()
                self._register()
            self._stop.wait(_LOOK)
        return self._asked

    def _tell(self, crew: Crew) -> None:
        """Record how the containers are, where that has changed."""
        states = crew.states()
        if not self._heard():
            states = tuple(msgspec.structs.replace(each, health="UNKNOWN") for each in states)
        seen = states, self.health
        if seen != self._told:
            self._told = seen
            self._door.update(self.plan.arn, containers=seen[0], health=seen[1])

    def _register(self) -> None:
        elbv2 = self._house.connect("elbv2")
        for each in self.plan.registrations:
            target = dict(zip(("Id", "Port"), self.target(each), strict=True))
            elbv2.register_targets(TargetGroupArn=each.target_group, Targets=[target])
            self.registered = True

    def _die(self, ending: Ending) -> None:
        """Go through DEACTIVATING, STOPPING and DEPROVISIONING to STOPPED, whatever fails on the way."""
        code, reason = ending.code, ending.reason
        self._door.update(
            self.plan.arn, status="DEACTIVATING", desired="STOPPED", stop_code=code, stopped_reason=reason
        )
        self._deregister(drain=self._crew is not None and self._crew.running)
        self._door.update(self.plan.arn, status="STOPPING")
        deaf = 0.0 if self._asked is LAB_DOWN else None
        states = list(self._crew.stop(self._stop_seconds, deaf) if self._crew is not None else ())
        if not states:
            states = [ContainerState(str(each["name"]), "STOPPED") for each in self.plan.containers]
        if ending.reason.startswith("Cannot"):
            states[0] = msgspec.structs.replace(states[0], reason=ending.reason)
        self._door.update(self.plan.arn, status="DEPROVISIONING", containers=states, moments=["execution_stopped_at"])
        if self._admission is not None:
            self._house.metadata.dismiss(self._admission)
        self._fleet.bridges.leave(self.plan.id)
        self._door.detach(self.plan.arn)
        self._door.update(self.plan.arn, status="STOPPED")

    def _stop_seconds(self, prepared: Prepared) -> float:
        """Give how long a container may take to stop: as its definition says, else as ECS does."""
        allowed = prepared.traits.stop_timeout
        seconds = self._house.patience.stop if allowed is None else allowed
        return min(seconds, self._house.patience.last_stop) if self._asked is LAB_DOWN else seconds

    def _deregister(self, *, drain: bool) -> None:
        if not self.registered:
            return
        elbv2 = self._house.connect("elbv2")
        for each in self.plan.registrations:
            target = dict(zip(("Id", "Port"), self.target(each), strict=True))
            with contextlib.suppress(Exception):  # the target group may be gone before its tasks
                elbv2.deregister_targets(TargetGroupArn=each.target_group, Targets=[target])
        self.deregistered = True
        if drain and self._asked is not LAB_DOWN:
            time.sleep(self._house.patience.drain)
