"""Route tables: the most specific route wins; a managed prefix list's route beats a CIDR that covers it."""

from __future__ import annotations

from ipaddress import IPv4Network

import msgspec

from natless.catalog.addresses import LARGEST_VPC_PREFIX
from natless.cloud import Route, RouteTable
from natless.finding import Gap
from natless.prove.addresses import Ranges, meet, minus, network_range


class Leg(msgspec.Struct, frozen=True):
    """The part of the destination that one route takes; None is no route, a Gap is one that could not be read."""

    ranges: Ranges
    route: Route | Gap | None


def legs(table: RouteTable, ranges: Ranges) -> tuple[Leg, ...]:
    """Split destination addresses outside the VPC over the routes of a table."""
    open_ = [gap for route in table.routes if (gap := unread(route)) is not None]
    if open_:
        # A route whose destination is not known may be more specific than any other.
        return (Leg(ranges, open_[0]),)
    found: list[Leg] = []
    left = ranges
    for network, route in _by_length(table):
        taken = meet(left, (network_range(network),))
        if taken:
            found.append(Leg(taken, route))
            left = minus(left, taken)
    return (*found, Leg(left, None)) if left else tuple(found)


def _by_length(table: RouteTable) -> list[tuple[IPv4Network, Route]]:
    pairs = [
        (route.destination, route)
        for route in table.routes
        if not isinstance(route, Gap) and isinstance(route.destination, IPv4Network)
    ]
    return sorted(pairs, key=lambda pair: -pair[0].prefixlen)


def unread(route: Route | Gap) -> Gap | None:
    """Give what could not be read of where a route leads from."""
    if isinstance(route, Gap):
        return route
    return route.destination if isinstance(route.destination, Gap) else None


def diverted(table: RouteTable, vpc: Ranges, ranges: Ranges) -> Gap | None:
    """Give the gap of a route that may take traffic inside the VPC away from the local route; None where none does.

    Only a route more specific than the VPC's CIDR can. Where that CIDR (`vpc`) could not be read: it is a /16 at most.
    """
    for route in table.routes:
        if (gap := unread(route)) is not None:
            return gap
        if isinstance(route, Gap) or not isinstance(route.destination, IPv4Network) or route.target == "local":
            continue
        own = (network_range(route.destination),)
        within = meet(own, vpc) == own and own != vpc if vpc else route.destination.prefixlen > LARGEST_VPC_PREFIX
        if within and meet(own, ranges):
            why = f"it leads {route.destination} to {route.target_id}, which is not followed"
            return Gap(f"route {route.id}", route.origin, why)
    return None
