"""A network as someone's CloudFormation template: the road from text to Cloud that `natless check` takes.

Written from the CloudFormation template reference, not from the loader. Rules stand inline or as resources of their
own, by turns.
"""

from __future__ import annotations

import json
import zlib
from ipaddress import IPv4Network
from typing import Any

from as_template_hosts import Written, hosts
from documents import written
from networks import ACCOUNT, REGION, VPC
from twists import Network, mode_of

from natless.cloud import AclEntry, CidrPeer, Cloud, Container, GroupPeer, GroupRule, PrefixListPeer, Route

Resources = dict[str, Any]
_NUMBERS = {"all": -1, "tcp": 6, "udp": 17, "icmp": 1}


def template(network: Network) -> str:
    """Give the template of a network."""
    found: Resources = {}
    for part in (_places, _names, _routes, _groups, _acls, _endpoints, _lists, _service, hosts):
        for name, kind, properties in part(network.cloud):
            found[name] = {"Type": f"AWS::{kind}", "Properties": properties}
    for endpoint, document in network.policies.items():
        found[endpoint]["Properties"]["PolicyDocument"] = written(document, _ref(VPC))
    return json.dumps({"Resources": found}, indent=1)


def _ref(name: object) -> Any:
    return name if str(name).startswith("pl-") else {"Ref": str(name)}


def _places(cloud: Cloud) -> Written:
    for vpc in cloud.vpcs.values():
        assert isinstance(vpc.cidrs, tuple)
        properties: dict[str, Any] = {"CidrBlock": str(vpc.cidrs[0])}
        # The defaults, by turns left out: support is on, hostnames are off.
        if vpc.dns_support is False or _turn(vpc):
            properties["EnableDnsSupport"] = vpc.dns_support
        if vpc.dns_hostnames is True or _turn(vpc):
            properties["EnableDnsHostnames"] = vpc.dns_hostnames
        yield vpc.id, "EC2::VPC", properties
    for subnet in cloud.subnets.values():
        place = {"AvailabilityZone": subnet.zone, "CidrBlock": str(subnet.cidr)}
        yield subnet.id, "EC2::Subnet", {"VpcId": _ref(subnet.vpc), **place}
    for gateway in cloud.internet_gateways.values():
        yield gateway.id, "EC2::InternetGateway", {}
        if gateway.vpc is not None:
            both = {"VpcId": _ref(gateway.vpc), "InternetGatewayId": _ref(gateway.id)}
            yield f"{gateway.id}Attachment", "EC2::VPCGatewayAttachment", both
    for nat in cloud.nat_gateways.values():
        kind = {"ConnectivityType": "public" if nat.public else "private"}
        yield nat.id, "EC2::NatGateway", {"SubnetId": _ref(nat.subnet), **kind}


def _names(cloud: Cloud) -> Written:
    for vpc in cloud.vpcs.values():
        if vpc.dns_servers:
            yield f"{vpc.id}Options", "EC2::DHCPOptions", {"DomainNameServers": list(vpc.dns_servers)}  # type: ignore[arg-type] # no gaps here
            both = {"VpcId": _ref(vpc.id), "DhcpOptionsId": _ref(f"{vpc.id}Options")}
            yield f"{vpc.id}OptionsUsed", "EC2::VPCDHCPOptionsAssociation", both


def _turn(thing: Any) -> bool:
    """Say yes for half of all things, always the same half."""
    return zlib.crc32(repr(thing).encode()) % 2 == 0


def _routes(cloud: Cloud) -> Written:
    for table in cloud.route_tables.values():
        if table.main:
            continue
        yield table.id, "EC2::RouteTable", {"VpcId": _ref(table.vpc)}
        for subnet in table.subnets:
            both = {"SubnetId": _ref(subnet), "RouteTableId": _ref(table.id)}
            yield f"{subnet}{table.id}", "EC2::SubnetRouteTableAssociation", both
        for number, route in enumerate(table.routes):
            assert isinstance(route, Route)
            yield f"{table.id}Route{number}", "EC2::Route", _route(table.id, route)
    # A gateway that is attached to nothing: what leads there leads nowhere.
    yield "Void", "EC2::InternetGateway", {}


