"""A service that is updated: what was there before is no news and no one's fault, and what is new may stop it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from natless.catalog.ecs_errors import IMAGE_NOT_FOUND
from natless.deploy import DeployError, Pace
from natless.deploy.progress import Changes, FatalStart, ServiceEvent, TaskEvent
from natless.deploy.rollout import Rollout
from natless.deploy.services import ServiceName
from natless.deploy.stacks import Stack
from natless.deploy.watch import Watch
from natless.spec.read import read

AT = datetime(2026, 11, 24, tzinfo=UTC)
PREFIX = "arn:aws:ecs:eu-west-1:123456789012"
CAUSE = 'CannotPullContainerError: ref pull has been retried 1 time(s): failed to resolve ref "x": x: not found'
ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/hello/0f1e"


def seen(script: Any, revision: int, *reasons: str) -> None:
    """Write how the service is seen: its wanted revision, and the tasks that stopped, one of each revision."""
    deployment = {
        "id": f"ecs-svc/{revision}",
        "status": "PRIMARY",
        "taskDefinition": f"{PREFIX}:task-definition/w:{revision}",
    }
    service = {
        "serviceName": "web",
        "status": "ACTIVE",
        "desiredCount": 1,
        "runningCount": 0,
        "deployments": [deployment],
        "events": [{"id": str(revision), "createdAt": AT, "message": f"deployment {revision}"}],
    }
    arns = [f"{PREFIX}:task/hello/{number}" for number in range(1, len(reasons) + 1)]
    tasks = [
        {
            "taskArn": arn,
            "lastStatus": "STOPPED",
            "taskDefinitionArn": f"{PREFIX}:task-definition/w:{number}",
            "startedBy": f"ecs-svc/{number}",
            "stoppedReason": reason,
        }
        for number, (arn, reason) in enumerate(zip(arns, reasons, strict=True), start=1)
    ]
    script.say("ecs", "describe_services", {"services": [service]})
    script.say("ecs", "list_tasks", {"taskArns": []})
    script.say("ecs", "list_tasks", {"taskArns": arns})
    script.say("ecs", "describe_tasks", {"tasks": tasks})


def test_only_what_is_new_is_said_and_only_what_is_new_is_fatal(script: Any) -> None:
    seen(script, 1, CAUSE)
    watch = Watch(script.connect, ServiceName("hello", "web"), standing=True)
    seen(script, 1, CAUSE)
    assert list(watch.look()) == []
    assert watch.fatal is None
    seen(script, 2, CAUSE, CAUSE)
    said = list(watch.look())
    assert said == [
        ServiceEvent("web", "deployment 2", AT),
        TaskEvent("web", "2", "STOPPED", "", CAUSE),
        FatalStart("web", "2", CAUSE, IMAGE_NOT_FOUND.meaning),
    ]
    assert watch.cause() == CAUSE
    assert watch.evidence()[0] == f"task 2 (no address) stopped: {CAUSE}"


def test_an_update_whose_tasks_cannot_start_is_cancelled(script: Any) -> None:
    spec = read('name = "hello"\n[services.web]\nbuild = "."\nport = 80\npublic = true\n', "natless.toml")
    rollout = Rollout(spec, script.connect, lambda _: True, Pace())
    seen(script, 1, CAUSE)
    rollout._watches["web"] = Watch(script.connect, ServiceName("hello", "web"), standing=True)
    seen(script, 2, CAUSE, CAUSE)
    list(rollout._look())
    script.say("cloudformation", "describe_stacks", ("ValidationError", "Stack with id hello does not exist"))
    script.say("cloudformation", "cancel_update_stack", {}, StackName=ARN)
    stack = Stack("hello", ARN, "UPDATE_IN_PROGRESS", "", {}, {})
    with pytest.raises(DeployError, match="web: tasks cannot start: CannotPullContainerError") as caught:
        rollout._stop_if_fatal(Changes("hello", "set", "UPDATE", ()), stack)
    assert caught.value.advice.startswith("the update of stack hello is being rolled back; the next deploy waits")
