"""AWS::ElasticLoadBalancingV2: load balancers and target groups. Listeners, rules: `elbv2_listeners`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from natless.lab.engine.resources import elbv2_listeners
from natless.lab.engine.resources.elbv2_listeners import changed, refuse_unserved, tags
from natless.lab.engine.resources.making import Kind, Made, Request

NAME_LIMIT = 32
TARGET_GROUP_CHANGES = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckEnabled",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
)
TARGET_GROUP_PROPERTIES = (
    "Protocol",
    "ProtocolVersion",
    "Port",
    "VpcId",
    *TARGET_GROUP_CHANGES,
    "TargetType",
    "IpAddressType",
)
BALANCER_UNSERVED = (
    "EnableCapacityReservationProvisionStabilize",
    "EnablePrefixForIpv6SourceNat",
    "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    "Ipv4IpamPoolId",
    "MinimumLoadBalancerCapacity",
)


def _balancer(request: Request) -> Made:
    refuse_unserved(request, BALANCER_UNSERVED)
    elb = request.connect("elbv2")
    asked = request.given("Subnets", "SubnetMappings", "SecurityGroups", "Scheme", "Type", "IpAddressType")
    name = request.get("Name") or request.name(NAME_LIMIT)
    made = elb.create_load_balancer(Name=name, **asked, **tags(request))["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    attributes = request.get("LoadBalancerAttributes") or []
    if attributes:
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    said = {
        "LoadBalancerArn": arn,
        "DNSName": made["DNSName"],
        "CanonicalHostedZoneID": made.get("CanonicalHostedZoneId", ""),
        "LoadBalancerName": name,
        "LoadBalancerFullName": arn.split(":loadbalancer/", 1)[1],
        "SecurityGroups": made.get("SecurityGroups", []),
    }
    return Made(arn, said)


def _change_balancer(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    elb = request.connect("elbv2")
    arn = {"LoadBalancerArn": physical_id}
    attributes = request.get("LoadBalancerAttributes") or []
    if attributes:
        elb.modify_load_balancer_attributes(**arn, Attributes=attributes)
    if changed(request, before, "Subnets", "SubnetMappings"):
        elb.set_subnets(**arn, **request.given("Subnets", "SubnetMappings"))
    if changed(request, before, "SecurityGroups"):
        elb.set_security_groups(**arn, SecurityGroups=request.get("SecurityGroups") or _default_group(request, arn))


def _default_group(request: Request, arn: Mapping[str, str]) -> list[str]:
    """Give the VPC's default group: what an application load balancer has that names none."""
    found = request.connect("elbv2").describe_load_balancers(LoadBalancerArns=list(arn.values()))["LoadBalancers"]
    here = [{"Name": "vpc-id", "Values": [found[0]["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    groups = request.connect("ec2").describe_security_groups(Filters=here)["SecurityGroups"]
    return [str(group["GroupId"]) for group in groups]


def _balancer_ready(request: Request, physical_id: str) -> bool:
    found = request.connect("elbv2").describe_load_balancers(LoadBalancerArns=[physical_id])["LoadBalancers"][0]
    return bool(found["State"]["Code"] == "active")


def _target_group(request: Request) -> Made:
    refuse_unserved(request, ("TargetControlPort",))
    elb = request.connect("elbv2")
    name = request.get("Name") or request.name(NAME_LIMIT)
    made = elb.create_target_group(Name=name, **request.given(*TARGET_GROUP_PROPERTIES), **tags(request))
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    attributes = request.get("TargetGroupAttributes") or []
    if attributes:
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)
    _register(elb, arn, request.get("Targets") or [], [])
    said = {
        "TargetGroupArn": arn,
        "TargetGroupFullName": arn.rsplit(":", 1)[1],
        "TargetGroupName": name,
        "LoadBalancerArns": [],
    }
    return Made(arn, said)


def _change_target_group(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    elb = request.connect("elbv2")
    elb.modify_target_group(TargetGroupArn=physical_id, **request.given(*TARGET_GROUP_CHANGES))
    attributes = request.get("TargetGroupAttributes") or []
    if attributes:
        elb.modify_target_group_attributes(TargetGroupArn=physical_id, Attributes=attributes)
    if changed(request, before, "Targets"):
        _register(elb, physical_id, request.get("Targets") or [], before.get("Targets") or [])


def _register(elb: Any, arn: str, targets: Sequence[Any], before: Sequence[Any]) -> None:
    come, gone = [each for each in targets if each not in before], [each for each in before if each not in targets]
    if gone:
        elb.deregister_targets(TargetGroupArn=arn, Targets=gone)
    if come:
        elb.register_targets(TargetGroupArn=arn, Targets=come)


KINDS = (
    Kind(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        _balancer,
        lambda request, it: request.connect("elbv2").delete_load_balancer(LoadBalancerArn=it),
        ready=_balancer_ready,
        update=_change_balancer,
        changes=("LoadBalancerAttributes", "Subnets", "SubnetMappings", "SecurityGroups"),
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        _target_group,
        lambda request, it: request.connect("elbv2").delete_target_group(TargetGroupArn=it),
        update=_change_target_group,
        changes=(*TARGET_GROUP_CHANGES, "TargetGroupAttributes", "Targets"),
    ),
    *elbv2_listeners.KINDS,
)
