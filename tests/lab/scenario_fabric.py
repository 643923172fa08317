"""Packets through the fabric, network by network; prints what was seen as JSON (read by test_fabric.py)."""

from __future__ import annotations

import socket
import time
from ipaddress import IPv4Address
from typing import Any

import small_network as net
from confined import see
from small_network import allow, cloud, eni, entry, group, named

from natless.cloud import Cloud, GatewayEndpoint, NatGateway, NetworkAcl, Ports, Route, RouteTable, SecurityGroup, Vpc
from natless.lab.fabric import INTERNET, Fabric

S3_HOST = "52.217.1.1"
ANYBODY = "203.0.113.99"
ALB = "54.214.0.5"


class Stage:
    """One fabric that is brought from one network to the next."""

    def __init__(self) -> None:
        self.fabric = Fabric()
        self.seen: dict[str, Any] = {}

    def ask(self, title: str, where: str, address: str, port: int) -> None:
        found = self.fabric.probe(where, IPv4Address(address), port)
        drop = f" {found.drop.gate} {found.drop.element}".rstrip() if found.drop is not None else ""
        self.seen[title] = found.outcome + drop

    def pings(self, title: str, where: str, address: str) -> None:
        """Ask by a UDP datagram to a closed port: the answer is an ICMP error, which belongs to the flow."""
        with self.fabric.socket(where, socket.SOCK_DGRAM) as one:
            one.connect((address, 9))
            one.setblocking(False)  # noqa: FBT003 - the standard library's signature
            began, port = time.time(), one.getsockname()[1]
            one.send(b"?")
            while title not in self.seen and time.time() < began + 240:
                try:
                    one.recv(1)
                except ConnectionRefusedError:
                    self.seen[title] = "refused"
                except BlockingIOError:
                    if any(each.source_port == port for each in self.fabric.drops(began)):
                        self.seen[title] = "silent"
                    time.sleep(0.002)


def hello(stage: Stage) -> None:
    stage.fabric.apply(cloud())
    stage.ask("task to endpoint", "eni-task", "10.0.12.5", 443)
    stage.ask("task to endpoint, other port", "eni-task", "10.0.12.5", 80)
    stage.ask("task to S3", "eni-task", S3_HOST, 443)
    stage.ask("task to anybody", "eni-task", ANYBODY, 443)
    stage.ask("load balancer to task", "eni-alb", "10.0.11.5", 8080)
    stage.ask("endpoint to task", "eni-ecr", "10.0.11.5", 8080)
    stage.ask("one group on both ends, no rule", "eni-task", "10.0.11.6", 8080)
    stage.ask("visitor to load balancer", INTERNET, ALB, 80)
    stage.ask("visitor to load balancer, other port", INTERNET, ALB, 81)
    stage.pings("udp to endpoint", "eni-task", "10.0.12.5")
    stage.seen["unmodelled"] = list(stage.fabric.unmodelled)


def wide(*names: str) -> dict[str, SecurityGroup]:
    everything = (allow("0.0.0.0/0", 0, 65535, "all"),)
    return net.groups() | named(*(group(name, everything, everything) for name in names))


def routes(stage: Stage) -> None:
    groups = wide("sg-task", "sg-alb", "sg-endpoint")
    stage.fabric.apply(cloud(security_groups=groups))
    stage.ask("wide task to anybody", "eni-task", ANYBODY, 443)
    stage.ask("wide task to nobody of its VPC", "eni-task", "10.0.200.9", 443)
    stage.ask("wide load balancer to anybody", "eni-alb", ANYBODY, 443)
    stage.pings("wide udp to endpoint", "eni-task", "10.0.12.5")
    stage.fabric.apply(cloud(security_groups=groups, gateway_endpoints={}))
    stage.ask("S3 without endpoint", "eni-task", S3_HOST, 443)
    private = RouteTable("rtb-private", net.HERE, "vpc-1", (), ("subnet-a",))
    tables = net.tables() | named(private)
    stage.fabric.apply(cloud(security_groups=groups, route_tables=tables))
    stage.ask("S3 from the implicit main table", "eni-ecr", S3_HOST, 443)
    stage.ask("S3 from the private table", "eni-task", S3_HOST, 443)
    out = Route("r", net.HERE, net.ANYWHERE, "internet-gateway", "igw-1")
    tables = net.tables() | named(RouteTable("rtb-private", net.HERE, "vpc-1", (out,), ("subnet-a", "subnet-b")))
    stage.fabric.apply(cloud(security_groups=groups, route_tables=tables))
    stage.ask("gateway route, no public address", "eni-task", ANYBODY, 443)
    stage.fabric.apply(cloud(security_groups=groups, internet_gateways={}))
    stage.ask("gateway taken off", "eni-alb", ANYBODY, 443)
    stage.ask("visitor, gateway taken off", INTERNET, ALB, 80)
    public = eni("eni-task", "subnet-a", "10.0.11.5", ("sg-task",), public="54.214.0.9")
    enis = net.interfaces() | named(public)
    stage.fabric.apply(cloud(security_groups=groups, route_tables=tables, network_interfaces=enis))
    stage.ask("public task to the load balancer's public address", "eni-task", ALB, 80)


