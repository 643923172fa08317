"""Expected texts and shapes: AWS's API reference, the threads named in catalog/refusals.py, and describe output."""

from __future__ import annotations

import time
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

REGION = "ap-northeast-2"


@pytest.fixture
def ec2(account: Any) -> Any:
    return account.connect("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    made: str = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    return made


def subnet(ec2: Any, vpc: str, number: int, zone: str) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
    return str(made["Subnet"]["SubnetId"])


def endpoint(ec2: Any, vpc: str, service: str, **asked: Any) -> dict[str, Any]:
    name = f"com.amazonaws.{REGION}.{service}"
    made: dict[str, Any] = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, **asked)["VpcEndpoint"]
    return made


def test_interfaces_stand_in_the_subnets_with_the_groups(ec2: Any, vpc: str) -> None:
    subnets = [subnet(ec2, vpc, 1, "a"), subnet(ec2, vpc, 2, "b")]
    group = ec2.create_security_group(GroupName="e", Description="e", VpcId=vpc)["GroupId"]
    made = endpoint(
        ec2,
        vpc,
        "logs",
        VpcEndpointType="Interface",
        SubnetIds=subnets,
        SecurityGroupIds=[group],
        PrivateDnsEnabled=True,
    )
    assert made["State"] == "pending"
    assert made["SubnetIds"] == subnets
    interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert [one["SubnetId"] for one in interfaces] == subnets
    for one, network in zip(interfaces, ("10.7.1.0/24", "10.7.2.0/24"), strict=True):
        address = IPv4Address(one["PrivateIpAddress"])
        assert address in IPv4Network(network)
        assert int(address) & 255 >= 4  # the first four are AWS's
        assert one["InterfaceType"] == "vpc_endpoint"
        assert one["Description"] == f"VPC Endpoint Interface {made['VpcEndpointId']}"
        assert one["RequesterManaged"] is True
        assert [given["GroupId"] for given in one["Groups"]] == [group]


def test_an_endpoint_is_pending_and_then_available(ec2: Any, vpc: str) -> None:
    made = endpoint(ec2, vpc, "logs", VpcEndpointType="Interface", SubnetIds=[subnet(ec2, vpc, 1, "a")])
    assert made["State"] == "pending"
    wait_until_available(ec2, made)


def state(ec2: Any, made: dict[str, Any]) -> str:
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    return str(found["State"])


def wait_until_available(ec2: Any, made: dict[str, Any]) -> None:
    until = time.monotonic() + 240
    while (found := state(ec2, made)) != "available":
        assert (found, time.monotonic() < until) == ("pending", True)
        time.sleep(0.05)


def test_the_generation_grows_when_the_endpoint_becomes_available(account: Any, ec2: Any, vpc: str) -> None:
    place = {"VpcEndpointType": "Interface", "SubnetIds": [subnet(ec2, vpc, 1, "a")]}
    while True:
        made = endpoint(ec2, vpc, "logs", **place)
        before = account.generation()
        if state(ec2, made) == "pending":  # else it was available before anybody could look: another one
            break
    wait_until_available(ec2, made)
    assert account.generation() > before


def test_private_dns_needs_both_attributes(ec2: Any, refusal: Any) -> None:
    bare = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    code, text = refusal(
        ec2.create_vpc_endpoint,
        VpcId=bare,
        ServiceName=f"com.amazonaws.{REGION}.logs",
        VpcEndpointType="Interface",
        SubnetIds=[subnet(ec2, bare, 1, "a")],
        PrivateDnsEnabled=True,
    )
    assert code == "InvalidParameter"
    assert text == (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
        f"{bare}"
    )


