"""The life of one task, in a thread of its own: interface, start, containers, registration, end."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from pathlib import Path

import msgspec

from natless.lab.instances.fleet import Fleet
from natless.lab.instances.standing import Standing, stand
from natless.lab.services.ecs_tasks import ContainerState, Tasks
from natless.lab.tasks import words
from natless.lab.tasks.logs import LogShipper
from natless.lab.tasks.plan import Registration, TaskPlan, name_servers
from natless.lab.tasks.ports import House
from natless.lab.tasks.runner import Container, Place
from natless.lab.tasks.startup import Prepared, Startup, container_folder
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.way import Way

_LOOK = 0.05
"""Seconds between looks at a running container."""


class Ending(msgspec.Struct, frozen=True):
    """Why a task ended: ECS's stop code and reason. `own_fault` counts against its deployment."""

    code: str
    reason: str
    own_fault: bool


class _Running(msgspec.Struct, frozen=True):
    """A container that was started, with what ships its lines."""

    prepared: Prepared
    container: Container
    shipper: LogShipper


class TaskLife(threading.Thread):
    """Starts a task and sees it through to STOPPED. `ending` is set, with `ended` true, when it is over."""

    def __init__(self, house: House, door: Tasks, trees: Trees, plan: TaskPlan, fleet: Fleet) -> None:
        """Take the lab, the door to the account's task records, the unpacked images, what to start, and instances."""
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
        self._asked: Ending | None = None
        self._stop = threading.Event()
        self._over = threading.Event()
        self._registered = False

    @property
    def ended(self) -> bool:
        """Whether the task is STOPPED."""
        return self._over.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop, or has."""
        return self._stop.is_set() or self.ending is not None

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
        running: list[_Running] = []
        try:
            self.ending = self._live(running)
        except words.StartError as error:
            self.ending = Ending("TaskFailedToStart", str(error), own_fault=True)
        except Exception as error:  # noqa: BLE001  # the lab's own fault, and it must be told as the task's end
            self.ending = Ending("TaskFailedToStart", f"InternalError: {type(error).__name__}: {error}", own_fault=True)
        try:
            self._die(running, self.ending)
        finally:
            self._over.set()

    def _live(self, running: list[_Running]) -> Ending:
        standing = self._standing = stand(self._house, self._door, self._fleet, self.plan)
        self.address = standing.address
        self._door.update(self.plan.arn, status="PENDING", moments=["pull_started_at"])
        servers = name_servers(self._house.connect, standing.subnet)
        way = Way(self._house.network, standing.pulls_by, servers, self._house.ca_file, self._house.patience)
        startup = Startup(self._house, self.plan, way, self._trees)
        prepared = startup.prepare()
        if self._asked is not None:
            return self._asked
        self._door.update(self.plan.arn, status="ACTIVATING", moments=["pull_stopped_at"])
        for each in prepared:
            place = self._place(each, standing, servers)
            container = Container(each.process, place)
            running.append(_Running(each, container, LogShipper(startup.caller, each.log, container.output)))
        states = [ContainerState(each.name, "RUNNING", image_digest=each.image.digest) for each in prepared]
        self._door.update(self.plan.arn, status="RUNNING", containers=states)
        self.running_since = time.monotonic()
        self._register()
        return self._watch(running)

    def target(self, registration: Registration) -> tuple[str, int]:
        """Give what a target group knows the task as: an address or an instance, and a port."""
        if self._standing is None:
            return "", registration.port
        return self._standing.target, self._standing.port(registration.port)

    def _place(self, prepared: Prepared, standing: Standing, servers: tuple[str, ...]) -> Place:
        folder = container_folder(self._house, self.plan, prepared.name)
        folder.mkdir(parents=True)
        host_name = f"ip-{standing.address.replace('.', '-')}.{self._house.region}.compute.internal"
        root, ca_file = prepared.image.root, self._house.ca_file
        return Place(folder, root, standing.namespace, host_name, standing.address, servers, ca_file)

    def _watch(self, running: list[_Running]) -> Ending:
        """Wait for the first essential container's end, or to be asked to stop."""
        while not self._stop.wait(_LOOK):
            if any(each.prepared.essential and each.container.poll() is not None for each in running):
                return Ending("EssentialContainerExited", "Essential container in task exited", own_fault=True)
        return self._asked or Ending("UserInitiated", "Task stopped by user", own_fault=False)

    def _register(self) -> None:
        elbv2 = self._house.connect("elbv2")
        for each in self.plan.registrations:
            target = dict(zip(("Id", "Port"), self.target(each), strict=True))
            elbv2.register_targets(TargetGroupArn=each.target_group, Targets=[target])
            self._registered = True

    def _die(self, running: list[_Running], ending: Ending) -> None:
        """Go through DEACTIVATING, STOPPING and DEPROVISIONING to STOPPED, whatever fails on the way."""
        code, reason = ending.code, ending.reason
        self._door.update(
            self.plan.arn, status="DEACTIVATING", desired="STOPPED", stop_code=code, stopped_reason=reason
        )
        self._deregister(drain=any(each.container.poll() is None for each in running))
        self._door.update(self.plan.arn, status="STOPPING")
        states = [self._stop_container(each) for each in running]
        if not running:
            states = [ContainerState(str(each["name"]), "STOPPED") for each in self.plan.containers]
            if ending.reason.startswith("Cannot"):
                states[0] = msgspec.structs.replace(states[0], reason=ending.reason)
        self._door.update(self.plan.arn, status="DEPROVISIONING", containers=states, moments=["execution_stopped_at"])
        shutil.rmtree(Path(self._house.scratch, "containers", self.plan.id), ignore_errors=True)
        self._fleet.bridges.leave(self.plan.id)
        self._door.detach(self.plan.arn)
        self._door.update(self.plan.arn, status="STOPPED")

    def _deregister(self, *, drain: bool) -> None:
        if not self._registered:
            return
        elbv2 = self._house.connect("elbv2")
        for each in self.plan.registrations:
            target = dict(zip(("Id", "Port"), self.target(each), strict=True))
            with contextlib.suppress(Exception):  # the target group may be gone before its tasks
                elbv2.deregister_targets(TargetGroupArn=each.target_group, Targets=[target])
        if drain:
            time.sleep(self._house.patience.drain)

    def _stop_container(self, each: _Running) -> ContainerState:
        allowed = each.prepared.stop_timeout
        seconds = self._house.patience.stop if allowed is None else min(allowed, self._house.patience.stop)
        code = each.container.poll()
        code = each.container.stop(seconds) if code is None else code
        each.shipper.finish(2.0)
        each.container.remove()
        return ContainerState(each.prepared.name, "STOPPED", exit_code=code, image_digest=each.prepared.image.digest)
