"""ECS: clusters, services, tasks and task definitions, and the IAM roles and log groups these name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import chain
from typing import Any

from natless.account import identity, instances
from natless.account.reader import Reader

SECTIONS = frozenset(
    {"Clusters", "Services", "Tasks", "StoppedTasks", "TaskDefinitions", "Roles", "Policies", "LogGroups"}
)

_CLUSTERS_A_CALL = 100
_SERVICES_A_CALL = 10
_TASKS_A_CALL = 100


def read(reader: Reader, wanted: frozenset[str], cluster: str | None = None, service: str | None = None) -> None:
    """Read the wanted sections of all clusters, or of one cluster, or of one service in it."""
    if not wanted & (SECTIONS | instances.SECTIONS):
        return
    clusters = [cluster] if cluster else reader.pages("Clusters", "ecs", "list_clusters", "clusterArns")
    if "Clusters" in wanted:
        _clusters(reader, clusters)
    services = _services(reader, clusters, service)
    running: list[Any] = []
    if "Tasks" in wanted:
        running = _tasks(reader, clusters, service)
    if "StoppedTasks" in wanted:
        # ECS remembers them for an hour: they tell what no configuration shows.
        _tasks(reader, clusters, service, "StoppedTasks", desiredStatus="STOPPED")
    hosting = instances.read(reader, wanted, clusters, services)
    if not wanted & {"TaskDefinitions", "Roles", "Policies", "LogGroups"}:
        return
    named = {item["taskDefinition"] for item in services if "taskDefinition" in item}
    named |= {item["taskDefinitionArn"] for item in running}
    _inherit(reader, "Services", "TaskDefinitions")
    definitions = [item for item in reader.each(partial(_definition, reader), sorted(named)) if item is not None]
    reader.keep("TaskDefinitions", definitions)
    if wanted & {"Roles", "Policies"}:
        _inherit(reader, "TaskDefinitions", "Roles")
        identity.read(reader, sorted({*role_arns(definitions), *hosting}))
    if "LogGroups" in wanted:
        _inherit(reader, "TaskDefinitions", "LogGroups")
        _log_groups(reader, log_group_names(definitions))


def vpcs_of_cluster(reader: Reader, cluster: str, service: str | None, wanted: frozenset[str]) -> tuple[str, ...]:
    """Read a cluster's sections, and give the VPCs in which its services place tasks."""
    read(reader, wanted | {"Services"}, cluster, service)
    subnets = {
        subnet
        for item in reader.found.get("Services", ())
        for subnet in item.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("subnets", ())
    }
    subnets |= instances.subnets(reader)
    if not subnets:
        return ()
    found = reader.pages("Subnets", "ec2", "describe_subnets", "Subnets", SubnetIds=sorted(subnets))
    return tuple(sorted({item["VpcId"] for item in found}))


def role_arns(definitions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give the ARNs of the roles that task definitions name, each once."""
    keys = ("executionRoleArn", "taskRoleArn")
    return sorted({definition[key] for definition in definitions for key in keys if definition.get(key)})


def log_group_names(definitions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give the log groups that containers write to, each once."""
    return sorted(
        {
            group
            for definition in definitions
            for container in definition.get("containerDefinitions", ())
            if (group := container.get("logConfiguration", {}).get("options", {}).get("awslogs-group"))
        }
    )


def _inherit(reader: Reader, parent: str, child: str) -> None:
    if parent in reader.denied:
        reader.denied.setdefault(child, reader.denied[parent])


def _clusters(reader: Reader, clusters: list[str]) -> None:
    calls = reader.each(
        lambda some: reader.pages("Clusters", "ecs", "describe_clusters", "clusters", clusters=some),
        _chunks(clusters, _CLUSTERS_A_CALL),
    )
    reader.keep("Clusters", list(chain.from_iterable(calls)))


def _services(reader: Reader, clusters: list[str], service: str | None) -> list[Any]:
    _inherit(reader, "Clusters", "Services")
    asked = [
        (cluster, some)
        for cluster, arns in zip(clusters, reader.each(partial(_service_arns, reader, service), clusters), strict=True)
        for some in _chunks(arns, _SERVICES_A_CALL)
    ]
    found = reader.each(
        lambda ask: reader.pages("Services", "ecs", "describe_services", "services", cluster=ask[0], services=ask[1]),
        asked,
    )
    return reader.keep("Services", [item for item in chain.from_iterable(found) if item.get("status") != "INACTIVE"])


def _service_arns(reader: Reader, service: str | None, cluster: str) -> list[str]:
    if service is not None:
        return [service]
    return reader.pages("Services", "ecs", "list_services", "serviceArns", cluster=cluster)


def _tasks(reader: Reader, clusters: list[str], service: str | None, key: str = "Tasks", **narrowed: str) -> list[Any]:
    _inherit(reader, "Clusters", key)
    narrowed |= {"serviceName": service} if service else {}
    listed = reader.each(
        lambda cluster: reader.pages(key, "ecs", "list_tasks", "taskArns", cluster=cluster, **narrowed), clusters
    )
    asked = [
        (cluster, some) for cluster, arns in zip(clusters, listed, strict=True) for some in _chunks(arns, _TASKS_A_CALL)
    ]
    found = reader.each(
        lambda ask: reader.pages(key, "ecs", "describe_tasks", "tasks", cluster=ask[0], tasks=ask[1]), asked
    )
    return reader.keep(key, list(chain.from_iterable(found)))


def _definition(reader: Reader, arn: str) -> Any | None:
    answer = reader.one("TaskDefinitions", "ecs", "describe_task_definition", taskDefinition=arn)
    return answer["taskDefinition"] if answer else None


def _log_groups(reader: Reader, names: list[str]) -> None:
    """Read only the log groups that tasks name: an account may hold thousands."""
    found = reader.each(
        lambda name: reader.pages("LogGroups", "logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name),
        names,
    )
    groups = {group["logGroupName"]: group for group in chain.from_iterable(found)}
    reader.keep("LogGroups", [groups[name] for name in names if name in groups])


def _chunks(items: list[str], size: int) -> list[list[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
