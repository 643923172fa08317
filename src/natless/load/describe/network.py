"""VPCs, subnets, route tables and gateways from EC2's describe JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from natless.cloud import InternetGateway, NatGateway, Route, RouteTable, Subnet, Vpc
from natless.cloud.network import RouteTarget
from natless.finding import Gap
from natless.load.describe.item import Item, networks
from natless.load.describe.sections import Sections

AMAZON_DNS = "AmazonProvidedDNS"


class Place(msgspec.Struct, frozen=True):
    """Where the facts stand; symbolic where the snapshot does not say."""

    region: str
    account: str
    partition: str


def place(sections: Sections, snapshot: Mapping[str, Any]) -> Place:
    """Read region and account, from the snapshot's own keys, else from the ARNs of its subnets."""
    arns = [arn.split(":") for item in sections.items("Subnets") if (arn := item.maybe_text("SubnetArn"))]
    seen = {tuple(arn[1:5]) for arn in arns if len(arn) > 4}  # noqa: PLR2004 - arn:PARTITION:SERVICE:REGION:ACCOUNT:...
    partition, _, region, account = seen.pop() if len(seen) == 1 else ("aws", "", "", "")
    given_region, given_account = snapshot.get("Region"), snapshot.get("Account")
    return Place(
        given_region if isinstance(given_region, str) else region or "${AWS::Region}",
        given_account if isinstance(given_account, str) else account or "${AWS::AccountId}",
        partition,
    )


def vpcs(sections: Sections) -> dict[str, Vpc]:
    """Read VPCs with their DNS attributes and DHCP options."""
    attributes = {item.id: item for item in sections.items("VpcAttributes")}
    options = {item.id: item for item in sections.items("DhcpOptions")}

    def vpc(item: Item) -> Vpc:
        about = attributes.get(item.id)
        why = sections.why("VpcAttributes") if not sections.given("VpcAttributes") else ""
        return Vpc(
            item.id,
            item.origin,
            _cidrs(item),
            about.flag("EnableDnsSupport") if about else item.gap("EnableDnsSupport", why),
            about.flag("EnableDnsHostnames") if about else item.gap("EnableDnsHostnames", why),
            _dns_servers(item, options, sections),
            _ipv6_cidrs(item),
        )

    return sections.each("Vpcs", vpc)


def _cidrs(item: Item) -> Any:
    blocks = [
        block
        for block in item.parts("CidrBlockAssociationSet")
        if block.part("CidrBlockState").maybe_text("State") in {None, "associated", "associating"}
    ]
    texts = {text for block in blocks if (text := block.maybe_text("CidrBlock"))}
    texts |= {text for text in (item.maybe_text("CidrBlock"),) if text}
    return networks(tuple(texts), item, "CidrBlock") if texts else item.gap("CidrBlock")


def _ipv6_cidrs(item: Item) -> tuple[str, ...]:
    blocks = item.parts("Ipv6CidrBlockAssociationSet")
    return tuple(text for block in blocks if (text := block.maybe_text("Ipv6CidrBlock")))


def _dns_servers(item: Item, options: Mapping[str, Item], sections: Sections) -> tuple[str, ...] | Gap:
    """Read the DNS servers of the DHCP options; () is AmazonProvidedDNS alone.

    Source: Amazon VPC user guide, "DHCP option sets": the set `default` has no options.
    """
    identifier = item.maybe_text("DhcpOptionsId") or ""
    if identifier == "default":
        return ()
    if identifier not in options:
        why = "" if sections.given("DhcpOptions") else sections.why("DhcpOptions")
        return item.gap("DhcpOptions", why)
    servers = [
        server
        for configuration in options[identifier].parts("DhcpConfigurations")
        if configuration.maybe_text("Key") == "domain-name-servers"
        for value in configuration.parts("Values")
        if (server := value.maybe_text("Value"))
    ]
    return () if servers == [AMAZON_DNS] else tuple(servers)


