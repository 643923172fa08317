"""AWS::EC2: the VPC and what routes in it.

Defaults: "AWS::EC2::VPC" (EnableDnsSupport true; EnableDnsHostnames false, as only the account's default VPC has it
on), "AWS::EC2::Subnet" (MapPublicIpOnLaunch false), "AWS::EC2::NatGateway" (ConnectivityType public), CloudFormation
template reference, read 2026-11.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from natless.cloud import InternetGateway, NatGateway, PrefixList, Route, Subnet, Vpc
from natless.cloud.network import RouteTarget
from natless.cloud.text import is_symbolic
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields, as_network
from natless.load.cloudformation.template import Resource

_PRIMARY = "CidrBlock"
AMAZON_DNS = "AmazonProvidedDNS"

_OTHER_TARGETS = (
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "InstanceId",
    "NetworkInterfaceId",
    "VpcEndpointId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)


def vpc_cidr_block(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::VPCCidrBlock: one more CIDR of a VPC. IPv6 blocks change nothing for IPv4 packets."""
    fields = draft.fields(resource)
    if fields.has("AmazonProvidedIpv6CidrBlock") or fields.has("Ipv6CidrBlock") or fields.has("Ipv6Pool"):
        return
    block = fields.network("CidrBlock") or fields.gap("CidrBlock", "the CIDR is given out by IPAM at deployment")
    draft.attach(draft.vpc_cidrs, fields.needed_id("VpcId"), block)


