"""The scheduler's door into the account's ECS: task records, their interfaces, events and deployments.

Everything here is what ECS itself writes and no API call can: the scheduler decides, this records. DescribeTasks,
DescribeServices and DescribeNetworkInterfaces then say it. Only interfaces count as a change of the account: nothing
else here is met by a packet.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ecs.models import ecs_backends

from natless.lab.services.ledger import LEDGER

EVENTS_KEPT = 100
"""DescribeServices gives the last hundred events."""

ECS_REQUESTER = "578734482556"
"""The account that owns the interfaces of Fargate tasks, as describe-network-interfaces shows it."""

Status = Literal[
    "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"
]


class Attached(msgspec.Struct, frozen=True):
    """A task's interface: its id, its private address, and its public one or None."""

    interface: str
    address: str
    public_address: str | None


class ContainerState(msgspec.Struct, frozen=True):
    """How a container of a task stands: its name, status, and why and how it ended."""

    name: str
    status: str
    exit_code: int | None = None
    reason: str | None = None
    image_digest: str | None = None
    runtime_id: str | None = None
    health: str = "UNKNOWN"


class TaskRecord:
    """A task as DescribeTasks says it; the attributes are the API's members, in snake case."""

    def __init__(self, backend: Any, cluster: Any, definition: Any, group: str, started_by: str) -> None:
        """Make a task that is being provisioned."""
        self.id = uuid.uuid4().hex
        self.task_arn = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:task/{cluster.name}/{self.id}"
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.task_definition_arn = definition.arn
        self.group = group
        self.started_by = started_by
        self.last_status: str = "PROVISIONING"
        self.desired_status = "RUNNING"
        self.health_status = "UNKNOWN"
        self.connectivity: str | None = None
        self.cpu = definition.cpu
        self.memory = definition.memory
        self.launch_type: str | None = None
        self.capacity_provider_name: str | None = None
        self.platform_version = "1.4.0"
        self.platform_family = "Linux"
        self.container_instance_arn: str | None = None
        self.availability_zone: str | None = None
        self.enable_execute_command = False
        self.attachments: list[dict[str, Any]] = []
        self.overrides: dict[str, Any] = {"containerOverrides": []}
        self.tags: list[dict[str, str]] = []
        self.network_configuration: dict[str, Any] | None = None
        self.stopped_reason: str | None = None
        self.stop_code: str | None = None
        self.version = 1
        self.created_at = utcnow()
        self.times: dict[str, datetime] = {}
        self.containers = [_container(self, one) for one in definition.container_definitions]

    def advance(self) -> None:
        """Do nothing: moto calls this whenever it describes."""

    def __getattr__(self, name: str) -> Any:
        """Give a moment (`started_at`, `stopped_at`, ...) that has come."""
        times = self.__dict__.get("times", {})
        if name in times:
            return times[name]
        raise AttributeError(name)


