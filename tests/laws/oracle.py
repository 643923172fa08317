"""A slow oracle: it sends one packet at a time through a Cloud without gaps and asks who drops it.

Written from AWS's documents, not from the prover, which it must not import. Every end is sampled: addresses at the
edges of all blocks that the random worlds use, and source ports at the edges of all port ranges.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import product
from typing import Literal

import msgspec

from natless.cloud import AclEntry, CidrPeer, Cloud, GroupPeer, GroupRule, PrefixListPeer, Route, Statement

Answer = Literal["reachable", "blocked", "unknown"]

SOURCE_PORTS = (32768, 40000, 40001, 60999)
PUBLIC = tuple(IPv4Address(text) for text in ("1.1.1.1", "52.95.1.1", "8.8.8.8", "193.0.0.1"))
"""Addresses of AWS services and of hosts of the internet: in both halves of it, in no list of AWS."""
CENTRAL = tuple(IPv4Address(text) for text in ("10.200.0.4", "172.16.0.4", "192.168.0.4"))
"""Where another VPC may hold endpoints for this one, behind a route that nobody follows: in both halves of all."""
CLOUDFRONT = tuple(IPv4Address(text) for text in ("13.32.0.1", "13.33.255.254"))
S3 = tuple(IPv4Address(text) for text in ("52.216.0.1", "52.217.255.254", "3.5.0.1", "3.5.31.254"))


class Host(msgspec.Struct, frozen=True):
    """A place that sends or answers: `groups` None where no security group stands before it."""

    address: IPv4Address
    subnet: str | None
    groups: tuple[str, ...] | None
    public_ip: bool = False


class Packet(msgspec.Struct, frozen=True):
    """What is sent: to `port`, from `source_port`, to which the answer goes."""

    protocol: str
    port: int
    source_port: int


def hosts(cloud: Cloud, subnet: str, groups: tuple[str, ...], *, public_ip: bool = False) -> list[Host]:
    """Give hosts at the edges of both halves of a subnet."""
    cidr = cloud.subnets[subnet].cidr
    assert isinstance(cidr, IPv4Network)
    return [Host(cidr[index], subnet, groups, public_ip) for index in (4, 127, 128, 254)]


# Security groups


def group_allows(cloud: Cloud, owner: Host, other: Host, protocol: str, port: int, *, ingress: bool) -> bool:
    if owner.groups is None:
        return True
    for name in owner.groups:
        group = cloud.security_groups[name]
        for rule in group.ingress if ingress else group.egress:
            assert isinstance(rule, GroupRule)
            if rule_allows(cloud, rule, other, protocol, port):
                return True
    return False


def rule_allows(cloud: Cloud, rule: GroupRule, other: Host, protocol: str, port: int) -> bool:
    numbers = {"6": "tcp", "17": "udp"}
    written = str(rule.protocol)
    if written != "all":
        if numbers.get(written, written) != protocol:
            return False
        if port not in range(rule.ports.first, rule.ports.last + 1):  # type: ignore[union-attr] # no gaps here
            return False
    match rule.peer:
        case CidrPeer(network):
            return other.address in network
        case GroupPeer(group):
            return other.groups is not None and group in other.groups
        case PrefixListPeer(identifier):
            cidrs = cloud.prefix_lists[identifier].cidrs
            return any(other.address in cidr for cidr in cidrs)  # type: ignore[union-attr] # no gaps here
        case _:
            raise AssertionError


# Network ACLs


def acl_allows(cloud: Cloud, subnet: str, other: IPv4Address, protocol: str, port: int, *, egress: bool) -> bool:
    acl = next(acl for acl in cloud.network_acls.values() if subnet in acl.subnets)
    for entry in sorted(acl.entries, key=lambda entry: entry.number):  # type: ignore[union-attr] # no gaps here
        assert isinstance(entry, AclEntry)
        if entry.egress is not egress:
            continue
        if other not in entry.cidr:  # type: ignore[operator] # no gaps here
            continue
        if entry.protocol == "all":
            return entry.allow
        if {"6": "tcp", "17": "udp"}.get(str(entry.protocol), entry.protocol) != protocol:
            continue
        if entry.ports.first <= port <= entry.ports.last:  # type: ignore[union-attr] # no gaps here
            return entry.allow
    return False


# Routes


def table_of(cloud: Cloud, subnet: str) -> str:
    for table in cloud.route_tables.values():
        if subnet in table.subnets:
            return table.id
    return next(table.id for table in cloud.route_tables.values() if table.main)


def route_to(cloud: Cloud, subnet: str, address: IPv4Address) -> Route | None:
    """Give the longest match."""
    best: Route | None = None
    for route in cloud.route_tables[table_of(cloud, subnet)].routes:
        assert isinstance(route, Route)
        assert isinstance(route.destination, IPv4Network)
        if address in route.destination and (best is None or route.destination.prefixlen > best.destination.prefixlen):  # type: ignore[union-attr] # no gaps here
            best = route
    return best


class LostError(Exception):
    """The packet goes where nobody follows: a transit gateway, a peering."""


def local(cloud: Cloud, subnet: str, address: IPv4Address) -> bool:
    """Say whether a packet inside the VPC takes the local route; more specific routes take it away."""
    found = route_to(cloud, subnet, address)
    vpc = cloud.vpcs["vpc"]
    if found is not None and found.destination.prefixlen > vpc.cidrs[0].prefixlen:  # type: ignore[union-attr,index] # no gaps here
        raise LostError
    return True


def connects_inside(cloud: Cloud, client: Host, server: Host, packet: Packet) -> bool:
    """Send a request between two interfaces, and its answer."""
    protocol, port, source_port = packet.protocol, packet.port, packet.source_port
    if not group_allows(cloud, client, server, protocol, port, ingress=False):
        return False
    if not group_allows(cloud, server, client, protocol, port, ingress=True):
        return False
    assert client.subnet is not None
    assert server.subnet is not None
    if client.subnet == server.subnet:
        return True
    passes = (
        acl_allows(cloud, client.subnet, server.address, protocol, port, egress=True)
        and acl_allows(cloud, server.subnet, client.address, protocol, port, egress=False)
        and acl_allows(cloud, server.subnet, client.address, protocol, source_port, egress=True)
        and acl_allows(cloud, client.subnet, server.address, protocol, source_port, egress=False)
    )
    return passes and local(cloud, client.subnet, server.address) and local(cloud, server.subnet, client.address)


def connects_out(cloud: Cloud, client: Host, address: IPv4Address, packet: Packet) -> bool:
    """Send a request from an interface to a public address, and its answer."""
    protocol, port, source_port = packet.protocol, packet.port, packet.source_port
    server = Host(address, None, None)
    assert client.subnet is not None
    if not group_allows(cloud, client, server, protocol, port, ingress=False):
        return False
    if not acl_allows(cloud, client.subnet, address, protocol, port, egress=True):
        return False
    if not acl_allows(cloud, client.subnet, address, protocol, source_port, egress=False):
        return False
    return goes_out(cloud, client, address, packet)


def goes_out(cloud: Cloud, client: Host, address: IPv4Address, packet: Packet) -> bool:
    """Follow the route to a public address."""
    assert client.subnet is not None
    route = route_to(cloud, client.subnet, address)
    if route is None:
        return False
    match route.target:
        case "internet-gateway":
            return cloud.internet_gateways["igw"].vpc == "vpc" and client.public_ip
        case "nat-gateway":
            return through_nat(cloud, client, address, packet)
        case "other":
            raise LostError
        case _:
            return False


def through_nat(cloud: Cloud, client: Host, address: IPv4Address, packet: Packet) -> bool:
    protocol, port, source_port = packet.protocol, packet.port, packet.source_port
    nat = cloud.nat_gateways["nat"]
    home = str(nat.subnet)
    onward = route_to(cloud, home, address)
    if not nat.public or (onward is not None and onward.target == "nat-gateway"):
        return False
    passes = acl_allows(cloud, home, address, protocol, port, egress=True) and acl_allows(
        cloud, home, address, protocol, source_port, egress=False
    )
    if home != client.subnet:
        passes = (
            passes
            and acl_allows(cloud, home, client.address, protocol, port, egress=False)
            and acl_allows(cloud, home, client.address, protocol, source_port, egress=True)
        )
    if not passes:
        return False
    return goes_out(cloud, Host(client.address, home, None, public_ip=True), address, packet)


# Identity


def may(statements: list[Statement], action: str, resource: str) -> bool:
    def speaks(statement: Statement) -> bool:
        return any(_glob(str(have), action) for have in statement.actions) and any(
            _glob(str(have), resource) for have in statement.resources
        )

    allow = any(statement.effect == "Allow" and speaks(statement) for statement in statements)
    return allow and not any(statement.effect == "Deny" and speaks(statement) for statement in statements)


def _glob(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_glob(pattern[1:], text[index:]) for index in range(len(text) + 1))
    return bool(text) and pattern[0] == text[0] and _glob(pattern[1:], text[1:])


CALLS = {
    "ecr.api": (("ecr:GetAuthorizationToken", "*"),),
    "ecr.dkr": tuple(
        (action, "arn:aws:ecr:eu-west-1:123456789012:repository/hello")
        for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    ),
    "logs": tuple(
        (action, "arn:aws:logs:eu-west-1:123456789012:log-group:/hello:log-stream:s")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    ),
    "s3-layers": (("s3:GetObject", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/layer"),),
}
_ECS = "arn:aws:ecs:eu-west-1:123456789012"
REGISTRATION = {
    "ecs": (
        ("ecs:DiscoverPollEndpoint", "*"),
        *(
            (f"ecs:{action}", f"{_ECS}:cluster/cluster")
            for action in ("RegisterContainerInstance", "SubmitContainerStateChange", "SubmitTaskStateChange")
        ),
    ),
    "ecs-agent": (("ecs:Poll", f"{_ECS}:container-instance/cluster/i"),),
    "ecs-telemetry": (("ecs:StartTelemetrySession", f"{_ECS}:container-instance/cluster/i"),),
}
"""What a container instance asks by its own role (ECS developer guide, container instance IAM role)."""


def role_allows(cloud: Cloud, need: str) -> bool:
    if need == "s3-layers":
        return True
    statements = [
        statement
        for policy in cloud.roles["hosts" if need in REGISTRATION else "role"].policies
        for statement in policy.statements  # type: ignore[union-attr] # no gaps here
    ]
    return all(may(statements, action, resource) for action, resource in (CALLS | REGISTRATION)[need])  # type: ignore[arg-type] # no gaps


# Needs


def for_all(outcomes: list[bool | None]) -> bool | None:
    """Conjunction in three values; None is unknown."""
    if False in outcomes:
        return False
    return None if None in outcomes else True


def for_any(outcomes: list[bool | None]) -> bool | None:
    if True in outcomes:
        return True
    return None if None in outcomes else False


def one_of(outcomes: list[bool | None]) -> bool | None:
    """Give the outcome for an address that is fixed, and of which only the candidates are known."""
    return outcomes[0] if len(set(outcomes)) == 1 else None


def tried(test: object) -> bool | None:
    try:
        return bool(test())  # type: ignore[operator] # a lambda
    except LostError:
        return None


def start_need(cloud: Cloud, need: str) -> Answer:
    """Say whether every task of the service, or the instance that hosts it, can meet a need, wherever it stands."""
    subnets, public_ip = asking(cloud)
    places = [from_subnet(cloud, need, subnet, public_ip=public_ip) for subnet in subnets]
    return said(for_all([role_allows(cloud, need), *places]))


def asking(cloud: Cloud) -> tuple[list[str], bool]:
    """Give where the pull comes from, and whether with a public address: on instances, from them."""
    service = cloud.services["svc"]
    if service.launch == "ec2":
        group = cloud.instance_groups["asg"]
        return [str(subnet) for subnet in group.subnets], bool(group.public_ip)
    return [str(subnet) for subnet in service.subnets], bool(service.public_ip)  # type: ignore[union-attr] # no gaps


def standing(cloud: Cloud) -> tuple[list[str], bool]:
    """Give where the task's own interface stands: the instance's in bridge and host mode; never public on instances."""
    service = cloud.services["svc"]
    if service.launch == "ec2" and cloud.task_definitions["td"].network_mode != "awsvpc":
        return asking(cloud)
    public_ip = bool(service.public_ip) and service.launch != "ec2"
    return [str(subnet) for subnet in service.subnets], public_ip  # type: ignore[union-attr] # no gaps here


def from_subnet(cloud: Cloud, need: str, subnet: str, *, public_ip: bool) -> bool | None:
    vpc = cloud.vpcs["vpc"]
    if not vpc.dns_support:
        return False
    tasks = hosts(cloud, subnet, ("task",), public_ip=public_ip)
    if need == "s3-layers":
        return layers(cloud, tasks, subnet)
    endpoint = cloud.interface_endpoints.get(f"vpce-{need}")
    if endpoint is None or not (endpoint.private_dns and vpc.dns_hostnames):
        return perhaps_elsewhere(cloud, tasks, public(cloud, tasks, PUBLIC))
    reached = for_any([interface(cloud, tasks, str(where)) for where in endpoint.subnets])
    statements = None if endpoint.policy is None else list(endpoint.policy.statements)  # type: ignore[union-attr] # no gaps
    lets = statements is None or all(may(statements, action, where) for action, where in (CALLS | REGISTRATION)[need])
    return for_all([reached, lets])


def layers(cloud: Cloud, tasks: list[Host], subnet: str) -> bool | None:
    endpoint = cloud.gateway_endpoints.get("vpce-s3")
    if endpoint is None or table_of(cloud, subnet) not in endpoint.route_tables:
        return for_all([public(cloud, [task], (address,)) for task, address in product(tasks, S3)])
    passes = [
        group_allows(cloud, task, Host(address, None, None), "tcp", 443, ingress=False)
        and acl_allows(cloud, subnet, address, "tcp", 443, egress=True)
        and acl_allows(cloud, subnet, address, "tcp", source_port, egress=False)
        for task, address, source_port in product(tasks, S3, SOURCE_PORTS)
    ]
    statements = None if endpoint.policy is None else list(endpoint.policy.statements)  # type: ignore[union-attr] # no gaps
    lets = statements is None or all(may(statements, *call) for call in CALLS["s3-layers"])
    return all(passes) and lets


def perhaps_elsewhere(cloud: Cloud, tasks: list[Host], outcome: bool | None) -> bool | None:  # noqa: FBT001 - the outcome
    """Where the public addresses are cut off, a private hosted zone may name an endpoint of another VPC instead."""
    open_ = any(public(cloud, tasks, (address,)) is None for address in CENTRAL)
    return None if outcome is False and open_ else outcome


def public(cloud: Cloud, tasks: list[Host], addresses: tuple[IPv4Address, ...]) -> bool | None:
    """The public address is fixed and not known: AWS chooses it."""
    return one_of(
        [
            for_all(
                [
                    tried(lambda t=task, a=address, s=source: connects_out(cloud, t, a, Packet("tcp", 443, s)))
                    for task, source in product(tasks, SOURCE_PORTS)
                ]
            )
            for address in addresses
        ]
    )


def interface(cloud: Cloud, tasks: list[Host], subnet: str) -> bool | None:
    """The endpoint's address in its subnet is fixed and not known."""
    return one_of(
        [
            for_all(
                [
                    tried(lambda t=task, s=server, p=port: connects_inside(cloud, t, s, Packet("tcp", 443, p)))
                    for task, port in product(tasks, SOURCE_PORTS)
                ]
            )
            for server in hosts(cloud, subnet, ("endpoint",))
        ]
    )


