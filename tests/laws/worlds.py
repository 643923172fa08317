"""Random Clouds for the laws: one VPC, a service in it, and rules, routes, ACLs and endpoints, right or wrong."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

import msgspec
from hypothesis import strategies as st

from natless.cloud import (
    AclEntry,
    CidrPeer,
    Cloud,
    Container,
    EcsService,
    GatewayEndpoint,
    GroupPeer,
    GroupRule,
    InstanceGroup,
    InterfaceEndpoint,
    InternetGateway,
    Listener,
    LoadBalancer,
    NatGateway,
    NetworkAcl,
    Policy,
    Ports,
    PrefixList,
    PrefixListPeer,
    Role,
    Route,
    RouteTable,
    SecurityGroup,
    ServiceTarget,
    Statement,
    Subnet,
    TargetGroup,
    TaskDefinition,
    Vpc,
)
from natless.cloud.network import RouteTarget
from natless.finding import Origin

O = Origin("law.yaml", 1)  # noqa: E741 - short, as it stands in every noun
VPC = IPv4Network("10.0.0.0/16")
SUBNETS = {
    "pub1": IPv4Network("10.0.0.0/24"),
    "pub2": IPv4Network("10.0.1.0/24"),
    "prv1": IPv4Network("10.0.2.0/24"),
    "prv2": IPv4Network("10.0.3.0/24"),
}
ANY = IPv4Network("0.0.0.0/0")
S3_LIST = "pl-s3"
CLOUDFRONT_LIST = "pl-cloudfront"
CLOUDFRONT_CIDRS = (IPv4Network("13.32.0.0/15"),)
S3_CIDRS = (IPv4Network("52.216.0.0/15"), IPv4Network("3.5.0.0/19"))
# Edges of these lie on the samples of the oracle: halves of subnets, S3's blocks, the internet's two halves.
OUTSIDE = (IPv4Network("52.216.0.0/15"), IPv4Network("0.0.0.0/1"), IPv4Network("172.16.0.0/12"))
CIDRS = (
    ANY,
    *OUTSIDE,
    VPC,
    *SUBNETS.values(),
    IPv4Network("10.0.2.0/25"),
    IPv4Network("10.0.3.128/25"),
    IPv4Network("10.0.0.0/23"),
    IPv4Network("10.0.2.0/23"),
)
PORTS = (
    Ports(),
    Ports(443, 443),
    Ports(80, 80),
    Ports(8080, 8080),
    Ports(1024, 65535),
    Ports(32768, 60999),
    Ports(1024, 40000),
)
PROTOCOLS = ("tcp", "udp", "all", "6")
GROUPS = ("alb", "task", "endpoint")


def mostly(right: object, wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw the right thing seven times out of eight, so that whole paths stand often enough."""
    return st.sampled_from(range(8)).flatmap(lambda number: wrong if number == 5 else st.just(right))


usually = mostly(right=True, wrong=st.just(value=False))

peers = st.one_of(
    st.builds(CidrPeer, st.sampled_from(CIDRS)),
    st.builds(GroupPeer, st.sampled_from(GROUPS)),
    st.sampled_from((PrefixListPeer(S3_LIST), PrefixListPeer(CLOUDFRONT_LIST))),
)


@st.composite
def group_rule(draw: Callable[..., Any], name: str) -> GroupRule:
    return GroupRule(
        f"{name}{draw(st.integers(0, 99))}",
        O,
        draw(st.sampled_from(PROTOCOLS)),
        draw(st.sampled_from(PORTS)),
        draw(peers),
    )


def _tcp(name: str, port: int, peer: CidrPeer | GroupPeer | PrefixListPeer) -> GroupRule:
    return GroupRule(name, O, "tcp", Ports(port, port), peer)


RIGHT_RULES: dict[tuple[str, bool], tuple[GroupRule, ...]] = {
    ("alb", True): (_tcp("AlbIn", 80, CidrPeer(ANY)),),
    ("alb", False): (_tcp("AlbOut", 8080, GroupPeer("task")),),
    ("task", True): (_tcp("TaskIn", 8080, GroupPeer("alb")),),
    ("task", False): (_tcp("TaskOut", 443, GroupPeer("endpoint")), _tcp("TaskS3", 443, PrefixListPeer(S3_LIST))),
    ("endpoint", True): (_tcp("EndpointIn", 443, GroupPeer("task")),),
    ("endpoint", False): (),
}


@st.composite
def groups(draw: Callable[..., Any]) -> dict[str, SecurityGroup]:
    found = {}
    for name in GROUPS:
        sides = []
        for ingress in (True, False):
            right = RIGHT_RULES[name, ingress]
            kept = tuple(rule for rule in right if draw(usually))
            more = draw(st.lists(group_rule(f"{name}-x"), max_size=2))
            sides.append((*kept, *more))
        found[name] = SecurityGroup(name, O, "vpc", sides[0], sides[1], name)
    return found