def test_private_dns_conflict(ec2: Any, vpc: str, refusal: Any) -> None:
    asked = {"VpcEndpointType": "Interface", "SubnetIds": [subnet(ec2, vpc, 1, "a")], "PrivateDnsEnabled": True}
    endpoint(ec2, vpc, "ecr.dkr", **asked)
    code, text = refusal(ec2.create_vpc_endpoint, VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.ecr.dkr", **asked)
    assert code == "InvalidParameter"
    assert "there is already a conflicting DNS domain for *.dkr.ecr.ap-northeast-2.amazonaws.com in the VPC" in text


@pytest.mark.parametrize("zone", [f"{REGION}z", "us-east-1a"])
def test_a_subnet_in_a_zone_that_the_region_has_not(ec2: Any, vpc: str, refusal: Any, zone: str) -> None:
    # The text: TheSudoYT/terraform-aws-palworld #9, where one region's zones were asked of another.
    code, text = refusal(ec2.create_subnet, VpcId=vpc, CidrBlock="10.7.9.0/24", AvailabilityZone=zone)
    zones = ", ".join(each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"])
    assert code == "InvalidParameterValue"
    assert text == (
        f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the "
        f"following availability zones: {zones}."
    )


def test_two_subnets_of_one_zone(ec2: Any, vpc: str, refusal: Any) -> None:
    code, _ = refusal(
        ec2.create_vpc_endpoint,
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.logs",
        VpcEndpointType="Interface",
        SubnetIds=[subnet(ec2, vpc, 1, "a"), subnet(ec2, vpc, 2, "a")],
    )
    assert code == "DuplicateSubnetsInSameZone"


def test_a_gateway_endpoint_routes_its_tables_by_the_prefix_list(ec2: Any, vpc: str) -> None:
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    made = endpoint(ec2, vpc, "s3", RouteTableIds=[table])
    assert made["RouteTableIds"] == [table]

    def targets() -> list[str]:
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return [route["GatewayId"] for route in routes if route.get("DestinationPrefixListId") == "pl-78a54011"]

    assert targets() == [made["VpcEndpointId"]]
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], RemoveRouteTableIds=[table])
    assert targets() == []
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], AddRouteTableIds=[table])
    assert targets() == [made["VpcEndpointId"]]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert targets() == []


def test_private_dns_can_be_switched_off_and_on(ec2: Any, vpc: str) -> None:
    asked = {"VpcEndpointType": "Interface", "SubnetIds": [subnet(ec2, vpc, 1, "a")], "PrivateDnsEnabled": True}
    made = endpoint(ec2, vpc, "logs", **asked)["VpcEndpointId"]
    for wanted in (False, True):
        ec2.modify_vpc_endpoint(VpcEndpointId=made, PrivateDnsEnabled=wanted)
        assert ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]["PrivateDnsEnabled"] is wanted


def test_the_prefix_list_of_s3_has_the_regions_id_and_ranges(ec2: Any) -> None:
    wanted = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    found = ec2.describe_managed_prefix_lists(Filters=wanted)["PrefixLists"]
    assert [one["PrefixListId"] for one in found] == ["pl-78a54011"]
    entries = ec2.get_managed_prefix_list_entries(PrefixListId="pl-78a54011")["Entries"]
    assert entries
    assert all(IPv4Network(entry["Cidr"]) for entry in entries)


def test_what_something_stands_in_cannot_be_deleted(ec2: Any, vpc: str, refusal: Any) -> None:
    place = subnet(ec2, vpc, 1, "a")
    group = ec2.create_security_group(GroupName="e", Description="e", VpcId=vpc)["GroupId"]
    other = ec2.create_security_group(GroupName="o", Description="o", VpcId=vpc)["GroupId"]
    peer = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": other}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=peer)
    made = endpoint(ec2, vpc, "logs", VpcEndpointType="Interface", SubnetIds=[place], SecurityGroupIds=[group])
    assert refusal(ec2.delete_subnet, SubnetId=place)[0] == "DependencyViolation"
    assert refusal(ec2.delete_vpc, VpcId=vpc)[0] == "DependencyViolation"
    used = refusal(ec2.delete_security_group, GroupId=group)
    assert used == ("DependencyViolation", f"resource {group} has a dependent object")
    assert refusal(ec2.delete_security_group, GroupId=other)[0] == "DependencyViolation"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    ec2.delete_security_group(GroupId=group)
    ec2.delete_security_group(GroupId=other)
    ec2.delete_subnet(SubnetId=place)
    ec2.delete_vpc(VpcId=vpc)
    assert refusal(ec2.describe_vpcs, VpcIds=[vpc])[0] == "InvalidVpcID.NotFound"


def test_the_services_on_offer(ec2: Any) -> None:
    names = [f"com.amazonaws.{REGION}.{short}" for short in ("ecr.api", "s3", "ecs-agent")]
    found = ec2.describe_vpc_endpoint_services(ServiceNames=names)["ServiceDetails"]
    kinds = {(one["ServiceName"], one["ServiceType"][0]["ServiceType"]) for one in found}
    assert kinds == {(names[0], "Interface"), (names[1], "Interface"), (names[1], "Gateway"), (names[2], "Interface")}
    api = next(one for one in found if one["ServiceName"] == names[0])
    assert api["PrivateDnsName"] == f"api.ecr.{REGION}.amazonaws.com"
    assert len(api["AvailabilityZones"]) == 4
    assert {one["ServiceName"] for one in found if not one["VpcEndpointPolicySupported"]} == {names[2]}
