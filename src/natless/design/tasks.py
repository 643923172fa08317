"""The cluster, the log group, the task definition and the service that keeps its tasks running."""

from __future__ import annotations

from typing import Any

from natless.catalog.health import TUNED
from natless.design import names
from natless.design.access import value_from
from natless.design.balancer import serving_listener, takes_the_rest, targets
from natless.design.discovery import registries
from natless.design.groups import task_rules
from natless.design.hosts import FARGATE_PROVIDERS, fetched_over, hosted, port_mappings
from natless.design.images import repository_uri
from natless.design.names import GroupIds, ServiceIds, behind_host
from natless.design.network import zones
from natless.design.piece import Piece, attribute, literal, ref, resource, sub
from natless.design.roles import task_role
from natless.design.scaling import scales
from natless.spec.model import Service, Spec

LOG_RETENTION_DAYS = 30


def cluster(spec: Spec) -> Piece:
    """Give the cluster. Its name is fixed, so that people and `natless status` find it."""
    properties: dict[str, Any] = {"ClusterName": spec.name}
    if not hosted(spec):
        # A strategy may name only providers that the cluster has. Those of instances are associated when they stand:
        # the instances name the cluster, so it cannot name them.
        properties["CapacityProviders"] = list(FARGATE_PROVIDERS)
    return resource(names.CLUSTER, "AWS::ECS::Cluster", properties, causes=("name",))


def log_group(service: Service) -> Piece:
    """Give the log group. It is kept when the stack goes, and its generated name cannot block the next stack."""
    return resource(
        ServiceIds(service).log_group,
        "AWS::Logs::LogGroup",
        {"RetentionInDays": LOG_RETENTION_DAYS},
        causes=(f"services.{service.name}",),
        kept=True,
    )


def task_definition(spec: Spec, service: Service) -> Piece:
    """Give the task definition. It names a task role only where the containers use AWS by themselves."""
    ids, instances = ServiceIds(service), service.launch.instances
    table = f"services.{service.name}"
    return resource(
        ids.task_definition,
        "AWS::ECS::TaskDefinition",
        {
            "Family": f"{spec.name}-{service.name}",
            "RequiresCompatibilities": ["FARGATE" if instances is None else "EC2"],
            "NetworkMode": "awsvpc" if instances is None else instances.network_mode,
            "Cpu": str(service.cpu),
            "Memory": str(service.memory),
            "RuntimePlatform": {"OperatingSystemFamily": "LINUX", "CpuArchitecture": service.architecture.upper()},
            "ExecutionRoleArn": attribute(ids.execution_role, "Arn"),
            **({"TaskRoleArn": attribute(ids.task_role, "Arn")} if task_role(spec, service) else {}),
            "ContainerDefinitions": [_container(spec, service)],
        },
        causes=(f"{table}.image", f"{table}.build", table),
    )


def _container(spec: Spec, service: Service) -> dict[str, Any]:
    ids = ServiceIds(service)
    container: dict[str, Any] = {
        "Name": service.name,
        "Image": sub(f"{repository_uri(spec, service)}@${{{ids.image_digest}}}"),
        "Essential": True,
        **port_mappings(service),
        "StopTimeout": TUNED.stop_timeout,
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": ref(ids.log_group),
                "awslogs-region": ref("AWS::Region"),
                "awslogs-stream-prefix": service.name,
            },
        },
    }
    if service.exec:
        # The agent of ECS Exec leaves processes behind that nobody waits for (Amazon ECS Developer Guide, 'Monitor
        # Amazon ECS containers with ECS Exec').
        container["LinuxParameters"] = {"InitProcessEnabled": True}
    instances = service.launch.instances
    if instances is not None and instances.gpu:
        container["ResourceRequirements"] = [{"Type": "GPU", "Value": str(instances.gpu)}]
    if service.environment:
        container["Environment"] = [
            {"Name": name, "Value": literal(value)} for name, value in service.environment.items()
        ]
    if service.secrets:
        container["Secrets"] = [
            {"Name": secret.variable, "ValueFrom": value_from(spec, service, secret)} for secret in service.secrets
        ]
    return container


def ecs_service(spec: Spec, service: Service) -> Piece:
    """Give the ECS service."""
    ids = ServiceIds(service)
    table = f"services.{service.name}"
    properties: dict[str, Any] = {
        "Cluster": ref(names.CLUSTER),
        "TaskDefinition": ref(ids.task_definition),
        # Always a strategy: LaunchType cannot be changed into one later.
        "CapacityProviderStrategy": _strategy(service),
        **_network(spec, service),
        **registries(spec, service),
        # A grace period is refused where no load balancer checks.
        **(_balanced(spec, service) if service.public else {}),
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            "MinimumHealthyPercent": 100,
            "MaximumPercent": 200,
        },
        "EnableECSManagedTags": True,
        "PropagateTags": "SERVICE",
    }
    if service.exec:
        properties["EnableExecuteCommand"] = True
    if not scales(service):
        properties["DesiredCount"] = service.count.min
    return resource(ids.service, "AWS::ECS::Service", properties, causes=(table,), after=_waits(spec, service))


def _balanced(spec: Spec, service: Service) -> dict[str, Any]:
    target = {
        "ContainerName": service.name,
        "ContainerPort": service.port,
        "TargetGroupArn": ref(targets(spec, service)),
    }
    return {"LoadBalancers": [target], "HealthCheckGracePeriodSeconds": TUNED.grace}


def _network(spec: Spec, service: Service) -> dict[str, Any]:
    """Give where the tasks' own interfaces stand; tasks behind their instance's have none."""
    if behind_host(service):
        return {}
    own: dict[str, Any] = {
        "Subnets": [ref(names.private_subnet(zone)) for zone in zones(spec.network)],
        "SecurityGroups": [attribute(GroupIds(spec).task(service), "GroupId")],
    }
    # On instances a task's interface has no public address to be assigned.
    public = {} if service.launch.instances is not None else {"AssignPublicIp": "DISABLED"}
    return {"NetworkConfiguration": {"AwsvpcConfiguration": public | own}}


def _strategy(service: Service) -> list[dict[str, Any]]:
    """Give the capacity provider strategy; the base is on Fargate, which AWS does not take back."""
    launch = service.launch
    if launch.instances is not None:
        return [{"CapacityProvider": ref(ServiceIds(service).host_provider), "Weight": 1}]
    shares = [("FARGATE", launch.fargate, launch.base), ("FARGATE_SPOT", launch.spot, 0)]
    return [
        {"CapacityProvider": provider, "Weight": weight, **({"Base": base} if base else {})}
        for provider, weight, base in shares
        if weight or base
    ]


def _waits(spec: Spec, service: Service) -> list[str]:
    """Give what must stand before the first task starts and what the service does not refer to.

    Roles, log group, groups and subnets are referred to; the rule that lets the internet in is not waited for, as no
    task needs it.
    """
    hosts = hosted(spec)
    # All of the cluster's providers stand before any service, and with them what their instances wait for.
    implied = {each for other in hosts for each in fetched_over(spec, other)}
    wanted = [
        # ECS refuses a target group that no load balancer uses.
        *(
            [serving_listener(spec) if takes_the_rest(service) else ServiceIds(service).listener_rule]
            if service.public
            else []
        ),
        *task_rules(spec, service),
        *fetched_over(spec, service),
        # What the containers ask of the internet at once, they ask in vain without it.
        *(names.nat_route(zone) for zone in zones(spec.network) if spec.network.nat),
        *([names.CLUSTER_PROVIDERS] if hosts else []),
    ]
    return [each for each in dict.fromkeys(wanted) if each not in implied]
