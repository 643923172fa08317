"""Resource types that are not read, and what a verdict may lean on in spite of that.

Three sorts. Types that no packet and no start of a task meets (a queue, an alarm) are passed over. Types that do matter
are gaps. Types that may make *anything* (nested stacks, custom resources, modules) may change whatever is handed to
them: each resource they are given gets a Gap, so that no verdict leans on what they leave unsaid.
"""

from __future__ import annotations

from natless.cloud import GatewayEndpoint, InterfaceEndpoint, Listener, NetworkAcl, RouteTable
from natless.finding import Gap, Origin
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.order import attributes
from natless.load.cloudformation.template import Resource
from natless.load.cloudformation.values import Place

MATTERS: dict[str, str] = {
    "AWS::EC2::VPNGatewayRoutePropagation": "routes of a VPN gateway are added to the route table",
    "AWS::EC2::RouteServerPropagation": "routes of a route server are added to the route table",
    "AWS::EC2::GatewayRouteTableAssociation": "traffic that comes in through a gateway may be led elsewhere",
    "AWS::EC2::VPCBlockPublicAccessOptions": "traffic with the internet may be blocked for the whole region",
    "AWS::EC2::VPCBlockPublicAccessExclusion": "a block of traffic with the internet may not hold here",
    "AWS::EC2::SecurityGroupVpcAssociation": "a security group may be used in another VPC",
    "AWS::EC2::TransitGatewayAttachment": "what lies behind a transit gateway is not in this template",
    "AWS::EC2::TransitGatewayVpcAttachment": "what lies behind a transit gateway is not in this template",
    "AWS::EC2::VPCPeeringConnection": "what lies in the peered VPC may not be in this template",
    "AWS::NetworkFirewall::Firewall": "a firewall may stop traffic that is routed through it",
    "AWS::NetworkFirewall::VpcEndpointAssociation": "a firewall may stop traffic that is routed through it",
    "AWS::Route53::HostedZone": "a private hosted zone may answer for names that tasks ask",
    "AWS::Route53Profiles::ProfileAssociation": "a Route 53 profile may answer for names that tasks ask",
    "AWS::Route53Resolver::FirewallRuleGroupAssociation": "a DNS firewall may refuse names that tasks ask",
    "AWS::Route53Resolver::ResolverRuleAssociation": "a resolver rule may send names that tasks ask elsewhere",
    "AWS::ECS::TaskSet": "task sets run tasks that no service here names",
    "AWS::ElasticLoadBalancing::LoadBalancer": "classic load balancers are not read",
}

_TABLE_GAPS = frozenset({"AWS::EC2::VPNGatewayRoutePropagation", "AWS::EC2::RouteServerPropagation"})
_NAME_GAPS = frozenset(
    {
        "AWS::Route53Profiles::ProfileAssociation",
        "AWS::Route53Resolver::FirewallRuleGroupAssociation",
        "AWS::Route53Resolver::ResolverRuleAssociation",
    }
)
_OPAQUE = frozenset(
    {
        "AWS::CloudFormation::Stack",
        "AWS::CloudFormation::StackSet",
        "AWS::CloudFormation::CustomResource",
        "AWS::Serverless::Application",
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
    }
)
_NATIVE = ("AWS::", "Alexa::")


def is_opaque(kind: str) -> bool:
    """Say whether a resource of this type may make or change anything that it is given."""
    return kind in _OPAQUE or kind.endswith("::MODULE") or not kind.startswith(_NATIVE)


def note(draft: Draft, resource: Resource) -> None:
    """Note the gap that an unread type leaves, where it leaves one."""
    fields = draft.fields(resource)
    if is_opaque(resource.kind):
        why = f"{resource.kind} may make or change what it is given: natless does not look into it"
        draft.gaps.append(draft.template.gap(Place(resource.id, resource.line), why))
        return
    why = MATTERS.get(resource.kind, "")
    if not why:
        return
    gap = draft.template.gap(Place(resource.id, resource.line), f"{resource.kind} is not read: {why}")
    if resource.kind in _TABLE_GAPS:
        for table in (fields.id_of("RouteTableId"), *fields.owners("RouteTableIds")):
            if table is not None:
                draft.attach(draft.routes, table, gap)
    for vpc in _renamed(resource, fields):
        if isinstance(vpc, str):
            draft.dns_servers[vpc] = gap
    draft.gaps.append(gap)


