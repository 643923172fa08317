"""AWS::EC2: VPCs, subnets, gateways, routes and network ACLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request, ResourceError


def _tagged(request: Request, kind: str) -> list[dict[str, Any]]:
    tags = request.all_tags()
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


def _vpc(request: Request) -> Made:
    ec2 = request.connect("ec2")
    asked = request.given("CidrBlock", "InstanceTenancy")
    vpc = ec2.create_vpc(**asked, TagSpecifications=_tagged(request, "vpc"))["Vpc"]["VpcId"]
    _set_dns(request, vpc)
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    groups = ec2.describe_security_groups(Filters=[*here, {"Name": "group-name", "Values": ["default"]}])
    acls = ec2.describe_network_acls(Filters=here)
    return Made(
        vpc,
        {
            "VpcId": vpc,
            "CidrBlock": request.get("CidrBlock"),
            "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
            "DefaultNetworkAcl": acls["NetworkAcls"][0]["NetworkAclId"],
        },
    )


DNS_DEFAULTS = {"EnableDnsSupport": True, "EnableDnsHostnames": False}


def _set_dns(request: Request, vpc: str, _before: Mapping[str, Any] | None = None) -> None:
    for name, default in DNS_DEFAULTS.items():
        value = {"Value": bool(request.get(name, default))}
        request.connect("ec2").modify_vpc_attribute(VpcId=vpc, **{name: value})


def _internet_gateway(request: Request) -> Made:
    ec2 = request.connect("ec2")
    made = ec2.create_internet_gateway(TagSpecifications=_tagged(request, "internet-gateway"))
    gateway = made["InternetGateway"]["InternetGatewayId"]
    return Made(gateway, {"InternetGatewayId": gateway})


def _attachment(request: Request) -> Made:
    gateway, vpc = request.get("InternetGatewayId"), request.get("VpcId")
    if not gateway:
        raise ResourceError("The lab attaches internet gateways only: give InternetGatewayId", "InvalidRequest")
    request.connect("ec2").attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return Made(f"IGW|{vpc}", {"AttachmentType": "IGW"})


def _detach(request: Request, _physical_id: str) -> None:
    request.connect("ec2").detach_internet_gateway(
        InternetGatewayId=request.get("InternetGatewayId"), VpcId=request.get("VpcId")
    )


def _subnet(request: Request) -> Made:
    ec2 = request.connect("ec2")
    asked = request.given("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId")
    subnet = ec2.create_subnet(**asked, TagSpecifications=_tagged(request, "subnet"))["Subnet"]
    if "MapPublicIpOnLaunch" in request.properties:
        ec2.modify_subnet_attribute(
            SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": bool(request.get("MapPublicIpOnLaunch"))}
        )
    said = {name: subnet[name] for name in ("SubnetId", "AvailabilityZone", "AvailabilityZoneId", "VpcId", "CidrBlock")}
    return Made(subnet["SubnetId"], said)


def _change_subnet(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    public = {"Value": bool(request.get("MapPublicIpOnLaunch", False))}
    request.connect("ec2").modify_subnet_attribute(SubnetId=physical_id, MapPublicIpOnLaunch=public)


def _route_table(request: Request) -> Made:
    ec2 = request.connect("ec2")
    made = ec2.create_route_table(VpcId=request.get("VpcId"), TagSpecifications=_tagged(request, "route-table"))
    table = made["RouteTable"]["RouteTableId"]
    return Made(table, {"RouteTableId": table})


ROUTE_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
ROUTE_TARGETS = ("GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId", "TransitGatewayId", "VpcEndpointId")


def _route(request: Request) -> Made:
    table = request.get("RouteTableId")
    destination = next((request.get(name) for name in ROUTE_DESTINATIONS if request.get(name)), "")
    asked = request.given("RouteTableId", *ROUTE_DESTINATIONS, *ROUTE_TARGETS)
    request.connect("ec2").create_route(**asked)
    return Made(f"{table}|{destination}", {"CidrBlock": destination})


def _delete_route(request: Request, _physical_id: str) -> None:
    request.connect("ec2").delete_route(**request.given("RouteTableId", *ROUTE_DESTINATIONS))


def _association(request: Request) -> Made:
    made = request.connect("ec2").associate_route_table(**request.given("RouteTableId", "SubnetId"))
    return Made(made["AssociationId"], {"Id": made["AssociationId"]})


def _address(request: Request) -> Made:
    made = request.connect("ec2").allocate_address(Domain="vpc", TagSpecifications=_tagged(request, "elastic-ip"))
    return Made(made["PublicIp"], {"AllocationId": made["AllocationId"], "PublicIp": made["PublicIp"]})


def _release(request: Request, physical_id: str) -> None:
    ec2 = request.connect("ec2")
    for address in ec2.describe_addresses(PublicIps=[physical_id])["Addresses"]:
        ec2.release_address(AllocationId=address["AllocationId"])


def _nat_gateway(request: Request) -> Made:
    asked = request.given("SubnetId", "AllocationId", "ConnectivityType")
    made = request.connect("ec2").create_nat_gateway(**asked, TagSpecifications=_tagged(request, "natgateway"))
    gateway = made["NatGateway"]["NatGatewayId"]
    return Made(gateway, {"NatGatewayId": gateway})


def _nat_ready(request: Request, physical_id: str) -> bool:
    found = request.connect("ec2").describe_nat_gateways(NatGatewayIds=[physical_id])["NatGateways"][0]
    if found["State"] == "failed":
        said = found.get("FailureMessage", "")
        raise ResourceError(
            f"NatGateway {physical_id} is in state failed and hence failed to stabilize. "
            f"Detailed failure message: {said}",
            "NotStabilized",
        )
    return bool(found["State"] == "available")


def _network_acl(request: Request) -> Made:
    ec2 = request.connect("ec2")
    made = ec2.create_network_acl(VpcId=request.get("VpcId"), TagSpecifications=_tagged(request, "network-acl"))
    acl = made["NetworkAcl"]["NetworkAclId"]
    return Made(acl, {"Id": acl})


ACL_PORTS = {"PortRange": "PortRange", "Icmp": "IcmpTypeCode"}


def _acl_entry(request: Request) -> Made:
    asked = request.given("NetworkAclId", "RuleNumber", "RuleAction", "CidrBlock", "Ipv6CidrBlock")
    asked["Protocol"] = str(request.get("Protocol"))
    asked["Egress"] = bool(request.get("Egress", False))
    asked |= {there: request.get(here) for here, there in ACL_PORTS.items() if request.get(here)}
    request.connect("ec2").create_network_acl_entry(**asked)
    return Made(request.name(255))


def _delete_acl_entry(request: Request, _physical_id: str) -> None:
    request.connect("ec2").delete_network_acl_entry(
        **request.given("NetworkAclId", "RuleNumber"), Egress=bool(request.get("Egress", False))
    )


def _acl_association(request: Request) -> Made:
    ec2, subnet = request.connect("ec2"), request.get("SubnetId")
    acls = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"]
    now = next(one for acl in acls for one in acl["Associations"] if one["SubnetId"] == subnet)
    made = ec2.replace_network_acl_association(
        AssociationId=now["NetworkAclAssociationId"], NetworkAclId=request.get("NetworkAclId")
    )
    return Made(made["NewAssociationId"], {"AssociationId": made["NewAssociationId"]})


def _drop_acl_association(request: Request, physical_id: str) -> None:
    ec2 = request.connect("ec2")
    subnet = ec2.describe_subnets(SubnetIds=[request.get("SubnetId")])["Subnets"][0]
    here = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
    default = ec2.describe_network_acls(Filters=here)["NetworkAcls"][0]["NetworkAclId"]
    ec2.replace_network_acl_association(AssociationId=physical_id, NetworkAclId=default)


def _flow_log(request: Request) -> Made:
    ec2 = request.connect("ec2")
    asked = request.given(
        "DeliverLogsPermissionArn",
        "LogDestination",
        "LogDestinationType",
        "LogFormat",
        "LogGroupName",
        "MaxAggregationInterval",
        "ResourceType",
        "TrafficType",
    )
    made = ec2.create_flow_logs(
        ResourceIds=[request.get("ResourceId")], **asked, TagSpecifications=_tagged(request, "vpc-flow-log")
    )
    refused = made.get("Unsuccessful")
    if refused:
        raise ResourceError(str(refused[0]["Error"]["Message"]), "InvalidRequest")
    return Made(made["FlowLogIds"][0], {"Id": made["FlowLogIds"][0]})


KINDS = (
    Kind(
        "AWS::EC2::FlowLog",
        _flow_log,
        lambda request, it: request.connect("ec2").delete_flow_logs(FlowLogIds=[it]),
    ),
    Kind(
        "AWS::EC2::VPC",
        _vpc,
        lambda request, it: request.connect("ec2").delete_vpc(VpcId=it),
        update=_set_dns,
        changes=tuple(DNS_DEFAULTS),
    ),
    Kind(
        "AWS::EC2::InternetGateway",
        _internet_gateway,
        lambda request, it: request.connect("ec2").delete_internet_gateway(InternetGatewayId=it),
    ),
    Kind("AWS::EC2::VPCGatewayAttachment", _attachment, _detach),
    Kind(
        "AWS::EC2::Subnet",
        _subnet,
        lambda request, it: request.connect("ec2").delete_subnet(SubnetId=it),
        update=_change_subnet,
        changes=("MapPublicIpOnLaunch",),
    ),
    Kind(
        "AWS::EC2::RouteTable",
        _route_table,
        lambda request, it: request.connect("ec2").delete_route_table(RouteTableId=it),
    ),
    Kind("AWS::EC2::Route", _route, _delete_route),
    Kind(
        "AWS::EC2::SubnetRouteTableAssociation",
        _association,
        lambda request, it: request.connect("ec2").disassociate_route_table(AssociationId=it),
    ),
    Kind("AWS::EC2::EIP", _address, _release),
    Kind(
        "AWS::EC2::NatGateway",
        _nat_gateway,
        lambda request, it: request.connect("ec2").delete_nat_gateway(NatGatewayId=it),
        ready=_nat_ready,
    ),
    Kind(
        "AWS::EC2::NetworkAcl",
        _network_acl,
        lambda request, it: request.connect("ec2").delete_network_acl(NetworkAclId=it),
    ),
    Kind("AWS::EC2::NetworkAclEntry", _acl_entry, _delete_acl_entry),
    Kind("AWS::EC2::SubnetNetworkAclAssociation", _acl_association, _drop_acl_association),
)
