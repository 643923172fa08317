"""A service kept: thresholds, events and reasons, step by step, with tasks that are told how they fare.

Thresholds: ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures" (half the desired
count, at least 3, at most 200) and API reference, DeploymentCircuitBreaker (`resetOnHealthyTask`, true by default).
Events: developer guide, "Amazon ECS service event messages", and answers of DescribeServices in public repositories
(`registered`, `deregistered`, `has begun draining`). Read 2026-11.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from natless.lab.services.ecs_tasks import Tasks
from natless.lab.tasks.book import Book, Deployment, ServiceView, TargetHealth, Threshold
from natless.lab.tasks.crew import Ending
from natless.lab.tasks.keeper import ServiceKeeper
from natless.lab.tasks.life import TaskLife
from natless.lab.tasks.plan import Registration
from natless.lab.tasks.ports import Patience

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
FIRST, SECOND = "ecs-svc/1111111111111111111", "ecs-svc/2222222222222222222"


class Life:
    """A task that is told how it fares."""

    def __init__(self, number: int, subnet: str) -> None:
        self.plan = SimpleNamespace(arn=f"task/{number}", id=str(number), subnet=subnet)
        self.address = f"10.0.0.{number}"
        self.running_since: float | None = None
        self.health: str | None = None
        self.registered = self.deregistered = self.ended = self.stopping = False
        self.ending: Ending | None = None

    def runs(self) -> None:
        self.running_since, self.registered = -1000.0, True

    def target(self, registration: Registration) -> tuple[str, int]:
        return self.address, registration.port

    def ask_to_stop(self, ending: Ending) -> None:
        self.ending, self.stopping = ending, True

    def fails(self) -> None:
        self.ending, self.ended = Ending("TaskFailedToStart", "it did not start", own_fault=True), True


class World:
    """One service with its keeper."""

    def __init__(self, **changes: Any) -> None:
        self.events: list[str] = []
        self.rollouts: list[tuple[Any, ...]] = []
        self.lives: list[Life] = []
        self.no_place = ""
        self.health: dict[str, TargetHealth] = {}
        registrations = (Registration(GROUP, "web", 8080),)
        deployment = Deployment(FIRST, primary=True, definition="web:1", state="IN_PROGRESS")
        view = ServiceView("c", "web", True, 2, (deployment,), ("a", "b"), (), False, registrations, None)  # noqa: FBT003 - positions of a record
        self.view = msgspec.structs.replace(view, **changes)
        book = SimpleNamespace(health=lambda _group, address, _port: self.health.get(address, HEALTHY))
        patience = Patience(settled=0.0, backoff=0.0, longest_backoff=0.0)
        self.keeper = ServiceKeeper(cast("Tasks", self), cast("Book", book), self.start, patience)

    def event(self, _cluster: str, _service: str, message: str) -> None:
        self.events.append(message)

    def rollout(self, _cluster: str, _service: str, *said: Any, **more: Any) -> None:
        self.rollouts.append((*said, more))

    def start(self, _view: ServiceView, _deployment: Deployment, subnet: str) -> TaskLife | str:
        if self.no_place:
            return self.no_place
        self.lives.append(Life(len(self.lives) + 1, subnet))
        return cast("TaskLife", self.lives[-1])

    def step(self) -> Deployment | None:
        return self.keeper.step(self.view)

    def settle(self) -> None:
        """Have the desired tasks run, and the deployment be done."""
        self.step()
        for life in self.lives:
            life.runs()
        self.step()
        done = msgspec.structs.replace(self.view.deployments[0], state="COMPLETED")
        self.view = msgspec.structs.replace(self.view, deployments=(done,))


HEALTHY = TargetHealth("healthy", "", "")


@pytest.mark.parametrize(("desired", "threshold"), [(1, 3), (5, 3), (7, 4), (25, 13), (400, 200), (800, 200)])
def test_thresholds(desired: int, threshold: int) -> None:
    assert Threshold().of(desired) == threshold


@pytest.mark.parametrize(
    ("given", "desired", "threshold"),
    [
        # API reference, ThresholdConfiguration: a percentage is of the desired count, COUNT is the threshold itself.
        (Threshold("COUNT", 1), 40, 1),
        (Threshold("COUNT", 500), 1, 500),
        (Threshold("BOUNDED_PERCENT", 10), 40, 4),
        (Threshold("BOUNDED_PERCENT", 10), 10, 3),
        (Threshold("UNBOUNDED_PERCENT", 10), 10, 1),
        (Threshold("UNBOUNDED_PERCENT", 100), 800, 800),
    ],
)
def test_thresholds_that_a_service_names(given: Threshold, desired: int, threshold: int) -> None:
    assert given.of(desired) == threshold


def test_a_service_that_bears_no_failure_gives_up_at_the_first() -> None:
    world = World(breaker=True, threshold=Threshold("COUNT", 1))
    world.step()
    world.lives[0].fails()
    world.step()
    assert world.rollouts[-1][1] == "FAILED"


def test_a_start_in_ecs_words() -> None:
    world = World()
    world.settle()
    assert world.events == [
        "(service web) has started 2 tasks: (task 1) (task 2).",
        f"(service web) registered 2 targets in (target-group {GROUP})",
        f"(service web) (deployment {FIRST}) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    assert [life.plan.subnet for life in world.lives] == ["a", "b"]


def test_scaling_in_drains_in_ecs_words() -> None:
    world = World()
    world.settle()
    world.events.clear()
    world.view = msgspec.structs.replace(world.view, desired=1)
    world.step()
    (gone,) = [life for life in world.lives if life.stopping]
    assert gone.ending == Ending(
        "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {FIRST})", own_fault=False
    )
    gone.deregistered = True
    world.step()
    gone.ended = True
    world.step()
    world.step()
    assert world.events == [
        f"(service web) has stopped 1 running tasks: (task {gone.plan.id}).",
        f"(service web) deregistered 1 targets in (target-group {GROUP})",
        f"(service web, taskSet {FIRST}) has begun draining connections on 1 tasks.",
        "(service web) has reached a steady state.",
    ]


@pytest.mark.parametrize("grace", [0.0, 10.0**9])
def test_a_task_that_its_load_balancer_finds_unhealthy(grace: float) -> None:
    world = World(grace=grace)
    world.settle()
    world.events.clear()
    world.health[world.lives[0].address] = TargetHealth("unhealthy", "Target.Timeout", "Request timed out")
    world.step()
    if grace:
        assert not world.lives[0].stopping
        return
    assert world.events[0] == (
        f"(service web) (task 1) (port 8080) is unhealthy in (target-group {GROUP}) due to (reason Request timed out)."
    )
    assert world.lives[0].ending == Ending(
        "ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {GROUP})", own_fault=True
    )


def test_a_deployment_is_not_done_before_its_own_checks_are_healthy() -> None:
    world = World()
    world.step()
    for life in world.lives:
        life.runs()
        life.health = "UNKNOWN"
    world.step()
    assert "(service web) has reached a steady state." not in world.events
    for life in world.lives:
        life.health = "HEALTHY"
    world.step()
    assert world.events[-1] == "(service web) has reached a steady state."


def failed(world: World, times: int) -> Deployment | None:
    """Have tasks fail one after the other; give what is rolled back to."""
    found = None
    for _ in range(times):
        life = next(life for life in world.lives if not life.ended and life.running_since is None)
        life.fails()
        found = world.step() or found
    return found


def test_the_circuit_breaker_opens_at_three_and_rolls_back() -> None:
    world = World(breaker=True, rollback=True)
    world.settle()
    completed = world.view.deployments[0]
    second = Deployment(SECOND, primary=True, definition="web:2", state="IN_PROGRESS")
    old = msgspec.structs.replace(completed, primary=False)
    world.view = msgspec.structs.replace(world.view, deployments=(second, old))
    world.step()
    assert failed(world, 2) is None
    assert world.rollouts == [
        (FIRST, "COMPLETED", {}),
        (SECOND, "IN_PROGRESS", {"failed": 1}),
        (SECOND, "IN_PROGRESS", {"failed": 2}),
    ]
    found = failed(world, 1)
    assert found is not None
    assert found.id == FIRST
    reason = "ECS deployment circuit breaker: tasks failed to start."
    assert world.rollouts[3:] == [(SECOND, "FAILED", reason, {"failed": 3})]
    said = f"(service web) (deployment {SECOND}) deployment failed: tasks failed to start."
    after = world.events[world.events.index(said) + 1]
    assert after == f"(service web) rolling back to deployment {FIRST}."
    assert not any(life.stopping for life in world.lives[:2]), "what ran goes on"


@pytest.mark.parametrize("resets", [True, False])
def test_a_healthy_task_takes_the_count_back(*, resets: bool) -> None:
    world = World(breaker=True, resets=resets)
    world.step()
    failed(world, 2)
    world.lives[-1].runs()
    world.step()
    failed(world, 1)
    opened = any(said[1] == "FAILED" for said in world.rollouts)
    assert opened is not resets


def test_without_the_breaker_it_tries_for_ever_and_says_so() -> None:
    world = World()
    world.step()
    failed(world, 8)
    assert all(said[1] == "IN_PROGRESS" for said in world.rollouts)
    assert [event for event in world.events if "unable to consistently start tasks" in event] == [
        (
            "(service web) is unable to consistently start tasks successfully. For more information, see the "
            "Troubleshooting section of the Amazon ECS Developer Guide."
        )
    ]


def test_what_no_instance_can_host_is_said_once_and_tried_again() -> None:
    # Amazon ECS Developer Guide, service event messages.
    world = World(on_instances=True, subnets=())
    world.no_place = "No Container Instances were found in your cluster."
    world.keeper.step(world.view)
    until = time.monotonic() + 2 * Patience().pause
    while time.monotonic() < until:
        world.keeper.step(world.view)
    (event,) = world.events
    assert event.startswith(
        "(service web) was unable to place a task because no container instance met all of its requirements. "
        "Reason: No Container Instances were found in your cluster."
    )
    world.no_place = ""
    until = time.monotonic() + 240
    while not world.lives and time.monotonic() < until:
        world.keeper.step(world.view)
    assert len(world.lives) == 2
