"""The containers of one task: started in the order that `dependsOn` gives, watched, started again, stopped in reverse.

What ends a task and what only ends a container: ECS developer guide, "Amazon ECS stopped tasks error messages" and
"Container dependency"; words where a dependency fails: amazon-ecs-agent, dependencygraph. Read 2026-11.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from natless.lab.services.ecs_tasks import ContainerState
from natless.lab.tasks import words
from natless.lab.tasks.bounds import TOO_MANY
from natless.lab.tasks.health import Health, Probe
from natless.lab.tasks.logs import LogShipper
from natless.lab.tasks.meter import Meter, shares
from natless.lab.tasks.runner import Container
from natless.lab.tasks.startup import Prepared
from natless.lab.tasks.traits import Need

Open = Callable[[Prepared, int], tuple[Container, LogShipper]]
"""Starts a container; the number counts how often it was started before. Raises words.StartError."""

_NEVER_STARTED = 143
"""The exit code that ECS gives a container whose dependency failed."""
_MEASURED = 0.2
"""Seconds between two looks at what a container uses."""


class Ending(msgspec.Struct, frozen=True):
    """Why a task ended: ECS's stop code and reason. `own_fault` counts against its deployment."""

    code: str
    reason: str
    own_fault: bool


class Member:
    """One container of the task, from before its start to after its end."""

    def __init__(self, prepared: Prepared) -> None:
        """Take what was prepared; nothing runs yet."""
        self.prepared = prepared
        self.container: Container | None = None
        self.shipper: LogShipper | None = None
        self.probe: Probe | None = None
        self.since: float | None = None
        self.starts = 0
        self.code: int | None = None
        self.reason: str | None = None
        self.over = False

    @property
    def name(self) -> str:
        """The container's name."""
        return self.prepared.name

    @property
    def health(self) -> Health:
        """What its health check says; UNKNOWN where it has none."""
        return self.probe.health if self.probe else "UNKNOWN"

    def state(self) -> ContainerState:
        """Give it as DescribeTasks says it."""
        status = "STOPPED" if self.over else "PENDING" if self.since is None else "RUNNING"
        digest = self.prepared.image.digest
        return ContainerState(self.name, status, self.code, self.reason, image_digest=digest, health=self.health)

    def end(self, code: int | None) -> None:
        """Take what an ended container leaves."""
        if self.probe is not None:
            self.probe.close()
        if self.shipper is not None:
            self.shipper.finish(2.0)
        self.code, self.over = code, True