def nat(stage: Stage) -> None:
    out = Route("r", net.HERE, net.ANYWHERE, "nat-gateway", "nat-1")
    tables = net.tables() | named(RouteTable("rtb-private", net.HERE, "vpc-1", (out,), ("subnet-a", "subnet-b")))
    door = eni("eni-nat", "subnet-public", "10.0.1.9", (), "nat-gateway", "nat-1", public="54.214.0.7")
    stage.fabric.apply(
        cloud(
            security_groups=wide("sg-task"),
            route_tables=tables,
            network_interfaces=net.interfaces() | named(door),
            nat_gateways=named(NatGateway("nat-1", net.HERE, "subnet-public")),
        )
    )
    stage.ask("by the NAT gateway", "eni-task", ANYBODY, 443)
    with stage.fabric.socket(INTERNET) as server, stage.fabric.socket("eni-task") as client:
        server.bind((ANYBODY, 443))
        server.listen()
        client.connect((ANYBODY, 443))
        stage.seen["address behind the NAT gateway"] = server.accept()[1][0]


def acls(stage: Stage) -> None:
    def apply(*entries: Any, subnets: tuple[str, ...] = ("subnet-a",)) -> None:
        own = NetworkAcl("acl-own", net.HERE, "vpc-1", entries, subnets)
        default = NetworkAcl("acl-1", net.HERE, "vpc-1", net.OPEN, (), default=True)
        stage.fabric.apply(cloud(network_acls=named(own, default), security_groups=net.groups() | self_rule))

    self_rule = named(
        group(
            "sg-task",
            (allow("sg-alb", 8080), allow("sg-task", 9000)),
            (allow("sg-endpoint", 443), allow("pl-s3", 443), allow("sg-task", 9000)),
        )
    )
    https = Ports(443, 443)
    ephemeral = Ports(1024, 65535)
    out = entry(100, egress=True, allowed=True, protocol="tcp", ports=https)
    back = entry(100, egress=False, allowed=True, protocol="tcp", ports=ephemeral)
    apply(out, back)
    stage.ask("acl both ways", "eni-task", "10.0.12.5", 443)
    stage.ask("acl both ways, S3", "eni-task", S3_HOST, 443)
    apply(out)
    stage.ask("acl without the answer's ports", "eni-task", "10.0.12.5", 443)
    stage.ask("acl is not asked within a subnet", "eni-task", "10.0.11.6", 9000)
    apply(back)
    stage.ask("acl without the way out", "eni-task", "10.0.12.5", 443)
    apply(entry(50, egress=True, allowed=False, protocol="6", ports=https), *net.OPEN)
    stage.ask("acl, a lower deny first", "eni-task", "10.0.12.5", 443)
    apply(entry(150, egress=True, allowed=False, protocol="6", ports=https), *net.OPEN)
    stage.ask("acl, a higher deny is not reached", "eni-task", "10.0.12.5", 443)
    apply(net.OPEN[0], subnets=("subnet-b",))
    stage.ask("acl of the other subnet, in", "eni-task", "10.0.12.5", 443)
    apply(net.OPEN[1], subnets=("subnet-b",))
    stage.ask("acl of the other subnet, the answer", "eni-task", "10.0.12.5", 443)


