"""AWS::ECS, and the autoscaling of its services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.catalog import refusals
from natless.lab.engine.resources.making import Kind, Made, Request, ResourceError, cased

NAME_LIMIT = 255
FAMILY_LIMIT = 255
DEFAULT_COUNT = 1
"""Tasks of a service whose template gives no DesiredCount.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html"""


def _shape(client: Any, call: str) -> Any:
    return client.meta.service_model.operation_model(call).input_shape


def _tags(request: Request) -> dict[str, Any]:
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in request.all_tags()]
    return {"tags": tags} if tags else {}


def _asked(request: Request, client: Any, call: str) -> dict[str, Any]:
    """Give the template's properties as the parameters of an ECS call."""
    properties = {name: value for name, value in request.properties.items() if name != "Tags"}
    return {**cased(_shape(client, call), properties), **_tags(request)}


def _cluster(request: Request) -> Made:
    ecs = request.connect("ecs")
    asked = _asked(request, ecs, "CreateCluster")
    if request.get("ClusterSettings"):
        asked["settings"] = cased(_shape(ecs, "CreateCluster").members["settings"], request.get("ClusterSettings"))
    asked.setdefault("clusterName", request.name(NAME_LIMIT))
    made = ecs.create_cluster(**asked)["cluster"]
    return Made(made["clusterName"], {"Arn": made["clusterArn"]})


def _providers(request: Request) -> Made:
    ecs = request.connect("ecs")
    asked = _asked(request, ecs, "PutClusterCapacityProviders")
    asked.pop("tags", None)  # an association is no resource of its own, and carries none
    ecs.put_cluster_capacity_providers(**asked)
    return Made(str(request.get("Cluster")))


def _drop_providers(request: Request, _physical_id: str) -> None:
    request.connect("ecs").put_cluster_capacity_providers(
        cluster=request.get("Cluster"), capacityProviders=[], defaultCapacityProviderStrategy=[]
    )


def _definition(request: Request) -> Made:
    ecs = request.connect("ecs")
    asked = _asked(request, ecs, "RegisterTaskDefinition")
    asked.setdefault("family", request.name(FAMILY_LIMIT))
    arn = ecs.register_task_definition(**asked)["taskDefinition"]["taskDefinitionArn"]
    return Made(arn, {"TaskDefinitionArn": arn})


def _service(request: Request) -> Made:
    ecs = request.connect("ecs")
    asked = _asked(request, ecs, "CreateService")
    asked.setdefault("serviceName", request.name(NAME_LIMIT))
    if request.get("SchedulingStrategy") != "DAEMON":
        asked.setdefault("desiredCount", DEFAULT_COUNT)
    made = ecs.create_service(**asked)["service"]
    return Made(made["serviceArn"], {"Name": made["serviceName"], "ServiceArn": made["serviceArn"]})


SERVICE_CHANGES = (
    "AvailabilityZoneRebalancing",
    "CapacityProviderStrategy",
    "DeploymentConfiguration",
    "DesiredCount",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "HealthCheckGracePeriodSeconds",
    "LoadBalancers",
    "NetworkConfiguration",
    "PlacementConstraints",
    "PlacementStrategies",
    "PlatformVersion",
    "PropagateTags",
    "ServiceRegistries",
    "TaskDefinition",
)


