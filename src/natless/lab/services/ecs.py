"""Repair of moto's ECS: services keep all that they were given, and are never steady by themselves.

moto drops half of CreateService and RunTask, starts no tasks, counts desired tasks as running, and lets task
definitions pass that Fargate refuses. Here a service is a wish; `ecs_tasks` is the door through which tasks come.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs import models, urls
from moto.ecs.models import Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends

from natless.catalog import refusals
from natless.lab.services.ecs_definitions import check_definition
from natless.lab.services.ecs_instances import InstancesEcs
from natless.lab.services.ecs_tasks import TaskRecord
from natless.lab.services.ledger import LEDGER
from natless.lab.services.refusing import AccountError, refuse

PLATFORM_VERSION = "1.4.0"
"""What LATEST means on Linux. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html"""

DEPLOYMENT_DEFAULTS = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}
KEPT = (
    "capacityProviderStrategy",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "availabilityZoneRebalancing",
    "serviceRegistries",
    "deploymentController",
    "propagateTags",
)
"""What CreateService and UpdateService take, and DescribeServices says, unchanged."""

NEW_DEPLOYMENT = (
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "capacityProviderStrategy",
    "loadBalancers",
)
"""What makes UpdateService start a deployment when it is given and differs.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""

PASSING = ("DRAINING", "ACTIVE")