def changes(stage: Stage) -> None:
    """A flow that stands survives what changes around it; a rule taken away stops only new flows (tracked)."""
    stage.fabric.apply(cloud())
    inode = stage.fabric.identity("eni-task")
    with stage.fabric.socket("eni-ecr") as server, stage.fabric.socket("eni-task") as client:
        server.bind(("10.0.12.5", 443))
        server.listen()
        client.connect(("10.0.12.5", 443))
        other, _ = server.accept()
        more = net.interfaces() | named(eni("eni-new", "subnet-b", "10.0.12.9", ("sg-task",)))
        stage.fabric.apply(cloud(network_interfaces=more, security_groups=net.groups() | named(group("sg-endpoint"))))
        client.sendall(b"still here")
        other.settimeout(240)
        stage.seen["a flow that stands"] = other.recv(100).decode()
        other.close()
    stage.ask("a new flow after the rule went", "eni-task", "10.0.12.5", 443)
    stage.ask("from a new interface", "eni-new", S3_HOST, 443)
    stage.seen["the task's namespace was kept"] = stage.fabric.identity("eni-task") == inode
    stage.fabric.apply(cloud())
    stage.ask("after the change was undone", "eni-task", "10.0.12.5", 443)
    try:
        stage.fabric.socket("eni-new")
    except KeyError as refusal:
        stage.seen["a removed interface"] = refusal.args[0]
    start = time.time()
    stage.ask("for the record", "eni-task", "10.0.12.5", 22)
    until = time.monotonic() + 240
    while not (drops := stage.fabric.drops(start)) and time.monotonic() < until:
        time.sleep(0.002)
    drop = drops[0]
    stage.seen["the record"] = [
        drop.protocol,
        str(drop.source),
        str(drop.destination),
        drop.port,
        drop.gate,
        drop.element,
    ]


def whence(stage: Stage, where: str) -> str | None:
    """Give the VPC that S3 sees a connection come from."""
    with stage.fabric.socket(INTERNET) as server, stage.fabric.socket(where) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((S3_HOST, 443))
        server.listen()
        client.connect((S3_HOST, 443))
        return stage.fabric.vpc_behind(IPv4Address(server.accept()[1][0]))


def twins(stage: Stage) -> None:
    """Two VPCs with the same addresses are two networks."""
    twin = {
        "vpcs": dict(cloud().vpcs) | named(Vpc("vpc-2", net.HERE, (net.cidr("10.0.0.0/16"),))),
        "subnets": net.subnets() | net.subnets("vpc-2", "-2"),
        "route_tables": net.tables() | named(RouteTable("rtb-2", net.HERE, "vpc-2", main=True)),
        "network_acls": dict(cloud().network_acls)
        | named(NetworkAcl("acl-2", net.HERE, "vpc-2", net.OPEN, (), default=True)),
        "network_interfaces": net.interfaces() | named(eni("eni-twin", "subnet-a-2", "10.0.11.5", ("sg-task",))),
        "security_groups": wide("sg-task"),
        "gateway_endpoints": dict(cloud().gateway_endpoints)
        | named(GatewayEndpoint("vpce-s3-2", net.HERE, "vpc-2", "s3", ("rtb-2",))),
    }
    stage.fabric.apply(cloud(**twin))
    stage.ask("in the first VPC", "eni-task", "10.0.12.5", 443)
    stage.ask("in its twin", "eni-twin", "10.0.12.5", 443)
    stage.ask("S3 from the first", "eni-task", S3_HOST, 443)
    stage.ask("S3 from its twin", "eni-twin", S3_HOST, 443)
    stage.seen["whence, as S3 sees it"] = [whence(stage, each) for each in ("eni-task", "eni-twin")]
    stage.fabric.apply(cloud())
    stage.ask("the first, without its twin", "eni-task", "10.0.12.5", 443)


def large(stage: Stage) -> None:
    """More rules than one message to the kernel holds, which is least for an ordinary user."""
    many = tuple(allow(f"10.{number // 250}.{number % 250}.0/24", 1 + number) for number in range(6000))
    big = group("sg-task", many, (*many, allow("sg-endpoint", 443)))
    whole: Cloud = cloud(security_groups=net.groups() | named(big))
    stage.fabric.apply(whole)
    stage.seen["characters of rules"] = len(stage.fabric.rules_text())
    stage.ask("through 6000 rules", "eni-task", "10.0.12.5", 443)
    stage.ask("not through 6000 rules", "eni-task", "10.0.12.5", 22)
    stage.fabric.apply(cloud())
    stage.ask("after 6000 rules", "eni-task", "10.0.12.5", 22)


def scenario() -> dict[str, Any]:
    stage = Stage()
    for part in (hello, routes, nat, acls, changes, twins, large):
        part(stage)
    return stage.seen


if __name__ == "__main__":
    see(scenario)
