"""What an account holds, by its own describe calls, with generated ids in the words of the template.

Nothing is left out but what differs from one making to the next: moments, addresses that are handed out, counts of
versions and deployments, and the ids themselves, which are replaced by the logical id of whose they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

CALLS = (
    ("ec2", "describe_vpcs", "Vpcs"),
    ("ec2", "describe_subnets", "Subnets"),
    ("ec2", "describe_route_tables", "RouteTables"),
    ("ec2", "describe_internet_gateways", "InternetGateways"),
    ("ec2", "describe_nat_gateways", "NatGateways"),
    ("ec2", "describe_addresses", "Addresses"),
    ("ec2", "describe_network_acls", "NetworkAcls"),
    ("ec2", "describe_security_groups", "SecurityGroups"),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
    ("ec2", "describe_flow_logs", "FlowLogs"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces"),
    ("elbv2", "describe_load_balancers", "LoadBalancers"),
    ("elbv2", "describe_target_groups", "TargetGroups"),
    ("ecr", "describe_repositories", "repositories"),
    ("logs", "describe_log_groups", "logGroups"),
    ("iam", "list_roles", "Roles"),
    ("application-autoscaling", "describe_scalable_targets", "ScalableTargets"),
    ("application-autoscaling", "describe_scaling_policies", "ScalingPolicies"),
    ("secretsmanager", "list_secrets", "SecretList"),
    ("cloudformation", "describe_stacks", "Stacks"),
)
"""Every list that is read whole: service, call, key. What hangs on single things is read by `_of_each`."""

NAMESPACE = {"describe_scalable_targets": "ecs", "describe_scaling_policies": "ecs"}

HANDED_OUT = {
    *("PrivateIpAddress", "PrivateIpAddresses", "PrivateDnsName", "MacAddress", "PublicIp", "PublicIpAddress"),
    *("PublicDnsName", "Association", "LastUpdatedTime", "LastAccessedDate", "RoleLastUsed", "revision", "id"),
    *("registeredBy", "ChangeSetId", "StackStatus", "updatedAt", "deploymentId", "StackStatusReason"),
    *("healthStatus", "EndpointId", "privateIPv4Address", "creationTime", "RoleId", "CanonicalHostedZoneId"),
    *("HostedZoneId", "PrivateIp", "PolicyARN", "ScalableTargetARN"),
}
"""Members that differ from one making to the next. `StackStatus` says whether it was made or updated."""

_GENERATED = re.compile(
    r"\b[a-z]{2,12}-[0-9a-f]{8,17}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{16}\b|(?<=/)[0-9]{15}\b"
)
_ENDS = re.compile(r"(?<=-)[A-Za-z0-9]{12}\b|(?<=-)\d{6,10}(?=\.)|(?<=-)[0-9a-f]{8}(?=[-.])")
"""The random ends of generated names; of load balancers' and endpoints' names in DNS."""


def read(connect: Any, kept: Collection[str] = ()) -> list[str]:
    """Give all that an account holds, one line a thing, in an order that no id decides; what is of `kept` is left out.

    `kept` are names of log groups, repositories and stacks.
    """
    names = _names(connect)
    whole = [(kind, thing) for kind, thing in _things(connect) if not _of(thing, kept)]
    said = [f"{kind} {json.dumps(_told(thing, names), sort_keys=True)}" for kind, thing in whole]
    return sorted(said)


def _of(thing: Any, kept: Collection[str]) -> bool:
    """Say whether a thing is one of `kept`, or hangs on one."""
    own = ("logGroupName", "group", "repositoryName", "repository", "StackName")
    named = {str(thing.get(key)) for key in own} if isinstance(thing, dict) else set(thing)
    return not named.isdisjoint(kept)


def _names(connect: Any) -> list[tuple[str, str]]:
    """Give what stands for each physical id and for its generated parts, the longest first."""
    cloudformation, found = connect("cloudformation"), {}
    for stack in cloudformation.describe_stacks()["Stacks"]:
        found[stack["StackId"]] = f"<stack {stack['StackName']}>"
        for each in cloudformation.describe_stack_resources(StackName=stack["StackId"])["StackResources"]:
            physical = each.get("PhysicalResourceId") or ""
            # A resource with a fixed name keeps it: that is part of what is compared.
            if re.search(r"[0-9a-f]{8}|-[A-Za-z0-9]{12}$|^[0-9.]+$", physical) or ":" in physical:
                found[physical] = f"<{each['LogicalResourceId']}>"
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _told(value: Any, names: list[tuple[str, str]]) -> Any:
    match value:
        case dict():
            return {
                key: _told(item, names)
                for key, item in value.items()
                if key not in HANDED_OUT and not isinstance(item, datetime) and key != "ResponseMetadata"
            }
        case list():
            told = [_told(item, names) for item in value]
            plain = all(isinstance(item, str) and "<" not in item and "*" not in item for item in told)
            return told if plain else sorted(told, key=lambda item: json.dumps(item, sort_keys=True))
        case str():
            for physical, logical in names:
                value = value.replace(physical, logical)
            return _ENDS.sub("*", _GENERATED.sub("*", value))
        case _:
            return value


def _things(connect: Any) -> Iterator[tuple[str, Any]]:
    for service, call, key in CALLS:
        client = connect(service)
        asked = {"ServiceNamespace": NAMESPACE[call]} if call in NAMESPACE else {}
        pages = (
            client.get_paginator(call).paginate(**asked)
            if client.can_paginate(call)
            else [getattr(client, call)(**asked)]
        )
        for page in pages:
            for thing in page[key]:
                if thing.get("State") == "deleted":
                    continue  # a NAT gateway is told of for an hour after its end
                yield key, thing
                yield from _of_each(connect, key, thing)
    yield from _clusters(connect)


def _of_each(connect: Any, key: str, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Read what the list calls do not say of a thing."""
    if key in _MORE:
        yield from _MORE[key](connect, thing)


