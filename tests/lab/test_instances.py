"""The EC2 launch type on the lab: an instance registers, is placed on, pulls and is reached, through its own packets.

Expected: Amazon ECS Developer Guide, "Amazon ECS task networking options for EC2", "Service event messages"; the words
of the agent's log: amazon-ecs-agent issue 2329.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_instances.py")
    assert found["stack"] == "CREATE_COMPLETE", found
    return found


def test_a_bridged_task_is_registered_by_instance_and_the_port_that_docker_gave_out(seen: dict[str, Any]) -> None:
    bridge = seen["bridge"]
    ((instance, port),) = bridge["targets"]
    assert instance == bridge["host"]["ec2InstanceId"]
    assert 32768 <= port <= 60999
    assert bridge["bindings"] == [{"bindIP": "0.0.0.0", "containerPort": 8080, "hostPort": port, "protocol": "tcp"}]  # noqa: S104
    assert bridge["task"] == {"launchType": "EC2", "lastStatus": "RUNNING", "attachments": []}


def test_the_container_instance_is_read_back(seen: dict[str, Any]) -> None:
    host = seen["bridge"]["host"]
    assert (host["agentConnected"], host["runningTasksCount"], host["status"]) == (True, 1, "ACTIVE")
    assert seen["bridge"]["placed"] is True


def test_an_awsvpc_task_has_its_own_interface_and_is_pulled_by_its_instance(seen: dict[str, Any]) -> None:
    # Its own group lets nothing out: through that the image could not have come.
    awsvpc = seen["awsvpc"]
    assert (awsvpc["running"], awsvpc["interfaces"], awsvpc["stopped"]) == (1, [1], [None])


def test_packets_are_traced_from_whoever_sends_them(seen: dict[str, Any]) -> None:
    # On the bridge all goes by the instance; in awsvpc mode what starting takes does, and what containers ask does not:
    # the task's own group lets nothing out.
    by = seen["by"]
    assert seen["bridge traced"] == {
        "alb->task": [True, by],
        "ecs": [True, by],
        "logs": [True, by],
        "task->internet": [False, by],
    }
    traced = seen["awsvpc traced"]
    assert (traced["ecr.api"], traced["s3-layers"]) == ([True, by], [True, by])
    assert (traced["sqs"][0], by in traced["sqs"][1]) == (False, False)


def test_two_tasks_in_host_mode_need_two_instances_and_the_capacity_provider_brings_the_second(
    seen: dict[str, Any],
) -> None:
    host = seen["host"]
    assert (host["running"], host["interfaces"], len(host["hosts"])) == (2, [0, 0], 2)
    unplaced = [event for event in host["events"] if "unable to place a task" in event]
    assert unplaced
    assert all("because no container instance met all of its requirements. Reason: " in event for event in unplaced)
    assert any("is already using a port required by your task" in event for event in unplaced)


def test_an_instance_that_cannot_reach_ecs_never_registers_and_says_so(seen: dict[str, Any]) -> None:
    said = seen["shut in"]
    # The name leads to the endpoint: it is a group that says no.
    assert re.search(
        r"\[ERROR\] Unable to register as a container instance with ECS: RequestError: send request failed caused by: "
        r'Post "https://ecs\.ap-northeast-2\.amazonaws\.com/": dial tcp 10\.0\.[0-9.]+:443: i/o timeout$',
        said["line"],
    )
    assert said["registered before"] is False
    assert said["registered after"] is True
