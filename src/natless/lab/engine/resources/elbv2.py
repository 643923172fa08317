"""AWS::ElasticLoadBalancingV2: load balancers, listeners, rules and target groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def _balancer(request: Request) -> Made:
    elb = request.connect("elbv2")
    asked = request.given("Subnets", "SubnetMappings", "SecurityGroups", "Scheme", "Type", "IpAddressType")
    name = request.get("Name") or request.name(NAME_LIMIT)
    made = elb.create_load_balancer(Name=name, **asked, **_tags(request))["LoadBalancers"][0]
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


def _change_balancer(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    attributes = request.get("LoadBalancerAttributes") or []
    if attributes:
        request.connect("elbv2").modify_load_balancer_attributes(LoadBalancerArn=physical_id, Attributes=attributes)


def _balancer_ready(request: Request, physical_id: str) -> bool:
    found = request.connect("elbv2").describe_load_balancers(LoadBalancerArns=[physical_id])["LoadBalancers"][0]
    return bool(found["State"]["Code"] == "active")


def _target_group(request: Request) -> Made:
    elb = request.connect("elbv2")
    name = request.get("Name") or request.name(NAME_LIMIT)
    made = elb.create_target_group(Name=name, **request.given(*TARGET_GROUP_PROPERTIES), **_tags(request))
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    attributes = request.get("TargetGroupAttributes") or []
    if attributes:
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)
    targets = request.get("Targets") or []
    if targets:
        elb.register_targets(TargetGroupArn=arn, Targets=targets)
    said = {
        "TargetGroupArn": arn,
        "TargetGroupFullName": arn.rsplit(":", 1)[1],
        "TargetGroupName": name,
        "LoadBalancerArns": [],
    }
    return Made(arn, said)


def _change_target_group(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    elb = request.connect("elbv2")
    elb.modify_target_group(TargetGroupArn=physical_id, **request.given(*TARGET_GROUP_CHANGES))
    attributes = request.get("TargetGroupAttributes") or []
    if attributes:
        elb.modify_target_group_attributes(TargetGroupArn=physical_id, Attributes=attributes)


LISTENER_CHANGES = ("Port", "Protocol", "DefaultActions", "Certificates", "SslPolicy", "AlpnPolicy")


def _change_listener(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    request.connect("elbv2").modify_listener(ListenerArn=physical_id, **request.given(*LISTENER_CHANGES))


def _change_rule(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    elb = request.connect("elbv2")
    elb.modify_rule(RuleArn=physical_id, **request.given("Actions", "Conditions"))
    if before.get("Priority") != request.get("Priority"):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": physical_id, "Priority": request.get("Priority")}])


def _listener(request: Request) -> Made:
    asked = request.given(
        "LoadBalancerArn", "Port", "Protocol", "DefaultActions", "Certificates", "SslPolicy", "AlpnPolicy"
    )
    arn = request.connect("elbv2").create_listener(**asked)["Listeners"][0]["ListenerArn"]
    return Made(arn, {"ListenerArn": arn})


def _rule(request: Request) -> Made:
    asked = request.given("ListenerArn", "Actions", "Conditions", "Priority")
    arn = request.connect("elbv2").create_rule(**asked)["Rules"][0]["RuleArn"]
    return Made(arn, {"RuleArn": arn, "IsDefault": False})


def _tags(request: Request) -> dict[str, list[dict[str, str]]]:
    tags = request.all_tags()
    return {"Tags": tags} if tags else {}


KINDS = (
    Kind(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        _balancer,
        lambda request, it: request.connect("elbv2").delete_load_balancer(LoadBalancerArn=it),
        ready=_balancer_ready,
        update=_change_balancer,
        changes=("LoadBalancerAttributes",),
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        _target_group,
        lambda request, it: request.connect("elbv2").delete_target_group(TargetGroupArn=it),
        update=_change_target_group,
        changes=(*TARGET_GROUP_CHANGES, "TargetGroupAttributes"),
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::Listener",
        _listener,
        lambda request, it: request.connect("elbv2").delete_listener(ListenerArn=it),
        update=_change_listener,
        changes=LISTENER_CHANGES,
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        _rule,
        lambda request, it: request.connect("elbv2").delete_rule(RuleArn=it),
        update=_change_rule,
        changes=("Actions", "Conditions", "Priority"),
    ),
)
