"""Flows that stand while the rules that let them in go; prints what became of each, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
import small_network as net
from confined import see
from packets_fabric import Ends, Flow, verdict
from small_network import allow, cloud, eni, group, named

from natless.cloud import Cloud, GatewayEndpoint, NatGateway, PrefixList, Route, RouteTable
from natless.lab.fabric import INTERNET, Fabric

EVERYTHING = (allow("0.0.0.0/0", 0, 65535, "all"),)
TCP = (allow("0.0.0.0/0", 0, 65535),)
HTTPS = (allow("0.0.0.0/0", 443),)
WEB = ("10.0.12.7", 443)
S3_HOST, DYNAMODB_HOST, ANYBODY = "52.217.1.1", "52.94.5.1", "203.0.113.99"


def standing(web: tuple[Any, Any], task: tuple[Any, Any] = (EVERYTHING, EVERYTHING), **changes: Any) -> Cloud:
    """Give the network with a second task (web, 10.0.12.7), and the (ingress, egress) rules of two groups."""
    balancer = msgspec.structs.replace(net.cloud().load_balancers["alb"], id="nlb", kind="network")
    enis = net.interfaces() | named(
        eni("eni-web", "subnet-b", WEB[0], ("sg-web",), "task"),
        eni("eni-nlb", "subnet-public", "10.0.1.6", ("sg-task",), "load-balancer", "nlb"),
        eni("eni-alb", "subnet-public", "10.0.1.5", ("sg-task",), "load-balancer", "alb", public="54.214.0.5"),
        eni("eni-ecr", "subnet-b", "10.0.12.5", ("sg-web",), "endpoint", "vpce-ecr"),
    )
    groups = net.groups() | named(group("sg-task", *task), group("sg-web", *web))
    balancers = dict(net.cloud().load_balancers) | named(balancer)
    return cloud(**{"network_interfaces": enis, "security_groups": groups, "load_balancers": balancers} | changes)


class Stage:
    """One fabric; each question is a flow made under one network, and what becomes of it under the next."""

    def __init__(self) -> None:
        self.fabric = Fabric()
        self.seen: dict[str, str] = {}

    def after(
        self,
        title: str,
        before: Cloud,
        after: Cloud,
        ends: tuple[str, str] = ("eni-task", "eni-web"),
        place: tuple[str, int] = WEB,
        *,
        answer: bool = False,
    ) -> None:
        self.fabric.apply(before)
        with Flow(self.fabric, *ends, place) as flow:
            assert (flow.asks(), flow.answers()) == ("passes", "passes")
            self.fabric.apply(after)
            self.seen[title] = flow.answers() if answer else flow.asks()


def by_rules(stage: Stage) -> None:
    """The same flow, tracked or not by the rules of its ends."""
    closed = standing(((), EVERYTHING))
    stage.after("open both ways, then ingress goes", standing((HTTPS, EVERYTHING)), closed)
    stage.after("open both ways, then egress goes", standing((HTTPS, TCP)), standing((HTTPS, ())), answer=True)
    narrow = standing(((allow("10.0.0.0/16", 443),), EVERYTHING))
    stage.after("ingress from a CIDR goes", narrow, closed)
    stage.after("ingress from a group goes", standing(((allow("sg-task", 443),), EVERYTHING)), closed)
    few = (allow("0.0.0.0/0", 1024, 65535),)
    stage.after("answers to some ports only, ingress goes", standing((HTTPS, few)), standing(((), few)))
    stage.after("no egress at all, ingress goes", standing((HTTPS, ())), standing(((), ())))
    stage.after("open ingress becomes narrow, flow included", standing((HTTPS, EVERYTHING)), narrow)
    elsewhere = standing(((allow("10.9.0.0/16", 443),), EVERYTHING))
    stage.after("open ingress becomes narrow, flow left out", standing((HTTPS, EVERYTHING)), elsewhere)
    started = standing((HTTPS, ()), (EVERYTHING, HTTPS))
    stage.after("open at the client, then its egress goes", started, standing((HTTPS, ()), (EVERYTHING, ())))
    started = standing((HTTPS, ()), ((), HTTPS))
    stage.after("tracked at the client, then its egress goes", started, standing((HTTPS, ()), ((), ())))


def by_interfaces(stage: Stage) -> None:
    """Flows that AWS tracks by what they go through, under rules that are open both ways."""
    opened, closed = standing((HTTPS, EVERYTHING)), standing(((), EVERYTHING))
    stage.after("to an endpoint", opened, closed, ("eni-task", "eni-ecr"), ("10.0.12.5", 443))
    stage.after("from a network load balancer", opened, closed, ("eni-nlb", "eni-web"))
    stage.after("from an application load balancer", opened, closed, ("eni-alb", "eni-web"))
    dynamodb = PrefixList("pl-ddb", net.HERE, "dynamodb", (net.cidr("52.94.0.0/16"),))
    more = {
        "prefix_lists": dict(cloud().prefix_lists) | named(dynamodb),
        "gateway_endpoints": dict(cloud().gateway_endpoints)
        | named(GatewayEndpoint("vpce-ddb", net.HERE, "vpc-1", "dynamodb", ("rtb-private",))),
    }
    opened, closed = (standing(((), ()), (EVERYTHING, egress), **more) for egress in (EVERYTHING, ()))
    stage.after("to S3's gateway endpoint", opened, closed, ("eni-task", INTERNET), (S3_HOST, 443))
    stage.after("to DynamoDB's gateway endpoint", opened, closed, ("eni-task", INTERNET), (DYNAMODB_HOST, 443))
    out = Route("r", net.HERE, net.ANYWHERE, "nat-gateway", "nat-1")
    tables = net.tables() | named(RouteTable("rtb-private", net.HERE, "vpc-1", (out,), ("subnet-a", "subnet-b")))
    door = eni("eni-nat", "subnet-public", "10.0.1.9", (), "nat-gateway", "nat-1", public="54.214.0.7")
    nat = {
        "route_tables": tables,
        "network_interfaces": dict(opened.network_interfaces) | named(door),
        "nat_gateways": named(NatGateway("nat-1", net.HERE, "subnet-public")),
    }
    opened, closed = (standing(((), ()), (EVERYTHING, egress), **nat) for egress in (EVERYTHING, ()))
    stage.after("by a NAT gateway", opened, closed, ("eni-task", INTERNET), (ANYBODY, 443))


def by_protocol(stage: Stage) -> None:
    """UDP is as TCP is, answered or not; ICMP and other protocols are always tracked."""
    rules = {
        "open": (EVERYTHING, EVERYTHING),
        "narrow": ((allow("10.0.0.0/16", 0, 65535, "all"),), EVERYTHING),
    }
    for title, web in rules.items():
        for protocol, number in (("udp", 53), ("icmp", 8 << 8), ("50", 0)):
            stage.fabric.apply(standing(web))
            asked = (Ends("eni-task", "eni-web", WEB[0]), protocol, number, 7)
            assert verdict(stage.fabric, *asked) == "arrives"
            stage.fabric.apply(standing(((), EVERYTHING)))
            stage.seen[f"{protocol}, {title}"] = verdict(stage.fabric, *asked)
            forget(stage)


def forget(stage: Stage) -> None:
    """Begin with a network in which no flow stands."""
    stage.fabric.apply(cloud(vpcs={}, subnets={}, network_interfaces={}))


def by_acls(stage: Stage) -> None:
    """A network ACL cuts what is tracked, too."""
    opened = standing(((allow("10.0.0.0/16", 443),), EVERYTHING))
    shut = msgspec.structs.replace(cloud().network_acls["acl-1"], entries=())
    stage.after("tracked, then the network ACL denies", opened, standing(((), ()), network_acls=named(shut)))


def healed(stage: Stage) -> None:
    """A flow that was cut goes on when its rule comes back before it times out."""
    stage.fabric.apply(standing((HTTPS, EVERYTHING)))
    with Flow(stage.fabric, "eni-task", "eni-web", WEB) as flow:
        stage.fabric.apply(standing(((), EVERYTHING)))
        stage.seen["cut"] = flow.asks()
        stage.fabric.apply(standing((HTTPS, EVERYTHING)))
        flow.server.settimeout(240)
        stage.seen["and mended"] = flow.server.recv(1).decode()


def scenario() -> dict[str, str]:
    stage = Stage()
    for part in (by_rules, by_interfaces, by_protocol, by_acls, healed):
        part(stage)
    return stage.seen


if __name__ == "__main__":
    see(scenario)