@st.composite
def acl_entry(draw: Callable[..., Any], number: int) -> AclEntry:
    protocol, ports, cidr = draw(st.sampled_from(PROTOCOLS)), draw(st.sampled_from(PORTS)), draw(st.sampled_from(CIDRS))
    return AclEntry(f"e{number}", O, number, draw(st.booleans()), draw(st.booleans()), protocol, ports, cidr)


@st.composite
def acl_entries(draw: Callable[..., Any]) -> tuple[AclEntry, ...]:
    drawn = [draw(acl_entry(10 + 10 * number)) for number in range(draw(st.integers(0, 3)))]
    kept = [egress for egress in (True, False) if draw(usually)]
    opened = [
        AclEntry(f"open{egress}", O, 100, egress, allow=True, protocol="all", ports=Ports(), cidr=ANY)
        for egress in kept
    ]
    return (*drawn, *opened)


_KINDS: dict[str, RouteTarget] = {
    "igw": "internet-gateway",
    "nat": "nat-gateway",
    "void": "blackhole",
    "far": "other",
}
_targets = st.sampled_from(("igw", "nat", "void", "far"))


@st.composite
def routes(draw: Callable[..., Any], table: str, right: str | None) -> tuple[Route, ...]:
    target = draw(mostly(right, st.one_of(st.none(), _targets)))
    # By destination: AWS refuses a second route to the same one.
    found: dict[IPv4Network, str] = {} if target is None else {ANY: str(target)}
    if draw(st.integers(0, 3)) == 0:
        found.setdefault(draw(st.sampled_from((ANY, *OUTSIDE, *CIDRS))), draw(_targets))
    return tuple(_route(table, destination, target) for destination, target in found.items())


def _route(table: str, destination: IPv4Network, target: str) -> Route:
    kinds: dict[str, RouteTarget] = {
        "igw": "internet-gateway",
        "nat": "nat-gateway",
        "void": "blackhole",
        "far": "other",
    }
    return Route(f"{table} {destination}", O, destination, kinds[target], target)


ACTIONS = {
    "ecr": ("ecr:GetAuthorizationToken",),
    "pull": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "logs": ("logs:CreateLogStream", "logs:PutLogEvents"),
}
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hello@sha256:0"
RESOURCES = {
    "ecr": "*",
    "pull": "arn:aws:ecr:eu-west-1:123456789012:repository/hello",
    "logs": "arn:aws:logs:eu-west-1:123456789012:log-group:/hello:*",
}
LAYERS = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"


@st.composite
def policy(draw: Callable[..., Any]) -> Policy:
    statements = []
    for name, actions in ACTIONS.items():
        if draw(usually):
            resource = draw(mostly(RESOURCES[name], st.sampled_from(("*", "arn:aws:ecr:*:*:repository/other"))))
            statements.append(Statement(O, "Allow", actions, resources=(str(resource),)))
    if draw(st.integers(0, 9)) == 0:
        statements.append(Statement(O, "Deny", ("logs:*",), resources=("*",)))
    return Policy(O, tuple(statements))


@st.composite
def interface_endpoint(draw: Callable[..., Any], service: str) -> InterfaceEndpoint:
    wide = Policy(O, (Statement(O, "Allow", ("*",), resources=("*",), principals=("*",)),))
    narrow = Policy(O, (Statement(O, "Allow", ("sqs:*",), resources=("*",), principals=("*",)),))
    subnets = draw(mostly(("prv1", "prv2"), st.sampled_from((("prv1",), ("pub1", "prv2"), ("pub1",)))))
    return InterfaceEndpoint(
        f"vpce-{service}",
        O,
        "vpc",
        service,
        subnets,
        ("endpoint",),
        bool(draw(usually)),
        draw(mostly(None, st.sampled_from((wide, narrow)))),
    )


