"""What packets found wrong in the proof, each held by hand (VPC user guide, "Route tables", "NAT gateways")."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "lab"))
sys.path.insert(0, str(Path(__file__).parents[2] / "pages"))

import fragments
import msgspec
import pytest
import small_network as net
from small_network import allow, cloud, eni, group, named

from natless.cloud import NatGateway, NetworkAcl, PrefixList, Route, RouteTable, Vpc
from natless.finding import Blocked, Outcome, Reachable, Unknown
from natless.prove import prove
from natless.prove.packet import packet
from natless.prove.world import World

ANYBODY = IPv4Address("140.1.7.7")
S3_HOST = IPv4Address("52.217.1.1")
WIDE = named(group("sg-task", (allow("0.0.0.0/0", 0, 65535, "all"),), (allow("0.0.0.0/0", 0, 65535, "all"),)))


def died(outcome: Outcome) -> str:
    assert isinstance(outcome, Blocked), outcome
    return f"{outcome.gate.stopped_kind} {outcome.gate.stopped_at}"


def private(*routes: Route) -> dict[str, RouteTable]:
    return net.tables() | named(RouteTable("rtb-private", net.HERE, "vpc-1", routes, ("subnet-a", "subnet-b")))


def by_nat(*, public: bool, onward: IPv4Network = net.ANYWHERE) -> dict[str, Any]:
    """Give the parts of a network whose private subnets lead to a NAT gateway in the public one."""
    out = Route("r", net.HERE, net.ANYWHERE, "nat-gateway", "nat-1")
    further = Route("p", net.HERE, onward, "internet-gateway", "igw-1")
    tables = private(out) | named(RouteTable("rtb-public", net.HERE, "vpc-1", (further,), ("subnet-public",)))
    gateway = NatGateway("nat-1", net.HERE, "subnet-public", public)
    return {"route_tables": tables, "nat_gateways": named(gateway), "security_groups": net.groups() | WIDE}


def test_a_packet_finds_only_interfaces_of_its_own_vpc() -> None:
    twins = {
        "vpcs": dict(cloud().vpcs) | named(Vpc("vpc-2", net.HERE, (net.cidr("10.0.0.0/16"),))),
        "subnets": net.subnets("vpc-2", "-2") | net.subnets(),
        "network_interfaces": named(eni("eni-a-twin", "subnet-b-2", "10.0.12.5", ("sg-task",))) | net.interfaces(),
    }
    assert isinstance(packet(cloud(**twins), "eni-task", IPv4Address("10.0.12.5"), 443), Reachable)


def test_the_addresses_of_a_listed_service_are_not_the_internet() -> None:
    first, last = int(net.S3.network_address), int(net.S3.broadcast_address)
    ranges = World(cloud()).internet_end().ranges
    assert all(end < first or start > last for start, end in ranges)
    assert any(start <= int(ANYBODY) <= end for start, end in ranges)


def test_a_gateway_endpoint_takes_no_udp() -> None:
    wide = cloud(security_groups=net.groups() | WIDE)
    assert died(packet(wide, "eni-task", S3_HOST, 443, "udp")) == "route rtb-private"
    assert isinstance(packet(wide, "eni-task", S3_HOST, 443), Reachable)


def test_a_route_to_a_prefix_list_leads_to_its_addresses() -> None:
    lists = dict(cloud().prefix_lists) | named(PrefixList("pl-own", net.HERE, "", (IPv4Network("140.1.0.0/16"),)))
    out = Route("r", net.HERE, "pl-own", "internet-gateway", "igw-1")
    enis = net.interfaces() | named(eni("eni-task", "subnet-a", "10.0.11.5", ("sg-task",), public="54.214.0.9"))
    parts = {"prefix_lists": lists, "network_interfaces": enis, "security_groups": net.groups() | WIDE}
    whole = cloud(route_tables=private(out), **parts)
    assert isinstance(packet(whole, "eni-task", ANYBODY, 443), Reachable)
    assert died(packet(whole, "eni-task", IPv4Address("9.9.9.9"), 443)) == "route rtb-private"


def test_behind_a_private_nat_gateway_the_packet_dies_in_the_gateways_subnet() -> None:
    assert died(packet(cloud(**by_nat(public=False)), "eni-task", ANYBODY, 443)) == "route rtb-public"
    assert isinstance(packet(cloud(**by_nat(public=True)), "eni-task", ANYBODY, 443), Reachable)


def test_behind_a_nat_gateway_only_what_is_routed_there_is_reached() -> None:
    half = cloud(**by_nat(public=True, onward=IPv4Network("0.0.0.0/1")))
    assert died(packet(half, "eni-task", ANYBODY, 443)) == "route rtb-public"
    assert isinstance(packet(half, "eni-task", IPv4Address("9.9.9.9"), 443), Reachable)


def test_before_a_gateway_endpoint_has_come_up_nothing_is_said_for_sure() -> None:
    """Its route may stand or not: AWS's documents do not say. Where public addresses are cut off, it is no matter."""
    waiting = {name: msgspec.structs.replace(each, available=False) for name, each in cloud().gateway_endpoints.items()}
    parts = {"gateway_endpoints": waiting, "security_groups": net.groups() | WIDE}
    assert died(packet(cloud(**parts), "eni-task", S3_HOST, 443)) == "route rtb-private"
    assert isinstance(packet(cloud(**parts | by_nat(public=True)), "eni-task", S3_HOST, 443), Unknown)


@pytest.mark.parametrize(("closed", "expected"), [(True, Blocked), (False, Unknown)])
def test_a_name_server_in_another_subnet_is_asked_through_that_subnets_acl(closed: bool, expected: type) -> None:  # noqa: FBT001
    whole = fragments.cloud(fragments.base())
    vpc = msgspec.structs.replace(whole.vpcs["Vpc"], dns_servers=("10.0.1.5",))  # in Public2
    acl = NetworkAcl("Acl", net.HERE, "Vpc", () if closed else net.OPEN, ("Public2",))
    task = whole.security_groups["TaskGroup"]
    task = msgspec.structs.replace(task, egress=(*task.egress, allow("0.0.0.0/0", 53, 53, "udp")))
    changed = msgspec.structs.replace(
        whole,
        vpcs={"Vpc": vpc},
        network_acls={**whole.network_acls, "Acl": acl},
        security_groups={**whole.security_groups, "TaskGroup": task},
    )
    logs = next(each.outcome for each in prove(changed).verdicts if each.need == "logs")
    assert isinstance(logs, expected)
    assert not isinstance(logs, Blocked) or died(logs) == "network-acl-in Acl"