class Tasks:
    """The task records of one region."""

    def __init__(self, region: str, account_id: str) -> None:
        """Open the door to `region` of `account_id`."""
        self._region = region
        self._account = account_id

    @property
    def _ecs(self) -> Any:
        return ecs_backends[self._account][self._region]

    @property
    def _ec2(self) -> Any:
        return ec2_backends[self._account][self._region]

    def start(
        self,
        cluster: str,
        service: str,
        deployment: str,
        *,
        capacity_provider: str | None = None,
        container_instance: str | None = None,
    ) -> str:
        """Record a new task of a service's deployment (`ecs-svc/...`), PROVISIONING, and give its ARN.

        `capacity_provider` is the one it was placed by; None takes the service's launch type. `container_instance` is
        the ARN of the instance it was placed on.
        """
        with LEDGER.lock:
            found = self._service(cluster, service)
            release = self._deployment(found, deployment)
            definition = self._ecs.describe_task_definition(release["taskDefinition"])
            home = self._ecs._get_cluster(cluster)  # noqa: SLF001  # moto has no public one
            task = TaskRecord(self._ecs, home, definition, f"service:{found.name}", deployment)
            task.capacity_provider_name = capacity_provider
            task.launch_type = "FARGATE" if capacity_provider else found.launch_type
            if container_instance is not None:
                task.launch_type, task.container_instance_arn = "EC2", container_instance
            task.enable_execute_command = bool(found.enable_execute_command)
            self._ecs.tasks.setdefault(home.name, {})[task.task_arn] = task
            self._count(task)
            return task.task_arn

    def attach(self, task: str, subnet: str, groups: Sequence[str], *, public: bool = False) -> Attached:
        """Give a task its interface in `subnet` with `groups` (the VPC's default group where empty)."""
        with LEDGER.lock:
            record = self._task(task)
            attachment = str(uuid.uuid4())
            said = f"arn:aws:ecs:{self._region}:{self._account}:attachment/{attachment}"
            eni = self._ec2.make_service_interface(subnet, list(groups), said, requester=ECS_REQUESTER, public=public)
            record.availability_zone = eni.availability_zone
            record.attachments = [
                {
                    "id": attachment,
                    "type": "ElasticNetworkInterface",
                    "status": "ATTACHED",
                    "details": [
                        {"name": "subnetId", "value": subnet},
                        {"name": "networkInterfaceId", "value": eni.id},
                        {"name": "macAddress", "value": eni.mac_address},
                        {"name": "privateDnsName", "value": getattr(eni, "private_dns_name", "")},
                        {"name": "privateIPv4Address", "value": eni.private_ip_address},
                    ],
                }
            ]
            for container in record.containers:
                container["networkInterfaces"] = [
                    {"attachmentId": attachment, "privateIpv4Address": eni.private_ip_address}
                ]
            return Attached(interface=eni.id, address=eni.private_ip_address, public_address=eni.public_ip)

    def bind(self, task: str, ports: Mapping[int, int]) -> None:
        """Record the ports of the instance that a task's containers are found at, by container port."""
        with LEDGER.lock:
            for container in self._task(task).containers:
                container["networkBindings"] = [
                    {"bindIP": "0.0.0.0", "containerPort": inner, "hostPort": outer, "protocol": "tcp"}  # noqa: S104 - as ECS says it
                    for inner, outer in ports.items()
                    if inner in container["mapped"]
                ]

    def put_on(self, task: str, container_instance: str) -> None:
        """Record the instance that a one-off task was placed on, by its ARN."""
        with LEDGER.lock:
            self._task(task).container_instance_arn = container_instance

    def detach(self, task: str) -> None:
        """Free a task's interface."""
        with LEDGER.lock:
            for attachment in self._task(task).attachments:
                if attachment["status"] != "DELETED":
                    attachment["status"] = "DELETED"
                    details = {one["name"]: one["value"] for one in attachment["details"]}
                    self._ec2.drop_interfaces([details["networkInterfaceId"]])

    def update(
        self,
        task: str,
        *,
        status: Status | None = None,
        desired: Literal["RUNNING", "STOPPED"] | None = None,
        health: str | None = None,
        containers: Sequence[ContainerState] = (),
        stopped_reason: str | None = None,
        stop_code: str | None = None,
        moments: Sequence[Literal["pull_started_at", "pull_stopped_at", "execution_stopped_at"]] = (),
    ) -> None:
        """Record what became of a task; what is not given stays. The counts of its service follow.

        `moments` happen now; `started_at`, `stopping_at`, `stopped_at` and `connectivity_at` follow from `status`.
        """
        with LEDGER.lock:
            record = self._task(task)
            if status is not None and status != record.last_status:
                record.last_status = status
                record.version += 1
                _moment(record, status)
            record.desired_status = desired or record.desired_status
            record.health_status = health or record.health_status
            record.stopped_reason = stopped_reason or record.stopped_reason
            record.stop_code = stop_code or record.stop_code
            record.times |= {moment: utcnow() for moment in moments}
            for state in containers:
                for container in record.containers:
                    if container["name"] == state.name:
                        container.update(_said(state))
                        if record.enable_execute_command:
                            container["managedAgents"] = [_agent(container)]
            self._count(record)

    def event(self, cluster: str, service: str, message: str) -> None:
        """Write an event of a service, in ECS's words; it stands first."""
        with LEDGER.lock:
            found = self._service(cluster, service)
            found.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": utcnow(), "message": message})
            del found.events[EVENTS_KEPT:]

    def rollout(
        self,
        cluster: str,
        service: str,
        deployment: str,
        state: Literal["IN_PROGRESS", "COMPLETED", "FAILED"],
        reason: str | None = None,
        *,
        failed: int | None = None,
    ) -> None:
        """Say how a deployment goes; `failed` counts its tasks that failed to start. COMPLETED retires the older."""
        with LEDGER.lock:
            found = self._service(cluster, service)
            release = self._deployment(found, deployment)
            release["rolloutState"] = state
            words = {"IN_PROGRESS": "in progress", "COMPLETED": "completed", "FAILED": "failed"}
            release["rolloutStateReason"] = reason or f"ECS deployment {deployment} {words[state]}."
            release["updatedAt"] = utcnow()
            if failed is not None:
                release["failedTasks"] = failed
            if state == "COMPLETED":
                # One that was begun meanwhile stays.
                del found.deployments[found.deployments.index(release) + 1 :]

    def roll_back(self, cluster: str, service: str, failed: str, *, to: str, revision: str) -> None:
        """Start a deployment of the revision of an earlier one (`to`), as the circuit breaker does.

        Where `failed` is not the primary any more, somebody asked for something else meanwhile, and that stands.
        """
        with LEDGER.lock:
            found = self._service(cluster, service)
            if found.status != "ACTIVE" or found.deployments[0]["id"] != failed:
                return
            self._ecs.change_service({"cluster": cluster, "service": service, "taskDefinition": revision})
            reason = f"ECS deployment circuit breaker: rolling back to deploymentId {to}."
            self.rollout(cluster, service, found.deployments[0]["id"], "IN_PROGRESS", reason)

    def _service(self, cluster: str, service: str) -> Any:
        return self._ecs._get_service(cluster, service.rsplit("/", maxsplit=1)[-1])  # noqa: SLF001  # moto has no public one

    def _deployment(self, service: Any, deployment: str) -> dict[str, Any]:
        for one in service.deployments:
            if one["id"] == deployment:
                return one  # type: ignore[no-any-return]  # the table holds dictionaries only
        raise LookupError(f"service {service.name} has no deployment {deployment}: read DescribeServices again")

    def _task(self, arn: str) -> TaskRecord:
        for tasks in self._ecs.tasks.values():
            if arn in tasks:
                return tasks[arn]  # type: ignore[no-any-return]  # the tables hold TaskRecords only
        raise LookupError(f"no task {arn}")

    def _count(self, task: TaskRecord) -> None:
        """Bring the counts of the task's service and deployments up to date; a drained service becomes inactive."""
        service = self._ecs.services.get(f"{task.cluster_name}:{task.group.removeprefix('service:')}")
        if service is None:
            return
        alive = self._ecs.tasks_of(service)
        service.running_count = sum(one.last_status == "RUNNING" for one in alive)
        service.pending_count = sum(one.last_status in {"PROVISIONING", "PENDING", "ACTIVATING"} for one in alive)
        for release in service.deployments:
            own = [one for one in alive if one.started_by == release["id"]]
            release["runningCount"] = sum(one.last_status == "RUNNING" for one in own)
            release["pendingCount"] = sum(one.last_status in {"PROVISIONING", "PENDING", "ACTIVATING"} for one in own)
        if service.status == "DRAINING" and not alive:
            service.status = "INACTIVE"


