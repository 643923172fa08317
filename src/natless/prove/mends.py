"""The change that mends a gate: resources to merge into the template, and the same as AWS CLI commands."""

from __future__ import annotations

import re
from typing import Any

from natless.catalog.prefix_lists import s3_prefix_list
from natless.cloud import LoadBalancer, NetworkAcl, PrefixListPeer, RouteTable, SecurityGroup, Subnet, Vpc
from natless.finding import Gap
from natless.prove.answers import Mend
from natless.prove.ends import End
from natless.prove.world import World

_SYMBOL = re.compile(r"\$\{([^}]+)\}")
_LOGICAL = re.compile(r"[A-Za-z0-9]+")


def word(text: str) -> str:
    """Give text as a part of a logical id."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text) if part)


def reference(identifier: str, attribute: str = "") -> Any:
    """Give how a template refers to an id: a logical id by Ref or GetAtt, a parameter by Ref, any other as it is."""
    if found := _SYMBOL.fullmatch(identifier):
        name, _, symbol_attribute = found[1].partition(".")
        return {"Fn::GetAtt": [name, symbol_attribute]} if symbol_attribute else {"Ref": name}
    owner, _, own = identifier.partition(".")
    if own == "DefaultSecurityGroup" and _LOGICAL.fullmatch(owner):
        return {"Fn::GetAtt": [owner, own]}
    if not _LOGICAL.fullmatch(identifier):
        return identifier
    return {"Fn::GetAtt": [identifier, attribute]} if attribute else {"Ref": identifier}


def open_group(
    world: World, group: SecurityGroup, remote: End, protocol: str, port: int, *, ingress: bool, last: int | None = None
) -> Mend:
    """Give the rule that lets `remote` in, or be reached, on one port, or on those up to `last`."""
    to = port if last is None else last
    side = "Source" if ingress else "Destination"
    kind = "Ingress" if ingress else "Egress"
    peer, permission, name = _peer(world, remote, side)
    rule = {
        "GroupId": reference(group.id, "GroupId"),
        "IpProtocol": protocol,
        "FromPort": port,
        "ToPort": to,
        **peer,
    }
    logical = f"{word(group.id)}{'From' if ingress else 'To'}{word(name)}{port}"
    permissions = f"IpProtocol={protocol},FromPort={port},ToPort={to},{permission}"
    command = f"aws ec2 authorize-security-group-{kind.lower()} --group-id {group.id} --ip-permissions '{permissions}'"
    return Mend({logical: {"Type": f"AWS::EC2::SecurityGroup{kind}", "Properties": rule}}, (command,))


def _peer(world: World, remote: End, side: str) -> tuple[dict[str, Any], str, str]:
    """Give the peer of a rule as CloudFormation has it, as the CLI has it, and as a name."""
    for group in remote.groups or ():
        if not isinstance(group, Gap):
            return (
                {f"{side}SecurityGroupId": reference(group.id, "GroupId")},
                f"UserIdGroupPairs=[{{GroupId={group.id}}}]",
                group.id,
            )
    if (
        remote.service in {"s3", "dynamodb"}
        and side == "Destination"
        and (known := service_list(world, remote.service))
    ):
        return (
            {"DestinationPrefixListId": reference(known)},
            f"PrefixListIds=[{{PrefixListId={known}}}]",
            remote.service,
        )
    cidr = "0.0.0.0/0"
    if remote.subnet is not None and not isinstance(remote.subnet.cidr, Gap):
        cidr = str(remote.subnet.cidr)
    return {"CidrIp": cidr}, f"IpRanges=[{{CidrIp={cidr}}}]", remote.subnet.id if remote.subnet else remote.label


def service_list(world: World, service: str) -> str:
    """Give the id of an AWS service's prefix list as far as the facts, their rules or the catalog tell it, else ""."""
    for known in world.cloud.prefix_lists.values():
        if known.service == service:
            return known.id
    for group in world.cloud.security_groups.values():
        for rule in group.egress:
            if not isinstance(rule, Gap) and isinstance(rule.peer, PrefixListPeer):
                found = world.prefix_list(rule.peer.prefix_list)
                if not isinstance(found, Gap) and found.service == service:
                    return rule.peer.prefix_list
    return (s3_prefix_list(world.cloud.region) or "") if service == "s3" else ""