def balancer_to_task(cloud: Cloud) -> Answer:
    """In bridge mode the task is at any port that Docker draws: the samples are at the edges of all ranges."""
    bridge = cloud.task_definitions["td"].network_mode == "bridge"
    outcomes = [
        tried(lambda n=node, t=task, p=port, d=door: connects_inside(cloud, n, t, Packet("tcp", d, p)))
        for near in cloud.load_balancers["lb"].subnets
        for far in standing(cloud)[0]
        for node, task, port, door in product(
            hosts(cloud, str(near), ("alb",)),
            hosts(cloud, far, ("task",)),
            SOURCE_PORTS,
            SOURCE_PORTS if bridge else (8080,),
        )
    ]
    return said(for_all(outcomes))


def internet_to_balancer(cloud: Cloud) -> Answer:
    """One client on the internet must get in and be answered at any node of one subnet, or else all of CloudFront.

    No visitor stands at an address of S3's list (VPC user guide, "AWS-managed prefix lists": addresses "for AWS
    services"). CloudFront asks for its visitors, from any of its servers (CloudFront guide, "Use the CloudFront managed
    prefix list": "all of CloudFront's globally distributed origin-facing servers").
    """
    outcomes = []
    for near in cloud.load_balancers["lb"].subnets:
        nodes = hosts(cloud, str(near), ("alb",), public_ip=True)
        clients = [for_all([admits(cloud, node, client, nodes) for node in nodes]) for client in PUBLIC]
        by_cloudfront = for_all([admits(cloud, node, client, nodes) for node in nodes for client in CLOUDFRONT])
        outcomes.append(for_any([*clients, by_cloudfront]))
    return said(for_any(outcomes))


