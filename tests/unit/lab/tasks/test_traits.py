"""A container definition's place among the others. Defaults: ECS API reference (HealthCheck, ContainerDependency,
ContainerRestartPolicy, LogConfiguration) and developer guide; counting of checks: Docker's HEALTHCHECK reference.
"""

from typing import Any

import pytest

from natless.lab.tasks.bounds import Bounds, container_bounds, storage, task_memory, ulimits
from natless.lab.tasks.health import Tally
from natless.lab.tasks.logs import log_target
from natless.lab.tasks.traits import HealthCheck, Need, RestartPolicy, Traits, read_traits

MEBI = 1 << 20


def test_what_is_not_given_is_as_ecs_has_it() -> None:
    assert read_traits({}) == Traits(essential=True, start_timeout=180.0, stop_timeout=None)


def test_what_is_given() -> None:
    container = {
        "essential": False,
        "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
        "startTimeout": 20,
        "stopTimeout": 90,
        "restartPolicy": {"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60},
    }
    assert read_traits(container) == Traits(
        essential=False,
        needs=(Need("init", "SUCCESS"),),
        start_timeout=20.0,
        stop_timeout=90.0,
        restart=RestartPolicy(frozenset({0}), 60.0),
    )


@pytest.mark.parametrize("policy", [{}, {"enabled": False}, {"enabled": False, "restartAttemptPeriod": 60}])
def test_no_restart_unless_asked_for(policy: dict[str, Any]) -> None:
    assert read_traits({"restartPolicy": policy}).restart is None


def test_two_minutes_are_the_longest_that_fargate_waits() -> None:
    assert read_traits({"stopTimeout": 600}).stop_timeout == 120.0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
            ("/bin/sh", "-c", "curl -f http://localhost/ || exit 1"),
        ),
        (["CMD", "/check", "--quick"], ("/check", "--quick")),
    ],
)
def test_health_check_commands(command: list[str], expected: tuple[str, ...]) -> None:
    check = HealthCheck(expected, interval=30.0, timeout=5.0, retries=3, start_period=0.0)
    assert read_traits({"healthCheck": {"command": command}}).check == check


def test_no_health_check() -> None:
    assert read_traits({"healthCheck": {"command": ["NONE"]}}).check is None


def counted(check: HealthCheck, *results: tuple[bool, bool]) -> list[str]:
    tally, seen = Tally(check), list[str]()
    for good, early in results:
        tally.count(good=good, early=early)
        seen.append(tally.health)
    return seen


BAD, GOOD = (False, False), (True, False)


def test_so_many_failures_in_a_row_are_unhealthy() -> None:
    check = HealthCheck(("/check",), retries=3)
    assert counted(check, BAD, BAD, GOOD, BAD, BAD, BAD, GOOD) == [
        "UNKNOWN",
        "UNKNOWN",
        "HEALTHY",
        "HEALTHY",
        "HEALTHY",
        "UNHEALTHY",
        "HEALTHY",
    ]


def test_in_the_start_period_failures_do_not_count_until_something_succeeds() -> None:
    check = HealthCheck(("/check",), retries=1, start_period=60.0)
    assert counted(check, (False, True), (False, True), BAD) == ["UNKNOWN", "UNKNOWN", "UNHEALTHY"]
    assert counted(check, (True, True), (False, True)) == ["HEALTHY", "UNHEALTHY"]


def logged(**options: str) -> dict[str, Any]:
    return {"name": "web", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g", **options}}}


@pytest.mark.parametrize(
    ("options", "blocking", "size"),
    [
        ({}, False, 10 * MEBI),
        ({"mode": "non-blocking", "max-buffer-size": "25m"}, False, 25 * MEBI),
        ({"max-buffer-size": "4096"}, False, 4096),
        ({"max-buffer-size": "512k"}, False, 512 << 10),
        ({"mode": "blocking"}, True, 10 * MEBI),
    ],
)
def test_how_lines_wait(options: dict[str, str], size: int, *, blocking: bool) -> None:
    target = log_target(logged(**options), "task")
    assert target is not None
    assert (target.blocking, target.buffer) == (blocking, size)


def test_memory_and_processes() -> None:
    assert container_bounds({}) == Bounds(None, 4096)
    limits = [{"name": "nproc", "softLimit": 10, "hardLimit": 20}]
    assert container_bounds({"memory": 64, "ulimits": limits}) == Bounds(64 * MEBI, 20)
    assert task_memory({"memory": "512"}) == 512 * MEBI
    assert task_memory({}) is None


def test_limits_of_a_process() -> None:
    assert "--core=0:0" in ulimits({})
    given = [
        {"name": "nofile", "softLimit": 256, "hardLimit": 512},
        {"name": "nonsense", "softLimit": 1, "hardLimit": 1},
    ]
    assert set(ulimits({"ulimits": given})) == {"--core=0:0", "--nofile=256:512"}
    assert "--stack=unlimited:unlimited" in ulimits({"ulimits": [{"name": "stack", "softLimit": -1, "hardLimit": -1}]})


def test_storage_is_what_was_asked_for_as_far_as_memory_goes() -> None:
    assert 64 * MEBI <= storage({"ephemeralStorage": {"sizeInGiB": 200}}) < 200 << 30
    assert storage({}) <= 20 << 30
