"""What lies behind routes that are not followed: a service's endpoint may stand there, for many VPCs at once.

A private hosted zone, which another account may associate, can point an AWS service's name at an endpoint in a central
VPC, reached by a transit gateway or by peering (AWS PrivateLink guide, 'Centralized access to VPC private endpoints').
"""

from __future__ import annotations

from ipaddress import IPv4Network

from natless.cloud import Route, Subnet
from natless.finding import Gap
from natless.prove import flows
from natless.prove.addresses import EVERYWHERE, minus, network_range
from natless.prove.ends import End
from natless.prove.truth import Maybe
from natless.prove.world import World


def elsewhere(world: World, source: End, subnet: Subnet, service: str) -> tuple[Gap, ...]:
    """Give a gap for each route by which a task may reach an endpoint of `service` outside its VPC."""
    table = world.table(subnet)
    if isinstance(table, Gap):
        return ()
    known = (route for route in table.routes if isinstance(route, Route) and route.target == "other")
    return tuple(_gap(route, service) for route in known if _passes(world, source, route))


def _passes(world: World, source: End, route: Route) -> bool:
    """Say whether groups and ACLs let a task use a route towards what may be an endpoint's address."""
    if isinstance(route.destination, Gap):
        return True
    ranges = (network_range(route.destination),) if isinstance(route.destination, IPv4Network) else EVERYWHERE
    # No endpoint stands at an address of this VPC beyond a route, nor at one of AWS's public lists.
    ranges = minus(ranges, world.taken(source))
    if not ranges:
        return False
    target = End(f"{route.destination}", route.id, route.origin, ranges, "one", "other")
    return isinstance(flows.outward(world, source, target), Maybe)


def _gap(route: Route, service: str) -> Gap:
    to = route.target_id if isinstance(route.target_id, str) else "what is not read"
    why = f"it leads {route.destination} to {to}, behind which an endpoint for {service} may stand: it is not followed"
    return Gap(f"route {route.id}", route.origin, why)
