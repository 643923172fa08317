"""An ECS service as it stands: counts, deployments, tasks with their addresses, targets with their health."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from natless.deploy import stacks
from natless.deploy.calls import Connect, code, pages
from natless.deploy.error import DeployError
from natless.deploy.progress import ServiceEvent

_TASKS_A_CALL = 100

_CANNOT_START = ("ResourceInitializationError", "CannotPull", "CannotStartContainer", "CannotCreateContainer")
"""How ECS begins the reason of a task that did not start ("Stopped tasks error messages", ECS developer guide)."""

_TROUBLE = re.compile(r"unable to|unhealthy|failed|rolling back|error", re.IGNORECASE)
"""What ECS's service events say when something is wrong ("Service event messages", ECS developer guide)."""

_SCALED = "Scaling activity initiated by"
"""How the reason of a task begins that ECS itself had no more use for."""

_GONE = {"ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"}


class ServiceName(msgspec.Struct, frozen=True):
    """A service and its cluster, by name."""

    cluster: str
    name: str


class DeploymentStatus(msgspec.Struct, frozen=True):
    """A deployment of a service: PRIMARY is the one wanted, ACTIVE one that is being replaced."""

    id: str
    status: str
    rollout: str
    reason: str
    definition: str
    desired: int
    running: int
    failed: int


class TaskStatus(msgspec.Struct, frozen=True):
    """A task. `reason` is why it stopped, in ECS's words, "" while it runs; `deployment` is what started it."""

    id: str
    status: str
    health: str
    address: str
    zone: str
    definition: str
    deployment: str
    reason: str
    stopped: datetime | None

    @property
    def cannot_start(self) -> bool:
        """Say whether it stopped before its containers ran."""
        return any(mark in self.reason for mark in _CANNOT_START)


class TargetStatus(msgspec.Struct, frozen=True):
    """A target of the service's load balancer."""

    address: str
    port: int
    zone: str
    state: str
    reason: str


class ServiceStatus(msgspec.Struct, frozen=True):
    """A service. `events` are its own, newest first; `tasks` hold those that stopped in the last hour too."""

    cluster: str
    name: str
    status: str
    desired: int
    running: int
    pending: int
    deployments: tuple[DeploymentStatus, ...]
    tasks: tuple[TaskStatus, ...]
    targets: tuple[TargetStatus, ...]
    balanced: bool
    events: tuple[ServiceEvent, ...]

    @property
    def primary(self) -> DeploymentStatus | None:
        """Give the deployment that is wanted."""
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)

    @property
    def settled(self) -> bool:
        """Say whether all wanted tasks run the wanted definition and answer their health checks."""
        primary = self.primary
        if primary is None or primary.rollout not in {"", "COMPLETED"} or len(self.deployments) > 1:
            return False
        healthy = sum(target.state == "healthy" for target in self.targets)
        return self.running >= self.desired and (not self.balanced or healthy >= self.desired)


def named(identifier: str, cluster: str = "") -> ServiceName:
    """Read a service's ARN (`...:service/CLUSTER/NAME`, or the older form without a cluster), or its bare name."""
    parts = identifier.partition(":service/")[2].split("/")
    match parts:
        case [found, name]:
            return ServiceName(found, name)
        case [name] if name:
            return ServiceName(cluster, name)
        case _:
            return ServiceName(cluster, identifier)


def deployed(connect: Connect, name: str, service: str) -> ServiceName:
    """Find the ECS service of the stack `name` whose logical id or ECS name is `service`'s; raises DeployError."""
    stack = stacks.find(connect, name)
    if stack is None:
        raise DeployError(f"there is no deployment {name} here", advice="`natless deploy` makes it")
    found = {
        each.resource: named(each.id, name)
        for each in stacks.resources(connect, stack.id)
        if each.type == "AWS::ECS::Service" and each.id
    }
    wanted = f"{service.replace('-', '')}service"
    for logical, each in found.items():
        if logical.lower() == wanted or each.name == service:
            return each
    there = ", ".join(logical.lower().removesuffix("service") or logical for logical in found) or "none"
    raise DeployError(f"the deployment {name} has no service {service}: it has {there}")


