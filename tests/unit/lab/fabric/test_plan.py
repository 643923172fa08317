"""What of a Cloud the kernel is given. Expected by hand from the VPC user guide, "Configure route tables"."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import msgspec
import pytest

from natless.cloud import (
    Cloud,
    GatewayEndpoint,
    InternetGateway,
    LoadBalancer,
    NetworkAcl,
    NetworkInterface,
    PrefixList,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)
from natless.finding import Gap, Origin
from natless.lab.fabric.plan import Numbers, Way, plan

HERE = Origin("hand")
GAP = Gap("a fact", HERE, "it was not read")
ANYWHERE = IPv4Network("0.0.0.0/0")
S3 = IPv4Network("52.216.0.0/15")


def route(target: str, target_id: str | Gap = "x-1", destination: IPv4Network | str | Gap = ANYWHERE) -> Route:
    kinds = {"internet-gateway", "nat-gateway", "blackhole", "other", "local"}
    assert target in kinds
    return Route(f"rtb {target}", HERE, destination, target, target_id)  # type: ignore[arg-type] # asserted above


def cloud(*routes: Route | Gap, endpoints: tuple[GatewayEndpoint, ...] = ()) -> Cloud:
    tables = (
        RouteTable("rtb-main", HERE, "vpc-1", routes, main=True),
        RouteTable("rtb-own", HERE, "vpc-1", (), ("b",)),
    )
    return Cloud(
        source="hand",
        vpcs={"vpc-1": Vpc("vpc-1", HERE, (IPv4Network("10.0.0.0/16"),))},
        subnets={
            name: Subnet(name, HERE, "vpc-1", IPv4Network(f"10.0.{number}.0/24"), "zone")
            for number, name in enumerate(("a", "b"), 1)
        },
        route_tables={each.id: each for each in tables},
        network_acls={
            "acl-d": NetworkAcl("acl-d", HERE, "vpc-1", (), (), default=True),
            "acl-b": NetworkAcl("acl-b", HERE, "vpc-1", (), ("b",)),
        },
        network_interfaces={
            "eni-1": NetworkInterface("eni-1", HERE, "a", ("sg-2", "sg-1"), (IPv4Address("10.0.1.5"),)),
            "eni-nat": NetworkInterface(
                "eni-nat", HERE, "b", ("sg-1",), (IPv4Address("10.0.2.9"),), None, "nat-1", "nat-gateway"
            ),
        },
        internet_gateways={
            "igw-1": InternetGateway("igw-1", HERE, "vpc-1"),
            "igw-2": InternetGateway("igw-2", HERE, "x"),
        },
        prefix_lists={"pl-1": PrefixList("pl-1", HERE, "s3", (S3,))},
        gateway_endpoints={each.id: each for each in endpoints},
    )


def ways(*routes: Route | Gap, endpoints: tuple[GatewayEndpoint, ...] = ()) -> tuple[tuple[Way, ...], tuple[str, ...]]:
    found = plan(cloud(*routes, endpoints=endpoints), Numbers())
    return next(each.ways for each in found.vpcs["vpc-1"].tables if each.id == "rtb-main"), found.unmodelled


def test_a_subnet_without_association_has_the_main_table_and_the_default_acl() -> None:
    segments = {each.id: each for each in plan(cloud(), Numbers()).vpcs["vpc-1"].segments}
    assert (segments["a"].table, segments["a"].acl) == ("rtb-main", "acl-d")
    assert (segments["b"].table, segments["b"].acl) == ("rtb-own", "acl-b")


def test_the_dns_server_is_at_the_base_plus_two() -> None:
    found = plan(cloud(), Numbers()).vpcs["vpc-1"].resolvers
    assert [str(each) for each in found] == ["10.0.0.2", "169.254.169.253"]


def test_a_nat_gateways_interface_has_no_groups_and_others_have_theirs_in_order() -> None:
    found = {each.eni: each for each in plan(cloud(), Numbers()).vpcs["vpc-1"].attachments}
    assert found["eni-nat"].groups == ()
    assert found["eni-nat"].translates
    assert found["eni-1"].groups == ("sg-1", "sg-2")
    assert str(found["eni-1"].gateway) == "10.0.1.1"


@pytest.mark.parametrize(
    ("made", "link"),
    [
        (route("internet-gateway", "igw-1"), "igw"),
        (route("internet-gateway", "igw-2"), "void"),
        (route("nat-gateway", "nat-1"), "e2"),
        (route("blackhole"), "void"),
    ],
    ids=["own gateway", "another VPC's gateway", "NAT gateway", "blackhole"],
)
def test_a_route_leads_to_what_stands_else_into_silence(made: Route, link: str) -> None:
    (way,), notes = ways(made)
    assert (way.destination, way.link) == (ANYWHERE, link)
    assert notes == ()


def test_what_cannot_be_built_is_said() -> None:
    found, notes = ways(
        route("other", "tgw-1"),
        route("nat-gateway", "nat-9", IPv4Network("1.0.0.0/8")),
        route("blackhole", destination=GAP),
        route("blackhole", destination="pl-none"),
        GAP,
    )
    assert {each.link for each in found} == {"void"}
    assert notes == (
        "rtb other: leads to tgw-1, which the lab does not model",
        "rtb nat-gateway: the NAT gateway nat-9 has no interface",
        "rtb blackhole: its destination is not known",
        "rtb blackhole: the prefix list pl-none is not known",
        "rtb-main: a route is not known (it was not read)",
    )


def test_a_gateway_endpoint_serves_the_tables_it_names_while_it_is_available() -> None:
    here = GatewayEndpoint("vpce-1", HERE, "vpc-1", "s3", ("rtb-main",))
    there = GatewayEndpoint("vpce-2", HERE, "vpc-1", "s3", ("rtb-own",))
    pending = GatewayEndpoint("vpce-3", HERE, "vpc-1", "s3", ("rtb-main",), available=False)
    assert [(each.destination, each.link) for each in ways(endpoints=(here,))[0]] == [(S3, "gwe")]
    assert ways(endpoints=(there, pending))[0] == ()
    unknown = GatewayEndpoint("vpce-4", HERE, "vpc-1", "dynamodb", ("rtb-main",))
    assert ways(endpoints=(unknown,)) == ((), ("vpce-4: the prefix list of dynamodb is not known",))


def test_numbers_stay_with_whom_they_were_given_to() -> None:
    numbers = Numbers()
    first = plan(cloud(), numbers)
    numbers.of("eni", "eni-0")
    assert plan(cloud(), numbers) == first
    assert [numbers.of("a", "x"), numbers.of("a", "y"), numbers.of("b", "y"), numbers.of("a", "x")] == [1, 2, 1, 1]


def test_ipv6_is_said_not_to_be_there() -> None:
    vpc = Vpc("vpc-1", HERE, (IPv4Network("10.0.0.0/16"),), ipv6_cidrs=("2001:db8::/56",))
    found = plan(Cloud(source="hand", vpcs={"vpc-1": vpc}), Numbers())
    assert found.unmodelled == ("vpc-1: has IPv6 addresses (2001:db8::/56), the lab's packets are IPv4's alone",)


@pytest.mark.parametrize(("kind", "tracked"), [("task", False), ("endpoint", True), ("nat-gateway", True)])
def test_some_interfaces_have_their_flows_tracked(kind: Any, tracked: bool) -> None:  # noqa: FBT001 - a table
    eni = NetworkInterface("eni-1", HERE, "a", (), (IPv4Address("10.0.1.5"),), None, "x", kind)
    whole = msgspec.structs.replace(cloud(), network_interfaces={"eni-1": eni})
    assert [each.tracked for each in plan(whole, Numbers()).vpcs["vpc-1"].attachments] == [tracked]


@pytest.mark.parametrize(("kind", "tracked"), [("application", False), ("network", True), ("gateway", False)])
def test_of_load_balancers_only_the_network_ones_have(kind: Any, tracked: bool) -> None:  # noqa: FBT001 - a table
    eni = NetworkInterface("eni-1", HERE, "a", (), (IPv4Address("10.0.1.5"),), None, "lb", "load-balancer")
    balancer = LoadBalancer("lb", HERE, kind, True, (), ())  # noqa: FBT003
    whole = msgspec.structs.replace(cloud(), network_interfaces={"eni-1": eni}, load_balancers={"lb": balancer})
    assert [each.tracked for each in plan(whole, Numbers()).vpcs["vpc-1"].attachments] == [tracked]


def test_a_vpc_whose_cidr_is_not_known_is_left_out_and_said() -> None:
    found = plan(Cloud(source="hand", vpcs={"vpc-1": Vpc("vpc-1", HERE, GAP)}), Numbers())
    assert (dict(found.vpcs), found.unmodelled) == ({}, ("vpc-1: its CIDR is not known",))
