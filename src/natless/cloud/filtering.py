"""Security groups, network ACLs and prefix lists."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TypeAlias

import msgspec

from natless.finding import Gap, Origin


class Ports(msgspec.Struct, frozen=True):
    """An inclusive range of ports."""

    first: int = 0
    last: int = 65535

    def __contains__(self, port: int) -> bool:
        """Say whether `port` lies in the range."""
        return self.first <= port <= self.last


class Icmp(msgspec.Struct, frozen=True):
    """An ICMP type (`kind`), and a code of it; -1 is every code."""

    kind: int
    code: int = -1


class CidrPeer(msgspec.Struct, frozen=True):
    """Addresses of a CIDR; IPv6 rules are kept out by the loader, as no IPv4 packet meets them."""

    network: IPv4Network


class GroupPeer(msgspec.Struct, frozen=True):
    """The private addresses of a security group's members."""

    group: str


class PrefixListPeer(msgspec.Struct, frozen=True):
    """The CIDRs of a prefix list, by its id."""

    prefix_list: str


Peer: TypeAlias = CidrPeer | GroupPeer | PrefixListPeer | Gap


class GroupRule(msgspec.Struct, frozen=True):
    """One allow rule of a security group.

    `id` is the logical id of a standalone rule, `sgr-...` in an account, else `GROUP.SecurityGroupIngress[0]`.
    `protocol` is "tcp", "udp", "icmp", "all", or a protocol number as text. `ports` is all ports for "all";
    for ICMP it is not used: there `icmp` says the type and code, None is all of ICMP.
    """

    id: str
    origin: Origin
    protocol: str | Gap
    ports: Ports | Gap
    peer: Peer
    icmp: Icmp | Gap | None = None


class SecurityGroup(msgspec.Struct, frozen=True):
    """A security group: stateful, allow-only. A Gap among the rules means that there may be more of them.

    The default egress that CloudFormation and EC2 add is written out by the loaders as a rule.
    """

    id: str
    origin: Origin
    vpc: str | Gap
    ingress: tuple[GroupRule | Gap, ...] = ()
    egress: tuple[GroupRule | Gap, ...] = ()
    name: str = ""


class PrefixList(msgspec.Struct, frozen=True):
    """A managed prefix list. `service` is the short name (`s3`) where it is an AWS service's, else ""."""

    id: str
    origin: Origin
    service: str
    cidrs: tuple[IPv4Network, ...] | Gap


class AclEntry(msgspec.Struct, frozen=True):
    """One entry of a network ACL. `number` orders them; the final `*` deny is implied, never listed.

    `protocol`, `ports` and `icmp` are as in a group's rule.
    """

    id: str
    origin: Origin
    number: int
    egress: bool
    allow: bool
    protocol: str | Gap
    ports: Ports | Gap
    cidr: IPv4Network | Gap
    icmp: Icmp | Gap | None = None


class NetworkAcl(msgspec.Struct, frozen=True):
    """A network ACL: stateless, first match wins. `default` marks the VPC's own.

    The implicit default ACL of a template's VPC is added by the loader, with the VPC's id as its id.
    """

    id: str
    origin: Origin
    vpc: str | Gap
    entries: tuple[AclEntry | Gap, ...] = ()
    subnets: tuple[str, ...] = ()
    default: bool = False
