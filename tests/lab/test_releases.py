"""Releases that cannot come up, over one that runs and is asked all the while: stopped early, nobody notices.

Expected texts are ECS's (catalog/ecs_errors.py), IAM's, ELB's ("Target health reason codes"), the kernel's (execve(2))
and ECR's (API reference, ImageNotFoundException).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

FIRST = {
    "secret": "tasks cannot start: ResourceInitializationError: unable to pull secrets or registry auth: execution "
    "resource retrieval failed: unable to retrieve secret from asm: ",
    "architecture": "tasks exit: Essential container in task exited; web exited with 1: "
    "exec /bin/foreign: exec format error",
    "health": "tasks do not pass their health checks: Task failed ELB health checks in (target-group ",
    "slow": "tasks cannot start: ResourceInitializationError: unable to pull secrets or registry auth: The task cannot "
    "pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR.",
}
"""How the first line goes on after the service's name."""

MORE = {
    "secret": "with an explicit deny in a resource-based policy",
    "architecture": "The image was built for another CPU architecture",
    "health": "Health checks failed with these codes: [404]",
    "slow": "api.ecr.ap-northeast-2.amazonaws.com",
}


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_releases.py")
    return found


def first_line(said: str) -> str:
    [line] = [line for line in said.splitlines() if line.startswith("natless: ")]
    return line


@pytest.mark.parametrize("release", FIRST)
def test_it_is_stopped_early_with_its_cause_in_the_first_line(seen: dict[str, Any], release: str) -> None:
    found = seen[release]
    assert found["code"] == 4, found["said"]
    assert f": {FIRST[release]}" in first_line(found["said"])
    assert MORE[release] in found["said"]
    # By natless; where tasks end fast and machines are slow, ECS's circuit breaker comes to it at the same time.
    assert re.search("the update of stack hello (is being|has been) rolled back", found["said"])
    assert "deployment failed" not in found["said"]


def test_a_tag_that_does_not_exist_is_said_at_its_line_and_nothing_is_changed(seen: dict[str, Any]) -> None:
    found = seen["tag"]
    assert found["code"] == 4
    assert first_line(found["said"]).startswith("natless: natless.toml:8: ")
    assert "imageTag:'nobody'} does not exist" in first_line(found["said"])
    assert ": update, " not in found["said"]


def test_the_old_release_serves_every_request(seen: dict[str, Any]) -> None:
    assert seen["failed"] == []
    assert min(seen[release]["served"] for release in (*FIRST, "tag", "again")) >= 5
    assert seen["again"]["code"] == 0, seen["again"]["said"]
