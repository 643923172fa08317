"""Random networks by number: one VPC with a service in it, a second VPC beside it, rules right or wrong.

The same number gives the same network, so a failure is kept as its number. A network is a Cloud without gaps in which
every interface stands: two of each kind in each subnet, one in each half, since the rules here cut subnets in halves
and nowhere else. Neighbouring numbers share their addresses, so that one network follows the other in the kernel with
few namespaces made anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar

import msgspec

from natless.cloud import (
    AclEntry,
    CidrPeer,
    Cloud,
    Container,
    ContainerSecret,
    EcsService,
    GatewayEndpoint,
    GroupPeer,
    GroupRule,
    InterfaceEndpoint,
    InternetGateway,
    Listener,
    LoadBalancer,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peer,
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

REGION, ACCOUNT = "eu-west-1", "123456789012"
VPC, TWIN = "Vpc", "Twin"
S3_LIST, OWN_LIST, REST_LIST = "pl-6da54004", "ListOwn", "ListRest"
S3_CIDRS = (IPv4Network("3.5.0.0/19"), IPv4Network("52.216.0.0/15"))
OWN_CIDRS = (IPv4Network("1.1.1.0/24"), IPv4Network("8.8.8.0/24"), IPv4Network("140.1.0.0/16"))
# Hosts that answer and that no rule names by a list.
REST_CIDRS = (IPv4Network("9.9.9.0/24"), IPv4Network("193.0.0.0/24"))
CLOUDFRONT_LIST, CLOUDFRONT_CIDRS = "pl-4fa04526", (IPv4Network("13.32.0.0/15"),)
HOSTS = tuple(IPv4Address(text) for text in ("1.1.1.9", "140.1.7.7", "9.9.9.9", "193.0.0.9"))
"""Hosts of the internet, one for each way in which the CIDRs here can tell them apart."""
CLOUDFRONT_HOSTS = tuple(IPv4Address(text) for text in ("13.32.0.9", "13.33.255.9"))
OUTSIDERS = (*HOSTS, IPv4Address("3.5.0.9"), IPv4Address("52.217.0.9"))
"""What packets go to from here: the internet, and S3, which is not the internet."""
ANYWHERE = IPv4Network("0.0.0.0/0")
# None of them cuts S3's blocks apart from the rest: a template does not tell where those are.
OUTSIDE = (IPv4Network("0.0.0.0/1"), IPv4Network("140.0.0.0/8"), IPv4Network("1.1.1.0/24"))
PORTS = (
    Ports(),
    Ports(443, 443),
    Ports(80, 80),
    Ports(8080, 8080),
    Ports(53, 443),
    Ports(1024, 65535),
    Ports(32768, 60999),
    Ports(1024, 40000),
)
PROTOCOLS = ("tcp", "tcp", "udp", "all", "icmp")
INTERFACE_SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
GROUPS = ("GroupAlb", "GroupTask", "GroupEndpoint", "GroupOther")
FOLLOWING = 25
"""How many numbers in a row share their addresses."""

_O = Origin("network")
_NUMBERS = (5, 200)  # of an interface in its subnet: one in each half
_T = TypeVar("_T")


class Ground(msgspec.Struct, frozen=True):
    """The addresses of a network: its VPC and its four subnets."""

    vpc: IPv4Network
    twin: IPv4Network
    subnets: Mapping[str, IPv4Network]

    def cidrs(self) -> tuple[IPv4Network, ...]:
        """Give what rules may name: no cut but the halves of subnets and of pairs of them."""
        near = list(self.subnets.values())
        halves = [half for cidr in near for half in cidr.subnets()]
        return (ANYWHERE, ANYWHERE, *OUTSIDE, self.vpc, near[0].supernet(), near[2].supernet(), *near, *halves)


def ground(number: int) -> Ground:
    dice = random.Random(f"ground {number // FOLLOWING}")
    vpc = IPv4Network(dice.choice(("10.0.0.0/16", "10.64.0.0/18", "172.20.0.0/16", "192.168.0.0/20")))
    twin = dice.choice((vpc, IPv4Network("10.99.0.0/16")))
    names = ("Pub1", "Pub2", "Prv1", "Prv2")
    return Ground(vpc, twin, dict(zip(names, vpc.subnets(new_prefix=24), strict=False)))


def network(number: int) -> Cloud:
    """Give the network of a number."""
    return _Writer(number).cloud()


class _Writer:
    """Draws one network."""

    def __init__(self, number: int) -> None:
        self.dice = random.Random(f"network {number}")
        self.ground = ground(number)
        self.near = self.ground.cidrs()

    def usually(self) -> bool:
        return self.dice.randrange(8) != 0

    def mostly(self, right: _T, *wrong: _T) -> _T:
        return right if self.usually() else self.dice.choice(wrong)

    def cloud(self) -> Cloud:
        dice = self.dice
        secret = dice.randrange(3) == 0
        services = [each for each in INTERFACE_SERVICES if secret or each != "secretsmanager"]
        endpoints = [self.endpoint(each) for each in services if self.usually()]
        homes = self.mostly(("Prv1", "Prv2"), ("Pub1",), ("Prv1", "Pub2"), ("Prv2",))
        public = dice.randrange(4) == 0
        nat = NatGateway("Nat", _O, dice.choice(("Pub1", "Pub1", "Pub2", "Prv1")), dice.randrange(8) != 0)
        interfaces = [
            *self.interfaces("task", homes, ("GroupTask",), "task", public=public),
            *self.interfaces("alb", ("Pub1", "Pub2"), ("GroupAlb",), "load-balancer", public=True, owner="Alb"),
            *self.interfaces("other", ("Prv2",), ("GroupOther", "GroupTask"), "other"),
            *self.nat_interface(nat),
            *(eni for each in endpoints for eni in self.endpoint_interfaces(each)),
            *self.twin_interfaces(),
        ]
        tables = self.mostly(("TablePrv",), (), ("TablePub",), ("TablePrv", "TablePub"), ("TablePub",))
        # Whether a NAT gateway's own subnet leads it to a gateway endpoint is not said by AWS's documents: not tried.
        gateway_tables = tuple(each for each in tables if each[-3:] != str(nat.subnet)[:3])
        gateway = GatewayEndpoint("S3Endpoint", _O, VPC, "s3", gateway_tables)
        return Cloud(
            "network",
            REGION,
            ACCOUNT,
            vpcs=named(self.vpc(), Vpc(TWIN, _O, (self.ground.twin,), dns_support=True, dns_hostnames=False)),
            subnets=named(*self.subnets()),
            route_tables=named(*self.tables(str(nat.subnet))),
            internet_gateways=named(InternetGateway("Igw", _O, self.mostly(VPC, None))),
            nat_gateways=named(nat),
            network_interfaces=named(*interfaces),
            security_groups=named(*self.groups()),
            network_acls=named(*self.acls()),
            prefix_lists=named(
                PrefixList(S3_LIST, _O, "s3", S3_CIDRS),
                PrefixList(OWN_LIST, _O, "", OWN_CIDRS),
                PrefixList(REST_LIST, _O, "", REST_CIDRS),
                PrefixList(CLOUDFRONT_LIST, _O, "cloudfront.origin-facing", CLOUDFRONT_CIDRS),
            ),
            interface_endpoints=named(*endpoints),
            gateway_endpoints=named(gateway) if self.usually() else {},
            **_service(homes, public=public, secret=secret),
        )

    def vpc(self) -> Vpc:
        return Vpc(VPC, _O, (self.ground.vpc,), dns_support=self.usually(), dns_hostnames=self.usually())

    def subnets(self) -> Iterator[Subnet]:
        for name, cidr in self.ground.subnets.items():
            yield Subnet(name, _O, VPC, cidr, f"{REGION}{'ab'[int(name[-1]) - 1]}")
        yield Subnet("Far", _O, TWIN, self.far(), f"{REGION}a")

    def far(self) -> IPv4Network:
        """Give the twin's subnet: where the VPCs have the same addresses, it has those of Prv1."""
        return list(self.ground.twin.subnets(new_prefix=24))[2]

    # --- routes ---

    def tables(self, door: str) -> list[RouteTable]:
        """Give the tables; that of a NAT gateway's own subnet (`door`) does not lead back to it."""
        private = self.mostly(("Prv1", "Prv2"), ("Prv1",), ("Prv2",))
        far = None if self.dice.randrange(4) or door.startswith("Prv") else "Nat"
        return [
            RouteTable("TablePub", _O, VPC, self.routes("TablePub", "Igw", door), ("Pub1", "Pub2")),
            RouteTable("TablePrv", _O, VPC, self.routes("TablePrv", far, door), private),
            RouteTable(VPC, _O, VPC, main=True),
            RouteTable(TWIN, _O, TWIN, main=True),
        ]

    def routes(self, table: str, right: str | None, door: str) -> tuple[Route, ...]:
        targets = ("Igw", "Void") if table.endswith(door[:3]) else ("Igw", "Nat", "Void")
        first = self.mostly(right, None, *targets)
        found: dict[IPv4Network | str, str] = {} if first is None else {ANYWHERE: first}
        if self.dice.randrange(4) == 0:
            destination = self.dice.choice((*OUTSIDE, OWN_LIST, IPv4Network("140.1.0.0/16")))
            found.setdefault(destination, self.dice.choice(targets))
        return tuple(_route(table, destination, target) for destination, target in found.items())

    # --- filters ---

    def groups(self) -> Iterator[SecurityGroup]:
        for name in GROUPS:
            ingress = self.rules(name, ingress=True)
            egress = self.rules(name, ingress=False)
            if self.dice.randrange(8) == 0:
                # AWS's default, which a template asks for by naming none.
                egress = (GroupRule(f"{name}Default", _O, "all", Ports(), CidrPeer(ANYWHERE)),)
            yield SecurityGroup(name, _O, VPC, ingress, egress, name)
        every = (GroupRule("FarAll", _O, "all", Ports(), CidrPeer(ANYWHERE)),)
        yield SecurityGroup("GroupFar", _O, TWIN, every, every, "GroupFar")

    def rules(self, name: str, *, ingress: bool) -> tuple[GroupRule, ...]:
        right = [each for each in _RIGHT.get((name, ingress), ()) if self.usually()]
        more = [self.rule(f"{name}{'In' if ingress else 'Out'}{n}") for n in range(self.dice.choice((0, 0, 1, 1, 2)))]
        return (*right, *more)

    def rule(self, name: str) -> GroupRule:
        peer: Peer
        match self.dice.randrange(4):
            case 0:
                peer = GroupPeer(self.dice.choice(GROUPS))
            case 1:
                peer = PrefixListPeer(self.dice.choice((S3_LIST, OWN_LIST)))
            case _:
                peer = CidrPeer(self.dice.choice(self.near))
        return GroupRule(name, _O, *self.traffic(), peer)

    def traffic(self) -> tuple[str, Ports]:
        protocol = self.dice.choice(PROTOCOLS)
        return protocol, self.dice.choice(PORTS) if protocol in {"tcp", "udp"} else Ports()

    def acls(self) -> Iterator[NetworkAcl]:
        private = self.dice.choice((("Prv1", "Prv2"), ("Prv1",), ("Prv2",)))
        yield NetworkAcl("AclPub", _O, VPC, self.entries("AclPub"), ("Pub1", "Pub2"))
        yield NetworkAcl("AclPrv", _O, VPC, self.entries("AclPrv"), private)
        for vpc in (VPC, TWIN):
            both = tuple(_open(f"{vpc}{egress}", 100, egress=egress) for egress in (False, True))
            yield NetworkAcl(vpc, _O, vpc, both, (), default=True)

    def entries(self, acl: str) -> tuple[AclEntry, ...]:
        numbers = self.dice.sample(range(10, 190, 10), self.dice.choice((0, 0, 1, 2, 3)))
        drawn = [self.entry(f"{acl}{number}", number) for number in numbers if number != 100]
        wide = [_open(f"{acl}{egress}", 100, egress=egress) for egress in (False, True) if self.usually()]
        return (*drawn, *wide)

    def entry(self, name: str, number: int) -> AclEntry:
        egress, allow = self.dice.random() < 0.5, self.dice.random() < 0.4
        protocol, ports = self.traffic()
        return AclEntry(name, _O, number, egress, allow, protocol, ports, self.dice.choice(self.near))

    # --- endpoints and interfaces ---

    def endpoint(self, service: str) -> InterfaceEndpoint:
        subnets = self.mostly(("Prv1", "Prv2"), ("Prv1",), ("Pub1", "Prv2"), ("Pub1",))
        groups = self.mostly(("GroupEndpoint",), ("GroupOther",), ("GroupEndpoint", "GroupOther"))
        name = "".join(part.title() for part in service.split(".")) + "Endpoint"
        return InterfaceEndpoint(name, _O, VPC, service, subnets, groups, self.usually())

    def endpoint_interfaces(self, endpoint: InterfaceEndpoint) -> Iterator[NetworkInterface]:
        place = 20 + ("EcrApi", "EcrDkr", "Logs", "Secretsmanager").index(endpoint.id.removesuffix("Endpoint"))
        for index, subnet in enumerate(endpoint.subnets):
            cidr = self.ground.subnets[str(subnet)]
            groups = tuple(str(group) for group in endpoint.groups)
            name, address = f"{endpoint.id}-{subnet}", cidr[place + (0, 190)[index]]
            yield NetworkInterface(name, _O, str(subnet), groups, (address,), None, endpoint.id, "endpoint")

    def interfaces(
        self,
        name: str,
        subnets: Sequence[str],
        groups: tuple[str, ...],
        kind: Any,
        *,
        public: bool = False,
        owner: str = "",
    ) -> Iterator[NetworkInterface]:
        place = {"task": 0, "alb": 1, "other": 2}[name]
        for subnet in subnets:
            for number in _NUMBERS:
                address = self.ground.subnets[subnet][number + place]
                outside = IPv4Address("54.214.0.0") + (int(address) & 0x3FF) if public else None
                yield NetworkInterface(
                    f"{name}-{subnet}-{number}", _O, subnet, groups, (address,), outside, owner, kind
                )

    def nat_interface(self, nat: NatGateway) -> Iterator[NetworkInterface]:
        subnet = str(nat.subnet)
        outside = IPv4Address("54.215.0.1") if nat.public else None
        yield NetworkInterface("nat", _O, subnet, (), (self.ground.subnets[subnet][9],), outside, "Nat", "nat-gateway")

    def twin_interfaces(self) -> Iterator[NetworkInterface]:
        """Give one at an address that a task of the first VPC may have as well, and one at an address of its own."""
        for number in (5, 77):
            yield NetworkInterface(f"far-{number}", _O, "Far", ("GroupFar",), (self.far()[number],))


