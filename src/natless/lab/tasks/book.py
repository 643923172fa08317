"""What the account says of services, tasks and targets now: the scheduler's and the balancer's reading side.

ECS reads its own tables, not its API, and so does the lab's: under the account's lock, in this process.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import msgspec
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends

from natless.catalog import containers
from natless.lab.services.ledger import LEDGER
from natless.lab.tasks.plan import Registration

FARGATE = ("FARGATE", "FARGATE_SPOT")
"""The capacity providers that stand for no instances."""


class Deployment(msgspec.Struct, frozen=True):
    """One deployment of a service (`ecs-svc/...`)."""

    id: str
    primary: bool
    definition: str
    state: str


class Threshold(msgspec.Struct, frozen=True):
    """How many failed tasks open the circuit breaker. `kind` and `value` are ECS's `thresholdConfiguration`."""

    kind: str = "BOUNDED_PERCENT"
    value: int = containers.BREAKER_PERCENT.value

    def of(self, desired: int) -> int:
        """Give the count for a service of so many tasks (API reference, DeploymentCircuitBreaker)."""
        if self.kind == "COUNT":
            return self.value
        part = -(-desired * self.value // 100)
        if self.kind == "UNBOUNDED_PERCENT":
            return max(part, 1)
        return min(max(part, containers.LEAST_FAILURES.value), containers.MOST_FAILURES.value)


class ServiceView(msgspec.Struct, frozen=True):
    """A service as it is wanted. Percentages are of `desired`; `grace` is in seconds."""

    cluster: str
    name: str
    active: bool
    desired: int
    deployments: tuple[Deployment, ...]
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    public: bool
    registrations: tuple[Registration, ...]
    capacity_provider: str | None
    on_instances: bool = False
    providers: tuple[str, ...] = ()
    least_percent: int = 100
    most_percent: int = 200
    breaker: bool = False
    rollback: bool = False
    resets: bool = True
    threshold: Threshold = Threshold()
    grace: float = 0.0

    @property
    def key(self) -> str:
        """A name that is the service's alone."""
        return f"{self.cluster}/{self.name}"


class TaskView(msgspec.Struct, frozen=True):
    """A task record, as far as the scheduler asks."""

    arn: str
    cluster: str
    group: str
    status: str
    desired: str
    reason: str
    code: str
    definition: str
    overrides: Mapping[str, Any]
    network: Mapping[str, Any]
    on_instances: bool = False
    provider: str = ""

    @property
    def providers(self) -> tuple[str, ...]:
        """The capacity providers that stand for instances."""
        return () if self.provider in {"", *FARGATE} else (self.provider,)

    @property
    def subnets(self) -> tuple[str, ...]:
        """The subnets of its own interface."""
        return tuple((self.network.get("awsvpcConfiguration") or {}).get("subnets") or ())


class TargetHealth(msgspec.Struct, frozen=True):
    """What DescribeTargetHealth says of one target."""

    state: str
    reason: str
    description: str


class Book:
    """The tables of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        """Name the account and region."""
        self._account = account
        self._region = region

    @property
    def _ecs(self) -> Any:
        return ecs_backends[self._account][self._region]

    def services(self) -> tuple[ServiceView, ...]:
        """Give every service that is there or still has tasks."""
        with LEDGER.lock:
            return tuple(_service(each) for each in list(self._ecs.services.values()) if each.status != "INACTIVE")

    def tasks(self) -> tuple[TaskView, ...]:
        """Give every task that has not stopped."""
        with LEDGER.lock:
            records = [record for cluster in self._ecs.tasks.values() for record in cluster.values()]
            return tuple(_task(record) for record in records if record.last_status != "STOPPED")

    def task(self, cluster: str, task: str) -> Any:
        """Give the record of a task by its id or ARN, in a cluster by its name or ARN; None where there is none."""
        with LEDGER.lock:
            ecs: Any = ecs_backends[self._account][self._region]
            there = ecs.tasks.get(cluster.rpartition("/")[2], {})
            wanted = task.rpartition("/")[2]
            return next((each for arn, each in there.items() if arn.rpartition("/")[2] == wanted), None)

    def definition(self, name: str) -> Mapping[str, Any]:
        """Give a task definition by ARN or family:revision, in ECS's shape."""
        with LEDGER.lock:
            found = self._ecs.describe_task_definition(name)
            return {
                "containerDefinitions": copy.deepcopy(found.container_definitions),
                "runtimePlatform": getattr(found, "runtime_platform", None),
                "networkMode": found.network_mode or "bridge",
                "executionRoleArn": getattr(found, "execution_role_arn", None),
                "taskRoleArn": getattr(found, "task_role_arn", None),
                "memory": getattr(found, "memory", None),
                "volumes": copy.deepcopy(getattr(found, "volumes", None) or []),
                "ephemeralStorage": getattr(found, "ephemeral_storage", None),
            }

    def health(self, target_group: str, address: str, port: int) -> TargetHealth:
        """Give the health of a target."""
        with LEDGER.lock:
            elbv2: Any = elbv2_backends[self._account][self._region]
            if target_group not in elbv2.target_groups:
                return TargetHealth("unused", "", "")
            (said,) = elbv2.describe_target_health(target_group, [{"Id": address, "Port": port}])
            return TargetHealth(said.status, said.reason or "", said.description or "")


def _service(record: Any) -> ServiceView:
    network = (record.network_configuration or {}).get("awsvpcConfiguration") or {}
    settings = getattr(record, "deployment_configuration", None) or {}
    breaker = settings.get("deploymentCircuitBreaker") or {}
    strategy = getattr(record, "capacity_provider_strategy", None) or []
    providers = tuple(str(each["capacityProvider"]) for each in strategy)
    own = tuple(name for name in providers if name not in FARGATE)
    return ServiceView(
        cluster=record.cluster_name,
        name=record.name,
        active=record.status == "ACTIVE",
        desired=int(record.desired_count or 0),
        deployments=tuple(_deployment(each) for each in record.deployments),
        subnets=tuple(network.get("subnets") or ()),
        groups=tuple(network.get("securityGroups") or ()),
        public=network.get("assignPublicIp") == "ENABLED",
        registrations=tuple(_registration(each) for each in record.load_balancers if each.get("targetGroupArn")),
        capacity_provider=strategy[0]["capacityProvider"] if strategy else None,
        on_instances=bool(own) or (not providers and record.launch_type == "EC2"),
        providers=own,
        least_percent=int(settings.get("minimumHealthyPercent", 100)),
        most_percent=int(settings.get("maximumPercent", 200)),
        breaker=bool(breaker.get("enable")),
        rollback=bool(breaker.get("rollback")),
        resets=bool(breaker.get("resetOnHealthyTask", True)),
        threshold=_threshold(breaker.get("thresholdConfiguration") or {}),
        grace=float(getattr(record, "health_check_grace_period_seconds", None) or 0),
    )


def _threshold(given: Mapping[str, Any]) -> Threshold:
    usual = Threshold()
    return Threshold(str(given.get("type") or usual.kind), int(given.get("value") or usual.value))


def _deployment(record: Mapping[str, Any]) -> Deployment:
    state = str(record.get("rolloutState", "IN_PROGRESS"))
    return Deployment(str(record["id"]), record["status"] == "PRIMARY", str(record["taskDefinition"]), state)


def _registration(record: Mapping[str, Any]) -> Registration:
    return Registration(str(record["targetGroupArn"]), str(record["containerName"]), int(record["containerPort"]))


def _task(record: Any) -> TaskView:
    return TaskView(
        arn=record.task_arn,
        cluster=record.cluster_name,
        group=record.group,
        status=record.last_status,
        desired=record.desired_status,
        reason=record.stopped_reason or "",
        code=getattr(record, "stop_code", None) or "UserInitiated",
        definition=record.task_definition_arn,
        overrides=record.overrides or {},
        network=getattr(record, "network_configuration", None) or {},
        on_instances=record.launch_type == "EC2",
        provider=record.capacity_provider_name or "",
    )
