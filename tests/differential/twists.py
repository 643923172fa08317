"""What random networks are besides plain: on instances, behind other name servers, with policies, gateways, states.

Numbers that leave 1 or 3 when divided by seven are plain, as all were at first: those that were kept then are among
them, and stay what they were. The others have twists, drawn by dice of their own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import msgspec
import networks
from documents import Document, policies
from networks import ACCOUNT, VPC, named, tcp

from natless.cloud import (
    CidrPeer,
    Cloud,
    Cluster,
    GroupPeer,
    GroupRule,
    InstanceGroup,
    InterfaceEndpoint,
    NatGateway,
    NetworkInterface,
    Policy,
    Ports,
    PrefixListPeer,
    Role,
    Route,
    SecurityGroup,
    Statement,
    TaskDefinition,
)
from natless.finding import Origin

PLAIN, ROUND = (1, 3), 7
DYNAMIC = Ports(32768, 60999)
"""What Docker gives out on an instance of Linux (net.ipv4.ip_local_port_range)."""

_O = Origin("network")
_HALVES = (IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1"))


class Network(msgspec.Struct, frozen=True):
    """A network with what only one of its readings can say.

    `policies` are documents by endpoint; the facts have them as None, since each side reads them by itself.
    """

    cloud: Cloud
    policies: Mapping[str, Document] = {}


def network(number: int) -> Network:
    """Give the network of a number."""
    plain = networks.network(number)
    if number % ROUND in PLAIN:
        return Network(plain)
    dice = random.Random(f"twist {number}")
    cloud = plain
    if dice.random() < 0.4:
        cloud = on_instances(dice, cloud, networks.ground(number))
    pending = dice.random() < 0.2
    # Where an endpoint has not come up, it matters whether there is another way.
    if dice.random() < (0.7 if pending else 0.25):
        cloud = with_second_gateway(dice, cloud, networks.ground(number))
    if dice.random() < 0.15:
        cloud = behind_cloudfront(dice, cloud)
    if dice.random() < 0.15:
        cloud = with_name_servers(dice, cloud)
    if pending:
        cloud = with_one_pending(dice, cloud)
    return Network(cloud, dict(policies(dice, cloud)) if dice.random() < 0.5 else {})


def mode_of(cloud: Cloud) -> str:
    """Give the network mode of the service's tasks; `fargate` where they run on no instance."""
    on = cloud.services["Service"].launch == "ec2"
    return str(cloud.task_definitions["Task"].network_mode) if on else "fargate"


# --- on instances ---


def on_instances(dice: random.Random, cloud: Cloud, ground: networks.Ground) -> Cloud:
    """Give the network with its service on instances, in any network mode, in subnets of their own."""
    mode = dice.choice(("awsvpc", "bridge", "host"))
    usual = dice.randrange(6) != 0
    subnets = ("Prv1", "Prv2") if usual else dice.choice((("Pub1",), ("Prv2",), ("Pub2", "Prv1")))
    groups = ("GroupTask",) if dice.randrange(4) else dice.choice((("GroupOther",), ("GroupOther", "GroupTask")))
    public = dice.randrange(4) == 0
    hosts = InstanceGroup("Hosts", _O, subnets, groups, "Hosts", "Cluster", "HostRole", public)
    endpoints = [_registration(dice, name) for name in ("ecs", "ecs-agent", "ecs-telemetry") if dice.randrange(8)]
    replace, task, service = msgspec.structs.replace, cloud.task_definitions["Task"], cloud.services["Service"]
    kept = {name: _private(each) for name, each in cloud.network_interfaces.items() if each.kind != "task"}
    if mode == "awsvpc":
        kept = {name: _private(each) for name, each in cloud.network_interfaces.items()}
        service = replace(service, public_ip=False)
    else:
        service = replace(service, subnets=(), groups=(), public_ip=False)
    target = cloud.target_groups["Targets"]
    interfaces = [
        *_instances(ground, subnets, groups, public=public),
        *(eni for each in endpoints for eni in _endpoint_interfaces(ground, each)),
    ]
    wide = Policy(_O, (Statement(_O, "Allow", ("*",), resources=("*",)),))
    return replace(
        cloud,
        network_interfaces={**kept, **named(*interfaces)},
        interface_endpoints={**cloud.interface_endpoints, **named(*endpoints)},
        instance_groups=named(hosts),
        clusters=named(Cluster("Cluster", _O, "Cluster")),
        roles={**cloud.roles, "HostRole": Role("HostRole", _O, f"arn:aws:iam::{ACCOUNT}:role/HostRole", (wide,))},
        security_groups=_with_dynamic_ports(dice, cloud.security_groups) if mode == "bridge" else cloud.security_groups,
        target_groups=named(target if mode == "awsvpc" else replace(target, target_type="instance")),
        task_definitions=named(_on_ec2(task, mode)),
        services=named(replace(service, launch="ec2")),
    )


