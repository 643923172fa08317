"""The life of one task, in a thread of its own: interface, start, containers, registration, end."""

from __future__ import annotations

import contextlib
import threading
import time

import msgspec

from natless.lab.metadata import Admission
from natless.lab.services.ecs_tasks import Attached, ContainerState, Tasks
from natless.lab.tasks import words
from natless.lab.tasks.bounds import drop_storage, make_storage, storage, task_memory
from natless.lab.tasks.crew import Crew, Ending
from natless.lab.tasks.health import Health
from natless.lab.tasks.logs import LogShipper
from natless.lab.tasks.meter import Meter
from natless.lab.tasks.plan import TaskPlan, name_servers
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

    def __init__(self, house: House, door: Tasks, trees: Trees, meter: Meter, plan: TaskPlan) -> None:
        """Take the lab, the door to the account's task records, the unpacked images, the meter, and what to start."""
        super().__init__(name=f"task-{plan.id[:8]}", daemon=True)
        self.plan = plan
        self.address = ""
        self.running_since: float | None = None
        self.ending: Ending | None = None
        self._house = house
        self._door = door
        self._trees = trees
        self._meter = meter
        self._crew: Crew | None = None
        self._told: object = None
        self._asked: Ending | None = None
        self._stop = threading.Event()
        self._over = threading.Event()
        self._admission: Admission | None = None
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
        """What the containers' health checks say of the task; None where it has none."""
        return self._crew.health if self._crew is not None else None

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
        execution = role_keys(self._house.identities, self.plan, "executionRoleArn")
        own = role_keys(self._house.identities, self.plan, "taskRoleArn")
        attached = self._door.attach(self.plan.arn, self.plan.subnet, self.plan.groups, public=self.plan.public)
        namespace = self._namespace(attached.interface)
        self.address = attached.address
        self._door.update(self.plan.arn, status="PENDING", moments=["pull_started_at"])
        servers = name_servers(self._house.connect, self.plan.subnet)
        way = Way(self._house.network, attached.interface, servers, self._house.ca_file, self._house.patience)
        names = [str(each["name"]) for each in self.plan.containers]
        self._admission = self._house.metadata.admit(self.plan.arn, self.plan.cluster, namespace, names, own)
        startup = Startup(self._house, self.plan, way, self._trees, execution)
        prepared = startup.prepare(self._admission.variables)
        if self._asked is not None:
            return self._asked
        self._door.update(self.plan.arn, status="ACTIVATING", moments=["pull_stopped_at"])
        make_storage(task_folder(self._house, self.plan), storage(self.plan.definition))

        def begin(each: Prepared, starts: int) -> tuple[Container, LogShipper]:
            container = Container(each.process, self._place(each, starts, attached, namespace, servers))
            return container, LogShipper(startup.caller, each.log, container.output)

        pace = self._house.patience.check_pace
        self._crew = Crew(prepared, task_memory(self.plan.definition), self._meter, pace, begin)
        return self._watch(self._crew)

    def _namespace(self, interface: str) -> str:
        """Wait until the fabric has the interface, and give its namespace."""
        until = time.monotonic() + self._house.patience.interface
        while time.monotonic() < until:
            with contextlib.suppress(LookupError):
                return self._house.network.namespace(interface)
            time.sleep(0.02)
        raise words.StartError("Timeout waiting for network interface provisioning to complete.")

    def _place(
        self, prepared: Prepared, starts: int, attached: Attached, namespace: str, servers: tuple[str, ...]
    ) -> Place:
        folder = container_folder(self._house, self.plan, prepared.name, starts)
        folder.mkdir()
        for mount in prepared.mounts:
            mount.source.mkdir(parents=True, exist_ok=True)
        host_name = f"ip-{attached.address.replace('.', '-')}.{self._house.region}.compute.internal"
        root, ca_file = prepared.image.root, self._house.ca_file
        return Place(folder, root, namespace, host_name, attached.address, servers, ca_file, prepared.mounts)

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
        seen = crew.states(), crew.health
        if seen != self._told:
            self._told = seen
            self._door.update(self.plan.arn, containers=seen[0], health=seen[1])

    def _register(self) -> None:
        elbv2 = self._house.connect("elbv2")
        for each in self.plan.registrations:
            target = {"Id": self.address, "Port": each.port}
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
        states = list(self._crew.stop(self._stop_seconds) if self._crew is not None else ())
        if not states:
            states = [ContainerState(str(each["name"]), "STOPPED") for each in self.plan.containers]
        if ending.reason.startswith("Cannot"):
            states[0] = msgspec.structs.replace(states[0], reason=ending.reason)
        self._door.update(self.plan.arn, status="DEPROVISIONING", containers=states, moments=["execution_stopped_at"])
        if self._admission is not None:
            self._house.metadata.dismiss(self._admission)
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
            target = {"Id": self.address, "Port": each.port}
            with contextlib.suppress(Exception):  # the target group may be gone before its tasks
                elbv2.deregister_targets(TargetGroupArn=each.target_group, Targets=[target])
        self.deregistered = True
        if drain:
            time.sleep(self._house.patience.drain)