class Crew:
    """All of them. `step` looks once and returns; nothing in it waits."""

    def __init__(
        self, prepared: Sequence[Prepared], memory: int | None, meter: Meter, pace: float, begin: Open
    ) -> None:
        """Take the prepared containers, their task's memory in bytes, and how a container is begun."""
        self._members = {each.name: Member(each) for each in prepared}
        self._memory = memory
        self._meter = meter
        self._pace = pace
        self._begin = begin
        self._measured = 0.0

    @property
    def started(self) -> bool:
        """Whether every container has been started (or never will be)."""
        return all(each.since is not None or each.over for each in self._members.values())

    @property
    def running(self) -> bool:
        """Whether any container runs."""
        return any(each.since is not None and not each.over for each in self._members.values())

    @property
    def health(self) -> Health | None:
        """The task's health: what its essential containers' checks say together; None where they have none."""
        checked = [
            each for each in self._members.values() if each.prepared.traits.essential and each.prepared.traits.check
        ]
        found = {each.health for each in checked}
        worst: tuple[Health, ...] = ("UNHEALTHY", "UNKNOWN", "HEALTHY")
        return next((each for each in worst if each in found), None)

    def container(self, name: str) -> Container | None:
        """Give a container that runs, by its name."""
        each = self._members.get(name)
        return each.container if each is not None and each.since is not None and not each.over else None

    def states(self) -> tuple[ContainerState, ...]:
        """Give every container as DescribeTasks says it."""
        return tuple(each.state() for each in self._members.values())

    def step(self) -> Ending | None:
        """See what ended, start what may start, and give the task's ending where it has come; raises StartError."""
        for each in self._members.values():
            self._look(each)
        for each in self._members.values():
            if each.since is None and not each.over:
                self._start_in_turn(each)
        self._measure()
        ended = [each for each in self._members.values() if each.over and each.prepared.traits.essential]
        if not ended and not all(each.over for each in self._members.values()):
            return None
        if any(each.since is None for each in ended):
            return Ending("TaskFailedToStart", "Task failed to start", own_fault=True)
        return Ending("EssentialContainerExited", "Essential container in task exited", own_fault=True)

    def stop(self, allowed: Callable[[Prepared], float], deaf: float | None = None) -> tuple[ContainerState, ...]:
        """Stop everything, a container before those that it depends on, and give how all ended.

        `deaf` is what a container gets that cannot hear its signal, where not the usual.
        """
        left = [each for each in self._members.values() if not each.over]
        while left:
            needed = {need.container for each in left for need in each.prepared.traits.needs}
            now = [each for each in left if each.name not in needed] or left
            threads = [threading.Thread(target=_stop, args=(each, allowed(each.prepared), deaf)) for each in now]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            left = [each for each in left if each not in now]
        return self.states()

    def _look(self, each: Member) -> None:
        if each.container is None or each.over:
            return
        code = each.container.poll()
        if code is None:
            if each.probe is not None:
                each.probe.step()
            return
        each.end(code if code >= 0 else 128 - code)
        policy = each.prepared.traits.restart
        lived = time.monotonic() - (each.since or 0.0)
        if policy and each.code not in policy.ignored and lived >= policy.period * self._pace:
            each.over, each.code = False, None
            self._start(each)

    def _start_in_turn(self, each: Member) -> None:
        for need in each.prepared.traits.needs:
            problem = self._problem(each, need)
            if problem is None:
                return
            if problem:
                each.reason = str(words.container(f"dependency graph: {problem}"))
                each.end(_NEVER_STARTED)
                return
        self._start(each)

    def _problem(self, each: Member, need: Need) -> str | None:
        """Say what is wrong with a need for good; "" where it is met, None while it may still be."""
        other = self._members[need.container]
        between = f"container ordering dependency [{other.name}] for target [{each.name}]"
        if other.over and other.since is None:
            return f"failed to resolve {between} because dependency will never start"
        if other.since is None:
            return None
        if other.over and need.condition == "SUCCESS" and other.code != 0:
            return f"failed to resolve {between} as dependency did not exit successfully."
        if other.over and need.condition == "HEALTHY" and other.health != "HEALTHY":
            return f"failed to resolve {between} because dependency will never be healthy"
        met = {"START": True, "COMPLETE": other.over, "SUCCESS": other.over, "HEALTHY": other.health == "HEALTHY"}
        if met[need.condition]:
            return ""
        late = time.monotonic() - other.since > other.prepared.traits.start_timeout
        return f"{between} has timed out." if late else None

    def _start(self, each: Member) -> None:
        container, shipper = self._begin(each.prepared, each.starts)
        each.container, each.shipper, each.since = container, shipper, time.monotonic()
        each.starts += 1
        check = each.prepared.traits.check
        each.probe = Probe(check, container, self._pace) if check else None

    def _measure(self) -> None:
        """Kill what uses more than it may."""
        now = time.monotonic()
        if now < self._measured + _MEASURED:
            return
        self._measured = now
        used = {}
        for each in self._members.values():
            if each.container is None or each.over:
                continue
            usage = self._meter.usage(each.container.pid)
            used[each.name] = usage
            bounds = each.container.process.bounds
            if usage.processes >= TOO_MANY:
                self._kill(each, f"natless lab: killed with more than {TOO_MANY} processes and threads")
            elif bounds.memory and usage.memory > bounds.memory and shares(usage.members) > bounds.memory:
                self._kill(each, words.OUT_OF_MEMORY)
        if self._memory and sum(usage.memory for usage in used.values()) > self._memory:
            together = {name: shares(usage.members) for name, usage in used.items()}
            if sum(together.values()) > self._memory:
                self._kill(self._members[max(together, key=lambda name: together[name])], words.OUT_OF_MEMORY)

    def _kill(self, each: Member, reason: str) -> None:
        """Kill a container; that it ended is seen at the next look."""
        if each.container is not None and not each.over:
            each.reason = reason
            each.container.kill()


def _stop(each: Member, seconds: float, deaf: float | None) -> None:
    """Stop one container, or see to it that it never starts."""
    if each.container is None:
        each.end(None)
        return
    each.end(each.container.stop(seconds) if deaf is None else each.container.stop(seconds, deaf))
