"""A Cloud by hand: hello's network as it stands in an account, small enough to be seen whole.

internet ── igw-1 ── subnet-public 10.0.1.0/24 (eni-alb .5 = 54.214.0.5)
                     subnet-a     10.0.11.0/24 (eni-task .5, eni-peer .6)    no default route
                     subnet-b     10.0.12.0/24 (eni-ecr .5: ecr.api)         no default route
s3 gateway endpoint on the private route table
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Literal

import msgspec

from natless.cloud import (
    AclEntry,
    CidrPeer,
    Cloud,
    GatewayEndpoint,
    GroupPeer,
    GroupRule,
    Icmp,
    InterfaceEndpoint,
    InternetGateway,
    LoadBalancer,
    NetworkAcl,
    NetworkInterface,
    Peer,
    Ports,
    PrefixList,
    PrefixListPeer,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from natless.finding import Origin

HERE = Origin("hand")
ANYWHERE = IPv4Network("0.0.0.0/0")
S3 = IPv4Network("52.216.0.0/15")
Kind = Literal["endpoint", "load-balancer", "task", "nat-gateway", "other"]


def cidr(text: str) -> IPv4Network:
    return IPv4Network(text)


def allow(peer: Peer | str, first: int, last: int | None = None, protocol: str = "tcp") -> GroupRule:
    """Give a group's rule; a text is a CIDR, a group's id or a prefix list's. For ICMP, a type and a code."""
    if isinstance(peer, str):
        prefix = peer.split("-")[0]
        peer = GroupPeer(peer) if prefix == "sg" else PrefixListPeer(peer) if prefix == "pl" else CidrPeer(cidr(peer))
    if protocol == "icmp":
        return GroupRule("rule", HERE, protocol, Ports(), peer, None if first == -1 else Icmp(first, last or 0))
    return GroupRule("rule", HERE, protocol, Ports(first, last or first), peer)


def group(name: str, ingress: tuple[GroupRule, ...] = (), egress: tuple[GroupRule, ...] = ()) -> SecurityGroup:
    return SecurityGroup(name, HERE, "vpc-1", ingress, egress)


def entry(number: int, *, egress: bool, allowed: bool, protocol: str = "all", ports: Ports | None = None) -> AclEntry:
    return AclEntry(f"acl-1 {number}", HERE, number, egress, allowed, protocol, ports or Ports(), ANYWHERE)


def eni(
    name: str,
    subnet: str,
    address: str,
    groups: tuple[str, ...],
    *owned: str,
    public: str = "",
) -> NetworkInterface:
    """Give an ENI; `owned` is its kind and its owner's id, where it has them."""
    kind, owner = (*owned, *("other", "")[len(owned) :])
    outside = IPv4Address(public) if public else None
    return NetworkInterface(
        name, HERE, subnet, groups, (IPv4Address(address),), outside, owner, msgspec.convert(kind, Kind)
    )


def named(*things: Any) -> dict[str, Any]:
    return {each.id: each for each in things}


OPEN = (entry(100, egress=True, allowed=True), entry(100, egress=False, allowed=True))


def subnets(vpc: str = "vpc-1", suffix: str = "") -> dict[str, Subnet]:
    places = {"public": "10.0.1.0/24", "a": "10.0.11.0/24", "b": "10.0.12.0/24"}
    made = [Subnet(f"subnet-{name}{suffix}", HERE, vpc, cidr(text), "zone") for name, text in places.items()]
    return named(*made)


def tables() -> dict[str, RouteTable]:
    out = Route("rtb-public 0.0.0.0/0", HERE, ANYWHERE, "internet-gateway", "igw-1")
    return named(
        RouteTable("rtb-main", HERE, "vpc-1", main=True),
        RouteTable("rtb-public", HERE, "vpc-1", (out,), ("subnet-public",)),
        RouteTable("rtb-private", HERE, "vpc-1", (), ("subnet-a", "subnet-b")),
    )


def groups() -> dict[str, SecurityGroup]:
    return named(
        group("sg-alb", (allow("0.0.0.0/0", 80),), (allow("sg-task", 8080),)),
        group("sg-task", (allow("sg-alb", 8080),), (allow("sg-endpoint", 443), allow("pl-s3", 443))),
        group("sg-endpoint", (allow("sg-task", 443),)),
    )


def interfaces() -> dict[str, NetworkInterface]:
    return named(
        eni("eni-alb", "subnet-public", "10.0.1.5", ("sg-alb",), "load-balancer", "alb", public="54.214.0.5"),
        eni("eni-task", "subnet-a", "10.0.11.5", ("sg-task",), "task"),
        eni("eni-peer", "subnet-a", "10.0.11.6", ("sg-task",), "task"),
        eni("eni-ecr", "subnet-b", "10.0.12.5", ("sg-endpoint",), "endpoint", "vpce-ecr"),
    )


def cloud(**changes: Mapping[str, Any]) -> Cloud:
    """Give the network; `changes` replace whole collections of it."""
    whole = Cloud(
        source="hand",
        region="eu-west-1",
        account="123456789012",
        vpcs=named(Vpc("vpc-1", HERE, (cidr("10.0.0.0/16"),), dns_support=True, dns_hostnames=True)),
        subnets=subnets(),
        route_tables=tables(),
        network_acls=named(NetworkAcl("acl-1", HERE, "vpc-1", OPEN, tuple(subnets()), default=True)),
        security_groups=groups(),
        network_interfaces=interfaces(),
        internet_gateways=named(InternetGateway("igw-1", HERE, "vpc-1")),
        prefix_lists=named(PrefixList("pl-s3", HERE, "s3", (S3,))),
        interface_endpoints=named(
            InterfaceEndpoint("vpce-ecr", HERE, "vpc-1", "ecr.api", ("subnet-b",), ("sg-endpoint",), private_dns=True)
        ),
        gateway_endpoints=named(GatewayEndpoint("vpce-s3", HERE, "vpc-1", "s3", ("rtb-private",))),
        load_balancers=named(
            LoadBalancer("alb", HERE, "application", True, (), (), "hello-1.eu-west-1.elb.amazonaws.com")  # noqa: FBT003
        ),
    )
    return msgspec.structs.replace(whole, **changes)
