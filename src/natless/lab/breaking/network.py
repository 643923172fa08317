"""Breaks of the network: endpoints, rules, the way of visitors, names, ACLs."""

from __future__ import annotations

from typing import Any

from natless.lab.breaking.broken import Broken, Call, Connect, make
from natless.lab.control import LabError

_DEFAULT = "ecr.api"
_NOBODYS_PORT = 9  # "discard": no service of AWS answers there
_FIRST_ENTRY = 1
_HTTPS = 443


def _ec2(operation: str, **arguments: Any) -> Call:
    return Call("ec2", operation, arguments)


def endpoints(connect: Connect, kind: str, service: str = "") -> list[dict[str, Any]]:
    """Give the endpoints of a kind, those of one service where it is named. Raises LabError where there is none."""
    asked = [{"Name": "vpc-endpoint-type", "Values": [kind]}]
    found: list[dict[str, Any]] = connect("ec2").describe_vpc_endpoints(Filters=asked)["VpcEndpoints"]
    known = sorted({short(each) for each in found})
    chosen = [each for each in found if service in {"", short(each)}]
    if not chosen:
        there = f"there is {', '.join(known)}" if known else "deploy first"
        raise LabError(f"no {kind.lower()} endpoint for {service or 'anything'} stands: {there}")
    return chosen


def short(endpoint: dict[str, Any]) -> str:
    """Give the short name of an endpoint's service: `ecr.api`."""
    return str(endpoint["ServiceName"]).split(".", 3)[-1]


def _ids(found: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['VpcEndpointId']} ({short(each)})" for each in found)


def s3(connect: Connect, _which: str) -> Broken:
    """Take the S3 gateway endpoints off their route tables."""
    try:
        found = [each for each in endpoints(connect, "Gateway", "s3") if each["RouteTableIds"]]
    except LabError:
        found = []
    if not found:
        raise LabError("no S3 gateway endpoint is on a route table: deploy first, or `natless lab mend`")
    tables = {each["VpcEndpointId"]: list(each["RouteTableIds"]) for each in found}
    make(connect, [_ec2("modify_vpc_endpoint", VpcEndpointId=k, RemoveRouteTableIds=v) for k, v in tables.items()])
    gone = ", ".join(table for each in tables.values() for table in each)
    return Broken(
        f"broken: {', '.join(tables)} (S3) is no longer on {gone}",
        "; ".join(f"{each} is back on {', '.join(on)}" for each, on in tables.items()),
        tuple(_ec2("modify_vpc_endpoint", VpcEndpointId=k, AddRouteTableIds=v) for k, v in tables.items()),
    )


def _without_subnets(connect: Connect, taken: dict[str, list[str]], said: str, back: str) -> Broken:
    make(connect, [_ec2("modify_vpc_endpoint", VpcEndpointId=k, RemoveSubnetIds=v) for k, v in taken.items()])
    calls = tuple(_ec2("modify_vpc_endpoint", VpcEndpointId=k, AddSubnetIds=v) for k, v in taken.items())
    return Broken(said, back, calls)


def endpoint(connect: Connect, which: str) -> Broken:
    """Take all interfaces of an interface endpoint away: it stands, and has no address."""
    found = endpoints(connect, "Interface", which or _DEFAULT)
    taken = {each["VpcEndpointId"]: list(each["SubnetIds"]) for each in found if each["SubnetIds"]}
    if not taken:
        raise LabError(f"{_ids(found)} has no interface to take away: `natless lab mend`")
    named = _ids(found)
    return _without_subnets(connect, taken, f"broken: {named} stands in no subnet", f"{named} has its interfaces back")


def rule(connect: Connect, _which: str) -> Broken:
    """Move the rules that let tasks in at the endpoints to another port; the rules keep their ids."""
    groups = sorted({group["GroupId"] for each in endpoints(connect, "Interface") for group in each["Groups"]})
    listed = connect("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": groups}])
    rules = [each for each in listed["SecurityGroupRules"] if not each["IsEgress"] and each.get("FromPort") == _HTTPS]
    if not rules:
        raise LabError(f"{', '.join(groups)} has no rule for port {_HTTPS}: `natless lab mend`")
    make(connect, [_moved(each, _NOBODYS_PORT, _NOBODYS_PORT) for each in rules])
    names = ", ".join(f"{each['SecurityGroupRuleId']} of {each['GroupId']}" for each in rules)
    calls = tuple(_moved(each, each["FromPort"], each["ToPort"]) for each in rules)
    return Broken(f"broken: {names} lets in port {_NOBODYS_PORT} alone", f"{names} lets in what it did", calls)