def read(connect: Connect, service: ServiceName, *, deleted: bool = False) -> ServiceStatus | None:
    """Read a service; None where it does not stand. With `deleted`, one that ECS still remembers is read too."""
    client = connect("ecs")
    try:
        found = client.describe_services(cluster=service.cluster, services=[service.name])["services"]
        if not found or (found[0]["status"] == "INACTIVE" and not deleted):
            return None
        tasks = tuple(task_status(each) for each in _tasks(client, service, found[0]))
    except ClientError as error:
        if code(error) in _GONE:
            return None
        raise
    about = found[0]
    groups = [each["targetGroupArn"] for each in about.get("loadBalancers", ()) if "targetGroupArn" in each]
    return ServiceStatus(
        service.cluster,
        service.name,
        about["status"],
        about["desiredCount"],
        about["runningCount"],
        about.get("pendingCount", 0),
        tuple(_deployment(each) for each in about.get("deployments", ())),
        tasks,
        tuple(target for group in groups for target in _targets(connect, group)),
        bool(groups),
        tuple(ServiceEvent(service.name, each["message"], each["createdAt"]) for each in about.get("events", ())),
    )


def _deployment(about: Mapping[str, Any]) -> DeploymentStatus:
    return DeploymentStatus(
        about["id"],
        about["status"],
        about.get("rolloutState", ""),
        about.get("rolloutStateReason", ""),
        _last(about.get("taskDefinition", "")),
        about.get("desiredCount", 0),
        about.get("runningCount", 0),
        about.get("failedTasks", 0),
    )


def _tasks(client: Any, service: ServiceName, about: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the tasks that run and those that ECS still remembers as stopped, oldest first."""
    chosen = {"serviceName": service.name}
    if about["status"] == "INACTIVE":  # by its name only the tasks of a service that stands are listed
        chosen = {"family": _last(about["taskDefinition"]).partition(":")[0]}
    arns = [
        arn
        for state in ("RUNNING", "STOPPED")
        for arn in pages(client, "list_tasks", "taskArns", cluster=service.cluster, desiredStatus=state, **chosen)
    ]
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(arns), _TASKS_A_CALL):
        found += client.describe_tasks(cluster=service.cluster, tasks=arns[start : start + _TASKS_A_CALL])["tasks"]
    never = datetime.min.replace(tzinfo=UTC)
    yield from sorted(found, key=lambda task: (task.get("createdAt", never), task["taskArn"]))


def task_status(about: Mapping[str, Any]) -> TaskStatus:
    """Read a task as DescribeTasks gives it."""
    details = {
        detail.get("name"): detail.get("value", "")
        for attachment in about.get("attachments", ())
        for detail in attachment.get("details", ())
    }
    return TaskStatus(
        _last(about["taskArn"]),
        about["lastStatus"],
        about.get("healthStatus", ""),
        details.get("privateIPv4Address", ""),
        about.get("availabilityZone", ""),
        _last(about["taskDefinitionArn"]),
        about.get("startedBy", ""),
        stop_reason(about),
        about.get("stoppedAt"),
    )


def stop_reason(about: Mapping[str, Any]) -> str:
    """Give why a task stopped: the container's own words where the task only says that it failed to start."""
    reason = about.get("stoppedReason", "")
    containers = about.get("containers", ())
    said = [each["reason"] for each in containers if each.get("reason")]
    if any(mark in reason for mark in _CANNOT_START):
        return str(reason)
    particular = next((text for text in said if any(mark in text for mark in _CANNOT_START)), None)
    if particular is not None:
        return str(particular)
    exits = [f"{each['name']} exited with {each['exitCode']}" for each in containers if each.get("exitCode")]
    return "; ".join(part for part in (reason, *said, *exits) if part)


def _targets(connect: Connect, group: str) -> Iterator[TargetStatus]:
    try:
        found = connect("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    except ClientError as error:
        if code(error) != "TargetGroupNotFound":  # it goes before its service where a stack is rolled back
            raise
        return
    for about in found:
        target, health = about["Target"], about["TargetHealth"]
        yield TargetStatus(
            target["Id"],
            target.get("Port", 0),
            target.get("AvailabilityZone", ""),
            health["State"],
            health.get("Description", "") or health.get("Reason", ""),
        )


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def evidence(service: ServiceStatus, ignored: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Give the lines that show why a service is not well: stopped tasks, unhealthy targets, its own words.

    `ignored` are the deployments whose tasks are older than what is being followed.
    """
    stopped = [
        task
        for task in service.tasks
        if task.reason and task.deployment not in ignored and not task.reason.startswith(_SCALED)
    ]
    lines = [f"task {task.id} ({task.address or 'no address'}) stopped: {task.reason}" for task in stopped]
    lines += [
        f"target {target.address}:{target.port} is {target.state}: {target.reason}"
        for target in service.targets
        if target.state == "unhealthy"
    ]
    lines += [
        f"{service.name}: {event.message}" for event in reversed(service.events) if _TROUBLE.search(event.message)
    ]
    return tuple(dict.fromkeys(lines))