def _renamed(resource: Resource, fields: Fields) -> list[str | Gap | None]:
    """Give the VPCs in which a resource may answer for the names of AWS's services."""
    if resource.kind in _NAME_GAPS:
        return [fields.id_of("VPCId"), fields.id_of("VpcId"), fields.id_of("ResourceId")]
    if resource.kind != "AWS::Route53::HostedZone" or not _may_hold_aws(fields):
        return []
    return [zone.id_of("VPCId") for zone in fields.objects("VPCs") if isinstance(zone, Fields)]


def _may_hold_aws(fields: Fields) -> bool:
    """Say whether a zone may answer for AWS's own names: zones of other domains do not touch them."""
    name = fields.text("Name")
    if not isinstance(name, str):
        return True
    name = name.rstrip(".").lower()
    return name.endswith(("}", "amazonaws.com", "amazonaws.com.cn", "api.aws")) or name in {"com", "com.cn", "aws", ""}


def doubt(draft: Draft) -> None:
    """Put a Gap into every resource that something opaque was given. Before nouns are made: parts carry the doubt."""
    for resource in draft.template.resources.values():
        if is_opaque(resource.kind):
            why = f"{resource.id} ({resource.kind}) was given it and may have changed it"
            for name in sorted(draft.order[resource.id]):
                gap = Gap(name, Origin(draft.template.problems.of(resource.id), resource.line, resource.id), why)
                if name not in resource.depends_on and attributes(draft.template, resource, name) == _DEFAULT_GROUP:
                    # Not the VPC was handed over, only its default group: as CDK's VpcRestrictDefaultSG does it.
                    _default_group(draft, name, gap)
                else:
                    _doubt_one(draft, name, gap)
    for gap in draft.template.macros:
        for name in draft.template.resources:
            _doubt_one(draft, name, gap)


def _doubt_one(draft: Draft, name: str, gap: Gap) -> None:
    match draft.template.resources[name].kind:
        case "AWS::EC2::SecurityGroup":
            draft.ingress[name].append(gap)
            draft.egress[name].append(gap)
        case "AWS::EC2::RouteTable":
            draft.routes[name].append(gap)
            _gateway(draft, name, gap)
        case "AWS::EC2::NetworkAcl":
            draft.entries[name].append(gap)
        case "AWS::IAM::Role":
            draft.policies[name].append(gap)
        case "AWS::EC2::VPC":
            _interface(draft, name, gap)
        case "AWS::EC2::Subnet":
            _subnet(draft, name, gap)
        case "AWS::ElasticLoadBalancingV2::LoadBalancer":
            listener = f"{gap.origin.resource or gap.what} on {name}"
            draft.listeners[listener] = Listener(listener, gap.origin, name, gap, gap, (gap,))
        case _:
            pass


_DEFAULT_GROUP = frozenset({"DefaultSecurityGroup"})


def _default_group(draft: Draft, vpc: str, gap: Gap) -> None:
    draft.ingress[f"{vpc}.DefaultSecurityGroup"].append(gap)
    draft.egress[f"{vpc}.DefaultSecurityGroup"].append(gap)


def _gateway(draft: Draft, table: str, gap: Gap) -> None:
    name = f"{gap.origin.resource or gap.what} on {table}"
    draft.gateway_endpoints[name] = GatewayEndpoint(name, gap.origin, gap, gap, (table,), gap)


def _interface(draft: Draft, vpc: str, gap: Gap) -> None:
    name = f"{gap.origin.resource or gap.what} in {vpc}"
    draft.interface_endpoints[name] = InterfaceEndpoint(name, gap.origin, vpc, gap, (gap,), (gap,), gap, gap)


def _subnet(draft: Draft, subnet: str, gap: Gap) -> None:
    """A subnet that is handed on may be given another route table, where it has none of its own, and another ACL."""
    if not any(subnet in subnets for subnets in draft.table_subnets.values()):
        name = f"{gap.origin.resource or gap.what} for {subnet}"
        draft.route_tables[name] = RouteTable(name, gap.origin, gap, (gap,), (subnet,))
    for acl, subnets in draft.acl_subnets.items():
        if subnet in subnets:
            draft.entries[acl].append(gap)
            return
    name = f"{gap.origin.resource or gap.what} for {subnet}"
    draft.network_acls[name] = NetworkAcl(name, gap.origin, gap, (gap,), (subnet,))
