"""AWS::EC2: VPCs, subnets, gateways, routes and network ACLs, as they stand."""

from __future__ import annotations

from typing import Any

from natless.lab.engine.resources.ec2_network import ROUTE_DESTINATIONS, ROUTE_TARGETS
from natless.lab.engine.resources.making import Others, Request
from natless.lab.engine.resources.reading import Properties, absent, only, said, tags


def _filter(name: str, value: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]}]


def _vpc(request: Request, it: str, _others: Others) -> Properties:
    ec2 = request.connect("ec2")
    found = only(ec2.describe_vpcs(VpcIds=[it])["Vpcs"], it)
    dns = {
        name: ec2.describe_vpc_attribute(VpcId=it, Attribute=f"{name[0].lower()}{name[1:]}")[name]["Value"]
        for name in ("EnableDnsSupport", "EnableDnsHostnames")
    }
    return {**said(found, "CidrBlock", "InstanceTenancy"), **dns, "Tags": tags(found.get("Tags", []))}


SUBNET = ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId", "MapPublicIpOnLaunch")


def _subnet(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_subnets(SubnetIds=[it])["Subnets"], it)
    return {**said(found, *SUBNET), "Tags": tags(found.get("Tags", []))}


def _internet_gateway(request: Request, it: str, _others: Others) -> Properties:
    found = request.connect("ec2").describe_internet_gateways(InternetGatewayIds=[it])["InternetGateways"]
    return {"Tags": tags(only(found, it).get("Tags", []))}


def _attachment(request: Request, it: str, _others: Others) -> Properties:
    gateway, vpc = request.get("InternetGatewayId"), request.get("VpcId")
    found = request.connect("ec2").describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
    if not any(one.get("VpcId") == vpc for each in found for one in each.get("Attachments", [])):
        raise absent(it)
    return {"InternetGatewayId": gateway, "VpcId": vpc}


def _route_table(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_route_tables(RouteTableIds=[it])["RouteTables"], it)
    return {"VpcId": found["VpcId"], "Tags": tags(found.get("Tags", []))}


def _route(request: Request, it: str, _others: Others) -> Properties:
    """Read the route of this table to this destination. To an endpoint it is answered as one to a gateway."""
    destinations = request.given(*ROUTE_DESTINATIONS)
    table = request.get("RouteTableId")
    tables = request.connect("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    routes = [route for route in only(tables, table)["Routes"] if all(_leads(route, destinations))]
    found = only(routes, it)
    targets = {name: found.get(name) for name in ROUTE_TARGETS}
    if request.get("VpcEndpointId") and not targets["VpcEndpointId"]:
        targets["VpcEndpointId"] = targets["GatewayId"]
    return {"RouteTableId": table, **destinations, **targets}


def _leads(route: dict[str, Any], destinations: dict[str, Any]) -> list[bool]:
    return [route.get(name) == value for name, value in destinations.items()]


def _association(request: Request, it: str, _others: Others) -> Properties:
    here = _filter("association.route-table-association-id", it)
    found = request.connect("ec2").describe_route_tables(Filters=here)["RouteTables"]
    each = [one for table in found for one in table["Associations"] if one["RouteTableAssociationId"] == it]
    return said(only(each, it), "RouteTableId", "SubnetId")


def _address(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_addresses(PublicIps=[it])["Addresses"], it)
    return {"Domain": found.get("Domain"), "Tags": tags(found.get("Tags", []))}


def _nat_gateway(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_nat_gateways(NatGatewayIds=[it])["NatGateways"], it)
    if found["State"] in {"deleting", "deleted"}:
        raise absent(it)
    allocation = next((one.get("AllocationId") for one in found.get("NatGatewayAddresses", [])), None)
    own = said(found, "SubnetId", "ConnectivityType")
    return {**own, "AllocationId": allocation, "Tags": tags(found.get("Tags", []))}


FLOW_LOG = (
    "DeliverLogsPermissionArn",
    "LogDestination",
    "LogDestinationType",
    "LogFormat",
    "LogGroupName",
    "MaxAggregationInterval",
    "ResourceId",
    "TrafficType",
)
LOGGED = {"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface"}


def _flow_log(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_flow_logs(FlowLogIds=[it])["FlowLogs"], it)
    own = {name: found[name] for name in FLOW_LOG if name in found}
    kind = LOGGED.get(str(found["ResourceId"]).split("-", 1)[0])
    return {**own, "ResourceType": kind, "Tags": tags(found.get("Tags", []))}


def _network_acl(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_network_acls(NetworkAclIds=[it])["NetworkAcls"], it)
    return {"VpcId": found["VpcId"], "Tags": tags(found.get("Tags", []))}


def _acl_association(request: Request, it: str, _others: Others) -> Properties:
    found = request.connect("ec2").describe_network_acls(Filters=_filter("association.association-id", it))
    each = [one for acl in found["NetworkAcls"] for one in acl["Associations"] if one["NetworkAclAssociationId"] == it]
    return said(only(each, it), "SubnetId", "NetworkAclId")


READS = {
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::InternetGateway": _internet_gateway,
    "AWS::EC2::VPCGatewayAttachment": _attachment,
    "AWS::EC2::RouteTable": _route_table,
    "AWS::EC2::Route": _route,
    "AWS::EC2::SubnetRouteTableAssociation": _association,
    "AWS::EC2::EIP": _address,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::NetworkAcl": _network_acl,
    "AWS::EC2::SubnetNetworkAclAssociation": _acl_association,
}
