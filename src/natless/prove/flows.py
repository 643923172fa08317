"""Flows through the fabric, in the order in which a packet meets the gates.

Source's groups (egress), source subnet's ACL (out), route, target subnet's ACL (in), target's groups (ingress); then
the answer through the ACLs. Groups are stateful, so answers pass them. ACLs do not see traffic between two interfaces
of one subnet.
"""

from __future__ import annotations

from natless.cloud import Subnet
from natless.finding import Gap
from natless.finding.rules import ROUTE_MISSING
from natless.prove import gates
from natless.prove.answers import Answer
from natless.prove.ends import End
from natless.prove.exits import Exit
from natless.prove.routes import diverted
from natless.prove.truth import Maybe
from natless.prove.walk import Denial, Walk
from natless.prove.world import World


def inside(world: World, source: End, target: End, protocol: str = "tcp", port: int = 443) -> Answer:
    """Walk a flow between two interfaces."""
    walk = Walk(source, target, protocol, port)
    here, there = source.subnet, target.subnet
    if here is None or there is None:
        return _homeless(source, target)
    if isinstance(here.vpc, Gap) or isinstance(there.vpc, Gap) or here.vpc != there.vpc:
        why = f"{here.id} and {there.id} are not known to lie in one VPC"
        return Maybe((Gap(f"flow {source.label} to {target.label}", target.origin, why),))
    same = here.id == there.id
    gates.egress(world, walk)
    if not same:
        gates.acl(world, walk, here, "target", egress=True)
        _local(world, walk, here, target)
        gates.acl(world, walk, there, "source", egress=False)
    gates.ingress(world, walk)
    if not same:
        gates.acl(world, walk, there, "source", egress=True, back=True)
        _local(world, walk, there, source, back=True)
        gates.acl(world, walk, here, "target", egress=False, back=True)
    return walk.answer()


def _homeless(source: End, target: End) -> Maybe:
    return Maybe((Gap(f"flow {source.label} to {target.label}", source.origin, "an end stands in no subnet"),))


def _local(world: World, walk: Walk, subnet: Subnet, remote: End, *, back: bool = False) -> None:
    table = world.table(subnet)
    if isinstance(table, Gap):
        # Every table has the local route; which one it is does not matter, only what may be more specific in it.
        walk.leave_open(table)
        return
    taken = diverted(table, world.vpc_ranges(subnet.vpc), remote.ranges)
    if taken is not None:
        walk.leave_open(taken)
    walk.add("route", table.id, "local", table.origin, back=back)


def by_gateway(
    world: World, source: End, target: End, endpoint: str, port: int = 443, *, protocol: str = "tcp"
) -> Answer:
    """Walk a flow that the route to a gateway endpoint takes."""
    walk = Walk(source, target, protocol, port)
    if source.subnet is None:
        return _homeless(source, target)
    gates.egress(world, walk)
    gates.acl(world, walk, source.subnet, "target", egress=True)
    table = world.table(source.subnet)
    if isinstance(table, Gap):
        walk.leave_open(table)
    elif protocol == "udp":
        # Reachability Analyzer's VPCE_GATEWAY_PROTOCOL_RESTRICTION: gateway endpoints take TCP and ICMP echo only.
        walk.refuse(Denial("route", table.id, table.origin, ROUTE_MISSING, f"{endpoint} takes no {protocol}"))
    else:
        walk.add("route", table.id, f"prefix list of {target.service} to {endpoint}", table.origin)
    gates.acl(world, walk, source.subnet, "target", egress=False, back=True)
    return walk.answer()


def outward(world: World, source: End, target: End, protocol: str = "tcp", port: int = 443) -> Answer:
    """Walk a flow to public addresses: through an internet gateway or a NAT gateway."""
    walk = Walk(source, target, protocol, port)
    walk.private = False
    if source.subnet is None:
        return _homeless(source, target)
    gates.egress(world, walk)
    gates.acl(world, walk, source.subnet, "target", egress=True)
    Exit(world, source, target, walk).cross(walk, "target")
    gates.acl(world, walk, source.subnet, "target", egress=False, back=True)
    return walk.answer()


def inward(world: World, source: End, target: End, port: int, protocol: str = "tcp") -> Answer:
    """Walk a flow from the internet to an interface with a public address."""
    walk = Walk(source, target, protocol, port)
    walk.private = False
    if target.subnet is None:
        return _homeless(source, target)
    gates.acl(world, walk, target.subnet, "source", egress=False)
    gates.ingress(world, walk)
    gates.acl(world, walk, target.subnet, "source", egress=True, back=True)
    Exit(world, target, source, walk, inbound=True).cross(walk, "source", back=True)
    return walk.answer()
