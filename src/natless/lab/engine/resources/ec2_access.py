"""AWS::EC2: security groups, their rules, and VPC endpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request, ResourceError

GROUP_NAME_LIMIT = 255
ANYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Give one rule of a template, ingress or egress, as EC2's IpPermission."""
    words = {"Description": rule["Description"]} if rule.get("Description") else {}
    made: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    made |= {port: int(rule[port]) for port in ("FromPort", "ToPort") if port in rule}
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    listed = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if rule.get("CidrIp"):
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **words}]
    elif rule.get("CidrIpv6"):
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **words}]
    elif group:
        made["UserIdGroupPairs"] = [{"GroupId": group, **words}]
    elif listed:
        made["PrefixListIds"] = [{"PrefixListId": listed, **words}]
    else:
        raise ResourceError(
            "#: required key [CidrIp] not found: a rule names a CIDR, a group or a prefix list", "InvalidRequest"
        )
    return made


def _group(request: Request) -> Made:
    ec2 = request.connect("ec2")
    tags = request.all_tags()
    group = ec2.create_security_group(
        GroupName=request.get("GroupName") or request.name(GROUP_NAME_LIMIT),
        Description=request.get("GroupDescription"),
        **request.given("VpcId"),
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}] if tags else [],
    )["GroupId"]
    egress = request.get("SecurityGroupEgress") or []
    if egress:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[ANYWHERE])
    for rule in egress:
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[_permission(rule)])
    for rule in request.get("SecurityGroupIngress") or []:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_permission(rule)])
    return Made(group, {"GroupId": group, "Id": group, "VpcId": request.get("VpcId")})


def _change_group(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    """Bring the inline rules to what the template has; rules that are resources of their own stay."""
    ec2 = request.connect("ec2")
    for name, way in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
        now, then = request.get(name) or [], before.get(name) or []
        authorize = getattr(ec2, f"authorize_security_group_{way}")
        revoke = getattr(ec2, f"revoke_security_group_{way}")
        default = [ANYWHERE] if way == "egress" else []
        more = [_permission(rule) for rule in now if rule not in then] or ([] if now else default if then else [])
        less = [_permission(rule) for rule in then if rule not in now] or ([] if then else default if now else [])
        for permission in more:
            authorize(GroupId=physical_id, IpPermissions=[permission])
        for permission in less:
            revoke(GroupId=physical_id, IpPermissions=[permission])


def _ingress(request: Request) -> Made:
    made = request.connect("ec2").authorize_security_group_ingress(
        GroupId=request.get("GroupId"), IpPermissions=[_permission(request.properties)]
    )
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return Made(rule, {"Id": rule})


def _egress(request: Request) -> Made:
    made = request.connect("ec2").authorize_security_group_egress(
        GroupId=request.get("GroupId"), IpPermissions=[_permission(request.properties)]
    )
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return Made(rule, {"Id": rule})


def _revoke_ingress(request: Request, physical_id: str) -> None:
    request.connect("ec2").revoke_security_group_ingress(
        GroupId=request.get("GroupId"), SecurityGroupRuleIds=[physical_id]
    )


def _revoke_egress(request: Request, physical_id: str) -> None:
    request.connect("ec2").revoke_security_group_egress(
        GroupId=request.get("GroupId"), SecurityGroupRuleIds=[physical_id]
    )


def _endpoint(request: Request) -> Made:
    tags = request.all_tags()
    asked = request.given("VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds", "SubnetIds", "SecurityGroupIds")
    policy = request.get("PolicyDocument")
    if policy:
        asked["PolicyDocument"] = policy if isinstance(policy, str) else json.dumps(policy)
    made = request.connect("ec2").create_vpc_endpoint(
        **asked,
        # CloudFormation's default is false, the API's true.
        PrivateDnsEnabled=bool(request.get("PrivateDnsEnabled", False)),
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}] if tags else [],
    )["VpcEndpoint"]
    entries = [f"{one.get('HostedZoneId', '')}:{one['DnsName']}" for one in made.get("DnsEntries", [])]
    said = {
        "Id": made["VpcEndpointId"],
        "CreationTimestamp": made["CreationTimestamp"].isoformat(),
        "NetworkInterfaceIds": made.get("NetworkInterfaceIds", []),
        "DnsEntries": entries,
    }
    return Made(made["VpcEndpointId"], said)


ENDPOINT_LISTS = ("RouteTableIds", "SubnetIds", "SecurityGroupIds")
ENDPOINT_CHANGES = ("PolicyDocument", "PrivateDnsEnabled", *ENDPOINT_LISTS)


def _change_endpoint(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    asked: dict[str, Any] = {}
    for name in ENDPOINT_LISTS:
        now, then = request.get(name) or [], before.get(name) or []
        more, less = [one for one in now if one not in then], [one for one in then if one not in now]
        asked |= {f"Add{name}": more} if more else {}
        asked |= {f"Remove{name}": less} if less else {}
    policy = request.get("PolicyDocument")
    if policy != before.get("PolicyDocument"):
        whole = {"PolicyDocument": policy if isinstance(policy, str) else json.dumps(policy)}
        asked |= whole if policy else {"ResetPolicy": True}
    if request.get("PrivateDnsEnabled") != before.get("PrivateDnsEnabled"):
        asked["PrivateDnsEnabled"] = bool(request.get("PrivateDnsEnabled", False))
    if asked:
        request.connect("ec2").modify_vpc_endpoint(VpcEndpointId=physical_id, **asked)


def _endpoint_ready(request: Request, physical_id: str) -> bool:
    found = request.connect("ec2").describe_vpc_endpoints(VpcEndpointIds=[physical_id])["VpcEndpoints"][0]
    return str(found["State"]).lower() == "available"


KINDS = (
    Kind(
        "AWS::EC2::SecurityGroup",
        _group,
        lambda request, it: request.connect("ec2").delete_security_group(GroupId=it),
        update=_change_group,
        changes=("SecurityGroupIngress", "SecurityGroupEgress"),
    ),
    Kind("AWS::EC2::SecurityGroupIngress", _ingress, _revoke_ingress),
    Kind("AWS::EC2::SecurityGroupEgress", _egress, _revoke_egress),
    Kind(
        "AWS::EC2::VPCEndpoint",
        _endpoint,
        lambda request, it: request.connect("ec2").delete_vpc_endpoints(VpcEndpointIds=[it]),
        ready=_endpoint_ready,
        update=_change_endpoint,
        changes=ENDPOINT_CHANGES,
    ),
)
