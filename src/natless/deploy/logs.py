"""What the containers write, from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from natless.deploy import stacks
from natless.deploy.calls import Connect, Pace, code, pages
from natless.deploy.error import DeployError
from natless.deploy.leftovers import LOG_GROUP
from natless.design.names import FLOW_LOGS_GROUP

_LATE = 30_000
"""Milliseconds for which events that come in late are still looked for: CloudWatch Logs does not keep their order."""


_LAST = 10
"""Lines of a failed task that are shown."""


class LogLine(msgspec.Struct, frozen=True):
    """One line. `at` is in milliseconds since 1970, `stream` is `PREFIX/CONTAINER/TASK`."""

    group: str
    stream: str
    at: int
    message: str


def logs(
    connect: Connect, name: str, since: int, *, follow: bool = False, pattern: str = "", pace: Pace | None = None
) -> Iterator[LogLine]:
    """Give the lines of a deployment's containers, in the order of time.

    Args:
        connect: gives a service's boto3 client.
        name: the deployment's (main stack's) name.
        since: milliseconds since 1970 from which on.
        pattern: CloudWatch's filter pattern: only lines that it fits; "" takes all.
        follow: go on as new lines come in, until the caller stops asking.
        pace: how often to ask while following.

    Raises:
        DeployError: there is no such deployment, or it has no log group.
    """
    groups = log_groups(connect, name)
    if not groups:
        raise DeployError(f"there is no deployment {name} with a log group here", advice="see `natless status`")
    pace = pace or Pace()
    seen: dict[str, int] = {}
    for _ in pace.ticks():
        new = [
            (group, event)
            for group in groups
            for event in _events(connect, group, since, pattern)
            if event["eventId"] not in seen
        ]
        for group, event in sorted(new, key=lambda line: line[1]["timestamp"]):
            seen[event["eventId"]] = event["timestamp"]
            yield LogLine(group, event["logStreamName"], event["timestamp"], event["message"])
        if not follow:
            return
        since = max(since, max(seen.values(), default=0) - _LATE)
        seen = {identifier: at for identifier, at in seen.items() if at >= since}


def _events(connect: Connect, group: str, since: int, pattern: str) -> Iterator[Mapping[str, Any]]:
    wanted: dict[str, Any] = {"filterPattern": pattern} if pattern else {}
    try:
        yield from pages(connect("logs"), "filter_log_events", "events", logGroupName=group, startTime=since, **wanted)
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":  # the group may not stand yet, or no more
            raise


def log_groups(connect: Connect, name: str, *, every: bool = False) -> tuple[str, ...]:
    """Give the log groups of a deployment that stands: its services', and with `every` that of the flow logs too."""
    if stacks.find(connect, name) is None:
        return ()
    found = stacks.resources(connect, name)
    return tuple(
        each.id for each in found if each.type == LOG_GROUP and each.id and (every or each.resource != FLOW_LOGS_GROUP)
    )


def last_words(connect: Connect, name: str, task: str) -> tuple[str, ...]:
    """Give the last lines that a task's containers wrote, oldest first; none where none may be read."""
    try:
        return task_lines(connect, name, task)[-_LAST:]
    except ClientError:  # evidence that cannot be had must not hide the failure that it is for
        return ()


def task_lines(connect: Connect, name: str, task: str) -> tuple[str, ...]:
    """Give the lines that a task's containers wrote, oldest first; of more than CloudWatch gives at once the last."""
    client = connect("logs")
    found: list[Mapping[str, Any]] = []
    for group in log_groups(connect, name):
        streams = client.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)
        for stream in streams["logStreams"]:
            if stream["logStreamName"].endswith(f"/{task}"):
                wanted = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
                found += client.get_log_events(**wanted, startFromHead=False)["events"]
    return tuple(str(event["message"]) for event in sorted(found, key=lambda event: event["timestamp"]))
