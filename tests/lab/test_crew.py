"""What a task definition says of its containers, and what a service does with its tasks: behaviour and words.

Sources: ECS developer guide, "Amazon ECS stopped tasks error messages", "Troubleshooting Amazon ECS OutOfMemoryError
errors", "Amazon ECS service event messages"; ECS API reference, ContainerDependency and ContainerRestartPolicy;
amazon-ecs-agent's dependencygraph (words and exit code 143 of a dependency that failed); AWS's blog "Announcing Amazon
ECS deployment circuit breaker" (rolloutStateReason). Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

GRAPH = "CannotStartContainerError: dependency graph:"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


@pytest.fixture(scope="module")
def seen(apart: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = apart("scenario_crew.py")
    return found


def ended(seen: dict[str, Any], name: str) -> tuple[list[str | None], dict[str, list[Any]]]:
    task = seen["ran"]["ended"][name]
    return [task["code"], task["reason"]], {each: how[:3] for each, how in task["containers"].items()}


EXITED = ["EssentialContainerExited", "Essential container in task exited"]


def test_containers_share_localhost_and_healthy_is_waited_for(seen: dict[str, Any]) -> None:
    how, containers = ended(seen, "localhost")
    assert how == EXITED
    assert containers["asker"] == ["STOPPED", 0, None]
    assert seen["ran"]["lines"]["localhost"] == ["a page"]
    assert seen["ran"]["ended"]["localhost"]["containers"]["web"][3] == "HEALTHY"


def test_volumes_and_the_order_success(seen: dict[str, Any]) -> None:
    assert ended(seen, "volume")[1] == {"main": ["STOPPED", 3, None], "init": ["STOPPED", 0, None]}
    first, refusal, last = seen["ran"]["lines"]["volume"]
    assert (first, last) == ("from init", "only read")
    assert "Read-only file system" in refusal


def test_volumes_from_another_container_and_the_order_complete(seen: dict[str, Any]) -> None:
    assert ended(seen, "taken")[1] == {"main": ["STOPPED", 0, None], "init": ["STOPPED", 9, None]}
    assert seen["ran"]["lines"]["taken"] == ["from the other"]


@pytest.mark.parametrize(
    ("name", "said", "other"),
    [
        (
            "init fails",
            (
                "failed to resolve container ordering dependency [init] for target [main] as dependency did not exit "
                "successfully."
            ),
            ("init", 1),
        ),
        ("late", "container ordering dependency [slow] for target [main] has timed out.", ("slow", 137)),
    ],
)
def test_a_dependency_that_fails(seen: dict[str, Any], name: str, said: str, other: tuple[str, int]) -> None:
    how, containers = ended(seen, name)
    assert how == ["TaskFailedToStart", "Task failed to start"]
    assert containers == {"main": ["STOPPED", 143, f"{GRAPH} {said}"], other[0]: ["STOPPED", other[1], None]}
    assert seen["ran"]["lines"][name] == []


def test_more_memory_than_the_task_has(seen: dict[str, Any]) -> None:
    how, containers = ended(seen, "memory")
    assert how == EXITED
    assert containers == {"main": ["STOPPED", 137, OUT_OF_MEMORY]}


def test_more_memory_than_the_container_has_leaves_the_others(seen: dict[str, Any]) -> None:
    task = seen["ran"]["running"]["memory of one"]
    assert task["status"] == "RUNNING"
    assert task["containers"]["eater"][:3] == ["STOPPED", 137, OUT_OF_MEMORY]
    assert task["containers"]["main"][0] == "RUNNING"


def test_what_is_not_essential_may_end(seen: dict[str, Any]) -> None:
    task = seen["ran"]["running"]["aside"]
    assert task["status"] == "RUNNING"
    assert task["containers"]["side"][:2] == ["STOPPED", 5]


def test_restarts(seen: dict[str, Any]) -> None:
    again = seen["ran"]["running"]["again"]
    assert again["status"] == "RUNNING"
    assert again["containers"]["reader"][:2] == ["STOPPED", 0], "it saw the third start"
    not_again = seen["ran"]["running"]["not again"]["containers"]
    assert not_again["ignored"][:2] == ["STOPPED", 7]
    assert not_again["too soon"][:2] == ["STOPPED", 1]


def test_settings_of_a_container(seen: dict[str, Any]) -> None:
    *said, refusal, only_read, greeting = seen["ran"]["lines"]["settings"]
    assert said == ["/somewhere/new", "512", "0", "1000"]
    assert "Read-only file system" in refusal
    assert (only_read, greeting) == ("read only", "hello you")


def test_a_container_ends_before_those_it_depends_on(seen: dict[str, Any]) -> None:
    assert seen["ran"]["lines"]["order of the end"] == ["app leaves", "proxy leaves"]
    assert ended(seen, "order of the end")[0] == ["UserInitiated", "seen"]


def test_tasks_are_spread_over_zones_and_scaled_in_evenly(seen: dict[str, Any]) -> None:
    assert seen["served"]["spread"] == [2, 2]
    assert seen["served"]["health"] == ["HEALTHY"] * 4
    assert seen["served"]["scaled in"] == [1, 1]


def test_the_circuit_breaker_rolls_back_and_keeps_what_ran(seen: dict[str, Any]) -> None:
    assert seen["served"]["rolled back"] == [
        "ECS deployment circuit breaker: rolling back to deploymentId GOOD.",
        "ECS deployment circuit breaker: tasks failed to start.",
    ]
    assert seen["served"]["kept"]


def test_a_deployment_that_may_neither_stop_nor_start_says_so_once(seen: dict[str, Any]) -> None:
    assert seen["served"]["stuck"] == [
        (
            "(service hello) was unable to stop or start tasks during a deployment because of the service deployment "
            "configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
        )
    ]


def test_an_unhealthy_task_is_replaced(seen: dict[str, Any]) -> None:
    assert re.fullmatch(
        r"\(service hello\) \(task [0-9a-f]{32}\) failed container health checks\.", seen["served"]["unhealthy"]
    )
    assert seen["served"]["why"] == "Task failed container health checks"


def test_nothing_is_left_on_disk(seen: dict[str, Any]) -> None:
    assert seen["left"] == []