def _route(table: str, route: Route) -> dict[str, Any]:
    target = "NatGatewayId" if route.target == "nat-gateway" else "GatewayId"
    match route.destination:
        case IPv4Network() as cidr:
            destination: dict[str, Any] = {"DestinationCidrBlock": str(cidr)}
        case listed:
            destination = {"DestinationPrefixListId": _ref(listed)}
    return {"RouteTableId": _ref(table), **destination, target: _ref(route.target_id)}


def _groups(cloud: Cloud) -> Written:
    for group in cloud.security_groups.values():
        properties: dict[str, Any] = {"GroupDescription": group.id, "VpcId": _ref(group.vpc)}
        inline: dict[str, list[Any]] = {"Ingress": [], "Egress": []}
        for side, rules in (("Ingress", group.ingress), ("Egress", group.egress)):
            for rule in rules:
                assert isinstance(rule, GroupRule)
                if side == "Egress" and rule.id == f"{group.id}Default":
                    continue
                # Groups that name each other inline could not be made.
                if _turn(rule) and not isinstance(rule.peer, GroupPeer):
                    inline[side].append(_rule(rule, side))
                else:
                    yield rule.id, f"EC2::SecurityGroup{side}", {"GroupId": _ref(group.id), **_rule(rule, side)}
        if not inline["Egress"] and not any(getattr(rule, "id", "") == f"{group.id}Default" for rule in group.egress):
            inline["Egress"].append({"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"})
        properties |= {f"SecurityGroup{side}": rules for side, rules in inline.items() if rules}
        yield group.id, "EC2::SecurityGroup", properties


def _rule(rule: GroupRule, side: str) -> dict[str, Any]:
    protocol = str(rule.protocol)
    found: dict[str, Any] = {"IpProtocol": "-1" if protocol == "all" else protocol}
    match protocol:
        case "tcp" | "udp":
            assert rule.ports is not None
            found |= {"FromPort": rule.ports.first, "ToPort": rule.ports.last}  # type: ignore[union-attr] # no gaps here
        case "icmp":
            found |= {"FromPort": -1, "ToPort": -1}
        case _:
            pass
    end = "Source" if side == "Ingress" else "Destination"
    match rule.peer:
        case CidrPeer(network):
            return {**found, "CidrIp": str(network)}
        case GroupPeer(group):
            return {**found, f"{end}SecurityGroupId": {"Fn::GetAtt": [group, "GroupId"]}}
        case PrefixListPeer(listed):
            return {**found, f"{end}PrefixListId": _ref(listed)}
        case _:
            raise AssertionError


def _acls(cloud: Cloud) -> Written:
    for acl in cloud.network_acls.values():
        if acl.default:
            continue
        yield acl.id, "EC2::NetworkAcl", {"VpcId": _ref(acl.vpc)}
        for subnet in acl.subnets:
            both = {"SubnetId": _ref(subnet), "NetworkAclId": _ref(acl.id)}
            yield f"{subnet}{acl.id}", "EC2::SubnetNetworkAclAssociation", both
        for entry in acl.entries:
            assert isinstance(entry, AclEntry)
            yield entry.id, "EC2::NetworkAclEntry", {"NetworkAclId": _ref(acl.id), **_entry(entry)}


def _entry(entry: AclEntry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RuleNumber": entry.number,
        "Protocol": _NUMBERS[str(entry.protocol)],
        "RuleAction": "allow" if entry.allow else "deny",
        "CidrBlock": str(entry.cidr),
    }
    if entry.egress:
        found["Egress"] = True
    if entry.protocol in {"tcp", "udp"}:
        found["PortRange"] = {"From": entry.ports.first, "To": entry.ports.last}  # type: ignore[union-attr] # no gaps
    return found


