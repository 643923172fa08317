"""A one-off task, in the shapes of the ECS API reference."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from natless.deploy import DeployError, Pace
from natless.deploy.progress import Ran, TaskEvent
from natless.deploy.run import run

AT = datetime(2026, 11, 24, tzinfo=UTC)
PREFIX = "arn:aws:ecs:eu-west-1:123456789012"
TASK = f"{PREFIX}:task/hello/7"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}
QUICK = Pace(every=0.0, sleep=lambda _: None)


def started(script: Any) -> None:
    """Write the start of a task of web with a command of its own."""
    stack = {"StackName": "hello", "StackId": "arn", "CreationTime": AT, "StackStatus": "CREATE_COMPLETE"}
    script.say("cloudformation", "describe_stacks", {"Stacks": [stack]})
    script.say("cloudformation", "list_stack_resources", held("WebService", "AWS::ECS::Service"))
    service = {"taskDefinition": f"{PREFIX}:task-definition/hello-web:3", "networkConfiguration": NETWORK}
    script.say("ecs", "describe_services", {"services": [service]})
    containers = [{"name": "sidecar", "essential": False}, {"name": "web"}]
    script.say("ecs", "describe_task_definition", {"taskDefinition": {"containerDefinitions": containers}})
    script.say(
        "ecs",
        "run_task",
        {"tasks": [{"taskArn": TASK}], "failures": []},
        cluster="hello",
        taskDefinition=f"{PREFIX}:task-definition/hello-web:3",
        networkConfiguration=NETWORK,
        capacityProviderStrategy=[],
        enableExecuteCommand=False,
        startedBy="natless run",
        overrides={"containerOverrides": [{"name": "web", "command": ["sh", "-c", "migrate"]}]},
    )


def held(resource: str, kind: str) -> dict[str, Any]:
    physical = f"{PREFIX}:service/hello/web-1" if kind == "AWS::ECS::Service" else "hello-logs"
    summary = {
        "LogicalResourceId": resource,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "LastUpdatedTimestamp": AT,
        "ResourceStatus": "CREATE_COMPLETE",
    }
    return {"StackResourceSummaries": [summary]}


def seen(script: Any, status: str, **more: Any) -> None:
    task = {"taskArn": TASK, "lastStatus": status, "taskDefinitionArn": f"{PREFIX}:task-definition/hello-web:3", **more}
    script.say("ecs", "describe_tasks", {"tasks": [task]})


def wrote(script: Any, *lines: str) -> None:
    stack = {"StackName": "hello", "StackId": "arn", "CreationTime": AT, "StackStatus": "CREATE_COMPLETE"}
    script.say("cloudformation", "describe_stacks", {"Stacks": [stack]})
    script.say("cloudformation", "list_stack_resources", held("WebLogGroup", "AWS::Logs::LogGroup"))
    streams = [{"logStreamName": "web/web/6"}, {"logStreamName": "web/web/7"}]
    script.say("logs", "describe_log_streams", {"logStreams": streams})
    events = [{"timestamp": number, "message": line} for number, line in enumerate(lines)]
    asked = {"logGroupName": "hello-logs", "logStreamName": "web/web/7", "startFromHead": False}
    script.say("logs", "get_log_events", {"events": events}, **asked)


def test_a_command_runs_to_its_end_and_its_last_lines_are_waited_for(script: Any) -> None:
    started(script)
    seen(script, "RUNNING")
    seen(
        script,
        "STOPPED",
        stoppedReason="Essential container in task exited",
        containers=[{"name": "web", "exitCode": 3}],
    )
    wrote(script, "one")
    wrote(script, "one", "two")
    wrote(script, "one", "two")
    said = list(run(script.connect, "hello", "web", QUICK, ("sh", "-c", "migrate")))
    assert [event.status for event in said if isinstance(event, TaskEvent)] == ["RUNNING", "STOPPED"]
    assert said[-1] == Ran("web", "7", 3, ("one", "two"))


def test_a_command_that_never_ran_says_why_in_ecs_words(script: Any) -> None:
    started(script)
    seen(script, "STOPPED", stoppedReason="ResourceInitializationError: no way", containers=[{"name": "web"}])
    script.say("ecs", "stop_task", {})
    with pytest.raises(DeployError, match="ResourceInitializationError: no way"):
        list(run(script.connect, "hello", "web", QUICK, ("sh", "-c", "migrate")))