def dhcp_association(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::VPCDHCPOptionsAssociation: which DHCP options, and so which DNS servers, a VPC uses."""
    fields = draft.fields(resource)
    vpc, options = fields.needed_id("VpcId"), fields.needed_id("DhcpOptionsId")
    if isinstance(vpc, Gap):
        draft.gaps.append(vpc)
    elif isinstance(options, Gap):
        draft.dns_servers[vpc] = options
    elif fields.maybe:
        draft.dns_servers[vpc] = fields.maybe
    elif options in draft.template.resources:
        draft.dns_servers[vpc] = _dns_servers(draft.fields(draft.template.resources[options]))
    elif options != "default":  # the name of the region's own set, with AmazonProvidedDNS
        draft.dns_servers[vpc] = fields.gap("DhcpOptionsId", f"the DHCP options {options} are not in this template")


def _dns_servers(options: Fields) -> tuple[str, ...] | Gap:
    if options.maybe:
        return options.maybe
    servers = options.texts("DomainNameServers")
    if not servers:
        return options.gap(
            "DomainNameServers", "DHCP options that name no DNS server: what tasks then ask is not known"
        )
    known = tuple(server for server in servers if isinstance(server, str) and not is_symbolic(server))
    if len(known) < len(servers):
        return options.gap("DomainNameServers", "a DNS server of the DHCP options is not known")
    return () if AMAZON_DNS in known else known


def vpc(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::VPC."""
    fields = draft.fields(resource)
    first = fields.network(_PRIMARY) or fields.gap(_PRIMARY, "the CIDR is given out by IPAM at deployment")
    blocks = [first, *draft.vpc_cidrs.pop(resource.id, [])]
    unknown = next((block for block in blocks if isinstance(block, Gap)), None)
    draft.vpcs[resource.id] = Vpc(
        resource.id,
        fields.origin,
        unknown or tuple(block for block in blocks if isinstance(block, IPv4Network)),
        dns_support=fields.boolean("EnableDnsSupport", default=True),
        dns_hostnames=fields.boolean("EnableDnsHostnames", default=False),
        dns_servers=fields.maybe or draft.dns_servers.pop(resource.id, ()),
    )


def subnet(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::Subnet."""
    fields = draft.fields(resource)
    zone = fields.text("AvailabilityZone") or fields.text("AvailabilityZoneId")
    draft.subnets[resource.id] = Subnet(
        resource.id,
        fields.origin,
        vpc=fields.needed_id("VpcId"),
        cidr=fields.network("CidrBlock") or fields.gap("CidrBlock", "the subnet names no IPv4 CIDR"),
        zone=zone or fields.gap("AvailabilityZone", "the subnet names no zone: AWS picks one"),
        map_public_ip=fields.boolean("MapPublicIpOnLaunch", default=False),
    )


def gateway_attachment(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::VPCGatewayAttachment. A VPN gateway's routes are other routes: nothing is noted for it."""
    fields = draft.fields(resource)
    gateway = fields.id_of("InternetGatewayId")
    if isinstance(gateway, Gap):
        draft.gaps.append(gateway)
    elif gateway is not None:
        draft.gateway_vpcs[gateway] = fields.maybe or fields.needed_id("VpcId")


def internet_gateway(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::InternetGateway."""
    fields = draft.fields(resource)
    attached = fields.maybe or draft.gateway_vpcs.pop(resource.id, None)
    draft.internet_gateways[resource.id] = InternetGateway(resource.id, fields.origin, attached)


def nat_gateway(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::NatGateway. A regional one stands in no subnet."""
    fields = draft.fields(resource)
    kind = fields.plain("ConnectivityType")
    draft.nat_gateways[resource.id] = NatGateway(
        resource.id,
        fields.origin,
        subnet=fields.id_of("SubnetId") or fields.gap("SubnetId", "a regional NAT gateway: it stands in no one subnet"),
        public=kind if isinstance(kind, Gap) else kind in {None, "public"},
    )


def route(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::Route. IPv6 routes are left out: no IPv4 packet meets them."""
    fields = draft.fields(resource)
    if fields.has("DestinationIpv6CidrBlock") and not fields.has("DestinationCidrBlock"):
        return
    table = fields.needed_id("RouteTableId")
    if fields.maybe:
        draft.attach(draft.routes, table, fields.maybe)
        return
    destination = fields.network("DestinationCidrBlock") or fields.id_of("DestinationPrefixListId")
    target, target_id = _target(fields)
    found = Route(
        resource.id,
        fields.origin,
        destination or fields.missing("DestinationCidrBlock", "where the route leads, such as 0.0.0.0/0"),
        target,
        target_id,
    )
    draft.attach(draft.routes, table, found)


def _target(fields: Fields) -> tuple[RouteTarget, str | Gap]:
    nat = fields.id_of("NatGatewayId")
    if nat is not None:
        return "nat-gateway", nat
    gateway = fields.id_of("GatewayId")
    if isinstance(gateway, str):
        resource = fields.template.resources.get(gateway)
        named_so = gateway.startswith("igw-")
        if (resource and resource.kind == "AWS::EC2::InternetGateway") or named_so:
            return "internet-gateway", gateway
        return ("local", gateway) if gateway == "local" else ("other", gateway)
    if gateway is not None:
        return "other", gateway
    for key in _OTHER_TARGETS:
        other = fields.id_of(key)
        if other is not None:
            return "other", other
    return "other", fields.missing("GatewayId", "a target: GatewayId, NatGatewayId, ...")


def route_table(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::RouteTable. Its routes and subnets were read before; CloudFormation cannot make it the main one."""
    draft.fields(resource)
    if resource.maybe:
        draft.routes[resource.id].append(resource.maybe)


def table_association(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::SubnetRouteTableAssociation. One that may not stand gives the subnet a table of unknown routes."""
    fields = draft.fields(resource)
    table, its_subnet = fields.needed_id("RouteTableId"), fields.needed_id("SubnetId")
    if isinstance(its_subnet, Gap):
        draft.gaps.append(its_subnet)  # which subnet leaves the main table is open: all that use it are
        for name, other in draft.template.resources.items():
            if other.kind == "AWS::EC2::VPC":
                draft.routes[name].append(its_subnet)
        return
    draft.associations[its_subnet] = resource.id
    unknown = fields.maybe or (table if isinstance(table, Gap) else None)
    if unknown:
        draft.routes[resource.id].append(unknown)
    draft.table_subnets[resource.id if unknown or isinstance(table, Gap) else table].append(its_subnet)


def prefix_list(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::PrefixList: one of the account's own."""
    fields = draft.fields(resource)
    blocks: list[IPv4Network] = []
    gap = fields.maybe
    for entry in fields.objects("Entries"):
        written = entry if isinstance(entry, Gap) else entry.plain("Cidr")
        if isinstance(written, Gap):
            gap = gap or written
        elif written is not None and (network := as_network(written)):
            blocks.append(network)
    draft.prefix_lists[resource.id] = PrefixList(resource.id, fields.origin, "", gap or tuple(blocks))