def subnets(sections: Sections) -> dict[str, Subnet]:
    """Read subnets."""
    return sections.each(
        "Subnets",
        lambda item: Subnet(
            item.id,
            item.origin,
            item.text("VpcId"),
            item.network("CidrBlock"),
            item.text("AvailabilityZone"),
            item.flag("MapPublicIpOnLaunch"),
        ),
    )


def route_tables(sections: Sections, gateway_endpoints: frozenset[str]) -> dict[str, RouteTable]:
    """Read route tables; the implicit main one of each VPC is listed by AWS as any other."""

    def table(item: Item) -> RouteTable:
        joined = [
            association
            for association in item.parts("Associations")
            if association.part("AssociationState").maybe_text("State") not in {"disassociated", "failed"}
        ]
        routes = sorted(_routes(item, gateway_endpoints), key=lambda route: route.id)
        return RouteTable(
            item.id,
            item.origin,
            item.text("VpcId"),
            tuple(routes),
            tuple(sorted(subnet for each in joined if (subnet := each.maybe_text("SubnetId")))),
            any(each.maybe_flag("Main") for each in joined),
        )

    return sections.each("RouteTables", table)


def _routes(table: Item, gateway_endpoints: frozenset[str]) -> Iterator[Route]:
    for item in table.parts("Routes"):
        if item.has("DestinationIpv6CidrBlock") or item.maybe_text("GatewayId") == "local":
            continue  # no IPv4 packet meets the first; the local route is implied
        target, target_id = _target(item)
        listed = item.maybe_text("DestinationPrefixListId")
        if target_id in gateway_endpoints or (listed and str(target_id).startswith("vpce-")):
            continue  # GatewayEndpoint.route_tables says it
        destination = listed or item.network("DestinationCidrBlock")
        name = f"{table.id} {item.what if isinstance(destination, Gap) else destination}"
        yield Route(name, item.origin, destination, target, target_id)


_TARGETS: tuple[tuple[str, str, RouteTarget], ...] = (
    # field of the route, prefix of its value, what it is
    ("GatewayId", "igw-", "internet-gateway"),
    ("NatGatewayId", "", "nat-gateway"),
    ("GatewayId", "", "other"),  # a virtual private gateway, a gateway load balancer endpoint
    ("TransitGatewayId", "", "other"),
    ("VpcPeeringConnectionId", "", "other"),
    ("NetworkInterfaceId", "", "other"),
    ("InstanceId", "", "other"),
    ("LocalGatewayId", "", "other"),
    ("CarrierGatewayId", "", "other"),
    ("CoreNetworkArn", "", "other"),
    ("OdbNetworkArn", "", "other"),
    ("EgressOnlyInternetGatewayId", "", "other"),
)


def _target(item: Item) -> tuple[RouteTarget, str | Gap]:
    for field, prefix, target in _TARGETS:
        identifier = item.maybe_text(field)
        if identifier is not None and identifier.startswith(prefix):
            return ("blackhole" if item.maybe_text("State") == "blackhole" else target), identifier
    return "other", item.gap("target", "it leads to something that natless does not know")


def internet_gateways(sections: Sections) -> dict[str, InternetGateway]:
    """Read internet gateways. EC2 says `available` of an attached one, older answers `attached`."""

    def gateway(item: Item) -> InternetGateway:
        attached = [
            each.text("VpcId")
            for each in item.parts("Attachments")
            if each.maybe_text("State") not in {"detaching", "detached"}
        ]
        return InternetGateway(item.id, item.origin, attached[0] if attached else None)

    return sections.each("InternetGateways", gateway)


def nat_gateways(sections: Sections) -> dict[str, NatGateway]:
    """Read NAT gateways that stand; one that AWS deleted or could not make stays in its lists for a while."""

    def gateway(item: Item) -> NatGateway | None:
        if item.maybe_text("State") in {"deleting", "deleted", "failed"}:
            return None
        kind = item.maybe_text("ConnectivityType")
        return NatGateway(item.id, item.origin, item.text("SubnetId"), kind in {None, "public"})

    return sections.each("NatGateways", gateway)
