"""Tables of packets, network by network; prints the verdict of each as JSON (read by test_fabric_verdicts.py)."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import msgspec
import small_network as net
from confined import see
from packets_fabric import SILENCE_SECONDS, Ends, payload, verdict
from small_network import allow, cloud, eni, group, named
from tables_fabric import ACL_TABLES, GROUP_TABLES, OVERLAP_RULES, OVERLAPS, Row

from natless.cloud import NatGateway, NetworkAcl, PrefixList, Route, RouteTable, Vpc
from natless.lab.fabric import INTERNET, Fabric

ALL = (allow("0.0.0.0/0", 0, 65535, "all"),)
ANYBODY = "203.0.113.99"
Seen = dict[str, Any]


def rows(fabric: Fabric, table: list[Row]) -> list[tuple[str, str, str]]:
    """Give for each row its packet, what the table says of it, and what became of it."""
    packets = [(f"{row.protocol} {row.number} {row.ends.source}", row) for row in table]
    return [(title, row.becomes, verdict(fabric, row.ends, row.protocol, row.number)) for title, row in packets]


def of_groups(fabric: Fabric, seen: Seen) -> None:
    """One rule lets into the endpoint's group; everything leaves the others."""
    seen["groups"] = {}
    for title, (rule, table) in GROUP_TABLES.items():
        groups = named(
            group("sg-task", ALL, ALL), group("sg-alb", ALL, ALL), group("sg-endpoint", (rule,), ALL), group("sg-none")
        )
        fabric.apply(cloud(security_groups=net.groups() | groups))
        seen["groups"][title] = rows(fabric, table)


def of_overlaps(fabric: Fabric, seen: Seen) -> None:
    """Rules whose CIDRs, lists, groups and ports overlap in every way; the union counts."""
    groups = named(group("sg-task", ALL, ALL), group("sg-alb", ALL, ALL), group("sg-endpoint", OVERLAP_RULES, ALL))
    own = PrefixList("pl-own", net.HERE, "", (net.cidr("10.0.1.0/24"), net.cidr("10.0.1.5/32")))
    lists = dict(cloud().prefix_lists) | named(own)
    fabric.apply(cloud(security_groups=net.groups() | groups, prefix_lists=lists))
    seen["overlaps"] = rows(fabric, OVERLAPS)


def of_acls(fabric: Fabric, seen: Seen) -> None:
    """The ACL of the task's subnet; groups let everything through."""
    groups = named(group("sg-task", ALL, ALL), group("sg-endpoint", ALL, ALL))
    seen["acls"] = {}
    for title, (entries, table) in ACL_TABLES.items():
        own = NetworkAcl("acl-own", net.HERE, "vpc-1", (*entries, net.OPEN[1]), ("subnet-a",))
        default = NetworkAcl("acl-1", net.HERE, "vpc-1", net.OPEN, (), default=True)
        fabric.apply(cloud(security_groups=net.groups() | groups, network_acls=named(own, default)))
        seen["acls"][title] = rows(fabric, table)


def of_ranges(fabric: Fabric, seen: Seen) -> None:
    """A secondary CIDR is as local as the first; what is no ENI's is silent; sources are checked."""
    more = Vpc("vpc-1", net.HERE, (net.cidr("10.0.0.0/16"), net.cidr("100.64.0.0/16")))
    subnet = msgspec.structs.replace(net.subnets()["subnet-a"], id="subnet-c", cidr=net.cidr("100.64.1.0/24"))
    far = eni("eni-far", "subnet-c", "100.64.1.5", ("sg-task",))
    fabric.apply(
        cloud(
            vpcs=named(more),
            subnets=net.subnets() | named(subnet),
            network_interfaces=net.interfaces() | named(far),
            security_groups=net.groups() | named(group("sg-task", ALL, ALL)),
        )
    )
    seen["secondary CIDR"] = verdict(fabric, Ends("eni-task", "eni-far", "100.64.1.5"), "tcp", 80)
    seen["back from the secondary CIDR"] = verdict(fabric, Ends("eni-far", "eni-task", "10.0.11.5"), "tcp", 80)
    seen["nobody in the secondary CIDR"] = verdict(fabric, Ends("eni-task", "eni-far", "100.64.9.9"), "tcp", 80)
    began = time.time()
    with fabric.socket("eni-task", socket.SOCK_RAW, socket.IPPROTO_RAW) as one:
        ends = IPv4Address("10.0.99.99").packed + IPv4Address("10.0.11.6").packed
        header = struct.pack(">BBHHHBBH", 0x45, 0, 28, 0, 0, 64, 17, 0) + ends
        one.sendto(header + payload(17, 53, 40000), ("10.0.11.6", 0))
    while not (found := fabric.drops(began)) and time.time() < began + 240:
        time.sleep(0.002)
    seen["another's source"] = [found[0].gate, str(found[0].source)]


def of_nat(fabric: Fabric, seen: Seen) -> None:
    """A public NAT gateway takes flows out and lets none in; a private one does not reach the internet."""

    def apply(**gateway: Any) -> None:
        out = Route("r", net.HERE, net.ANYWHERE, "nat-gateway", "nat-1")
        tables = net.tables() | named(RouteTable("rtb-private", net.HERE, "vpc-1", (out,), ("subnet-a", "subnet-b")))
        door = eni("eni-nat", "subnet-public", "10.0.1.9", (), "nat-gateway", "nat-1", public=gateway["address"])
        fabric.apply(
            cloud(
                security_groups=net.groups() | named(group("sg-task", ALL, ALL)),
                route_tables=tables,
                network_interfaces=net.interfaces() | named(door),
                nat_gateways=named(NatGateway("nat-1", net.HERE, "subnet-public", public=bool(gateway["address"]))),
            )
        )

    apply(address="54.214.0.7")
    out = Ends("eni-task", INTERNET, ANYBODY)
    seen["out by NAT"] = [verdict(fabric, out, *kind) for kind in (("tcp", 443), ("udp", 53))]
    seen["out by NAT"].append(verdict(fabric, out, "50", 0, seconds=SILENCE_SECONDS))
    seen["in by NAT"] = verdict(fabric, Ends(INTERNET, "eni-nat", "54.214.0.7"), "tcp", 443)
    seen["NAT gateway itself"] = verdict(fabric, Ends("eni-task", "eni-nat", "10.0.1.9"), "tcp", 443)
    apply(address="")
    seen["private NAT"] = verdict(fabric, out, "tcp", 443)


def scenario() -> Seen:
    fabric = Fabric()
    seen: Seen = {}
    parts: tuple[Callable[[Fabric, Seen], None], ...] = (of_groups, of_overlaps, of_acls, of_ranges, of_nat)
    for part in parts:
        part(fabric, seen)
    seen["unmodelled"] = list(fabric.unmodelled)
    return seen


if __name__ == "__main__":
    see(scenario)