def _endpoints(cloud: Cloud) -> Written:
    for endpoint in cloud.interface_endpoints.values():
        properties: dict[str, Any] = {
            "VpcId": _ref(endpoint.vpc),
            "VpcEndpointType": "Interface",
            "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{endpoint.service}"},
            "SubnetIds": [_ref(subnet) for subnet in endpoint.subnets],
            "SecurityGroupIds": [_ref(group) for group in endpoint.groups],
        }
        # Left out, CloudFormation's default is off.
        if endpoint.private_dns or _turn(endpoint):
            properties["PrivateDnsEnabled"] = endpoint.private_dns
        yield endpoint.id, "EC2::VPCEndpoint", properties
    for gateway in cloud.gateway_endpoints.values():
        tables = [_ref(table) for table in gateway.route_tables]
        name = f"com.amazonaws.{REGION}.{gateway.service}"
        yield gateway.id, "EC2::VPCEndpoint", {"VpcId": _ref(VPC), "ServiceName": name, "RouteTableIds": tables}


def _lists(cloud: Cloud) -> Written:
    for listed in cloud.prefix_lists.values():
        assert isinstance(listed.cidrs, tuple)
        if not listed.id.startswith("pl-"):
            entries = [{"Cidr": str(cidr)} for cidr in listed.cidrs]
            about = {"PrefixListName": listed.id, "AddressFamily": "IPv4", "MaxEntries": len(entries)}
            yield listed.id, "EC2::PrefixList", {**about, "Entries": entries}


def _service(cloud: Cloud) -> Written:
    balancer = {"Scheme": "internet-facing", "Subnets": [_ref("Pub1"), _ref("Pub2")]}
    yield "Alb", "ElasticLoadBalancingV2::LoadBalancer", {**balancer, "SecurityGroups": [_ref("GroupAlb")]}
    kind = str(cloud.target_groups["Targets"].target_type)
    group = {"VpcId": _ref(VPC), "Port": 8080, "Protocol": "HTTP", "TargetType": kind}
    yield "Targets", "ElasticLoadBalancingV2::TargetGroup", group
    forward = [{"Type": "forward", "TargetGroupArn": _ref("Targets")}]
    listener = {"LoadBalancerArn": _ref("Alb"), "Port": 80, "Protocol": "HTTP", "DefaultActions": forward}
    yield "Http", "ElasticLoadBalancingV2::Listener", listener
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    may = {"Service": "ecs-tasks.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": may, "Action": "sts:AssumeRole"}]}
    policies = [{"PolicyName": "all", "PolicyDocument": everything}]
    yield "Role", "IAM::Role", {"AssumeRolePolicyDocument": trust, "Policies": policies}
    yield "Cluster", "ECS::Cluster", {}
    yield "Task", "ECS::TaskDefinition", _task(cloud)
    service = cloud.services["Service"]
    target = {"ContainerName": "web", "ContainerPort": 8080, "TargetGroupArn": _ref("Targets")}
    about: dict[str, Any] = {"Cluster": _ref("Cluster"), "TaskDefinition": _ref("Task"), "LoadBalancers": [target]}
    about["LaunchType"] = str(service.launch).upper()
    if mode_of(cloud) in {"fargate", "awsvpc"}:
        network: dict[str, Any] = {
            "Subnets": [_ref(subnet) for subnet in service.subnets],  # type: ignore[union-attr] # no gaps here
            "SecurityGroups": [_ref("GroupTask")],
        }
        if service.launch == "fargate":
            network["AssignPublicIp"] = "ENABLED" if service.public_ip else "DISABLED"
        about["NetworkConfiguration"] = {"AwsvpcConfiguration": network}
    yield "Service", "ECS::Service", about


def _task(cloud: Cloud) -> dict[str, Any]:
    containers = cloud.task_definitions["Task"].containers
    assert isinstance(containers, tuple)
    container: Container = containers[0]
    log = {"awslogs-group": "/hello", "awslogs-region": REGION}
    written: dict[str, Any] = {
        "Name": "web",
        "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/hello:1",
        "PortMappings": [{"ContainerPort": 8080}],
        "LogConfiguration": {"LogDriver": "awslogs", "Options": log},
    }
    if container.secrets:
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:key-AbCdEf"
        written["Secrets"] = [{"Name": "KEY", "ValueFrom": arn}]
    mode = mode_of(cloud)
    return {
        "NetworkMode": "awsvpc" if mode == "fargate" else mode,
        "RequiresCompatibilities": ["FARGATE" if mode == "fargate" else "EC2"],
        "Cpu": "256",
        "Memory": "512",
        "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "ContainerDefinitions": [written],
    }