def set_vpc_dns(vpc: Vpc) -> Mend:
    """Give the change that turns both DNS attributes on."""
    properties = {"EnableDnsSupport": True, "EnableDnsHostnames": True}
    return Mend(
        {vpc.id: {"Type": "AWS::EC2::VPC", "Properties": properties}},
        (
            f"aws ec2 modify-vpc-attribute --vpc-id {vpc.id} --enable-dns-support",
            f"aws ec2 modify-vpc-attribute --vpc-id {vpc.id} --enable-dns-hostnames",
        ),
    )


def set_private_dns(endpoint: str) -> Mend:
    """Give the change that turns an endpoint's private DNS on."""
    return Mend(
        {endpoint: {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"PrivateDnsEnabled": True}}},
        (f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} --private-dns-enabled",),
    )


def is_nameless(table: RouteTable) -> bool:
    """Say whether a table is the main one that AWS makes with a template's VPC: no template can refer to it."""
    return table.id == table.vpc


def associate(subnet: Subnet, table: str | None, what: str) -> Mend:
    """Give the association that takes a subnet off the VPC's main table, to `table`: one that does `what`."""
    if table is None:
        return Mend(words=f"Associate {subnet.id} with a route table that {what}.")
    properties = {"SubnetId": reference(subnet.id), "RouteTableId": reference(table)}
    return Mend(
        {
            f"{word(subnet.id)}RouteTableAssociation": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": properties,
            }
        },
        (f"aws ec2 associate-route-table --route-table-id {table} --subnet-id {subnet.id}",),
    )


def add_default_route(table: RouteTable, key: str, target: str) -> Mend:
    """Give the default route to a gateway: `key` is GatewayId or NatGatewayId."""
    properties = {
        "RouteTableId": reference(table.id),
        "DestinationCidrBlock": "0.0.0.0/0",
        key: reference(target) if target else "the internet gateway's id",
    }
    option = "--nat-gateway-id" if key == "NatGatewayId" else "--gateway-id"
    command = f"aws ec2 create-route --route-table-id {table.id} --destination-cidr-block 0.0.0.0/0"
    return Mend(
        {f"{word(table.id)}Default": {"Type": "AWS::EC2::Route", "Properties": properties}},
        (f"{command} {option} {target or 'IGW'}",),
    )


def move_balancer(balancer: LoadBalancer, subnets: list[str]) -> Mend:
    """Give the change that puts a load balancer into other subnets."""
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    properties = {"Subnets": [reference(subnet) for subnet in subnets]}
    command = f"aws elbv2 set-subnets --load-balancer-arn {balancer.id} --subnets {' '.join(subnets)}"
    return Mend({balancer.id: {"Type": kind, "Properties": properties}}, (command,))


def open_acl(acl: NetworkAcl, remote: End, first: int, last: int, *, egress: bool) -> Mend:
    """Give the ACL entry that lets the packets through, numbered before every other one."""
    numbers = [entry.number for entry in acl.entries if not isinstance(entry, Gap) and entry.egress == egress]
    number = max(1, min(numbers, default=101) - 1)
    cidr = "0.0.0.0/0"
    if remote.subnet is not None and not isinstance(remote.subnet.cidr, Gap):
        cidr = str(remote.subnet.cidr)
    way = "egress" if egress else "ingress"
    properties = {
        "NetworkAclId": reference(acl.id),
        "RuleNumber": number,
        "Egress": egress,
        "RuleAction": "allow",
        "Protocol": 6,
        "CidrBlock": cidr,
        "PortRange": {"From": first, "To": last},
    }
    name = f"{word(acl.id)}{way.title()}{number}"
    command = (
        f"aws ec2 create-network-acl-entry --network-acl-id {acl.id} --rule-number {number} --{way} --protocol tcp"
    )
    return Mend(
        {name: {"Type": "AWS::EC2::NetworkAclEntry", "Properties": properties}},
        (f"{command} --port-range From={first},To={last} --cidr-block {cidr} --rule-action allow",),
    )


def subnet_name(subnet: Subnet | None) -> str:
    """Give a subnet's id for a sentence."""
    return subnet.id if subnet is not None else "the internet"
