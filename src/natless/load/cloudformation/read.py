"""The way in: text to Cloud.

What is read is listed in `_PARTS` and `_WHOLES`, by CloudFormation's type names; `unread` says what becomes of the
rest. A resource whose condition cannot be decided is in the Cloud, with that Gap in place of each fact that a verdict
leans on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TypeVar

import msgspec

from natless.cloud import Cloud, RouteTable
from natless.finding import Gap, Origin
from natless.finding.rules import TEMPLATE_UNREADABLE
from natless.load.cloudformation import (
    balancing,
    billing,
    discovery,
    endpoints,
    filtering,
    identity,
    network,
    tasks,
    unread,
)
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.json_text import read_json
from natless.load.cloudformation.order import circles, edges
from natless.load.cloudformation.sections import read_sections
from natless.load.cloudformation.template import Resource, Template
from natless.load.cloudformation.tree import MAX_TEXT, Node, Problems, Unparsable
from natless.load.error import LoadError

T = TypeVar("T")
_Reader = Callable[[Draft, Resource], None]


def _of_instances(name: str) -> _Reader:
    """Give a reader of the EC2 launch type. `check` of a template without instances does not wait for them."""

    def read(draft: Draft, resource: Resource) -> None:
        reader: _Reader = getattr(import_module("natless.load.cloudformation.instances"), name)
        reader(draft, resource)

    return read


_PARTS: dict[str, _Reader] = {
    # What belongs to something else: read first, in the template's order.
    "AWS::EC2::VPCCidrBlock": network.vpc_cidr_block,
    "AWS::EC2::VPCDHCPOptionsAssociation": network.dhcp_association,
    "AWS::EC2::VPCGatewayAttachment": network.gateway_attachment,
    "AWS::EC2::Route": network.route,
    "AWS::EC2::SubnetRouteTableAssociation": network.table_association,
    "AWS::EC2::SecurityGroupIngress": filtering.ingress,
    "AWS::EC2::SecurityGroupEgress": filtering.egress,
    "AWS::EC2::NetworkAclEntry": filtering.entry,
    "AWS::EC2::SubnetNetworkAclAssociation": filtering.acl_association,
    "AWS::IAM::Policy": identity.attached_policy,
    "AWS::IAM::ManagedPolicy": identity.attached_policy,
    "AWS::IAM::RolePolicy": identity.role_policy,
    "AWS::ECS::Cluster": tasks.cluster,
    "AWS::ECS::ClusterCapacityProviderAssociations": tasks.cluster_capacity,
}

_WHOLES: dict[str, _Reader] = {
    # In this order: a load balancer asks for its subnets, a task definition for its roles, a service for all of them.
    "AWS::EC2::VPC": network.vpc,
    "AWS::EC2::Subnet": network.subnet,
    "AWS::EC2::RouteTable": network.route_table,
    "AWS::EC2::InternetGateway": network.internet_gateway,
    "AWS::EC2::NatGateway": network.nat_gateway,
    "AWS::EC2::SecurityGroup": filtering.group,
    "AWS::EC2::NetworkAcl": filtering.acl,
    "AWS::EC2::PrefixList": network.prefix_list,
    "AWS::EC2::VPCEndpoint": endpoints.endpoint,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": balancing.load_balancer,
    "AWS::ElasticLoadBalancingV2::Listener": balancing.listener,
    "AWS::ElasticLoadBalancingV2::ListenerRule": balancing.listener_rule,
    "AWS::ElasticLoadBalancingV2::TargetGroup": balancing.target_group,
    "AWS::IAM::Role": identity.role,
    "AWS::IAM::InstanceProfile": _of_instances("instance_profile"),
    "AWS::AutoScaling::AutoScalingGroup": _of_instances("auto_scaling_group"),
    "AWS::EC2::Instance": _of_instances("instance"),
    "AWS::ECS::CapacityProvider": _of_instances("capacity_provider"),
    "AWS::ECR::Repository": tasks.repository,
    "AWS::ECR::PullThroughCacheRule": tasks.pull_through_cache,
    "AWS::Logs::LogGroup": tasks.log_group,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": discovery.namespace,
    "AWS::ServiceDiscovery::Service": discovery.service,
    "AWS::ECS::TaskDefinition": tasks.task_definition,
    "AWS::ECS::Service": tasks.service,
    "AWS::ApplicationAutoScaling::ScalableTarget": tasks.scalable_target,
}


def cloudformation(
    text: str, source: str, parameters: Mapping[str, str], region: str | None, account: str | None
) -> Cloud:
    """Read a template, JSON or YAML, into a Cloud.

    Args:
        text: the template.
        source: the file as the person named it; every Origin carries it.
        parameters: values of template parameters, by name, lists with commas.
        region: the region it is read for; None leaves `${AWS::Region}` symbolic.
        account: the account's 12 digits, likewise.

    Raises:
        LoadError: with every problem, where the text is no template or parts of it have a form CloudFormation refuses.
    """
    problems = Problems(source)
    return whole_or_problems(
        lambda: cloud_of(read_sections(tree_of(text, problems), problems, parameters, region, account)), problems
    )


def whole_or_problems(read: Callable[[], T], problems: Problems) -> T:
    """Give what is read, or raise LoadError with every problem that was met."""
    try:
        found = read()
    except Unparsable as error:
        problems.add(TEMPLATE_UNREADABLE, "", error.line, error.message)
    except RecursionError:
        problems.add(TEMPLATE_UNREADABLE, "", 1, "expressions lead through each other too deeply to be resolved")
    else:
        if not problems.found:
            return found
    raise LoadError(tuple(sorted(problems.found, key=lambda finding: finding.origin.line or 0)))


def tree_of(text: str, problems: Problems) -> Node:
    """Give the tree of a text, JSON or YAML; raises Unparsable."""
    if len(text) > MAX_TEXT:
        raise Unparsable(1, f"{len(text):,} characters: CloudFormation takes at most 1 MB")
    text = text.removeprefix("\ufeff")
    start = text.lstrip()
    if not start:
        raise Unparsable(1, "the text is empty: a template is an object with Resources")
    if start[0] in "{[":
        return read_json(text, problems)
    from natless.load.cloudformation.yaml_text import read_yaml  # noqa: PLC0415 - a template in JSON needs none of it

    return read_yaml(text, problems)


def cloud_of(template: Template, before: Mapping[str, frozenset[str]] = MappingProxyType({})) -> Cloud:
    """Read all resources into a Cloud; `before` are, for each, those of earlier stacks."""
    order = edges(template)
    order = {name: found | before.get(name, frozenset()) for name, found in order.items()} if before else order
    circles(template, order)
    draft = Draft(template, order)
    kinds: dict[str, list[Resource]] = {}
    for resource in template.resources.values():
        kinds.setdefault(resource.kind, []).append(resource)
        if (part := _PARTS.get(resource.kind)) is not None:
            part(draft, resource)
        elif resource.kind not in _WHOLES:
            unread.note(draft, resource)
    unread.doubt(draft)
    for kind, whole in _WHOLES.items():
        for resource in kinds.get(kind, ()):
            whole(draft, resource)
    _finish(draft)
    return _frozen(draft)


def _finish(draft: Draft) -> None:
    """Add what AWS adds to a VPC by itself, and what lies outside the template but is named in it."""
    for vpc in draft.vpcs.values():
        group = filtering.default_group(vpc.id, vpc.origin)
        draft.security_groups[group.id] = msgspec.structs.replace(
            group,
            ingress=(*group.ingress, *draft.ingress.pop(group.id, ())),
            egress=(*group.egress, *draft.egress.pop(group.id, ())),
        )
    for vpc in draft.vpcs.values():
        routes = tuple(draft.routes.pop(vpc.id, ()))
        draft.route_tables[vpc.id] = RouteTable(vpc.id, vpc.origin, vpc.id, routes, (), main=True)
    for resource in draft.template.resources.values():
        if resource.kind == "AWS::EC2::RouteTable":
            _own_table(draft, resource)
    origin = Origin(draft.template.source)
    for name in {**draft.routes, **draft.table_subnets}:
        gap = Gap(
            name, origin, f"the route table {name} is not in this template: only routes that stand here are known"
        )
        routes = (*draft.routes.get(name, ()), gap)
        draft.route_tables[name] = RouteTable(name, origin, gap, routes, tuple(draft.table_subnets.get(name, ())))
    for name in {**draft.ingress, **draft.egress}:
        draft.security_groups[name] = filtering.outside_group(name, draft, origin)
    taken = {subnet for subnets in draft.acl_subnets.values() for subnet in subnets}
    taken |= {subnet for acl in draft.network_acls.values() for subnet in acl.subnets}
    for vpc in draft.vpcs.values():
        own = tuple(subnet.id for subnet in draft.subnets.values() if subnet.vpc == vpc.id and subnet.id not in taken)
        draft.network_acls[vpc.id] = filtering.default_acl(vpc.id, vpc.origin, own, draft.entries.pop(vpc.id, []))
    for name in {**draft.entries, **draft.acl_subnets}:
        draft.network_acls[name] = filtering.outside_acl(name, draft, origin)


def _own_table(draft: Draft, resource: Resource) -> None:
    fields = draft.fields(resource)
    subnets = tuple(draft.table_subnets.pop(resource.id, ()))
    draft.route_tables[resource.id] = RouteTable(
        resource.id,
        fields.origin,
        fields.needed_id("VpcId"),
        tuple(draft.routes.pop(resource.id, ())),
        subnets,
        associations={subnet: draft.associations[subnet] for subnet in subnets},
    )


def _frozen(draft: Draft) -> Cloud:
    template = draft.template
    return Cloud(
        template.source,
        template.region,
        template.account,
        template.partition,
        vpcs=draft.vpcs,
        subnets=draft.subnets,
        route_tables=draft.route_tables,
        internet_gateways=draft.internet_gateways,
        nat_gateways=draft.nat_gateways,
        security_groups=draft.security_groups,
        network_acls=draft.network_acls,
        prefix_lists=draft.prefix_lists,
        interface_endpoints=draft.interface_endpoints,
        gateway_endpoints=draft.gateway_endpoints,
        load_balancers=draft.load_balancers,
        listeners=draft.listeners,
        listener_rules=draft.listener_rules,
        target_groups=draft.target_groups,
        task_definitions=draft.task_definitions,
        services=draft.services,
        private_names=draft.private_names,
        clusters=draft.clusters,
        capacity_providers=draft.capacity_providers,
        instance_groups=draft.instance_groups,
        repositories=draft.repositories,
        pull_through_caches=draft.pull_through_caches,
        log_groups=draft.log_groups,
        roles=draft.roles,
        billed=tuple(billing.billed(draft)),
        gaps=tuple(dict.fromkeys(draft.gaps)),
    )