def _change_service(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    ecs = request.connect("ecs")
    asked = {name: value for name, value in _asked(request, ecs, "UpdateService").items() if name != "tags"}
    emptied: dict[str, list[Any]] = {
        name[0].lower() + name[1:]: []
        for name in ("LoadBalancers", "ServiceRegistries")
        if before.get(name) and not request.get(name)
    }
    ecs.update_service(**asked, **emptied, service=physical_id)


def _described(request: Request, physical_id: str) -> dict[str, Any] | None:
    asked = {"cluster": request.get("Cluster")} if request.get("Cluster") else {}
    found = request.connect("ecs").describe_services(**asked, services=[physical_id])["services"]
    return dict(found[0]) if found else None


def _names(wanted: str, revision: str) -> bool:
    """Say whether `wanted` (a family, or FAMILY:REVISION) names a revision."""
    return wanted in {revision, revision.rsplit(":", 1)[0]}


def _service_ready(request: Request, physical_id: str) -> bool:
    """Say whether the service is steady: one deployment, completed, with all of its tasks running.

    A deployment of another definition is another operation's; where it is the primary one, ECS has rolled back.
    """
    found = _described(request, physical_id)
    if found is None or found["status"] != "ACTIVE":
        raise ResourceError(f"Service {physical_id} is not active any more", "NotStabilized")
    deployments = found["deployments"]
    wanted = str(request.get("TaskDefinition", "")).rsplit("/", 1)[-1]
    own = [one for one in deployments if _names(wanted, one["taskDefinition"].rsplit("/", 1)[-1])]
    if any(one.get("rolloutState") == "FAILED" for one in own) or deployments[0] not in own:
        raise ResourceError(refusals.CIRCUIT_BREAKER.text, refusals.CIRCUIT_BREAKER.code)
    if not found["desiredCount"] and not found["runningCount"]:
        return True
    steady = found["runningCount"] == found["desiredCount"] and len(deployments) == 1
    return bool(steady and deployments[0].get("rolloutState") == "COMPLETED")


def _end_service(request: Request, physical_id: str) -> None:
    asked = {"cluster": request.get("Cluster")} if request.get("Cluster") else {}
    request.connect("ecs").delete_service(**asked, service=physical_id, force=True)


def _service_gone(request: Request, physical_id: str) -> bool:
    found = _described(request, physical_id)
    return found is None or found["status"] == "INACTIVE"


TARGET_PROPERTIES = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def _scalable_target(request: Request) -> Made:
    asked = request.given(*TARGET_PROPERTIES, "MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")
    request.connect("application-autoscaling").register_scalable_target(**asked)
    _into_range(request)
    parts = [str(request.get(name)) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")]
    return Made("|".join(parts), {"Id": "|".join(parts)})


def _into_range(request: Request) -> None:
    """Bring a service's desired count into the range: registering does that.

    RegisterScalableTarget, Application Auto Scaling API reference: "it changes the resource's current capacity to a
    value that is inside of this range".
    """
    _, _, service = str(request.get("ResourceId")).partition("service/")
    if not service:
        return
    cluster, _, name = service.partition("/")
    ecs = request.connect("ecs")
    found = ecs.describe_services(cluster=cluster, services=[name])["services"]
    for each in found:
        desired = int(each["desiredCount"])
        wanted = min(max(desired, int(request.get("MinCapacity"))), int(request.get("MaxCapacity")))
        if wanted != desired:
            ecs.update_service(cluster=cluster, service=name, desiredCount=wanted)


def _target_keys(request: Request) -> dict[str, Any]:
    """Give the keys of a policy's target: named one by one, or by the target's Ref."""
    if request.get("ScalingTargetId"):
        resource, dimension, namespace = str(request.get("ScalingTargetId")).split("|")
        return {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
    return request.given(*TARGET_PROPERTIES)


def _scaling_policy(request: Request) -> Made:
    asked = request.given(
        "PolicyName",
        "PolicyType",
        "TargetTrackingScalingPolicyConfiguration",
        "StepScalingPolicyConfiguration",
    )
    made = request.connect("application-autoscaling").put_scaling_policy(**asked, **_target_keys(request))
    return Made(made["PolicyARN"], {"Arn": made["PolicyARN"]})


def _change_target(request: Request, _physical_id: str, _before: Mapping[str, Any]) -> None:
    _scalable_target(request)  # the call that registers is the one that changes


def _change_policy(request: Request, _physical_id: str, _before: Mapping[str, Any]) -> None:
    _scaling_policy(request)  # likewise


def _drop_policy(request: Request, _physical_id: str) -> None:
    request.connect("application-autoscaling").delete_scaling_policy(
        PolicyName=request.get("PolicyName"), **_target_keys(request)
    )


def _drop_target(request: Request, _physical_id: str) -> None:
    request.connect("application-autoscaling").deregister_scalable_target(**request.given(*TARGET_PROPERTIES))


KINDS = (
    Kind("AWS::ECS::Cluster", _cluster, lambda request, it: request.connect("ecs").delete_cluster(cluster=it)),
    Kind("AWS::ECS::ClusterCapacityProviderAssociations", _providers, _drop_providers),
    Kind(
        "AWS::ECS::TaskDefinition",
        _definition,
        lambda request, it: request.connect("ecs").deregister_task_definition(taskDefinition=it),
    ),
    Kind(
        "AWS::ECS::Service",
        _service,
        _end_service,
        ready=_service_ready,
        gone=_service_gone,
        update=_change_service,
        changes=SERVICE_CHANGES,
    ),
    Kind(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        _scalable_target,
        _drop_target,
        update=_change_target,
        changes=("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState", "Tags"),
    ),
    Kind(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        _scaling_policy,
        _drop_policy,
        update=_change_policy,
        changes=("PolicyType", "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"),
    ),
)
