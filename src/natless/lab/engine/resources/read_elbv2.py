"""AWS::ElasticLoadBalancingV2: load balancers, target groups, listeners and rules, as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from natless.lab.engine.resources.elbv2 import TARGET_GROUP_PROPERTIES
from natless.lab.engine.resources.elbv2_listeners import LISTENER_CHANGES
from natless.lab.engine.resources.making import Others, Request
from natless.lab.engine.resources.reading import Properties, only, said, tags, written


def _tags(request: Request, it: str) -> list[dict[str, str]]:
    found = request.connect("elbv2").describe_tags(ResourceArns=[it])["TagDescriptions"]
    return tags(only(found, it)["Tags"])


def _asked(request: Request, name: str, found: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Give those attributes that the template names: the others are defaults that nobody set."""
    named = {each["Key"] for each in request.get(name) or []}
    return [{"Key": each["Key"], "Value": each["Value"]} for each in found if each["Key"] in named]


def _balancer(request: Request, it: str, _others: Others) -> Properties:
    elb = request.connect("elbv2")
    found = only(elb.describe_load_balancers(LoadBalancerArns=[it])["LoadBalancers"], it)
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=it)["Attributes"]
    zones = found.get("AvailabilityZones", [])
    return {
        "Name": found["LoadBalancerName"],
        **said(found, "Type", "Scheme", "IpAddressType", "SecurityGroups"),
        "Subnets": [zone["SubnetId"] for zone in zones],
        "SubnetMappings": [_mapping(zone) for zone in zones],
        "LoadBalancerAttributes": _asked(request, "LoadBalancerAttributes", attributes),
        "Tags": _tags(request, it),
    }


def _mapping(zone: Mapping[str, Any]) -> dict[str, str]:
    addresses = zone.get("LoadBalancerAddresses") or [{}]
    members = {"AllocationId": "AllocationId", "PrivateIPv4Address": "PrivateIPv4Address"}
    return {"SubnetId": zone["SubnetId"], **{name: addresses[0][name] for name in members if name in addresses[0]}}


def _target_group(request: Request, it: str, _others: Others) -> Properties:
    elb = request.connect("elbv2")
    found = only(elb.describe_target_groups(TargetGroupArns=[it])["TargetGroups"], it)
    attributes = elb.describe_target_group_attributes(TargetGroupArn=it)["Attributes"]
    own = written(request, "AWS::ElasticLoadBalancingV2::TargetGroup", found)
    return {
        "Name": found["TargetGroupName"],
        **said(own, *TARGET_GROUP_PROPERTIES),
        "TargetGroupAttributes": _asked(request, "TargetGroupAttributes", attributes),
        "Tags": _tags(request, it),
    }


def _listener(request: Request, it: str, _others: Others) -> Properties:
    elb = request.connect("elbv2")
    found = only(elb.describe_listeners(ListenerArns=[it])["Listeners"], it)
    own = written(request, "AWS::ElasticLoadBalancingV2::Listener", found)
    if own.get("Certificates"):
        own["Certificates"] = own["Certificates"][:1]  # the default one; the others are resources of their own
    told: dict[str, Any] = {**said(own, "LoadBalancerArn", *LISTENER_CHANGES), "Tags": _tags(request, it)}
    if request.get("ListenerAttributes"):
        attributes = elb.describe_listener_attributes(ListenerArn=it)["Attributes"]
        told["ListenerAttributes"] = _asked(request, "ListenerAttributes", attributes)
    return told


def _rule(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("elbv2").describe_rules(RuleArns=[it])["Rules"], it)
    own = written(request, "AWS::ElasticLoadBalancingV2::ListenerRule", found)
    return said(own, "Priority", "Conditions", "Actions")


READS = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::ElasticLoadBalancingV2::ListenerRule": _rule,
}