def named(*things: Any) -> dict[str, Any]:
    """Give things by their ids."""
    return {each.id: each for each in things}


def tcp(name: str, port: int, peer: Peer) -> GroupRule:
    return GroupRule(name, _O, "tcp", Ports(port, port), peer)


_RIGHT: Mapping[tuple[str, bool], tuple[GroupRule, ...]] = {
    ("GroupAlb", True): (tcp("AlbIn", 80, CidrPeer(ANYWHERE)),),
    ("GroupAlb", False): (tcp("AlbOut", 8080, GroupPeer("GroupTask")),),
    ("GroupTask", True): (tcp("TaskIn", 8080, GroupPeer("GroupAlb")),),
    ("GroupTask", False): (
        tcp("TaskOut", 443, GroupPeer("GroupEndpoint")),
        tcp("TaskS3", 443, PrefixListPeer(S3_LIST)),
    ),
    ("GroupEndpoint", True): (tcp("EndpointIn", 443, GroupPeer("GroupTask")),),
    # One that names itself, as `single` designs have it.
    ("GroupOther", True): (tcp("OtherSelf", 443, GroupPeer("GroupOther")),),
    ("GroupOther", False): (tcp("OtherSelfOut", 443, GroupPeer("GroupOther")),),
}


def _open(name: str, number: int, *, egress: bool) -> AclEntry:
    return AclEntry(name, _O, number, egress, allow=True, protocol="all", ports=Ports(), cidr=ANYWHERE)