def _container(task: TaskRecord, definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "containerArn": task.task_arn.replace(":task/", ":container/") + f"/{uuid.uuid4()}",
        "taskArn": task.task_arn,
        "name": definition["name"],
        "image": definition["image"],
        "lastStatus": "PENDING",
        "runtimeId": f"{task.id}-{uuid.uuid4().int % 10**10:010}",
        "networkInterfaces": [],
        "healthStatus": "UNKNOWN",
        "cpu": str(definition.get("cpu", 0)),
        "mapped": [one.get("containerPort") for one in definition.get("portMappings") or []],
    }


def _agent(container: Mapping[str, Any]) -> dict[str, Any]:
    """Give ECS Exec's agent as DescribeTasks says it: its process runs where the container does, connected or not."""
    before: Mapping[str, Any] = next(iter(container.get("managedAgents", ())), {})
    agent = {"name": "ExecuteCommandAgent", "lastStatus": container["lastStatus"]}
    if container["lastStatus"] == "RUNNING":
        agent["lastStartedAt"] = before.get("lastStartedAt") or utcnow()
    return agent


def _said(state: ContainerState) -> dict[str, Any]:
    said = {
        "lastStatus": state.status,
        "exitCode": state.exit_code,
        "reason": state.reason,
        "imageDigest": state.image_digest,
        "runtimeId": state.runtime_id,
        "healthStatus": state.health,
    }
    return {name: value for name, value in said.items() if value is not None}


def _moment(record: TaskRecord, status: str) -> None:
    match status:
        case "RUNNING":
            record.times["started_at"] = utcnow()
        case "PENDING":
            record.connectivity = "CONNECTED"
            record.times["connectivity_at"] = utcnow()
        case "STOPPING" | "DEACTIVATING":
            record.times.setdefault("stopping_at", utcnow())
        case "STOPPED":
            record.times.setdefault("stopping_at", utcnow())
            record.times["stopped_at"] = utcnow()
        case _:
            pass
