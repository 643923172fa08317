"""The networks that are measured: a VPC with many interfaces, or with many group rules."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from natless.cloud import (
    AclEntry,
    CidrPeer,
    Cloud,
    GroupPeer,
    GroupRule,
    NetworkAcl,
    NetworkInterface,
    Ports,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from natless.finding import Origin

_HERE = Origin("benchmark")
_ANYWHERE = IPv4Network("0.0.0.0/0")
_WHOLE = IPv4Network("10.0.0.0/16")
PORT = 8080
CLIENT, SERVER = "eni-0", "eni-1"


def network(interfaces: int = 2, rules: int = 0) -> Cloud:
    """Give a VPC of two subnets; the odd interfaces are in the second, whose group has `rules` more rules each way.

    Like hello: a client group, a server group that lets it in on one port, and the default network ACL.
    """
    halves = list(_WHOLE.subnets(1))
    subnets = [Subnet(f"subnet-{number}", _HERE, "vpc-1", half, "zone") for number, half in enumerate(halves)]
    enis = [_eni(number, halves) for number in range(interfaces)]
    entries = tuple(
        AclEntry("acl-1", _HERE, 100, egress, allow=True, protocol="all", ports=Ports(), cidr=_ANYWHERE)
        for egress in (True, False)
    )
    return Cloud(
        source="benchmark",
        vpcs=_named(Vpc("vpc-1", _HERE, (_WHOLE,))),
        subnets=_named(*subnets),
        route_tables=_named(RouteTable("rtb-1", _HERE, "vpc-1", main=True)),
        network_acls=_named(NetworkAcl("acl-1", _HERE, "vpc-1", entries, (), default=True)),
        security_groups=_groups(rules),
        network_interfaces=_named(*enis),
    )


def _eni(number: int, halves: list[IPv4Network]) -> NetworkInterface:
    half = number % 2
    address = IPv4Address(int(halves[half].network_address) + 5 + number // 2)
    group = "sg-server" if half else "sg-client"
    return NetworkInterface(f"eni-{number}", _HERE, f"subnet-{half}", (group,), (address,), None, "", "task")


def address(cloud: Cloud, eni: str) -> str:
    """Give the address of an interface."""
    return str(cloud.network_interfaces[eni].addresses[0])


def _groups(rules: int) -> dict[str, SecurityGroup]:
    # What is asked for is allowed by none of these, so that a list in order would be walked to its end.
    others = tuple(
        GroupRule("r", _HERE, "tcp", Ports(1 + n % 7000, 1 + n % 7000), CidrPeer(IPv4Network((11 << 24 | n << 8, 24))))
        for n in range(rules)
    )
    out = GroupRule("out", _HERE, "tcp", Ports(PORT, PORT), GroupPeer("sg-server"))
    into = GroupRule("in", _HERE, "tcp", Ports(PORT, PORT), GroupPeer("sg-client"))
    return _named(
        SecurityGroup("sg-client", _HERE, "vpc-1", (), (*others, out)),
        SecurityGroup("sg-server", _HERE, "vpc-1", (*others, into), ()),
    )


def _named(*things: Any) -> dict[str, Any]:
    return {each.id: each for each in things}