def admits(cloud: Cloud, node: Host, client: IPv4Address, nodes: list[Host]) -> bool | None:
    assert node.subnet is not None
    assert nodes
    outside = Host(client, None, None)
    if not acl_allows(cloud, node.subnet, client, "tcp", 80, egress=False):
        return False
    if not group_allows(cloud, node, outside, "tcp", 80, ingress=True):
        return False
    if not all(acl_allows(cloud, node.subnet, client, "tcp", port, egress=True) for port in SOURCE_PORTS):
        return False
    route = route_to(cloud, node.subnet, client)
    if route is None:
        return False
    if route.target == "other":
        return None
    return route.target == "internet-gateway" and cloud.internet_gateways["igw"].vpc == "vpc"


def task_to_internet(cloud: Cloud) -> Answer:
    """Any task that reaches any address at any port reaches the internet; AWS's own lists are not the internet."""
    subnets, public_ip = standing(cloud)
    outcomes = [
        for_all(
            [
                tried(
                    lambda t=task, a=address, q=protocol, p=port, s=source: connects_out(cloud, t, a, Packet(q, p, s))
                )
                for source in SOURCE_PORTS
                for task in hosts(cloud, subnet, ("task",), public_ip=public_ip)
            ]
        )
        for subnet in subnets
        for address in PUBLIC
        for protocol, port in product(("tcp", "udp"), (0, 80, 443, 1024, 8080, 32768, 40001, 61000, 65535))
    ]
    return said(for_any(outcomes))


def said(outcome: bool | None) -> Answer:  # noqa: FBT001 - the outcome, not a switch
    return "unknown" if outcome is None else "reachable" if outcome else "blocked"