def _on_ec2(task: TaskDefinition, mode: str) -> TaskDefinition:
    return msgspec.structs.replace(task, network_mode=mode, compatibilities=("EC2",))


def _private(each: NetworkInterface) -> NetworkInterface:
    """No task on instances has a public address of its own (Amazon ECS developer guide, task networking)."""
    return msgspec.structs.replace(each, public_address=None) if each.kind == "task" else each


def _registration(dice: random.Random, service: str) -> InterfaceEndpoint:
    name = "".join(part.title() for part in service.split("-")) + "Endpoint"
    subnets = ("Prv1", "Prv2") if dice.randrange(8) else dice.choice((("Prv1",), ("Pub1", "Prv2")))
    private_dns = dice.randrange(8) != 0
    return InterfaceEndpoint(name, _O, VPC, service, subnets, ("GroupEndpoint",), private_dns)


def _endpoint_interfaces(ground: networks.Ground, endpoint: InterfaceEndpoint) -> Iterator[NetworkInterface]:
    place = 24 + ("Ecs", "EcsAgent", "EcsTelemetry").index(endpoint.id.removesuffix("Endpoint"))
    for index, subnet in enumerate(endpoint.subnets):
        address = ground.subnets[str(subnet)][place + (0, 190)[index]]
        yield NetworkInterface(
            f"{endpoint.id}-{subnet}", _O, str(subnet), ("GroupEndpoint",), (address,), None, endpoint.id, "endpoint"
        )


def _instances(
    ground: networks.Ground, subnets: tuple[str, ...], groups: tuple[str, ...], *, public: bool
) -> Iterator[NetworkInterface]:
    """Give two a subnet, one in each half."""
    for subnet in subnets:
        for number in (8, 203):
            address = ground.subnets[subnet][number]
            outside = IPv4Address("54.216.0.0") + (int(address) & 0x3FF) if public else None
            name = f"host-{subnet}-{number}"
            yield NetworkInterface(name, _O, subnet, groups, (address,), outside, f"i-{subnet}-{number}", "other")


def _with_dynamic_ports(dice: random.Random, groups: Mapping[str, SecurityGroup]) -> dict[str, SecurityGroup]:
    found = dict(groups)
    for name, rule, peer, ingress in (
        ("GroupAlb", "AlbOutDynamic", "GroupTask", False),
        ("GroupTask", "TaskInDynamic", "GroupAlb", True),
    ):
        if dice.randrange(8):
            wide = msgspec.structs.replace(tcp(rule, 0, GroupPeer(peer)), ports=DYNAMIC)
            found = _with_rule(found, name, wide, ingress=ingress)
    return found


# --- gateways and visitors ---


def with_second_gateway(dice: random.Random, cloud: Cloud, ground: networks.Ground) -> Cloud:
    """Give the network with a NAT gateway in the other public subnet, for one half of the internet or for all of it."""
    first = str(cloud.nat_gateways["Nat"].subnet)
    if not first.startswith("Pub"):
        return cloud  # a NAT gateway that leads to another: what becomes of a packet then AWS does not say
    home, public = {"Pub1": "Pub2", "Pub2": "Pub1"}[first], dice.randrange(4) != 0
    second = NatGateway("NatTwo", _O, home, public)
    outside = IPv4Address("54.215.0.2") if public else None
    interface = NetworkInterface("nat-two", _O, home, (), (ground.subnets[home][10],), outside, "NatTwo", "nat-gateway")
    choices: tuple[dict[IPv4Network | str, str], ...] = (
        {_HALVES[0]: "Nat", _HALVES[1]: "NatTwo"},
        {networks.ANYWHERE: "NatTwo"},
        {networks.ANYWHERE: "NatTwo", _HALVES[0]: "Nat"},
        {networks.ANYWHERE: "Nat", networks.OWN_LIST: "NatTwo"},
    )
    routes = dice.choice(choices)
    table, groups = cloud.route_tables["TablePrv"], cloud.security_groups
    if dice.random() < 0.5:
        groups = _with_rule(groups, "GroupTask", tcp("TaskAnywhere", 443, CidrPeer(networks.ANYWHERE)), ingress=False)
    led = tuple(_to_gateway(destination, target) for destination, target in routes.items())
    replace = msgspec.structs.replace
    return replace(
        cloud,
        nat_gateways={**cloud.nat_gateways, "NatTwo": second},
        network_interfaces={**cloud.network_interfaces, "nat-two": interface},
        route_tables={**cloud.route_tables, "TablePrv": replace(table, routes=led)},
        security_groups=groups,
    )


