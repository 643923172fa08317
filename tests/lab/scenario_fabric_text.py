"""The network as the lab sets it, and as `ip -batch` does from the text that is shown; prints both as JSON."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import small_network as net
from confined import see
from small_network import allow, cloud, eni, group, named

from natless.cloud import NatGateway, Route, RouteTable
from natless.lab.fabric import INTERNET, Fabric, routing
from natless.lab.fabric.plan import Numbers, Plan, plan
from natless.lab.kernel import namespaces, rtnetlink
from natless.lab.kernel.namespaces import KernelError
from natless.lab.kernel.network import Change, Rule, Up, additions

Way = Callable[[str, list[Change]], None]
SHOWN = ("link", "address", "neighbour", "route show table all", "rule")
# A MAC that nobody gave is made anew each time; a link's state, and its carrier flag, are told by the kernel later.
RANDOM = {"address", "broadcast", "permaddr"}
LATER = {"operstate", "flags"}
BLOCK = re.compile(r"^\t(chain|set|map) (\S+) \{\n(.*?)^\t\}", re.DOTALL | re.MULTILINE)


def by_text(name: str, changes: list[Change]) -> None:
    namespaces.run(name, ("ip", "-batch", "-"), "".join(f"{each.text()}\n" for each in changes))


def network() -> Plan:
    """Give a plan with every kind of way: by both gateways, by NAT, and into nothing."""
    out = Route("r", net.HERE, net.ANYWHERE, "nat-gateway", "nat-1")
    lost = Route("l", net.HERE, net.cidr("172.16.0.0/12"), "blackhole", "pcx-1")
    tables = net.tables() | named(RouteTable("rtb-private", net.HERE, "vpc-1", (out, lost), ("subnet-a", "subnet-b")))
    door = eni("eni-nat", "subnet-public", "10.0.1.9", (), "nat-gateway", "nat-1", public="54.214.0.7")
    return plan(
        cloud(
            route_tables=tables,
            network_interfaces=net.interfaces() | named(door),
            nat_gateways=named(NatGateway("nat-1", net.HERE, "subnet-public")),
        ),
        Numbers(),
    )


def shown(name: str) -> dict[str, Any]:
    found = {}
    with namespaces.inside(name):
        for what in SHOWN:
            done = subprocess.run(["ip", "-details", "-json", *what.split()], capture_output=True, check=True)
            # Neighbours are listed in the order of a random hash.
            found[what] = sorted((plain(each) for each in json.loads(done.stdout)), key=json.dumps)
    return found


def plain(each: dict[str, Any]) -> dict[str, Any]:
    unequal = LATER | RANDOM if each.get("ifname", "").startswith("void") else LATER
    return {key: value for key, value in each.items() if key not in unequal}


def made(way: Way) -> dict[str, Any]:
    """Make the whole network, then take half of what follows the cloud away again; give what stands each time."""
    whole = network()
    vpc = whole.vpcs["vpc-1"]
    places = [INTERNET, vpc.id, *(each.eni for each in vpc.attachments)]
    for place in places:
        namespaces.make(place)
    way(INTERNET, routing.internet_first_changes())
    way(vpc.id, additions(routing.first_settings(vpc)))
    way(INTERNET, additions(routing.outer_link_settings(vpc)))
    for each in vpc.attachments:
        way(vpc.id, additions(routing.link_settings(each)))
        way(each.eni, additions(routing.interface_settings(each)))
    settings = routing.router_settings(vpc)
    way(vpc.id, additions(settings))
    way(INTERNET, additions(routing.internet_settings(whole)))
    stands = {place: shown(place) for place in places}
    way(vpc.id, [Change("del", each) for each in settings[::2]])
    way(INTERNET, [Change("del", each) for each in routing.internet_settings(whole)[::2]])
    way(vpc.id, [Change("del", routing.link(vpc.attachments[0]))])
    left = {place: shown(place) for place in (INTERNET, vpc.id)}
    for place in places:
        namespaces.remove(place)
    return {"stands": stands, "left": left}


def refused(changes: list[Change]) -> str:
    try:
        rtnetlink.change("small", changes)
    except KernelError as refusal:
        return str(refusal)
    return ""


def listed(name: str) -> dict[str, list[str]]:
    """Give the blocks of a namespace's one table: a chain's lines, and a set's words, whose order is the kernel's."""
    with namespaces.inside(name):
        done = subprocess.run(["nft", "list", "ruleset"], capture_output=True, check=True, text=True)
    found = {}
    for kind, title, body in re.findall(
        r"^\t(chain|set|map) (\S+) \{\n(.*?)^\t\}", done.stdout, re.DOTALL | re.MULTILINE
    ):
        found[f"{kind} {title}"] = body.splitlines() if kind == "chain" else sorted(re.split(r"[\s,]+", body))
    return found


def rules() -> dict[str, Any]:
    """Give the rules that a fabric loaded in parts, and those of the text that it shows, loaded as it stands."""
    many = tuple(allow(f"11.{number}.0.0/16", 1 + number) for number in range(250))
    groups = named(group("sg-task", many, (*many, allow("0.0.0.0/0", 443))))
    fabric = Fabric()
    fabric.apply(cloud())
    fabric.apply(cloud(security_groups=net.groups() | groups))
    namespaces.make("shown")
    text = fabric.rules_text()
    namespaces.run("shown", ("nft", "-f", "-"), text[text.index("table ip natless") :])
    # What was replaced is off its hooks, and goes with the next change.
    namespaces.run("vpc-1", ("nft", "-f", "-"), "delete table ip natless-1\n")
    return {"stands": listed("vpc-1"), "shown": listed("shown")}


def scenario() -> dict[str, Any]:
    seen = {"by messages": made(rtnetlink.change), "by text": made(by_text)}
    namespaces.make("small")
    twice = additions([Rule(7, 100), Rule(7, 100), Rule(8, 100)])
    return {**seen, "rules": rules(), "refused": refused(twice), "no link": refused(additions([Up("nowhere")]))}


if __name__ == "__main__":
    see(scenario)
