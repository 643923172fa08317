"""What names mean in a VPC. Expected by hand from the PrivateLink guide and the VPC user guide, "DNS attributes"."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import msgspec
import pytest

from natless.catalog.services import SERVICES
from natless.cloud import Cloud, InterfaceEndpoint, LoadBalancer, NetworkInterface, PrefixList, Subnet, Vpc
from natless.finding import Origin
from natless.lab.fabric.plan import SERVICES_RANGE
from natless.lab.names import name_servers, public_address, resolve
from natless.lab.names.public import service_address

HERE = Origin("hand")
REGION = "ap-northeast-2"


def endpoint(name: str, service: str, vpc: str = "vpc-1", *, private_dns: bool = True) -> InterfaceEndpoint:
    return InterfaceEndpoint(name, HERE, vpc, service, ("subnet-1",), ("sg-1",), private_dns)


def eni(name: str, address: str, owner: str, public: str | None = None) -> NetworkInterface:
    outside = IPv4Address(public) if public else None
    return NetworkInterface(name, HERE, "subnet-1", ("sg-1",), (IPv4Address(address),), outside, owner)


def balancer(name: str, *, internet_facing: bool) -> LoadBalancer:
    return LoadBalancer(name, HERE, "application", internet_facing, (), (), f"{name}-1.{REGION}.elb.amazonaws.com")


CLOUD = Cloud(
    source="hand",
    region=REGION,
    vpcs={
        "vpc-1": Vpc("vpc-1", HERE, (IPv4Network("10.0.0.0/16"),), dns_support=True, dns_hostnames=True),
        "vpc-2": Vpc("vpc-2", HERE, (IPv4Network("10.1.0.0/16"),), dns_support=True, dns_hostnames=True),
    },
    subnets={"subnet-1": Subnet("subnet-1", HERE, "vpc-1", IPv4Network("10.0.1.0/24"), "zone")},
    interface_endpoints={
        each.id: each
        for each in (
            endpoint("vpce-dkr", "ecr.dkr"),
            endpoint("vpce-logs", "logs", private_dns=False),
            endpoint("vpce-new", "something-new"),
        )
    },
    load_balancers={
        each.id: each for each in (balancer("open", internet_facing=True), balancer("inner", internet_facing=False))
    },
    network_interfaces={
        each.id: each
        for each in (
            eni("eni-1", "10.0.1.6", "vpce-dkr"),
            eni("eni-2", "10.0.1.5", "vpce-dkr"),
            eni("eni-3", "10.0.1.7", "vpce-logs"),
            eni("eni-4", "10.0.1.8", "open", "54.214.0.1"),
            eni("eni-5", "10.0.1.9", "inner"),
            eni("eni-6", "10.0.1.10", "vpce-new"),
        )
    },
    prefix_lists={"pl-1": PrefixList("pl-1", HERE, "s3", (IPv4Network("54.231.0.0/16"), IPv4Network("52.216.0.0/15")))},
)


def found(host: str, vpc: str | None = "vpc-1") -> list[str] | None:
    addresses = resolve(CLOUD, vpc, host)
    return None if addresses is None else [str(each) for each in addresses]


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        (f"123456789012.dkr.ecr.{REGION}.amazonaws.com.", ["10.0.1.5", "10.0.1.6"]),
        (f"something-new.{REGION}.amazonaws.com", ["10.0.1.10"]),
        (f"vpce-logs-0a1b.logs.{REGION}.vpce.amazonaws.com", ["10.0.1.7"]),
        (f"open-1.{REGION}.elb.amazonaws.com", ["54.214.0.1"]),
        (f"dualstack.open-1.{REGION}.elb.amazonaws.com", ["54.214.0.1"]),
        (f"inner-1.{REGION}.elb.amazonaws.com", ["10.0.1.9"]),
        (f"my.bucket.s3.{REGION}.amazonaws.com", ["52.216.0.1"]),
        ("ip-10-0-1-9.ap-northeast-2.compute.internal", ["10.0.1.9"]),
        ("ip-10-1-0-9.ap-northeast-2.compute.internal", None),
        ("ip-10-0-1-900.ap-northeast-2.compute.internal", None),
        (f"gone-1.{REGION}.elb.amazonaws.com", None),
        ("amazonaws.com", None),
    ],
)
def test_names_inside_a_vpc(host: str, addresses: list[str] | None) -> None:
    assert found(host) == addresses


@pytest.mark.parametrize("vpc", ["vpc-2", None])
def test_private_names_are_private_to_their_vpc(vpc: str | None) -> None:
    host = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
    assert found(host, vpc) == [str(public_address(host, CLOUD))]


def test_without_private_dns_the_public_name_stays_public() -> None:
    (address,) = resolve(CLOUD, "vpc-1", f"logs.{REGION}.amazonaws.com") or ()
    assert address in SERVICES_RANGE


def test_an_endpoint_without_interfaces_captures_its_name_for_nothing() -> None:
    """Measured on AWS: the name does not turn public (dev.classmethod.jp, 2022-08-29)."""
    bare = msgspec.structs.replace(endpoint("vpce-sqs", "sqs"), subnets=())
    known = msgspec.structs.replace(CLOUD, interface_endpoints={"vpce-sqs": bare})
    host = f"sqs.{REGION}.amazonaws.com"
    assert resolve(known, "vpc-1", host) == ()
    waiting = {"vpce-sqs": msgspec.structs.replace(bare, available=False)}
    public = resolve(msgspec.structs.replace(CLOUD, interface_endpoints=waiting), "vpc-1", host)
    assert public
    assert public == resolve(known, "vpc-2", host)


def test_every_service_has_a_public_address_of_its_own() -> None:
    addresses = [service_address(each, CLOUD) for each in SERVICES]
    assert len(set(addresses)) == len(addresses)
    assert all(
        address in SERVICES_RANGE for address, each in zip(addresses, SERVICES, strict=True) if each.short != "s3"
    )


def test_other_registries_resolve_where_the_world_is() -> None:
    assert str(public_address("registry-1.docker.io", CLOUD)) == "203.0.113.20"
    assert public_address("no.such.name", CLOUD) is None


def test_an_eni_of_nobody_has_no_name_servers() -> None:
    assert name_servers(CLOUD, "eni-1") == ("10.0.0.2",)
    with pytest.raises(KeyError):
        name_servers(CLOUD, "eni-9")