def _of_vpc(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        said = connect("ec2").describe_vpc_attribute(VpcId=thing["VpcId"], Attribute=name)
        yield "attribute", {**said, "VpcId": thing["VpcId"]}


def _of_balancer(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    elb, arn = connect("elbv2"), thing["LoadBalancerArn"]
    yield "attributes", elb.describe_load_balancer_attributes(LoadBalancerArn=arn)
    yield "tags", elb.describe_tags(ResourceArns=[arn])
    for listener in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
        yield "listener", listener
        yield "rules", elb.describe_rules(ListenerArn=listener["ListenerArn"])
        yield "tags", elb.describe_tags(ResourceArns=[listener["ListenerArn"]])


def _of_target_group(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    elb, arn = connect("elbv2"), thing["TargetGroupArn"]
    yield "attributes", elb.describe_target_group_attributes(TargetGroupArn=arn)
    yield "tags", elb.describe_tags(ResourceArns=[arn])
    found = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    states = [f"port {each['Target']['Port']} {each['TargetHealth']['State']}" for each in found]
    # Those of the tasks before still drain.
    yield "targets", {"group": arn, "targets": [each for each in states if not each.endswith("draining")]}


def _of_role(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    iam, role = connect("iam"), thing["RoleName"]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield "policy", iam.get_role_policy(RoleName=role, PolicyName=name)
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    yield "boundary", [role, str(iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary"))]
    yield "attached", {"role": role, "policies": attached, "tags": iam.list_role_tags(RoleName=role)["Tags"]}


def _of_repository(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    ecr, name = connect("ecr"), thing["repositoryName"]
    yield "tags", {"repository": name, **ecr.list_tags_for_resource(resourceArn=thing["repositoryArn"])}
    yield "images", {"repository": name, "images": ecr.list_images(repositoryName=name)["imageIds"]}


def _of_log_group(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    tags = connect("logs").list_tags_for_resource(resourceArn=thing["logGroupArn"])
    yield "tags", {"group": thing["logGroupName"], **tags}


def _of_stack(connect: Any, thing: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    pages = connect("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=thing["StackId"]):
        for each in page["StackResourceSummaries"]:
            if each["ResourceStatus"] != "DELETE_COMPLETE":
                yield "resource", [each["LogicalResourceId"], each["ResourceType"], each.get("PhysicalResourceId")]


_MORE: Mapping[str, Callable[[Any, Mapping[str, Any]], Iterator[tuple[str, Any]]]] = {
    "Vpcs": _of_vpc,
    "LoadBalancers": _of_balancer,
    "TargetGroups": _of_target_group,
    "Roles": _of_role,
    "repositories": _of_repository,
    "logGroups": _of_log_group,
    "Stacks": _of_stack,
}


def _clusters(connect: Any) -> Iterator[tuple[str, Any]]:
    """Read the clusters with their services, and each service's definition and tasks."""
    ecs = connect("ecs")
    clusters = ecs.list_clusters()["clusterArns"]
    include = ["SETTINGS", "CONFIGURATIONS", "TAGS"]
    for cluster in ecs.describe_clusters(clusters=clusters, include=include)["clusters"] if clusters else []:
        if cluster["status"] == "INACTIVE":
            continue
        yield "cluster", cluster
        arns = ecs.list_services(cluster=cluster["clusterArn"])["serviceArns"]
        for service in ecs.describe_services(cluster=cluster["clusterArn"], services=[*arns, "none"], include=["TAGS"])[
            "services"
        ]:
            yield "service", {key: value for key, value in service.items() if key not in {"events", "deployments"}}
            definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"], include=["TAGS"])
            yield "definition", definition
        tasks = ecs.list_tasks(cluster=cluster["clusterArn"], desiredStatus="RUNNING")["taskArns"]
        yield "tasks", {"cluster": cluster["clusterArn"], "running": len(tasks)}
    yield "definitions", {"active": len(ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"])}