class LabEcs(InstancesEcs):
    """moto's ECS, repaired."""

    @property
    def _url_module(self) -> Any:
        """Moto finds a service's paths beside the class's own module; they are moto's."""
        return urls

    def register_task_definition(self, family: str, container_definitions: Any, *args: Any, **kwargs: Any) -> Any:
        """Register a revision that Fargate would take."""
        check_definition(container_definitions, kwargs)
        definition: Any = super().register_task_definition(family, container_definitions, *args, **kwargs)
        definition.registered_at = utcnow()
        definition.registered_by = f"arn:aws:iam::{self.account_id}:root"
        return definition

    def open_service(self, asked: dict[str, Any]) -> Service:
        """Make a service of CreateService's parameters, which keep their names."""
        cluster = self._get_cluster(asked.get("cluster") or "default")
        name = str(asked["serviceName"])
        there = self.services.get(f"{cluster.name}:{name}")
        if there is not None and there.status in PASSING:
            raise refuse(refusals.SERVICE_EXISTS)
        definition = self.describe_task_definition(str(asked.get("taskDefinition")))
        self._check_targets(asked.get("loadBalancers") or [], definition)
        _check_exec(asked.get("enableExecuteCommand"), definition, "created")
        strategy = asked.get("capacityProviderStrategy")
        if not strategy and not asked.get("launchType"):
            strategy = cluster.default_capacity_provider_strategy
        service: Any = Service(  # type: ignore[abstract]  # moto leaves its CloudFormation hooks open
            cluster=cluster,
            service_name=name,
            desired_count=int(asked.get("desiredCount") or 0),
            task_definition=definition,
            load_balancers=asked.get("loadBalancers"),
            scheduling_strategy=asked.get("schedulingStrategy"),
            tags=asked.get("tags"),
            deployment_controller=asked.get("deploymentController"),
            launch_type=None if strategy else asked.get("launchType") or "EC2",
            backend=self,
            service_registries=asked.get("serviceRegistries"),
            platform_version=_platform(asked.get("platformVersion")),
            propagate_tags=asked.get("propagateTags") or "NONE",
            network_configuration=_network(asked.get("networkConfiguration"), definition),
            role_arn=asked.get("role"),
        )
        self._keep(service, asked | {"capacityProviderStrategy": strategy or []})
        service.created_at = utcnow()
        service.created_by = f"arn:aws:iam::{self.account_id}:root"
        service.role_arn = (
            f"arn:aws:iam::{self.account_id}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        )
        service.pending_count = 0
        service.deployments = [_deployment(service)]
        self.services[f"{cluster.name}:{name}"] = service
        return service  # type: ignore[no-any-return]  # Any for the attributes that moto lacks

    def _keep(self, service: Any, asked: dict[str, Any]) -> None:
        for name in KEPT:
            if asked.get(name) is not None:
                setattr(service, camelcase_to_underscores(name), asked[name])
        given = asked.get("deploymentConfiguration") or {}
        service.deployment_configuration = (
            DEPLOYMENT_DEFAULTS | (getattr(service, "deployment_configuration", None) or {}) | given
        )
        service.enable_ecs_managed_tags = bool(getattr(service, "enable_ecs_managed_tags", False))
        service.enable_execute_command = bool(getattr(service, "enable_execute_command", False))
        service.availability_zone_rebalancing = getattr(service, "availability_zone_rebalancing", "ENABLED")
        service.platform_family = "Linux"

    def _check_targets(self, balancers: list[dict[str, Any]], definition: Any) -> None:
        elb: Any = elbv2_backends[self.account_id][self.region_name]
        containers = {one["name"]: one for one in definition.container_definitions}
        for balancer in balancers:
            container = balancer.get("containerName")
            if container not in containers:
                raise refuse(refusals.CONTAINER_NOT_IN_DEFINITION, container=container)
            ports = [one.get("containerPort") for one in containers[container].get("portMappings", [])]
            if balancer.get("containerPort") not in ports:
                raise refuse(refusals.PORT_NOT_IN_DEFINITION, container=container, port=balancer.get("containerPort"))
            arn = balancer.get("targetGroupArn")
            group = elb.target_groups.get(arn)
            if group is None:
                raise AccountError("InvalidParameterException", f"Unable to describe target group {arn}")
            mode = definition.network_mode or "bridge"
            if group.target_type != ("ip" if mode == "awsvpc" else "instance"):
                found = group.target_type
                raise refuse(refusals.TARGET_TYPE_INCOMPATIBLE, target_group=arn, target_type=found, mode=mode)
            if not elb.balancers_of(arn):
                raise refuse(refusals.TARGET_GROUP_WITHOUT_BALANCER, target_group=arn)

    def change_service(self, asked: dict[str, Any]) -> Service:
        """Change a service as UpdateService does: some changes start a deployment, the others only hold."""
        service: Any = self._get_service(asked.get("cluster") or "default", str(asked["service"]))
        if service.status != "ACTIVE":
            raise AccountError("ServiceNotActiveException", "Service was not ACTIVE.")
        fresh = bool(asked.get("forceNewDeployment"))
        if asked.get("taskDefinition"):
            definition = self.describe_task_definition(str(asked["taskDefinition"]))
            asked["taskDefinition"] = definition.arn
        if asked.get("networkConfiguration"):
            definition = self.describe_task_definition(service.task_definition)
            asked["networkConfiguration"] = _network(asked["networkConfiguration"], definition)
        if asked.get("platformVersion"):
            asked["platformVersion"] = _platform(asked["platformVersion"])
        definition = self.describe_task_definition(asked.get("taskDefinition") or service.task_definition)
        _check_exec(asked.get("enableExecuteCommand"), definition, "updated")
        for name in NEW_DEPLOYMENT:
            attribute = camelcase_to_underscores(name)
            if asked.get(name) is not None and asked[name] != getattr(service, attribute, None):
                setattr(service, attribute, asked[name])
                fresh = True
        self._keep(service, asked)
        if asked.get("desiredCount") is not None:
            service.desired_count = int(asked["desiredCount"])
        if fresh:
            _deploy(service, forced=bool(asked.get("forceNewDeployment")))
        service.deployments[0]["desiredCount"] = service.desired_count
        service.deployments[0]["updatedAt"] = utcnow()
        return service  # type: ignore[no-any-return]  # Any for the attributes that moto lacks

    def delete_service(self, cluster_name: str, service_name: str, force: bool) -> Service:  # noqa: FBT001  # moto's signature
        """Let a service go: it drains while it has tasks, and is inactive then."""
        service: Any = self._get_service(cluster_name, service_name.rsplit("/", maxsplit=1)[-1])
        if service.desired_count > 0 and not force:
            raise AccountError("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
        service.desired_count = 0
        for deployment in service.deployments:
            deployment["desiredCount"] = 0
        service.status = "DRAINING" if self.tasks_of(service) else "INACTIVE"
        return service  # type: ignore[no-any-return]  # Any for the attributes that moto lacks

    def tasks_of(self, service: Any) -> list[Any]:
        """Give the tasks of a service that have not stopped."""
        tasks = self.tasks.get(service.cluster_name, {}).values()
        return [task for task in tasks if task.group == f"service:{service.name}" and task.last_status != "STOPPED"]

    def list_services(self, *args: Any, **kwargs: Any) -> list[str]:
        """List the services that have not gone."""
        gone = {service.arn for service in self.services.values() if service.status == "INACTIVE"}
        return [arn for arn in super().list_services(*args, **kwargs) if arn not in gone]

    def list_tasks(self, *args: Any, **kwargs: Any) -> Any:
        """List the tasks of a cluster: those that should run where no status is asked for, as ECS does."""
        names = ("cluster_str", "container_instance", "family", "started_by", "service_name", "desiredStatus")
        asked = dict(zip(names, args, strict=False)) | kwargs
        service = asked.pop("service_name", None)
        asked["desiredStatus"] = asked.get("desiredStatus") or "RUNNING"
        wanted = f"service:{service.split('/')[-1]}" if service else None
        return [task for task in super().list_tasks(**asked) if wanted in {None, task.group}]

    def describe_clusters(self, cluster_names: list[str]) -> Any:
        """Describe clusters, with what runs on them now."""
        found, failures = super().describe_clusters(cluster_names)
        for cluster in found:
            tasks = [task.last_status for task in self.tasks.get(cluster.name, {}).values()]
            services = [one for one in self.services.values() if one.cluster_name == cluster.name]
            cluster.running_tasks_count = tasks.count("RUNNING")
            cluster.pending_tasks_count = sum(status in {"PROVISIONING", "PENDING", "ACTIVATING"} for status in tasks)
            cluster.active_services_count = sum(one.status == "ACTIVE" for one in services)
        return found, failures

    def open_tasks(self, asked: dict[str, Any]) -> list[TaskRecord]:
        """Record one-off tasks of RunTask's parameters, PROVISIONING; the scheduler starts them."""
        cluster = self._get_cluster(asked.get("cluster") or "default")
        definition = self.describe_task_definition(str(asked.get("taskDefinition")))
        network = _network(asked.get("networkConfiguration"), definition)
        group = asked.get("group") or f"family:{definition.family}"
        overrides = {"containerOverrides": []} | (asked.get("overrides") or {})
        if asked.get("enableExecuteCommand") and not (
            overrides.get("taskRoleArn") or getattr(definition, "task_role_arn", None)
        ):
            raise refuse(refusals.EXEC_TASK_WITHOUT_ROLE)
        strategy = asked.get("capacityProviderStrategy")
        if strategy and asked.get("launchType"):
            raise AccountError(
                "InvalidParameterException",
                "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try "
                "again.",
            )
        if not strategy and not asked.get("launchType"):
            strategy = cluster.default_capacity_provider_strategy
        made = []
        for _ in range(int(asked.get("count") or 1)):
            task = TaskRecord(self, cluster, definition, group, asked.get("startedBy") or "")
            task.capacity_provider_name = strategy[0]["capacityProvider"] if strategy else None
            task.launch_type = asked.get("launchType") or _launch_type(task.capacity_provider_name)
            task.overrides = copy.deepcopy(overrides)
            task.enable_execute_command = bool(asked.get("enableExecuteCommand"))
            task.tags = asked.get("tags") or []
            task.network_configuration = network
            self.tasks.setdefault(cluster.name, {})[task.task_arn] = task  # type: ignore[assignment]  # moto's own Task lacks half
            made.append(task)
        return made

    def stop_task(self, cluster_str: str, task_str: str, reason: str) -> Any:
        """Ask for a task to stop; the scheduler stops it. Why one has stopped already stays as it is."""
        cluster = self._get_cluster(cluster_str)
        for arn, task in self.tasks.get(cluster.name, {}).items():
            if arn.split("/")[-1] == task_str.rsplit("/", maxsplit=1)[-1]:
                if task.last_status != "STOPPED":
                    task.desired_status = "STOPPED"
                    task.stopped_reason = reason or "Task stopped by user"
                    task.stop_code = "UserInitiated"  # type: ignore[attr-defined]  # moto lacks it
                return task
        raise AccountError("InvalidParameterException", "The referenced task was not found.")

    def delete_cluster(self, cluster_str: str) -> Any:
        """Delete a cluster without services and tasks."""
        cluster = self._get_cluster(cluster_str)
        if any(one.cluster_name == cluster.name and one.status in PASSING for one in self.services.values()):
            raise refuse(refusals.CLUSTER_HAS_SERVICES)
        if any(task.last_status != "STOPPED" for task in self.tasks.get(cluster.name, {}).values()):
            raise refuse(refusals.CLUSTER_HAS_TASKS)
        return super().delete_cluster(cluster_str)


SAME = ("taskDefinition", "networkConfiguration", "platformVersion", "capacityProviderStrategy", "loadBalancers")
"""What two deployments have in common that are the same."""


def _deploy(service: Any, *, forced: bool) -> None:
    """Start a deployment of the service as it is now, or go back to a completed one that is the same and still there.

    So tasks that run already are kept. That ECS takes the completed deployment up again is read from its own event
    ("rolling back to deployment ...", developer guide, circuit breaker); for UpdateService it is an assumption.
    """
    wanted = _deployment(service)
    for deployment in service.deployments:
        deployment["status"] = "ACTIVE"
    completed = [one for one in service.deployments if one["rolloutState"] == "COMPLETED" and not forced]
    back = [one for one in completed if all(one[name] == wanted[name] for name in SAME)]
    if back:
        service.deployments.remove(back[0])
        wanted = back[0] | {name: wanted[name] for name in ("status", "rolloutState", "rolloutStateReason")}
        wanted["rolloutStateReason"] = f"ECS deployment {wanted['id']} in progress."
    service.deployments.insert(0, wanted)


def _deployment(service: Any) -> dict[str, Any]:
    """A new primary deployment, in progress."""
    number = "".join(random.choices("0123456789", k=19))  # noqa: S311  # a name, no secret
    now = utcnow()
    return {
        "id": f"ecs-svc/{number}",
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": service.desired_count,
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "launchType": service.launch_type,
        "capacityProviderStrategy": getattr(service, "capacity_provider_strategy", []),
        "platformVersion": service.platform_version,
        "platformFamily": "Linux",
        "networkConfiguration": service.network_configuration,
        # Told by no answer; its tasks are registered with these.
        "loadBalancers": service.load_balancers,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment ecs-svc/{number} in progress.",
    }


def _check_exec(wanted: object, definition: Any, done: str) -> None:
    """Refuse a service whose tasks ECS Exec could not serve: its agent has the task role's keys, or none."""
    if wanted and not getattr(definition, "task_role_arn", None):
        raise refuse(refusals.EXEC_WITHOUT_ROLE, done=done)


def _launch_type(provider: str | None) -> str:
    return "FARGATE" if provider in {None, "FARGATE", "FARGATE_SPOT"} else "EC2"


def _platform(asked: str | None) -> str:
    return PLATFORM_VERSION if asked in {None, "", "LATEST"} else str(asked)


def _network(asked: Any, definition: Any) -> dict[str, Any] | None:
    if definition.network_mode != "awsvpc":
        return dict(asked) if asked else None
    if not asked:
        raise AccountError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    inner = {"assignPublicIp": "DISABLED", "securityGroups": []} | dict(asked["awsvpcConfiguration"])
    return {"awsvpcConfiguration": inner}


def _create_service(self: Any) -> ActionResult:
    return ActionResult({"service": self.ecs_backend.open_service(dict(self._get_params()))})


def _update_service(self: Any) -> ActionResult:
    return ActionResult({"service": self.ecs_backend.change_service(dict(self._get_params()))})


def _run_task(self: Any) -> ActionResult:
    return ActionResult({"tasks": self.ecs_backend.open_tasks(dict(self._get_params())), "failures": []})


def repair() -> None:
    """Put the repaired ECS in the place of moto's; before the first use of ECS in this process."""
    EC2ContainerServiceResponse.create_service = _create_service  # type: ignore[method-assign]  # moto dispatches by name
    EC2ContainerServiceResponse.run_task = _run_task  # type: ignore[method-assign]  # as above
    EC2ContainerServiceResponse.update_service = _update_service  # type: ignore[method-assign]  # as above
    models.ecs_backends.backend = LabEcs
    LEDGER.changed()