def _with_rule(
    groups: Mapping[str, SecurityGroup], name: str, rule: GroupRule, *, ingress: bool
) -> dict[str, SecurityGroup]:
    side = "ingress" if ingress else "egress"
    changed = msgspec.structs.replace(groups[name], **{side: (*getattr(groups[name], side), rule)})
    return {**groups, name: changed}


def _to_gateway(destination: IPv4Network | str, target: str) -> Route:
    return Route(f"TablePrv {destination}", _O, destination, "nat-gateway", target)


def behind_cloudfront(dice: random.Random, cloud: Cloud) -> Cloud:
    """Give the network whose load balancer lets in CloudFront, or S3, in place of anybody."""
    group = cloud.security_groups["GroupAlb"]
    listed = dice.choice((networks.CLOUDFRONT_LIST, networks.CLOUDFRONT_LIST, networks.S3_LIST))
    rules = tuple(rule for rule in group.ingress if getattr(rule, "id", "") != "AlbIn")
    rules = (*rules, tcp("AlbIn", 80, PrefixListPeer(listed)))
    changed = msgspec.structs.replace(group, ingress=rules)
    return msgspec.structs.replace(cloud, security_groups={**cloud.security_groups, "GroupAlb": changed})


# --- names and states ---


def with_name_servers(dice: random.Random, cloud: Cloud) -> Cloud:
    """Give the network with DHCP options that name servers: AWS's own by any of its names, or another."""
    vpc = cloud.vpcs[VPC]
    assert isinstance(vpc.cidrs, tuple)
    inside = str(cloud.network_interfaces["other-Prv2-5"].addresses[0])
    own = str(vpc.cidrs[0].network_address + 2)
    servers = dice.choice(
        (("AmazonProvidedDNS",), (own,), ("169.254.169.253",), ("9.9.9.9",), (inside,), (inside, "193.0.0.9"))
    )
    groups, asked = (
        cloud.security_groups,
        msgspec.structs.replace(tcp("", 53, CidrPeer(networks.ANYWHERE)), protocol="udp"),
    )
    for name, ingress in (("GroupTask", False), ("GroupOther", True)):
        if dice.randrange(4):
            rule = msgspec.structs.replace(asked, id=f"{name}Names")
            groups = _with_rule(groups, name, rule, ingress=ingress)
    return msgspec.structs.replace(
        cloud,
        vpcs={**cloud.vpcs, VPC: msgspec.structs.replace(vpc, dns_servers=servers)},
        security_groups=groups,
    )


def own_servers(cloud: Cloud) -> tuple[str, ...]:
    """Give the servers of the DHCP options where none of them is AWS's own (VPC user guide, "Amazon DNS server")."""
    vpc = cloud.vpcs[VPC]
    assert isinstance(vpc.cidrs, tuple)
    assert isinstance(vpc.dns_servers, tuple)
    amazon = {"AmazonProvidedDNS", "169.254.169.253", str(vpc.cidrs[0].network_address + 2)}
    return () if amazon & set(vpc.dns_servers) else vpc.dns_servers


def with_one_pending(dice: random.Random, cloud: Cloud) -> Cloud:
    """Give the network with an endpoint that has not come up."""
    replace = msgspec.structs.replace
    chosen = dice.choice([*cloud.interface_endpoints, *cloud.gateway_endpoints, ""])
    if chosen in cloud.gateway_endpoints:
        pending = replace(cloud.gateway_endpoints[chosen], available=False)
        return replace(cloud, gateway_endpoints={**cloud.gateway_endpoints, chosen: pending})
    if chosen:
        waiting = replace(cloud.interface_endpoints[chosen], available=False)
        return replace(cloud, interface_endpoints={**cloud.interface_endpoints, chosen: waiting})
    return cloud


def unavailable(cloud: Cloud) -> dict[str, str]:
    """Give the services of endpoints that have not come up, with the endpoints' ids."""
    both: list[Any] = [*cloud.interface_endpoints.values(), *cloud.gateway_endpoints.values()]
    return {str(each.service): each.id for each in both if not each.available}
