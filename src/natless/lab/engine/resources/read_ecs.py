"""AWS::ECS, as it stands."""

from __future__ import annotations

from typing import Any

from natless.lab.engine.resources.ecs import SERVICE_CHANGES
from natless.lab.engine.resources.making import Others, Request
from natless.lab.engine.resources.reading import Properties, absent, as_asked, only, said, tags, written
from natless.lab.engine.schemas import schema

PROVIDERS = ("CapacityProviders", "DefaultCapacityProviderStrategy")


def _found(request: Request, it: str) -> dict[str, Any]:
    shown = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
    found = only(request.connect("ecs").describe_clusters(clusters=[it], include=shown)["clusters"], it)
    if found["status"] == "INACTIVE":
        raise absent(it)
    return {**found, "clusterSettings": found.get("settings", [])}


def _cluster(request: Request, it: str, others: Others) -> Properties:
    """Read a cluster. Where another resource of the stack sets its capacity providers, they are not its own."""
    found = _found(request, it)
    own = written(request, "AWS::ECS::Cluster", found)
    theirs = any(one.get("Cluster") == it and set(PROVIDERS) <= one.keys() for one in others.values())
    names = ("ClusterName", "ClusterSettings", "Configuration", *(() if theirs else PROVIDERS))
    return {**said(own, *names), "Tags": tags(found.get("tags", []))}


def _providers(request: Request, it: str, _others: Others) -> Properties:
    own = written(request, "AWS::ECS::Cluster", _found(request, it))
    return {"Cluster": request.get("Cluster"), **said(own, *PROVIDERS)}


def _definition(request: Request, it: str, _others: Others) -> Properties:
    """Read a revision. One that was deregistered is gone: to deregister is how CloudFormation deletes it."""
    kind = "AWS::ECS::TaskDefinition"
    answer = request.connect("ecs").describe_task_definition(taskDefinition=it, include=["TAGS"])
    found = answer["taskDefinition"]
    if found["status"] != "ACTIVE":
        raise absent(it)
    about = schema(request.region, kind)
    names = about.document["properties"] if about is not None else {}
    own = said(written(request, kind, found), *(name for name in names if name != "TaskDefinitionArn"))
    return {**own, "Tags": tags(answer.get("tags", []))}


SERVICE = ("DeploymentController", "LaunchType", "SchedulingStrategy", "ServiceName", *SERVICE_CHANGES)


def _service(request: Request, it: str, _others: Others) -> Properties:
    asked = {"cluster": request.get("Cluster")} if request.get("Cluster") else {}
    found = only(request.connect("ecs").describe_services(**asked, services=[it], include=["TAGS"])["services"], it)
    if found["status"] != "ACTIVE":
        raise absent(it)
    found["placementStrategies"] = found.get("placementStrategy", [])
    own = said(written(request, "AWS::ECS::Service", found), *SERVICE)
    return {
        **own,
        "Cluster": as_asked(request, "Cluster", found["clusterArn"]),
        "TaskDefinition": as_asked(request, "TaskDefinition", found["taskDefinition"]),
        "Tags": tags(found.get("tags", [])),
    }


def _provider(request: Request, it: str, _others: Others) -> Properties:
    ecs = request.connect("ecs")
    found = only(ecs.describe_capacity_providers(capacityProviders=[it], include=["TAGS"])["capacityProviders"], it)
    if found["status"] == "INACTIVE":
        raise absent(it)
    group = found.get("autoScalingGroupProvider") or {}
    named = as_asked_group(request, str(group.get("autoScalingGroupArn", "")))
    provider = {**group, "autoScalingGroupArn": named} if group else None
    own = written(request, "AWS::ECS::CapacityProvider", {**found, "autoScalingGroupProvider": provider})
    return {**said(own, "Name", "AutoScalingGroupProvider"), "Tags": tags(found.get("tags", []))}


def as_asked_group(request: Request, arn: str) -> str:
    """Give the ARN of a capacity provider's group, or its name where the template has that."""
    asked = str((request.get("AutoScalingGroupProvider") or {}).get("AutoScalingGroupArn", ""))
    return asked if asked and arn.endswith(f"/{asked}") else arn


READS = {
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::ClusterCapacityProviderAssociations": _providers,
    "AWS::ECS::TaskDefinition": _definition,
    "AWS::ECS::Service": _service,
    "AWS::ECS::CapacityProvider": _provider,
}
