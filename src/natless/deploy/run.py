"""One task of a service, started now and followed until it runs or stops, in the service's own network."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from natless.deploy import services, stacks
from natless.deploy.calls import Connect, Pace, message
from natless.deploy.error import DeployError
from natless.deploy.progress import Progress, Said, TaskEvent

_SECONDS = 600.0
"""How long a task may take to run: ECS itself gives up pulling an image after some minutes."""


def run(connect: Connect, name: str, service: str, pace: Pace | None = None) -> Iterator[Progress]:
    """Start one task as the service `service` of the deployment `name` would, and stop it once it runs.

    Its task definition, subnets, groups and capacity are the service's. It is not registered with the load balancer.

    Yields:
        The task's states; the last one is RUNNING.

    Raises:
        DeployError: there is no such service, ECS refused, or the task stopped before it ran: ECS's text first.
    """
    pace = pace or Pace()
    client = connect("ecs")
    named = _service(connect, name, service)
    about = client.describe_services(cluster=named.cluster, services=[named.name])["services"][0]
    try:
        answer = client.run_task(
            cluster=named.cluster,
            taskDefinition=about["taskDefinition"],
            networkConfiguration=about["networkConfiguration"],
            capacityProviderStrategy=about.get("capacityProviderStrategy", []),
            startedBy="natless run",
        )
    except ClientError as error:
        raise DeployError(f"ECS refused to start a task of {service}: {message(error)}") from error
    if not answer["tasks"]:
        reasons = "; ".join(str(each.get("reason")) for each in answer["failures"])
        raise DeployError(f"ECS started no task of {service}: {reasons}")
    arn = answer["tasks"][0]["taskArn"]
    try:
        yield from _until_running(connect, named, service, arn, pace)
    finally:
        client.stop_task(cluster=named.cluster, task=arn, reason="natless run has seen it run")
    yield Said("it ran, and is stopped again")


def _service(connect: Connect, name: str, service: str) -> services.ServiceName:
    """Find the ECS service of the stack whose logical id or ECS name is `service`'s."""
    stack = stacks.find(connect, name)
    if stack is None:
        raise DeployError(f"there is no deployment {name} here", advice="`natless deploy` makes it")
    found = {
        each.resource: services.named(each.id, name)
        for each in stacks.resources(connect, stack.id)
        if each.type == "AWS::ECS::Service" and each.id
    }
    wanted = f"{service.replace('-', '')}service"
    for logical, named in found.items():
        if logical.lower() == wanted or named.name == service:
            return named
    there = ", ".join(logical.lower().removesuffix("service") or logical for logical in found) or "none"
    raise DeployError(f"the deployment {name} has no service {service}: it has {there}")


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