def _moved(found: dict[str, Any], first: int, last: int) -> Call:
    written: dict[str, Any] = {"IpProtocol": found["IpProtocol"], "FromPort": first, "ToPort": last}
    written |= {key: found[key] for key in ("CidrIpv4", "CidrIpv6", "PrefixListId", "Description") if found.get(key)}
    if found.get("ReferencedGroupInfo"):
        written["ReferencedGroupId"] = found["ReferencedGroupInfo"]["GroupId"]
    change = {"SecurityGroupRuleId": found["SecurityGroupRuleId"], "SecurityGroupRule": written}
    return _ec2("modify_security_group_rules", GroupId=found["GroupId"], SecurityGroupRules=[change])


def visitors(connect: Connect) -> Broken:
    """Delete the routes to internet gateways: visitors are not answered any more."""
    tables = connect("ec2").describe_route_tables()["RouteTables"]
    found = [
        (table["RouteTableId"], each["DestinationCidrBlock"], each["GatewayId"])
        for table in tables
        for each in table["Routes"]
        if each.get("GatewayId", "").startswith("igw-") and "DestinationCidrBlock" in each
    ]
    used = [each for each in found if _has_subnets(tables, each[0])]
    if not used:
        raise LabError("no subnet has a route to an internet gateway: deploy first, or `natless lab mend`")
    make(connect, [_ec2("delete_route", RouteTableId=t, DestinationCidrBlock=d) for t, d, _ in used])
    names = ", ".join(f"{destination} of {table}" for table, destination, _ in used)
    back = tuple(_ec2("create_route", RouteTableId=t, DestinationCidrBlock=d, GatewayId=g) for t, d, g in used)
    return Broken(f"broken: the route {names} is gone", f"the route {names} is back", back)


def _has_subnets(tables: list[dict[str, Any]], identifier: str) -> bool:
    joined = [each for table in tables if table["RouteTableId"] == identifier for each in table["Associations"]]
    return any(each.get("SubnetId") for each in joined)


def private_dns(connect: Connect, which: str) -> Broken:
    """Turn private DNS of an interface endpoint off."""
    found = [each for each in endpoints(connect, "Interface", which or _DEFAULT) if each["PrivateDnsEnabled"]]
    if not found:
        raise LabError(f"private DNS of {which or _DEFAULT} is off already: `natless lab mend`")
    ids = [each["VpcEndpointId"] for each in found]
    make(connect, [_ec2("modify_vpc_endpoint", VpcEndpointId=each, PrivateDnsEnabled=False) for each in ids])
    calls = tuple(_ec2("modify_vpc_endpoint", VpcEndpointId=each, PrivateDnsEnabled=True) for each in ids)
    return Broken(f"broken: private DNS of {_ids(found)} is off", f"private DNS of {_ids(found)} is on", calls)


def _vpcs(connect: Connect) -> list[str]:
    """Give the VPCs in which endpoints stand."""
    return sorted({str(each["VpcId"]) for each in endpoints(connect, "Interface")})


def dns(connect: Connect, _which: str) -> Broken:
    """Turn DNS support of the VPCs off: no name resolves."""
    vpcs = _vpcs(connect)
    make(connect, [_ec2("modify_vpc_attribute", VpcId=each, EnableDnsSupport={"Value": False}) for each in vpcs])
    calls = tuple(_ec2("modify_vpc_attribute", VpcId=each, EnableDnsSupport={"Value": True}) for each in vpcs)
    named = ", ".join(vpcs)
    return Broken(f"broken: DNS support of {named} is off", f"DNS support of {named} is on", calls)


def nacl(connect: Connect, _which: str) -> Broken:
    """Deny HTTPS out of the subnets in which tasks and endpoints stand, by a first entry of their network ACLs."""
    subnets = {subnet for each in endpoints(connect, "Interface") for subnet in each["SubnetIds"]}
    listed = connect("ec2").describe_network_acls()["NetworkAcls"]
    acls = [
        acl["NetworkAclId"]
        for acl in listed
        if any(each["SubnetId"] in subnets for each in acl["Associations"])
        and not any(each["RuleNumber"] == _FIRST_ENTRY and each["Egress"] for each in acl["Entries"])
    ]
    if not acls:
        raise LabError(f"the network ACLs have an entry {_FIRST_ENTRY} already: `natless lab mend`")
    denies = {"Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 443, "To": 443}}
    entry = {"RuleNumber": _FIRST_ENTRY, "Egress": True}
    make(connect, [_ec2("create_network_acl_entry", NetworkAclId=each, **entry, **denies) for each in acls])
    calls = tuple(_ec2("delete_network_acl_entry", NetworkAclId=each, **entry) for each in acls)
    named = ", ".join(acls)
    said = f"broken: entry {_FIRST_ENTRY} of {named} denies tcp {_HTTPS} out"
    return Broken(said, f"entry {_FIRST_ENTRY} of {named} is gone", calls)
