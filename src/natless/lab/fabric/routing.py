"""Plan → what is set in each namespace: links, addresses, neighbours, routes and rules.

A change of the cloud is the difference of two lists. Every link has permanent neighbours: nothing is asked by ARP, and
the kernel's neighbour limits, which an ordinary user cannot raise, are not met.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from natless.lab.fabric.ledger import name
from natless.lab.fabric.plan import INTERNET, VISITOR, Attachment, Plan, VpcPlan
from natless.lab.kernel.network import (
    LOCAL_TABLE,
    MAIN_TABLE,
    Address,
    Change,
    Neighbour,
    Route,
    Rule,
    Setting,
    Up,
    Veth,
    additions,
)

_MTU = 9001  # a VPC's; the same on every link, since AWS's routers send no "fragmentation needed" here
_NEAR = "02:00:00:00:00:01"
_FAR = "02:00:00:00:00:02"
_ANYWHERE = IPv4Network("0.0.0.0/0")
_LAST = 4096  # the metric of a way that is taken where there is no other
_PUBLIC_TABLE = 50

_VOID = (Veth("void", "void-end", _MTU), Up("lo"), Up("void"), Up("void-end"))


def hardware(address: IPv4Address) -> str:
    """Give the MAC of the ENI with this primary address."""
    return ":".join(f"{byte:02x}" for byte in (2, 0, *address.packed))


def first_settings(vpc: VpcPlan) -> list[Setting]:
    """Give what makes a new router: its links to the internet namespace and to nowhere."""
    found: list[Setting] = list(_VOID)
    for outer in outer_links(vpc.links.number):
        inner = Veth(outer.peer, outer.name, _MTU, _NEAR, _FAR, INTERNET)
        found += [inner, Up(inner.name), Neighbour(vpc.links.outside, _FAR, inner.name)]
    # What has no table of its own, or an address of the VPC that no ENI has, goes nowhere.
    found.append(Route(_ANYWHERE, "void", metric=_LAST))
    return found


def outer_links(number: int) -> tuple[Veth, Veth]:
    """Give the links of the VPC with this number as the internet namespace has them."""
    return Veth(f"i{number}", "igw", _MTU), Veth(f"g{number}", "gwe", _MTU)


def router_settings(vpc: VpcPlan) -> list[Setting]:
    """Give what of a router follows the cloud: addresses, the ENIs' routes, the rules and tables."""
    found: list[Setting] = [Address(address, 32, "lo") for address in vpc.resolvers]
    # The local route comes first, whatever a table says (VPC user guide, "Route priority").
    found += [Rule(1000, MAIN_TABLE, to=cidr) for cidr in vpc.cidrs]
    numbers = {table.id: table.number for table in vpc.tables}
    found += [Rule(2000, numbers[segment.table], mark=segment.mark) for segment in vpc.segments]
    for table in vpc.tables:
        found.append(Route(_ANYWHERE, "void", table=table.number, metric=_LAST))
        found += [Route(way.destination, way.link, way.via, table.number) for way in table.ways]
    for each in vpc.attachments:
        for address in each.addresses:
            found.append(Neighbour(address, hardware(each.addresses[0]), each.link))
            found.append(Route(IPv4Network(address), each.link))
    return found


def link(each: Attachment) -> Veth:
    """Give the pair of links between an ENI's namespace and the router."""
    return Veth(each.link, "eth0", _MTU, _NEAR, hardware(each.addresses[0]), name(each.eni))


def link_settings(each: Attachment) -> list[Setting]:
    """Give what joins a new ENI's namespace to the router (a veth's peer cannot be made up)."""
    return [link(each), Up(each.link)]


def interface_settings(each: Attachment) -> list[Setting]:
    """Give what is inside a new ENI's namespace: its addresses, and everything by the subnet's router."""
    first = each.addresses[0]
    return [
        Up("lo"),
        Up("eth0"),
        *(Address(address, each.segment.cidr.prefixlen, "eth0", alone=True) for address in each.addresses),
        Neighbour(each.gateway, _NEAR, "eth0"),
        Route(IPv4Network(each.gateway), "eth0", source=first),
        Route(_ANYWHERE, "eth0", each.gateway, source=first),
    ]


def internet_first_changes() -> list[Change]:
    """Give what makes the internet namespace, where what is nobody's is answered by silence."""
    return [
        *additions(_VOID),
        # Load balancers' addresses are looked up before the local ones, among which whole ranges stand.
        *additions([Rule(_PUBLIC_TABLE, _PUBLIC_TABLE), Rule(100, LOCAL_TABLE)]),
        Change("del", Rule(0, LOCAL_TABLE)),
        *additions([Address(VISITOR, 32, "lo"), Route(_ANYWHERE, "void", source=VISITOR, metric=_LAST)]),
    ]


def internet_settings(plan: Plan) -> list[Setting]:
    """Give what of the internet namespace follows the cloud: what it answers for, and the way to each VPC."""
    found: list[Setting] = [Route(cidr, "lo", here=True) for cidr in plan.ranges]
    for vpc in plan.vpcs.values():
        found += internet_side(vpc)
    return found


def outer_link_settings(vpc: VpcPlan) -> list[Setting]:
    """Give what the internet namespace has for the links of a VPC that is new."""
    inner, endpoints = f"i{vpc.links.number}", f"g{vpc.links.number}"
    return [
        Up(inner),
        Up(endpoints),
        Neighbour(vpc.links.router, _NEAR, inner),
        Neighbour(vpc.links.endpoints, _NEAR, endpoints),
        Route(IPv4Network(vpc.links.endpoints), endpoints),
    ]


def internet_side(vpc: VpcPlan) -> list[Setting]:
    """Give the internet's ways to the public addresses of a VPC, which go with its links."""
    if not vpc.gateway:
        return []
    link = f"i{vpc.links.number}"
    public = [each.public for each in vpc.attachments if each.public is not None]
    return [Route(IPv4Network(each), link, vpc.links.router, _PUBLIC_TABLE, VISITOR) for each in public]


def change(old: Sequence[Setting], new: Sequence[Setting]) -> tuple[list[Change], list[Change]]:
    """Give what takes away what is only in `old`, and what adds what is only in `new`."""
    before, after = set(old), set(new)
    taken = [Change("del", each) for each in old if each not in after]
    return taken, additions([each for each in new if each not in before])
