"""The VPC, its subnets and its routes: public ones lead to the internet gateway, private ones nowhere."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from natless.catalog.addresses import zone_slots
from natless.design import names
from natless.design.piece import Piece, attribute, name_tag, ref, resource
from natless.spec.model import Network

_CAUSES = ("network", "name")
_CIDR = ("network.cidr", *_CAUSES)
_NAT = ("network.nat", *_CAUSES)
_ZONES = ("network.zones", *_CAUSES)


def network(spec: Network, *, public: bool) -> list[Piece]:
    """Give the VPC and all that routes in it. `public`: a load balancer or NAT gateways stand there."""
    ways = [*_internet(), *_public(spec)] if public else []
    return [_vpc(spec), *ways, *_private(spec), *(_nat(spec) if spec.nat else [])]


def subnets(spec: Network) -> tuple[list[IPv4Network], list[IPv4Network]]:
    """Give the CIDRs of the public and of the private subnets, one of each a zone (see `catalog.addresses`)."""
    whole = IPv4Network(spec.cidr)
    slots = zone_slots(whole.prefixlen)
    if spec.zones > slots:
        raise ValueError(f"{spec.cidr} has room for {slots} zones, not for {spec.zones}")
    public, private = (half.subnets(prefixlen_diff=slots.bit_length() - 1) for half in whole.subnets())
    return list(public)[: spec.zones], list(private)[: spec.zones]


def zones(spec: Network) -> range:
    """Give the numbers of the zones, from 1, as ids carry them."""
    return range(1, spec.zones + 1)


def _vpc(spec: Network) -> Piece:
    return resource(
        names.VPC,
        "AWS::EC2::VPC",
        {
            "CidrBlock": spec.cidr,
            # Private DNS of endpoints needs both.
            "EnableDnsSupport": True,
            "EnableDnsHostnames": True,
            "Tags": name_tag("vpc"),
        },
        causes=_CIDR,
    )


def _internet() -> list[Piece]:
    return [
        resource(
            names.INTERNET_GATEWAY,
            "AWS::EC2::InternetGateway",
            {"Tags": name_tag("internet gateway")},
            causes=_CAUSES,
        ),
        resource(
            names.INTERNET_GATEWAY_ATTACHMENT,
            "AWS::EC2::VPCGatewayAttachment",
            {"VpcId": ref(names.VPC), "InternetGatewayId": ref(names.INTERNET_GATEWAY)},
            causes=_CAUSES,
        ),
    ]


def _zone(spec: Network, zone: int) -> Any:
    """Give a zone by its number: of those that the spec names, else of the region's."""
    return {"Fn::Select": [zone - 1, ref(names.ZONES) if spec.zone_names else {"Fn::GetAZs": ""}]}


def named_zones(spec: Network) -> list[Piece]:
    """Give the parameter that holds the names of the zones; nothing where CloudFormation chooses them."""
    if not spec.zone_names:
        return []
    declaration = {
        "Description": "Availability zones",
        "Type": "List<AWS::EC2::AvailabilityZone::Name>",
        "Default": ",".join(spec.zone_names),
    }
    return [Piece(names.ZONES, declaration, _ZONES)]


def _subnet(spec: Network, id_: str, zone: int, cidr: IPv4Network, name: str) -> Piece:
    return resource(
        id_,
        "AWS::EC2::Subnet",
        {
            "VpcId": ref(names.VPC),
            "CidrBlock": str(cidr),
            "AvailabilityZone": _zone(spec, zone),
            "MapPublicIpOnLaunch": False,
            "Tags": name_tag(f"{name} {zone}"),
        },
        causes=_ZONES,
    )


def _association(subnet: str, table: str) -> Piece:
    return resource(
        names.association(subnet),
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref(subnet), "RouteTableId": ref(table)},
        causes=_ZONES,
    )


def _table(id_: str, name: str) -> Piece:
    return resource(id_, "AWS::EC2::RouteTable", {"VpcId": ref(names.VPC), "Tags": name_tag(name)}, causes=_ZONES)


def _public(spec: Network) -> list[Piece]:
    cidrs, _ = subnets(spec)
    subnet_ids = [names.public_subnet(zone) for zone in zones(spec)]
    return [
        *(
            _subnet(spec, id_, zone, cidr, "public")
            for id_, zone, cidr in zip(subnet_ids, zones(spec), cidrs, strict=True)
        ),
        _table(names.PUBLIC_ROUTE_TABLE, "public"),
        resource(
            names.PUBLIC_ROUTE,
            "AWS::EC2::Route",
            {
                "RouteTableId": ref(names.PUBLIC_ROUTE_TABLE),
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": ref(names.INTERNET_GATEWAY),
            },
            causes=_CAUSES,
            # EC2 refuses a route to a gateway that is not attached to the VPC.
            after=[names.INTERNET_GATEWAY_ATTACHMENT],
        ),
        *(_association(id_, names.PUBLIC_ROUTE_TABLE) for id_ in subnet_ids),
    ]


def _private(spec: Network) -> list[Piece]:
    # A table for each zone, though all are alike: a NAT gateway a zone can be added without moving associations,
    # which EC2 cannot replace in place.
    _, cidrs = subnets(spec)
    pieces = []
    for zone, cidr in zip(zones(spec), cidrs, strict=True):
        subnet, table = names.private_subnet(zone), names.private_route_table(zone)
        pieces += [
            _subnet(spec, subnet, zone, cidr, "private"),
            _table(table, f"private {zone}"),
            _association(subnet, table),
        ]
    return pieces


def _nat(spec: Network) -> list[Piece]:
    """Give a NAT gateway a zone, so that none is left without when one fails, and the routes that lead there."""
    pieces = []
    for zone in zones(spec):
        gateway, address = names.nat_gateway(zone), names.nat_address(zone)
        pieces += [
            resource(
                address,
                "AWS::EC2::EIP",
                {"Domain": "vpc", "Tags": name_tag(f"nat {zone}")},
                causes=_NAT,
                # AWS::EC2::EIP reference: an address of a VPC with an internet gateway waits for the attachment.
                after=[names.INTERNET_GATEWAY_ATTACHMENT],
            ),
            resource(
                gateway,
                "AWS::EC2::NatGateway",
                {
                    "SubnetId": ref(names.public_subnet(zone)),
                    "AllocationId": attribute(address, "AllocationId"),
                    "Tags": name_tag(f"nat {zone}"),
                },
                causes=_NAT,
                # A gateway that is made before its subnet leads to the internet fails (NAT gateway guide).
                after=[names.PUBLIC_ROUTE, names.association(names.public_subnet(zone))],
            ),
            resource(
                names.nat_route(zone),
                "AWS::EC2::Route",
                {
                    "RouteTableId": ref(names.private_route_table(zone)),
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "NatGatewayId": ref(gateway),
                },
                causes=_NAT,
            ),
        ]
    return pieces
