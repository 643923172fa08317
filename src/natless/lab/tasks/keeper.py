"""One service, kept at its desired count: deployments, replacement, failures, and what ECS says of them.

Event texts: ECS developer guide, "Service event messages"; states: API reference, Deployment; thresholds of the
circuit breaker: book.Threshold. Read 2026-11.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from natless.lab.instances.fleet import NO_INSTANCE
from natless.lab.services.ecs_tasks import Tasks
from natless.lab.tasks.book import Book, Deployment, ServiceView, TargetHealth
from natless.lab.tasks.crew import Ending
from natless.lab.tasks.life import TaskLife
from natless.lab.tasks.ports import Patience

Start = Callable[[ServiceView, Deployment, str], TaskLife | str]
"""Starts a task of a deployment in a subnet, or says why no instance can host it."""

_INCONSISTENT = 3
"""Failures in a row after which ECS says that it cannot consistently start tasks (the number is an assumption)."""


class ServiceKeeper:
    """Keeps one service. `step` looks once and returns; nothing in it waits."""

    def __init__(self, door: Tasks, book: Book, start: Start, patience: Patience) -> None:
        """Take the account's writing and reading sides, and how a task is started."""
        self._door = door
        self._book = book
        self._start = start
        self._patience = patience
        self._lives: dict[str, list[TaskLife]] = {}
        self._targets: dict[str, bool] = {}
        self._stuck = ""
        self._failures: dict[str, int] = {}
        self._in_a_row = 0
        self._not_before = 0.0
        self._steady = False
        self._primary = ""
        self._unplaced = ""
        self._completed: Deployment | None = None

    @property
    def lives(self) -> list[TaskLife]:
        """Every task that has not ended."""
        return [life for lives in self._lives.values() for life in lives]

    def step(self, view: ServiceView) -> Deployment | None:
        """Bring the service a step nearer to what is wanted; give the deployment to roll back to, where one failed."""
        primary = next((each for each in view.deployments if each.primary), None)
        if primary is not None and primary.id != self._primary:
            self._primary, self._in_a_row, self._not_before, self._steady = primary.id, 0, 0.0, False
        self._tell_targets(view)
        rollback = self._reap(view, primary)
        self._stop_unhealthy(view)
        if primary is not None:
            self._scale(view, primary)
            self._settle(view, primary)
        return rollback

    def stop_all(self, ending: Ending) -> None:
        """Have every task stopped."""
        for life in self.lives:
            life.ask_to_stop(ending)

    def _reap(self, view: ServiceView, primary: Deployment | None) -> Deployment | None:
        """Take ended tasks off the list and count those that failed."""
        rollback = None
        for deployment, lives in list(self._lives.items()):
            for life in [life for life in lives if life.ended]:
                lives.remove(life)
                self._targets.pop(life.plan.arn, None)
                self._steady = False
                if life.ending is not None and life.ending.own_fault:
                    self._back_off(view, life)
                    if primary is not None and deployment == primary.id and primary.state == "IN_PROGRESS":
                        rollback = self._failed(view, primary) or rollback
            if not lives:
                del self._lives[deployment]
        return rollback

    def _back_off(self, view: ServiceView, life: TaskLife) -> None:
        """Wait longer after each task in a row that did not start; one that ran ends the row.

        Developer guide, "Amazon ECS service throttle logic": what fails after it has run is not held back (here by one
        pause only, since a task starts in less than a second).
        """
        self._in_a_row = self._in_a_row + 1 if life.running_since is None else 0
        pause = min(self._patience.backoff * 2 ** max(self._in_a_row - 1, 0), self._patience.longest_backoff)
        self._not_before = time.monotonic() + pause
        if self._in_a_row == _INCONSISTENT:
            self._say(
                view,
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting "
                "section of the Amazon ECS Developer Guide.",
            )

    def _failed(self, view: ServiceView, primary: Deployment) -> Deployment | None:
        """Count a failed task of the deployment that is rolling out, and open the circuit breaker when it is time."""
        count = self._failures[primary.id] = self._failures.get(primary.id, 0) + 1
        threshold = view.threshold.of(view.desired)
        if view.breaker and count > threshold:
            return None  # it opened within this look
        if not view.breaker or count < threshold:
            self._door.rollout(view.cluster, view.name, primary.id, "IN_PROGRESS", failed=count)
            return None
        reason = "ECS deployment circuit breaker: tasks failed to start."
        self._door.rollout(view.cluster, view.name, primary.id, "FAILED", reason, failed=count)
        self._say(view, f"(deployment {primary.id}) deployment failed: tasks failed to start.")
        if not view.rollback or self._completed is None or self._completed.id == primary.id:
            return None
        self._say(view, f"rolling back to deployment {self._completed.id}.")
        return self._completed

    def _stop_unhealthy(self, view: ServiceView) -> None:
        grace = view.grace * self._patience.check_pace
        for life in self.lives:
            since = life.running_since
            if since is None or life.stopping or time.monotonic() - since < grace:
                continue
            if life.health == "UNHEALTHY":
                self._say(view, "failed container health checks.", first=f"(task {life.plan.id}) ")
                reason = "Task failed container health checks"
                life.ask_to_stop(Ending("ServiceSchedulerInitiated", reason, own_fault=True))
                continue
            for target, health in self._health(view, life):
                if health.state == "unhealthy":
                    said = f"(reason {health.description or health.reason})"
                    self._say(view, f"{target} due to {said}.", first=f"(task {life.plan.id}) ")
                    group = target.partition("(target-group ")[2].rstrip(")")
                    reason = f"Task failed ELB health checks in (target-group {group})"
                    life.ask_to_stop(Ending("ServiceSchedulerInitiated", reason, own_fault=True))
                    break

    def _health(self, view: ServiceView, life: TaskLife) -> list[tuple[str, TargetHealth]]:
        return [
            (
                f"(port {each.port}) is unhealthy in (target-group {each.target_group})",
                self._book.health(each.target_group, *life.target(each)),
            )
            for each in view.registrations
        ]

    def _well(self, view: ServiceView, life: TaskLife) -> bool:
        """Say whether a task runs, and not just since, and its own checks and every load balancer find it healthy."""
        if life.running_since is None or life.stopping or life.health not in (None, "HEALTHY"):
            return False
        if time.monotonic() - life.running_since < self._patience.settled:
            return False
        return all(health.state == "healthy" for _, health in self._health(view, life))

    def _scale(self, view: ServiceView, primary: Deployment) -> None:
        desired = view.desired if view.active else 0
        fresh = [life for life in self._lives.get(primary.id, []) if not life.stopping]
        old = [life for key, lives in self._lives.items() if key != primary.id for life in lives if not life.stopping]
        self._start_missing(view, primary, desired, len(fresh), len(old))
        reason = f"Scaling activity initiated by (deployment {primary.id})"
        surplus = _crowded(fresh, desired) + self._dispensable(view, desired, fresh, old)
        for life in surplus:
            life.ask_to_stop(Ending("ServiceSchedulerInitiated", reason, own_fault=False))
        full = len(fresh) + len(old) >= max(math.floor(desired * view.most_percent / 100), 1)
        if len(fresh) < desired and full and not surplus and all(self._well(view, life) for life in old):
            self._tell_stuck(view, primary)
        if surplus:
            self._steady = False
            listed = " ".join(f"(task {life.plan.id})" for life in surplus)
            self._say(view, f"has stopped {len(surplus)} running tasks: {listed}.")

    def _start_missing(self, view: ServiceView, primary: Deployment, desired: int, fresh: int, old: int) -> None:
        room = max(math.floor(desired * view.most_percent / 100), 1) - fresh - old
        missing = min(desired - fresh, room)
        if missing <= 0 or primary.state == "FAILED" or time.monotonic() < self._not_before:
            return
        self._steady = False
        started = []
        for _ in range(missing):
            life = self._start(view, primary, self._roomiest(view))
            if isinstance(life, str):
                self._not_placed(view, life)
                break
            self._unplaced = ""
            self._lives.setdefault(primary.id, []).append(life)
            started.append(f"(task {life.plan.id})")
        if started:
            self._say(view, f"has started {len(started)} tasks: {' '.join(started)}.")

    def _not_placed(self, view: ServiceView, reason: str) -> None:
        """Say that no instance can host a task, once for each reason, and look again in a while."""
        self._not_before = time.monotonic() + self._patience.pause
        if reason != self._unplaced:
            self._say(view, NO_INSTANCE.format(reason=reason))
        self._unplaced = reason

    def _tell_stuck(self, view: ServiceView, primary: Deployment) -> None:
        """Say, once a deployment, that it may neither stop nor start a task."""
        if self._stuck != primary.id:
            self._stuck = primary.id
            self._say(
                view,
                "was unable to stop or start tasks during a deployment because of the service deployment "
                "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
            )

    def _tell_targets(self, view: ServiceView) -> None:
        """Say which tasks were registered with load balancers since the last look, and which are drained."""
        for deployment, lives in self._lives.items():
            new = [life for life in lives if life.registered and life.plan.arn not in self._targets]
            gone = [life for life in lives if life.deregistered and self._targets.get(life.plan.arn)]
            self._targets |= {life.plan.arn: True for life in new} | {life.plan.arn: False for life in gone}
            for each in view.registrations:
                for lives_of, word in ((new, "registered"), (gone, "deregistered")):
                    if lives_of:
                        self._say(view, f"{word} {len(lives_of)} targets in (target-group {each.target_group})")
            if gone:
                text = f"has begun draining connections on {len(gone)} tasks."
                service = f"(service {view.name}, taskSet {deployment})"
                self._door.event(view.cluster, view.name, f"{service} {text}")

    def _dispensable(
        self, view: ServiceView, desired: int, fresh: list[TaskLife], old: list[TaskLife]
    ) -> list[TaskLife]:
        """Give the tasks of older deployments that can be spared while enough of all stay healthy."""
        if desired == 0:
            return old
        well = [life for life in old if self._well(view, life)]
        ill = [life for life in old if life not in well]
        healthy = sum(self._well(view, life) for life in fresh) + len(well)
        spare = max(healthy - math.ceil(desired * view.least_percent / 100), 0)
        return (ill if fresh else []) + well[:spare]

    def _roomiest(self, view: ServiceView) -> str:
        """Give the subnet with the fewest tasks, the first of equals."""
        return min(view.subnets, key=lambda subnet: sum(life.plan.subnet == subnet for life in self.lives), default="")

    def _settle(self, view: ServiceView, primary: Deployment) -> None:
        """Say that the service is steady, once, when it is."""
        desired = view.desired if view.active else 0
        fresh = self._lives.get(primary.id, [])
        if view.resets and self._failures.get(primary.id) and any(self._well(view, life) for life in fresh):
            self._failures[primary.id] = 0
            if primary.state == "IN_PROGRESS":
                self._door.rollout(view.cluster, view.name, primary.id, "IN_PROGRESS", failed=0)
        if self._steady or not view.active or len(self.lives) != desired or len(fresh) != desired:
            return
        if primary.state == "FAILED" or not all(self._well(view, life) for life in fresh):
            return
        self._steady = True
        if primary.state == "IN_PROGRESS":
            self._door.rollout(view.cluster, view.name, primary.id, "COMPLETED")
            self._completed = primary
            self._say(view, f"(deployment {primary.id}) deployment completed.")
        self._say(view, "has reached a steady state.")

    def _say(self, view: ServiceView, text: str, *, first: str = "") -> None:
        self._door.event(view.cluster, view.name, f"(service {view.name}) {first}{text}")


def _crowded(lives: list[TaskLife], desired: int) -> list[TaskLife]:
    """Give the tasks that are too many: the newest where most are, as ECS keeps zones alike when it scales in."""
    left, surplus = list(lives), []
    while len(left) > desired:
        subnets = [life.plan.subnet for life in left]
        fullest = max(subnets, key=subnets.count)
        surplus.append(next(life for life in reversed(left) if life.plan.subnet == fullest))
        left.remove(surplus[-1])
    return surplus
