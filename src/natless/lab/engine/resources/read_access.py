"""AWS::EC2: security groups, their rules, and VPC endpoints, as they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Others, Request
from natless.lab.engine.resources.reading import Properties, absent, only, said, tags

EVERY_PORT = -1
"""How EC2 answers that a rule is for all ports; a template leaves them out."""


def _rule(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give a rule as a template writes it, by the way that it is for."""
    way = "Destination" if found["IsEgress"] else "Source"
    group = found.get("ReferencedGroupInfo") or {}
    members = {
        "IpProtocol": found["IpProtocol"],
        "FromPort": _port(found, "FromPort"),
        "ToPort": _port(found, "ToPort"),
        "CidrIp": found.get("CidrIpv4"),
        "CidrIpv6": found.get("CidrIpv6"),
        f"{way}PrefixListId": found.get("PrefixListId"),
        f"{way}SecurityGroupId": group.get("GroupId"),
        "Description": found.get("Description") or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _port(found: Mapping[str, Any], name: str) -> int | None:
    port = found.get(name)
    return None if port == EVERY_PORT and found["IpProtocol"] == "-1" else port


def _rules(request: Request, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request.connect("ec2").describe_security_group_rules(**asked)["SecurityGroupRules"]
    return found


def _group(request: Request, it: str, others: Others) -> Properties:
    """Read a group with its inline rules: those that are resources of the stack are not its own."""
    found = only(request.connect("ec2").describe_security_groups(GroupIds=[it])["SecurityGroups"], it)
    rules = _rules(request, Filters=[{"Name": "group-id", "Values": [it]}])
    own = [rule for rule in rules if rule["SecurityGroupRuleId"] not in others]
    return {
        "GroupDescription": found["Description"],
        **said(found, "GroupName", "VpcId"),
        "SecurityGroupIngress": [_rule(rule) for rule in own if not rule["IsEgress"]],
        "SecurityGroupEgress": [_rule(rule) for rule in own if rule["IsEgress"]],
        "Tags": tags(found.get("Tags", [])),
    }


RULE = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description")


def _own_rule(request: Request, it: str, _others: Others) -> Properties:
    found = only(_rules(request, SecurityGroupRuleIds=[it]), it)
    way = "Destination" if found["IsEgress"] else "Source"
    told = _rule(found)
    return {"GroupId": found["GroupId"], **said(told, *RULE, f"{way}PrefixListId", f"{way}SecurityGroupId")}


def _endpoint(request: Request, it: str, _others: Others) -> Properties:
    found = only(request.connect("ec2").describe_vpc_endpoints(VpcEndpointIds=[it])["VpcEndpoints"], it)
    if str(found["State"]).lower() in {"deleting", "deleted"}:
        raise absent(it)
    policy = found.get("PolicyDocument")
    return {
        **said(found, "VpcId", "ServiceName", "VpcEndpointType", "PrivateDnsEnabled", "SubnetIds", "RouteTableIds"),
        "SecurityGroupIds": [group["GroupId"] for group in found.get("Groups", [])],
        "PolicyDocument": json.loads(policy) if policy else None,
        "Tags": tags(found.get("Tags", [])),
    }


READS = {
    "AWS::EC2::SecurityGroup": _group,
    "AWS::EC2::SecurityGroupIngress": _own_rule,
    "AWS::EC2::SecurityGroupEgress": _own_rule,
    "AWS::EC2::VPCEndpoint": _endpoint,
}