def _route(table: str, destination: IPv4Network | str, target: str) -> Route:
    kinds: dict[str, RouteTarget] = {"Igw": "internet-gateway", "Nat": "nat-gateway", "Void": "blackhole"}
    return Route(f"{table} {destination}", _O, destination, kinds[target], target)


def _service(homes: tuple[str, ...], *, public: bool, secret: bool) -> dict[str, Any]:
    """Give the ECS side, which is always right: what is tried here is the network."""
    wide = Policy(_O, (Statement(_O, "Allow", ("*",), resources=("*",)),))
    secrets = (ContainerSecret("KEY", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:key-AbCdEf", _O),)
    container = Container(
        "web",
        _O,
        f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/hello:1",
        (8080,),
        "awslogs",
        {"awslogs-group": "/hello", "awslogs-region": REGION},
        secrets if secret else (),
    )
    target = (ServiceTarget("Targets", "web", 8080),)
    return {
        "load_balancers": named(
            LoadBalancer("Alb", _O, "application", True, ("Pub1", "Pub2"), ("GroupAlb",))  # noqa: FBT003 - a field
        ),
        "listeners": named(Listener("Http", _O, "Alb", 80, "HTTP", ("Targets",))),
        "target_groups": named(TargetGroup("Targets", _O, VPC, 8080, "HTTP", "ip")),
        "task_definitions": named(TaskDefinition("Task", _O, (container,), "awsvpc", ("FARGATE",), "Role", None)),
        "services": named(
            EcsService("Service", _O, "Cluster", "Task", "fargate", homes, ("GroupTask",), public, target)
        ),
        "roles": named(Role("Role", _O, f"arn:aws:iam::{ACCOUNT}:role/Role", (wide,))),
    }
