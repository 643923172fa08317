"""One task of a service, started now in the service's own network, and followed: until it runs, or to its end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from botocore.exceptions import ClientError

from natless.deploy import services
from natless.deploy.calls import Connect, Pace, about_who_asks, message
from natless.deploy.error import DeployError
from natless.deploy.logs import task_lines
from natless.deploy.progress import Progress, Ran, Said, TaskEvent

_SECONDS = 600.0
"""How long a task may take to run: ECS itself gives up pulling an image after some minutes."""

_LATE = 5.0
"""Seconds for which lines of a task that has ended are still waited for."""


def run(
    connect: Connect, name: str, service: str, pace: Pace | None = None, command: tuple[str, ...] = ()
) -> Iterator[Progress]:
    """Start one task as the service `service` of the deployment `name` would, and follow it.

    Its task definition, subnets, groups and capacity are the service's. It is not registered with the load balancer.
    Without a command it is stopped once it runs; with one, that is run in place of the container's own, to its end.

    Yields:
        The task's states; then that it ran, or `Ran` with the command's exit code and what it wrote.

    Raises:
        DeployError: there is no such service, ECS refused, or the task stopped before it ran: ECS's text first.
    """
    pace = pace or Pace()
    client = connect("ecs")
    named = services.deployed(connect, name, service)
    arn = _started(connect, named, service, command)
    ended = False
    try:
        if command:
            code = yield from _until_ended(connect, named, service, arn, pace)
            ended = True
            yield Ran(service, arn.rpartition("/")[2], code, _lines(connect, name, arn, pace))
            return
        yield from _until_running(connect, named, service, arn, pace)
    finally:
        if not ended:
            reason = "natless run was interrupted" if command else "natless run has seen it run"
            client.stop_task(cluster=named.cluster, task=arn, reason=reason)
    yield Said("it ran, and is stopped again")


def _started(connect: Connect, named: services.ServiceName, service: str, command: tuple[str, ...]) -> str:
    """Start the task and give its ARN."""
    client = connect("ecs")
    about = client.describe_services(cluster=named.cluster, services=[named.name])["services"][0]
    asked: dict[str, Any] = {}
    if command:
        definition = client.describe_task_definition(taskDefinition=about["taskDefinition"])["taskDefinition"]
        container = next(each for each in definition["containerDefinitions"] if each.get("essential", True))
        asked["overrides"] = {"containerOverrides": [{"name": container["name"], "command": list(command)}]}
    try:
        answer = client.run_task(
            cluster=named.cluster,
            taskDefinition=about["taskDefinition"],
            networkConfiguration=about["networkConfiguration"],
            capacityProviderStrategy=about.get("capacityProviderStrategy", []),
            enableExecuteCommand=about.get("enableExecuteCommand", False),
            startedBy="natless run",
            **asked,
        )
    except ClientError as error:
        if about_who_asks(error):
            raise
        raise DeployError(f"ECS refused to start a task of {service}: {message(error)}") from error
    if not answer["tasks"]:
        reasons = "; ".join(str(each.get("reason")) for each in answer["failures"])
        raise DeployError(f"ECS started no task of {service}: {reasons}")
    return str(answer["tasks"][0]["taskArn"])


def _until_running(
    connect: Connect, named: services.ServiceName, service: str, arn: str, pace: Pace
) -> Iterator[TaskEvent]:
    client = connect("ecs")
    said = ""
    for seconds in pace.ticks():
        about = client.describe_tasks(cluster=named.cluster, tasks=[arn])["tasks"][0]
        task = services.task_status(about)
        if task.status != said:
            said = task.status
            yield TaskEvent(service, task.id, task.status, task.address, "")
        if task.status == "RUNNING":
            return
        if task.status == "STOPPED":
            raise DeployError(task.reason or f"task {task.id} stopped, and ECS says no reason")
        if seconds > _SECONDS:
            raise DeployError(f"task {task.id} is still {task.status} after {_SECONDS:.0f} s")


def _until_ended(
    connect: Connect, named: services.ServiceName, service: str, arn: str, pace: Pace
) -> Generator[TaskEvent, None, int]:
    """Follow a task to its end, however long it runs, and give its container's exit code."""
    client = connect("ecs")
    said = ""
    for _ in pace.ticks():
        about = client.describe_tasks(cluster=named.cluster, tasks=[arn])["tasks"][0]
        task = services.task_status(about)
        if task.status != said:
            said = task.status
            yield TaskEvent(service, task.id, task.status, task.address, "")
        if task.status == "STOPPED":
            codes = [each["exitCode"] for each in about.get("containers", ()) if "exitCode" in each]
            if not codes:
                raise DeployError(task.reason or f"task {task.id} stopped, and ECS says no reason")
            return int(codes[0])
    raise AssertionError


def _lines(connect: Connect, name: str, arn: str, pace: Pace) -> tuple[str, ...]:
    """Give what a task wrote; the last of it may come into CloudWatch some seconds after its end."""
    found: tuple[str, ...] = ()
    for elapsed in pace.ticks():
        before, found = found, task_lines(connect, name, arn.rpartition("/")[2])
        if (found and found == before) or elapsed > _LATE:
            break
    return found
