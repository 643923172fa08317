"""Log lines across pages, groups and polls, in the shapes of the CloudWatch Logs API reference."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from natless.deploy import DeployError, Pace, logs

AT = datetime(2026, 11, 24, tzinfo=UTC)


def group(script: Any) -> None:
    stack = {"StackName": "hello", "StackId": "arn", "CreationTime": AT, "StackStatus": "CREATE_COMPLETE"}
    script.say("cloudformation", "describe_stacks", {"Stacks": [stack]})
    summary = {
        "LogicalResourceId": "WebLogGroup",
        "PhysicalResourceId": "hello-logs",
        "ResourceType": "AWS::Logs::LogGroup",
        "LastUpdatedTimestamp": AT,
        "ResourceStatus": "CREATE_COMPLETE",
    }
    script.say("cloudformation", "list_stack_resources", {"StackResourceSummaries": [summary]})


def events(*found: tuple[int, str], **more: Any) -> dict[str, Any]:
    lines = [{"eventId": text, "timestamp": at, "logStreamName": "web/web/1", "message": text} for at, text in found]
    return {"events": lines, **more}


def test_all_pages_in_the_order_of_time(script: Any) -> None:
    group(script)
    script.say(
        "logs", "filter_log_events", events((30, "c"), (10, "a"), nextToken="t"), logGroupName="hello-logs", startTime=5
    )
    script.say("logs", "filter_log_events", events((20, "b")), logGroupName="hello-logs", startTime=5, nextToken="t")
    assert [(line.at, line.message) for line in logs(script.connect, "hello", 5)] == [(10, "a"), (20, "b"), (30, "c")]


def test_following_gives_each_line_once_and_late_ones_too(script: Any) -> None:
    group(script)
    script.say("logs", "filter_log_events", events((50_000, "a")), logGroupName="hello-logs", startTime=5)
    # Thirty seconds back: a line that came in late is still found, the known one is not given again.
    late = events((50_000, "a"), (45_000, "late"))
    script.say("logs", "filter_log_events", late, logGroupName="hello-logs", startTime=20_000)
    found = islice(logs(script.connect, "hello", 5, follow=True, pace=Pace(sleep=lambda _: None)), 2)
    assert [line.message for line in found] == ["a", "late"]


def test_a_pattern_is_cloudwatchs_own_business(script: Any) -> None:
    group(script)
    wanted = {"logGroupName": "hello-logs", "startTime": 5, "filterPattern": "?ERROR ?WARN"}
    script.say("logs", "filter_log_events", events((10, "ERROR")), **wanted)
    assert [line.message for line in logs(script.connect, "hello", 5, pattern="?ERROR ?WARN")] == ["ERROR"]


def test_no_deployment_is_said(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", ("ValidationError", "Stack with id hello does not exist"))
    with pytest.raises(DeployError, match="there is no deployment hello with a log group here"):
        list(logs(script.connect, "hello", 0))
