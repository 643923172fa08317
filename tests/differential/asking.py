"""What a network is asked with packets: its service's needs, and random flows between what stands in it.

A need is a list of ways, all of which must be open; a way is a list of tries, one of which is enough (any interface of
an endpoint may be the one that a name stands for); a try is a list of knocks, all of which must be answered (a task may
stand anywhere in its subnet, its port may be any).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeAlias

import networks
import twists
from knocking import EDGE, Knock

from natless.cloud import AclEntry, Cloud, GroupRule, NetworkInterface, Ports, RouteTable
from natless.lab.fabric import INTERNET

Try: TypeAlias = list[Knock]
Way: TypeAlias = list[Try]

S3_HOSTS = tuple(IPv4Address(text) for text in ("3.5.0.9", "3.5.31.9", "52.216.0.9", "52.217.255.9"))
PUBLIC = IPv4Network("198.18.0.0/16")
"""Where the lab puts public addresses of AWS's services that no list tells."""
FLOW_PORTS = (443, 443, 80, 8080, 53, 22, 40000)
_FLOWS = 30
_TRIES_OUT = 40


class Asker:
    """The questions to one network."""

    def __init__(self, cloud: Cloud, number: int, *, thorough: bool) -> None:
        self.cloud = cloud
        self.dice = random.Random(f"questions {number}")
        self.thorough = thorough
        self.sides = (False, True) if _cut_at_the_edge(cloud) else (False,)

    def tasks(self) -> list[NetworkInterface]:
        """Give what answers for the tasks: their own interfaces, or those of their instances."""
        own = [each for each in self.cloud.network_interfaces.values() if each.kind == "task"]
        return own or self.pulling()

    def pulling(self) -> list[NetworkInterface]:
        """Give from where images are pulled, logs shipped and secrets fetched: on instances, by them."""
        enis = self.cloud.network_interfaces.values()
        return [each for each in enis if each.owner.startswith("i-")] or [each for each in enis if each.kind == "task"]

    def by_subnet(self, enis: Iterable[NetworkInterface]) -> list[list[NetworkInterface]]:
        found: dict[str, list[NetworkInterface]] = {}
        for eni in enis:
            found.setdefault(eni.subnet, []).append(eni)
        return list(found.values())

    def needs(self, named: dict[str, list[str]]) -> dict[str, list[Way]]:
        homes = self.by_subnet(self.pulling())
        found: dict[str, list[Way]] = {}
        for need, addresses in named.items():
            hosts = [IPv4Address(each) for each in addresses]
            if need == "s3-layers" and (hosts or twists.own_servers(self.cloud)):
                # A layer may come from any address of S3, whichever DNS server names it.
                found[need] = [[self.tried(home, [host])] for home in homes for host in S3_HOSTS]
            elif not any(host in PUBLIC for host in hosts):
                found[need] = [[self.tried(home, [host]) for host in hosts] for home in homes]
        # Which public address a service has is AWS's choice: each host here stands for one that it may choose.
        found["public"] = [[self.tried(home, [host]) for host in networks.HOSTS] for home in homes]
        nodes = self.by_subnet(each for each in self.cloud.network_interfaces.values() if each.owner == "Alb")
        targets = [each.addresses[0] for each in self.tasks()]
        # In bridge mode a container is at a port that Docker draws: each edge of what rules here tell apart.
        doors = (32768, EDGE, EDGE + 1, 60999) if twists.mode_of(self.cloud) == "bridge" else (8080,)
        found["alb->task"] = [
            [[each for door in doors for each in self.tried([node], targets, door)]] for home in nodes for node in home
        ]
        found["internet->alb"] = [
            [self.visit(networks.HOSTS[n : n + 1], home) for n in range(len(networks.HOSTS))]
            # CloudFront asks for its visitors, from any of its servers.
            + [self.visit(networks.CLOUDFRONT_HOSTS, home)]
            for home in nodes
        ]
        found["task->internet"] = [list(self.out(self.by_subnet(self.tasks())))]
        return found

    def servers(self) -> list[Way]:
        """Ask the DNS servers that DHCP options name, where none is AWS's own: of several, one is enough."""
        named = [IPv4Address(each) for each in twists.own_servers(self.cloud)]
        return [
            [[self.lookup(each, server, side) for each in home for side in self.sides] for server in named]
            for home in self.by_subnet(self.pulling())
            if named
        ]

    def lookup(self, source: NetworkInterface, server: IPv4Address, side: bool) -> Knock:  # noqa: FBT001 - low or high
        enis = self.cloud.network_interfaces.values()
        where = next((each.id for each in enis if server in each.addresses and self.beside(each, source)), INTERNET)
        return Knock(source.id, server, 53, "udp", where, high=side)

    def beside(self, one: NetworkInterface, other: NetworkInterface) -> bool:
        return self.vpc(one.subnet) == self.vpc(other.subnet)

    def tried(self, sources: Iterable[NetworkInterface], hosts: Iterable[IPv4Address], port: int = 443) -> Try:
        """Ask every host from every source, from both sides of the edge where that may matter."""
        pairs = [(source.id, host) for source in sources for host in hosts]
        return [Knock(where, host, port, high=side) for where, host in pairs for side in self.sides]

    def visit(self, clients: Iterable[IPv4Address], nodes: Iterable[NetworkInterface]) -> Try:
        public = [each.public_address for each in nodes if each.public_address is not None]
        pairs = [(client, host) for client in clients for host in public]
        return [Knock(INTERNET, host, 80, source=client, high=side) for client, host in pairs for side in self.sides]

    def out(self, homes: list[list[NetworkInterface]]) -> Iterator[Try]:
        """Give tries at hosts of the internet: all where it must be thorough, else some and the likeliest."""
        ports = sorted({443, *(port for port in _edges(self.cloud) if 0 < port <= 65535)})
        every = [
            (home, host, port, protocol)
            for home in homes
            for host in networks.HOSTS
            for port in ports
            for protocol in ("tcp", "udp")
        ]
        if not self.thorough:
            every = self.dice.sample(every, min(_TRIES_OUT, len(every)))
        for home, host, port, protocol in every:
            knocks = [Knock(each.id, host, port, protocol) for each in home]
            yield [*knocks, *(_high(each) for each in knocks if len(self.sides) > 1)]

    def table(self, subnet: str) -> RouteTable:
        tables = self.cloud.route_tables.values()
        own = [table for table in tables if subnet in table.subnets]
        return (own + [table for table in tables if table.main and table.vpc == self.vpc(subnet)])[0]

    def vpc(self, subnet: str) -> str:
        return str(self.cloud.subnets[subnet].vpc)

    def strays(self, source: NetworkInterface, target: NetworkInterface) -> bool:
        """Say whether a packet for another VPC's interface is no matter of gates: it
        leaves by a gateway, or its address lies in the source's VPC as well."""
        here = self.vpc(source.subnet)
        if here == self.vpc(target.subnet):
            return False
        cidrs = self.cloud.vpcs[here].cidrs
        inside = any(target.addresses[0] in cidr for cidr in cidrs)  # type: ignore[union-attr] # no gaps here
        leaves = any(route.target != "blackhole" for route in self.table(source.subnet).routes)  # type: ignore[union-attr] # as above
        return inside or leaves

    def flows(self) -> list[Try]:
        """Give random flows, each from one interface to one address; a datagram is answered where it should arrive."""
        enis = [each for each in self.cloud.network_interfaces.values() if each.kind != "nat-gateway"]
        found = []
        for _ in range(_FLOWS):
            source = self.dice.choice(enis)
            target = self.dice.choice(enis) if self.dice.random() < 0.7 else None
            address = target.addresses[0] if target is not None else self.dice.choice(networks.OUTSIDERS)
            protocol = self.dice.choice(("tcp", "tcp", "udp"))
            port = self.dice.choice(FLOW_PORTS)
            if address in source.addresses or (target is not None and self.strays(source, target)):
                continue
            one = Knock(source.id, address, port, protocol, target.id if target is not None else INTERNET)
            found.append([one, *([_high(one)] if len(self.sides) > 1 else [])])
        return found


def _high(each: Knock) -> Knock:
    return Knock(each.where, each.address, each.port, each.protocol, each.listener, each.source, high=True)


def _cut_at_the_edge(cloud: Cloud) -> bool:
    """Say whether a network ACL tells ports above the edge from those below it."""
    return any(
        isinstance(entry, AclEntry) and isinstance(entry.ports, Ports) and entry.ports.last == EDGE
        for acl in cloud.network_acls.values()
        for entry in acl.entries
    )


def _edges(cloud: Cloud) -> Iterator[int]:
    """Give the ports at which rules of tasks and entries begin, and those after which they end."""
    parts: list[Any] = [*cloud.security_groups["GroupTask"].egress]
    parts += [entry for acl in cloud.network_acls.values() for entry in acl.entries if not acl.default]
    for part in parts:
        if isinstance(part, GroupRule | AclEntry) and isinstance(part.ports, Ports):
            yield part.ports.first
            yield part.ports.last + 1