@st.composite
def clouds(draw: Callable[..., Any]) -> Cloud:
    """Draw a Cloud without gaps."""
    tables = {
        "rt-pub": RouteTable("rt-pub", O, "vpc", draw(routes("rt-pub", "igw")), ("pub1", "pub2")),
        "rt-prv": RouteTable("rt-prv", O, "vpc", draw(routes("rt-prv", None)), ("prv1", "prv2")),
        "vpc": RouteTable("vpc", O, "vpc", (), (), main=True),
    }
    acls = {
        "acl-pub": NetworkAcl("acl-pub", O, "vpc", draw(acl_entries()), ("pub1", "pub2")),
        "acl-prv": NetworkAcl("acl-prv", O, "vpc", draw(acl_entries()), ("prv1", "prv2")),
    }
    endpoints = {
        f"vpce-{service}": draw(interface_endpoint(service))
        for service in ("ecr.api", "ecr.dkr", "logs")
        if draw(usually)
    }
    layers = Policy(O, (Statement(O, "Allow", ("s3:GetObject",), resources=(LAYERS,), principals=("*",)),))
    gateway = GatewayEndpoint(
        "vpce-s3",
        O,
        "vpc",
        "s3",
        draw(mostly(("rt-prv",), st.sampled_from(((), ("rt-pub",), ("rt-prv", "rt-pub"))))),
        draw(mostly(layers, st.sampled_from((None, Policy(O, ()))))),
    )
    container = Container(
        "web", O, IMAGE, (8080,), "awslogs", {"awslogs-group": "/hello", "awslogs-region": "eu-west-1"}
    )
    return Cloud(
        "law.yaml",
        "eu-west-1",
        "123456789012",
        vpcs={"vpc": Vpc("vpc", O, (VPC,), bool(draw(usually)), bool(draw(usually)))},
        subnets={name: Subnet(name, O, "vpc", cidr, name[-1]) for name, cidr in SUBNETS.items()},
        route_tables=tables,
        internet_gateways={"igw": InternetGateway("igw", O, draw(mostly("vpc", st.none())))},
        nat_gateways={
            "nat": NatGateway("nat", O, str(draw(st.sampled_from(("pub1", "prv1")))), bool(draw(st.booleans())))
        },
        security_groups=draw(groups()),
        network_acls=acls,
        prefix_lists={
            S3_LIST: PrefixList(S3_LIST, O, "s3", S3_CIDRS),
            CLOUDFRONT_LIST: PrefixList(CLOUDFRONT_LIST, O, "cloudfront.origin-facing", CLOUDFRONT_CIDRS),
        },
        interface_endpoints=endpoints,
        gateway_endpoints={"vpce-s3": gateway} if draw(usually) else {},
        load_balancers={"lb": LoadBalancer("lb", O, "application", True, ("pub1", "pub2"), ("alb",))},  # noqa: FBT003 - a field
        listeners={"lsn": Listener("lsn", O, "lb", 80, "HTTP", ("tg",))},
        target_groups={"tg": TargetGroup("tg", O, "vpc", 80, "HTTP", "ip")},
        task_definitions={"td": TaskDefinition("td", O, (container,), "awsvpc", ("FARGATE",), "role", None)},
        services={
            "svc": EcsService(
                "svc",
                O,
                "cluster",
                "td",
                "fargate",
                draw(mostly(("prv1", "prv2"), st.sampled_from((("pub1",), ("prv1", "pub2"))))),
                ("task",),
                bool(draw(st.booleans())),
                (ServiceTarget("tg", "web", 8080),),
            )
        },
        roles={"role": Role("role", O, "arn:aws:iam::123456789012:role/role", (draw(policy()),))},
    )


REGISTRATION = {
    "ecs": ("ecs:DiscoverPollEndpoint", "ecs:RegisterContainerInstance", "ecs:Submit*"),
    "ecs-agent": ("ecs:Poll",),
    "ecs-telemetry": ("ecs:StartTelemetrySession",),
}
DYNAMIC = Ports(32768, 60999)


@st.composite
def clouds_on_instances(draw: Callable[..., Any]) -> Cloud:
    """Draw a Cloud whose service runs on instances, in any network mode, in subnets that need not be the service's."""
    cloud: Cloud = draw(clouds())
    mode = draw(st.sampled_from(("awsvpc", "bridge", "host")))
    subnets = draw(mostly(("prv1", "prv2"), st.sampled_from((("pub1",), ("prv2",), ("pub2", "prv1")))))
    hosts = InstanceGroup("asg", O, subnets, ("task",), "asg", "cluster", "hosts", bool(draw(st.booleans())))
    statements = tuple(Statement(O, "Allow", it, resources=("*",)) for it in REGISTRATION.values() if draw(usually))
    role = Role("hosts", O, "arn:aws:iam::123456789012:role/hosts", (Policy(O, statements),))
    endpoints = {f"vpce-{name}": draw(interface_endpoint(name)) for name in REGISTRATION if draw(usually)}
    service, task, group = cloud.services["svc"], cloud.task_definitions["td"], cloud.target_groups["tg"]
    if mode != "awsvpc":
        service = msgspec.structs.replace(service, subnets=(), groups=(), public_ip=False)
        group = msgspec.structs.replace(group, target_type="instance")
    return msgspec.structs.replace(
        cloud,
        security_groups=_with_dynamic_ports(draw, cloud) if mode == "bridge" else cloud.security_groups,
        interface_endpoints={**cloud.interface_endpoints, **endpoints},
        instance_groups={"asg": hosts},
        roles={**cloud.roles, "hosts": role},
        target_groups={"tg": group},
        task_definitions={"td": msgspec.structs.replace(task, network_mode=mode, compatibilities=("EC2",))},
        services={"svc": msgspec.structs.replace(service, launch="ec2")},
    )


def _with_dynamic_ports(draw: Callable[..., Any], cloud: Cloud) -> dict[str, SecurityGroup]:
    found = dict(cloud.security_groups)
    if draw(usually):
        rule = GroupRule("AlbOutDynamic", O, "tcp", DYNAMIC, GroupPeer("task"))
        found["alb"] = msgspec.structs.replace(found["alb"], egress=(*found["alb"].egress, rule))
    if draw(usually):
        rule = GroupRule("TaskInDynamic", O, "tcp", DYNAMIC, GroupPeer("alb"))
        found["task"] = msgspec.structs.replace(found["task"], ingress=(*found["task"].ingress, rule))
    return found
