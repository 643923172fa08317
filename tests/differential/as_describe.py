"""A network as EC2's describe calls give it, from which `natless check aws:...` reads.

Written from the EC2 API reference, not from the loader. What ECS and ELB say is not written: the service of a network
is always right.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

from documents import written
from networks import ACCOUNT, CLOUDFRONT_LIST, REGION, S3_LIST, VPC
from twists import Network

from natless.cloud import AclEntry, CidrPeer, Cloud, GroupPeer, GroupRule, NetworkInterface, PrefixListPeer, Route

_GATEWAY = "igw-1"  # EC2 tells an internet gateway from the other kinds by this
# Amazon VPC user guide, "AWS-managed prefix lists".
_LISTS = {S3_LIST: f"com.amazonaws.{REGION}.s3", CLOUDFRONT_LIST: "com.amazonaws.global.cloudfront.origin-facing"}
_NUMBERS = {"all": "-1", "tcp": "6", "udp": "17", "icmp": "1"}
_TYPES = {"load-balancer": "load_balancer", "nat-gateway": "nat_gateway", "endpoint": "vpc_endpoint"}


def described(network: Network) -> dict[str, Any]:
    """Give the snapshot of a network."""
    cloud = network.cloud
    found: dict[str, Any] = {
        "Region": REGION,
        "Account": ACCOUNT,
        "Vpcs": [
            {
                "VpcId": vpc.id,
                "CidrBlock": _first(vpc.cidrs),
                "DhcpOptionsId": f"dopt-{vpc.id}" if vpc.dns_servers else "default",
            }
            for vpc in _all(cloud.vpcs)
        ],
        "VpcAttributes": [
            {"VpcId": vpc.id, "EnableDnsSupport": vpc.dns_support, "EnableDnsHostnames": vpc.dns_hostnames}
            for vpc in _all(cloud.vpcs)
        ],
        "DhcpOptions": [_options(vpc) for vpc in _all(cloud.vpcs) if vpc.dns_servers],
        "Subnets": [
            {
                "SubnetId": subnet.id,
                "VpcId": subnet.vpc,
                "CidrBlock": str(subnet.cidr),
                "AvailabilityZone": subnet.zone,
                "MapPublicIpOnLaunch": False,
            }
            for subnet in _all(cloud.subnets)
        ],
        "RouteTables": [_table(cloud, table) for table in _all(cloud.route_tables)],
        "InternetGateways": [
            {
                "InternetGatewayId": _GATEWAY,
                "Attachments": [{"VpcId": each.vpc, "State": "available"}] if each.vpc else [],
            }
            for each in _all(cloud.internet_gateways)
        ],
        "NatGateways": [_nat(cloud, each) for each in _all(cloud.nat_gateways)],
        "NetworkInterfaces": [_interface(each) for each in _all(cloud.network_interfaces)],
        "NetworkAcls": [_acl(cloud, acl) for acl in _all(cloud.network_acls)],
        "VpcEndpoints": [
            {**each, **_policy(network, each["VpcEndpointId"])}
            for each in (*_interface_endpoints(cloud), *_gateway_endpoints(cloud))
        ],
        "PrefixLists": [
            {
                "PrefixListId": each.id,
                "PrefixListName": _LISTS.get(each.id, each.id),
                "Cidrs": [str(cidr) for cidr in each.cidrs],
            }
            for each in _all(cloud.prefix_lists)
        ],
    }
    rest = ("LoadBalancers", "Listeners", "ListenerRules", "TargetGroups", "Services", "TaskDefinitions", "Roles")
    found |= {key: [] for key in (*rest, "Policies", "Tasks", "Repositories", "LogGroups")}
    return found | _groups(cloud)


def _options(vpc: Any) -> dict[str, Any]:
    values = [{"Value": server} for server in vpc.dns_servers]
    configurations = [{"Key": "domain-name-servers", "Values": values}]
    return {"DhcpOptionsId": f"dopt-{vpc.id}", "DhcpConfigurations": configurations}


def _policy(network: Network, endpoint: str) -> dict[str, str]:
    document = network.policies.get(endpoint)
    return {} if document is None else {"PolicyDocument": json.dumps(written(document, VPC))}


def _state(endpoint: Any) -> str:
    """Give the state: by turns, one of those in which an endpoint stands and serves nobody (EC2 API reference)."""
    return "available" if endpoint.available else ("pending", "failed")[len(endpoint.id) % 2]


def _all(collection: Any) -> list[Any]:
    return list(collection.values())


def _first(cidrs: Any) -> str:
    return str(cidrs[0])


def _table(cloud: Cloud, table: Any) -> dict[str, Any]:
    routes = [{"DestinationCidrBlock": _first(cloud.vpcs[table.vpc].cidrs), "GatewayId": "local", "State": "active"}]
    routes += [_route(route) for route in table.routes]
    for endpoint in cloud.gateway_endpoints.values():
        if table.id in endpoint.route_tables:
            routes.append({"DestinationPrefixListId": S3_LIST, "GatewayId": endpoint.id, "State": "active"})
    joined: list[dict[str, Any]] = [{"SubnetId": subnet, "Main": False} for subnet in table.subnets]
    if table.main:
        joined.append({"Main": True})
    return {"RouteTableId": table.id, "VpcId": table.vpc, "Routes": routes, "Associations": joined}


def _route(route: Route) -> dict[str, str]:
    listed = not isinstance(route.destination, IPv4Network)
    found = {"DestinationPrefixListId" if listed else "DestinationCidrBlock": str(route.destination), "State": "active"}
    match route.target:
        case "nat-gateway":
            return {**found, "NatGatewayId": str(route.target_id)}
        case "blackhole":
            return {**found, "NatGatewayId": "nat-gone", "State": "blackhole"}
        case _:
            return {**found, "GatewayId": _GATEWAY}


def _nat(cloud: Cloud, nat: Any) -> dict[str, Any]:
    own = [each.id for each in cloud.network_interfaces.values() if each.owner == nat.id]
    return {
        "NatGatewayId": nat.id,
        "SubnetId": nat.subnet,
        "State": "available",
        "ConnectivityType": "public" if nat.public else "private",
        "NatGatewayAddresses": [{"NetworkInterfaceId": each} for each in own],
    }


def _interface(each: NetworkInterface) -> dict[str, Any]:
    found: dict[str, Any] = {
        "NetworkInterfaceId": each.id,
        "SubnetId": each.subnet,
        "InterfaceType": _TYPES.get(each.kind, "interface"),
        "Groups": [{"GroupId": group} for group in each.groups],
        "PrivateIpAddresses": [{"PrivateIpAddress": str(address)} for address in each.addresses],
        "Description": "",
    }
    if each.public_address is not None:
        found["Association"] = {"PublicIp": str(each.public_address)}
    return found


def _groups(cloud: Cloud) -> dict[str, Any]:
    """Give groups with their permissions; those with an odd name have them as rules with ids, as newer calls do."""
    groups, rules = [], []
    for number, group in enumerate(cloud.security_groups.values()):
        about = {"GroupId": group.id, "GroupName": group.id, "VpcId": group.vpc}
        sides = {
            "IpPermissions": [_permission(rule) for rule in group.ingress],
            "IpPermissionsEgress": [_permission(rule) for rule in group.egress],
        }
        groups.append({**about, **sides})
        if number % 2:
            both = [(False, rule) for rule in group.ingress] + [(True, rule) for rule in group.egress]
            rules += [_listed(group.id, rule, egress=egress) for egress, rule in both]
    return {"SecurityGroups": groups, "SecurityGroupRules": rules}


def _traffic(rule: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"IpProtocol": "-1" if rule.protocol == "all" else rule.protocol}
    if rule.protocol in {"tcp", "udp"}:
        found |= {"FromPort": rule.ports.first, "ToPort": rule.ports.last}
    if rule.protocol == "icmp":
        found |= {"FromPort": -1, "ToPort": -1}
    return found


def _permission(rule: Any) -> dict[str, Any]:
    assert isinstance(rule, GroupRule)
    match rule.peer:
        case CidrPeer(network):
            return {**_traffic(rule), "IpRanges": [{"CidrIp": str(network)}]}
        case GroupPeer(group):
            return {**_traffic(rule), "UserIdGroupPairs": [{"GroupId": group, "UserId": ACCOUNT}]}
        case PrefixListPeer(listed):
            return {**_traffic(rule), "PrefixListIds": [{"PrefixListId": listed}]}
        case _:
            raise AssertionError


def _listed(owner: str, rule: Any, *, egress: bool) -> dict[str, Any]:
    found = {**_traffic(rule), "SecurityGroupRuleId": f"sgr-{owner}-{rule.id}", "GroupId": owner, "IsEgress": egress}
    found.setdefault("FromPort", -1)
    found.setdefault("ToPort", -1)
    match rule.peer:
        case CidrPeer(network):
            return {**found, "CidrIpv4": str(network)}
        case GroupPeer(group):
            return {**found, "ReferencedGroupInfo": {"GroupId": group, "UserId": ACCOUNT}}
        case PrefixListPeer(listed):
            return {**found, "PrefixListId": listed}
        case _:
            raise AssertionError


def _acl(cloud: Cloud, acl: Any) -> dict[str, Any]:
    taken = {subnet for other in cloud.network_acls.values() for subnet in other.subnets}
    own = [subnet.id for subnet in cloud.subnets.values() if subnet.vpc == acl.vpc and subnet.id not in taken]
    entries = [_entry(entry) for entry in acl.entries]
    entries += [
        {"RuleNumber": 32767, "Protocol": "-1", "RuleAction": "deny", "Egress": egress, "CidrBlock": "0.0.0.0/0"}
        for egress in (False, True)
    ]
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc,
        "IsDefault": acl.default,
        "Entries": entries,
        "Associations": [{"SubnetId": subnet} for subnet in (own if acl.default else acl.subnets)],
    }


def _entry(entry: AclEntry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RuleNumber": entry.number,
        "Protocol": _NUMBERS[str(entry.protocol)],
        "RuleAction": "allow" if entry.allow else "deny",
        "Egress": entry.egress,
        "CidrBlock": str(entry.cidr),
    }
    if entry.protocol in {"tcp", "udp"}:
        found["PortRange"] = {"From": entry.ports.first, "To": entry.ports.last}  # type: ignore[union-attr] # no gaps
    return found


def _interface_endpoints(cloud: Cloud) -> list[dict[str, Any]]:
    return [
        {
            "VpcEndpointId": each.id,
            "VpcEndpointType": "Interface",
            "VpcId": each.vpc,
            "ServiceName": f"com.amazonaws.{REGION}.{each.service}",
            "State": _state(each),
            "SubnetIds": list(each.subnets),
            "Groups": [{"GroupId": group} for group in each.groups],
            "PrivateDnsEnabled": each.private_dns,
            "NetworkInterfaceIds": [eni.id for eni in cloud.network_interfaces.values() if eni.owner == each.id],
        }
        for each in cloud.interface_endpoints.values()
    ]


def _gateway_endpoints(cloud: Cloud) -> list[dict[str, Any]]:
    return [
        {
            "VpcEndpointId": each.id,
            "VpcEndpointType": "Gateway",
            "VpcId": each.vpc,
            "ServiceName": f"com.amazonaws.{REGION}.{each.service}",
            "State": _state(each),
            "RouteTableIds": list(each.route_tables),
        }
        for each in cloud.gateway_endpoints.values()
    ]
