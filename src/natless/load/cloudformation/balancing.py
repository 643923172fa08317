"""AWS::ElasticLoadBalancingV2: load balancers, listeners, rules and target groups.

Defaults: Type application, Scheme internet-facing, TargetType instance, HealthCheckPath /, HealthCheckPort
traffic-port (CloudFormation template reference); an ALB that names no group gets its VPC's default group
(CreateLoadBalancer, ELB API reference). Read 2026-11.
"""

from __future__ import annotations

from typing import Literal

from natless.catalog.balancer_attributes import preserves_client_ip
from natless.cloud import Listener, ListenerRule, LoadBalancer, TargetGroup
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.template import Resource

Kind = Literal["application", "network", "gateway"]
_KINDS: dict[str, Kind] = {"application": "application", "network": "network", "gateway": "gateway"}


def load_balancer(draft: Draft, resource: Resource) -> None:
    """AWS::ElasticLoadBalancingV2::LoadBalancer. Subnets must have been read before."""
    fields = draft.fields(resource)
    written = fields.text("Type") or "application"
    kind = _KINDS.get(written) if isinstance(written, str) else None
    if kind is None:
        draft.gaps.append(
            fields.gap("Type", f"{resource.id}.Type is not known: it is read as an application load balancer")
        )
    scheme = fields.plain("Scheme")
    subnets = _subnets(fields)
    groups = fields.ids("SecurityGroups")
    if not groups:
        groups = (
            () if kind in {"network", "gateway"} else (vpc_default_group(draft, subnets, fields, "SecurityGroups"),)
        )
    draft.load_balancers[resource.id] = LoadBalancer(
        resource.id,
        fields.origin,
        kind or "application",
        internet_facing=scheme if isinstance(scheme, Gap) else scheme in {None, "internet-facing"},
        subnets=subnets,
        groups=groups,
        dns_name=f"${{{resource.id}.DNSName}}",
    )


def _subnets(fields: Fields) -> tuple[str | Gap, ...]:
    named = fields.ids("Subnets")
    if named:
        return named
    mappings = fields.objects("SubnetMappings")
    return tuple(mapping if isinstance(mapping, Gap) else mapping.needed_id("SubnetId") for mapping in mappings)


def vpc_default_group(draft: Draft, subnets: tuple[str | Gap, ...], fields: Fields, key: str) -> str | Gap:
    """Give the default security group of the VPC that `subnets` lie in: what AWS takes where `key` names none."""
    for subnet in subnets:
        read = draft.subnets.get(subnet) if isinstance(subnet, str) else None
        if read is not None and isinstance(read.vpc, str):
            return f"{read.vpc}.DefaultSecurityGroup"
    return fields.gap(key, "no security group is named: the VPC's default one is used, and the VPC is not known")


def _forwards(fields: Fields, key: str) -> tuple[str | Gap, ...]:
    """Give the target groups that a list of actions forwards to. Actions before it (authenticate) let requests pass."""
    found: list[str | Gap] = []
    for action in fields.objects(key):
        if isinstance(action, Gap):
            found.append(action)
            continue
        kind = action.plain("Type")
        if isinstance(kind, Gap):
            found.append(kind)
        elif kind == "forward":
            found += _targets(action)
    return tuple(dict.fromkeys(found))


def _targets(action: Fields) -> list[str | Gap]:
    one = action.id_of("TargetGroupArn")
    if one is not None:
        return [one]
    config = action.inner("ForwardConfig")
    if isinstance(config, Gap):
        return [config]
    groups = config.objects("TargetGroups") if config else []
    return [group if isinstance(group, Gap) else group.needed_id("TargetGroupArn") for group in groups]


def listener(draft: Draft, resource: Resource) -> None:
    """AWS::ElasticLoadBalancingV2::Listener."""
    fields = draft.fields(resource)
    draft.listeners[resource.id] = Listener(
        resource.id,
        fields.origin,
        load_balancer=fields.needed_id("LoadBalancerArn"),
        port=_number(fields, "Port", "a number from 1 to 65535"),
        protocol=fields.plain("Protocol") or fields.missing("Protocol", "HTTP or HTTPS"),
        target_groups=_forwards(fields, "DefaultActions"),
    )


def listener_rule(draft: Draft, resource: Resource) -> None:
    """AWS::ElasticLoadBalancingV2::ListenerRule."""
    fields = draft.fields(resource)
    draft.listener_rules[resource.id] = ListenerRule(
        resource.id,
        fields.origin,
        listener=fields.needed_id("ListenerArn"),
        priority=_number(fields, "Priority", "a number from 1 to 50000"),
        target_groups=_forwards(fields, "Actions"),
    )


def _number(fields: Fields, key: str, wanted: str) -> int | Gap:
    value = fields.integer(key)
    return fields.missing(key, wanted) if value is None else value


def target_group(draft: Draft, resource: Resource) -> None:
    """AWS::ElasticLoadBalancingV2::TargetGroup."""
    fields = draft.fields(resource)
    path, port = fields.text("HealthCheckPath"), fields.text("HealthCheckPort")
    draft.target_groups[resource.id] = TargetGroup(
        resource.id,
        fields.origin,
        vpc=fields.id_of("VpcId"),
        port=fields.integer("Port"),
        protocol=fields.plain("Protocol"),
        target_type=fields.plain("TargetType") or "instance",
        health_path="/" if path is None else path,
        health_port="traffic-port" if port is None else port,
        keeps_client=_keeps_client(fields),
    )


def _keeps_client(fields: Fields) -> bool | Gap:
    """Say whether targets see the client's address: by its attribute, else as AWS sets it."""
    for attribute in fields.objects("TargetGroupAttributes"):
        if isinstance(attribute, Gap):
            return attribute
        key, value = attribute.plain("Key"), attribute.plain("Value")
        if isinstance(key, Gap):
            return key
        if key == "preserve_client_ip.enabled":
            return value if isinstance(value, Gap) else str(value).lower() == "true"
    protocol, kind = fields.plain("Protocol"), fields.plain("TargetType")
    if isinstance(protocol, Gap):
        return protocol
    if protocol in {None, "HTTP", "HTTPS"}:
        return False
    return kind if isinstance(kind, Gap) else preserves_client_ip(protocol, kind or "instance")
