"""The change that gives an interface a way to public addresses, by what stands there: a load balancer or a task."""

from __future__ import annotations

from natless.cloud import Route, RouteTable, Subnet
from natless.finding import Gap
from natless.prove import mends
from natless.prove.answers import Mend
from natless.prove.ends import End
from natless.prove.world import World

_ZONES = 2
"""An application load balancer stands in two zones at least (CreateLoadBalancer, ELB API reference)."""


def add_way_out(world: World, who: End, table: RouteTable, subnet: Subnet) -> Mend:
    """Give what lets `who`, in a subnet whose table leads nowhere, come out and be answered."""
    if who.role == "balancer" and (mend := to_public_subnets(world, who, subnet)).resources:
        return mend
    if who.public_ip is False:
        return _by_nat(world, who, table, subnet)
    gateways = world.cloud.internet_gateways.values()
    gateway = next((gateway.id for gateway in gateways if gateway.vpc == subnet.vpc), "")
    if mends.is_nameless(table):
        return mends.associate(subnet, _public_table(world, table.vpc), f"leads to {gateway or 'the internet'}")
    return mends.add_default_route(table, "GatewayId", gateway)


def _by_nat(world: World, who: End, table: RouteTable, subnet: Subnet) -> Mend:
    """An internet gateway answers no interface without a public address: only a NAT gateway leads out of it."""
    nats = [nat for nat in world.cloud.nat_gateways.values() if nat.public is True]
    homes = {nat.id: home for nat in nats if not isinstance(home := world.subnet(nat.subnet), Gap)}
    nat = next((name for name, home in homes.items() if home.vpc == subnet.vpc and home.id != subnet.id), None)
    if nat is None or mends.is_nameless(table):
        way = "a NAT gateway in a public subnet, to which its route table leads 0.0.0.0/0"
        return Mend(words=f"{who.label} has no public address, so only {way}, takes it out. No VPC endpoint does.")
    return mends.add_default_route(table, "NatGatewayId", nat)


def to_public_subnets(world: World, who: End, subnet: Subnet) -> Mend:
    """Give the load balancer the VPC's subnets that lead to an internet gateway, one a zone; words where there are few.

    A route to the internet in the subnet where it stands would make that subnet public, with all that is in it.
    """
    zones: dict[str, str] = {}
    for other in world.cloud.subnets.values():
        table = world.table(other)
        if other.vpc == subnet.vpc and isinstance(other.zone, str) and not isinstance(table, Gap) and _is_public(table):
            zones.setdefault(other.zone, other.id)
    balancer = world.cloud.load_balancers.get(who.owner)
    if balancer is None or len(zones) < _ZONES:
        return Mend(words=f"Put {who.owner} into subnets whose route table leads 0.0.0.0/0 to an internet gateway.")
    return mends.move_balancer(balancer, list(zones.values()))


def _is_public(table: RouteTable) -> bool:
    return any(isinstance(route, Route) and route.target == "internet-gateway" for route in table.routes)


def _public_table(world: World, vpc: str | Gap) -> str | None:
    """Give a route table of the VPC that leads to an internet gateway, or None."""
    tables = world.cloud.route_tables.values()
    return next((table.id for table in tables if table.vpc == vpc and _is_public(table)), None)
