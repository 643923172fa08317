"""Two recorded accounts of 2020 (see the README beside them); expectations are what another project's tests assert."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from tests import captures

from natless.cloud import CidrPeer, Cloud, Ports, RouteTable
from natless.finding import Gap
from natless.load import describe


def capture(name: str) -> Cloud:
    return describe(captures.snapshot(name), name)


@pytest.fixture
def gateway() -> Cloud:
    return capture("test-vpc-endpoint-gateway")


@pytest.fixture
def interface() -> Cloud:
    return capture("test-vpc-endpoint-interface")


def table_of(cloud: Cloud, subnet: str) -> RouteTable:
    tables = cloud.route_tables.values()
    explicit = [table for table in tables if subnet in table.subnets]
    return explicit[0] if explicit else next(table for table in tables if table.main)


def test_account_and_region_are_read_from_arns(gateway: Cloud) -> None:
    assert (gateway.region, gateway.account, gateway.partition) == ("us-east-1", "554773406868", "aws")


def test_every_source_of_a_flow_stands_with_its_first_hops(gateway: Cloud, interface: Cloud) -> None:
    for cloud in (gateway, interface):
        for flow in captures.flows(cloud.source):
            source = next(eni for eni in cloud.network_interfaces.values() if eni.owner == flow["src"])
            for hop in flow["hops"]:
                if hop.startswith("subnet-") and hop == flow["hops"][1]:
                    assert source.subnet == hop
                if hop.startswith("vpc-"):
                    assert cloud.subnets[source.subnet].vpc == hop


def test_flows_by_route_agree(gateway: Cloud) -> None:
    """NO_ROUTE where neither the S3 list nor a route takes the address; else the hop that was recorded."""
    for flow in captures.flows("test-vpc-endpoint-gateway"):
        destination = IPv4Address(flow["dst"])
        source = next(eni for eni in gateway.network_interfaces.values() if eni.owner == flow["src"])
        table = table_of(gateway, source.subnet)
        endpoint = next(iter(gateway.gateway_endpoints.values()))
        s3 = next(each for each in gateway.prefix_lists.values() if each.service == endpoint.service)
        assert not isinstance(s3.cidrs, Gap)
        if table.id in endpoint.route_tables and any(destination in cidr for cidr in s3.cidrs):
            assert flow["hops"][-1] == endpoint.id
        elif table.routes:
            (route,) = table.routes
            assert not isinstance(route, Gap)
            assert (route.target, route.destination) == ("internet-gateway", IPv4Network("0.0.0.0/0"))
            assert route.target_id in flow["hops"]
            assert source.public_address is not None
        else:
            assert flow["expected_disposition"] == "NO_ROUTE"


def test_flows_to_the_interface_endpoint_agree(interface: Cloud) -> None:
    for flow in captures.flows("test-vpc-endpoint-interface"):
        eni = next(each for each in interface.network_interfaces.values() if IPv4Address(flow["dst"]) in each.addresses)
        endpoint = interface.interface_endpoints[eni.owner]
        assert eni.kind == "endpoint"
        assert flow["hops"][-1] == f"{endpoint.id}@{eni.subnet}"
        assert eni.subnet in endpoint.subnets
        rules = [rule for group in eni.groups for rule in interface.security_groups[group].ingress]
        assert any(
            not isinstance(rule, Gap)
            and (rule.protocol, rule.ports) == ("tcp", Ports(443, 443))
            and rule.peer == CidrPeer(IPv4Network("0.0.0.0/0"))
            for rule in rules
        )


def test_what_was_not_recorded_is_a_gap(interface: Cloud) -> None:
    (vpc,) = interface.vpcs.values()
    assert isinstance(vpc.dns_support, Gap)
    assert isinstance(vpc.dns_hostnames, Gap)
    assert isinstance(vpc.dns_servers, Gap)
    assert {"Services", "TaskDefinitions", "Roles"} <= {gap.what for gap in interface.gaps}
    assert "LoadBalancers" not in {gap.what for gap in interface.gaps}


def test_the_main_table_and_the_default_acl_are_known(interface: Cloud) -> None:
    assert [table.id for table in interface.route_tables.values() if table.main] == ["rtb-0b6aa7ed8aa28057b"]
    default = interface.network_acls["acl-0269f6ed3ea39deda"]
    other = interface.network_acls["acl-011135a03c2212fe9"]
    assert default.default
    assert default.subnets == ()
    assert other.subnets == ("subnet-0611b848137c513d1", "subnet-0bb8615d8368ece31")
    assert [(entry.number, entry.egress, entry.allow) for entry in other.entries if not isinstance(entry, Gap)] == [
        (1000, False, True),
        (1000, True, True),
    ]
