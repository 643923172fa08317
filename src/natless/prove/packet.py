"""One packet between two addresses that stand: for accounts, where interfaces and addresses are known."""

from __future__ import annotations

from ipaddress import IPv4Address

import msgspec

from natless.cloud import Cloud, GatewayEndpoint, NetworkInterface
from natless.finding import Gap, Origin, Outcome
from natless.prove import flows
from natless.prove.addresses import meet, of, one
from natless.prove.answers import Answer, No
from natless.prove.ends import End
from natless.prove.ends import Role as EndRole
from natless.prove.proof import outcome
from natless.prove.truth import Maybe
from natless.prove.world import Who, World


def packet(cloud: Cloud, interface: str, address: IPv4Address, port: int, protocol: str = "tcp") -> Outcome:
    """Say whether a request from a standing interface (by id) to an address is answered, and which way it goes."""
    world = World(cloud)
    known = cloud.network_interfaces.get(interface)
    if known is None:
        return outcome(Maybe((world.outside(interface, "network interface"),)))
    source = _end(world, known)
    if isinstance(source, Gap):
        return outcome(Maybe((source,)))
    return outcome(_sent(world, source, address, port, protocol))


def _end(world: World, interface: NetworkInterface) -> End | Gap:
    # A load balancer's own packets are those of anybody: the role is for who comes in by it.
    roles: dict[str, EndRole] = {"endpoint": "endpoint", "task": "task"}
    who = Who(
        roles.get(interface.kind, "other"),
        interface.owner or interface.id,
        interface.id,
        interface.origin,
        interface.public_address is not None,
        one(interface.addresses[0]) if interface.addresses else (),
    )
    return world.end(who, interface.subnet, interface.groups, "all")


def _sent(world: World, source: End, address: IPv4Address, port: int, protocol: str) -> Answer:
    for interface in world.cloud.network_interfaces.values():
        # Another VPC may have the same addresses: a packet finds only those of its own.
        if address in interface.addresses and _beside(world, source, interface):
            target = _end(world, interface)
            if isinstance(target, Gap):
                return Maybe((target,))
            return flows.inside(world, source, target, protocol, port)
    target = End(str(address), str(address), Origin(world.cloud.source), one(address), "all", "service")
    for known in world.cloud.prefix_lists.values():
        if isinstance(known.cidrs, Gap) or not meet(of(known.cidrs), target.ranges):
            continue
        target = msgspec.structs.replace(target, service=known.service)
        gateway = _gateway(world, source, known.service)
        if gateway is not None and gateway.available:
            return flows.by_gateway(world, source, target, gateway.id, port, protocol=protocol)
        if gateway is not None:
            return _not_yet(gateway, flows.outward(world, source, target, protocol, port))
    return flows.outward(world, source, target, protocol, port)


def _beside(world: World, source: End, interface: NetworkInterface) -> bool:
    """Say whether an interface stands in the VPC of the source, or is not known to stand elsewhere."""
    home = world.subnet(interface.subnet)
    here = None if source.subnet is None else source.subnet.vpc
    there = home if isinstance(home, Gap) else home.vpc
    return here is None or isinstance(here, Gap) or isinstance(there, Gap) or here == there


def _gateway(world: World, source: End, service: str) -> GatewayEndpoint | None:
    """Give the gateway endpoint of a service on the source's route table."""
    table = world.table(source.subnet) if source.subnet is not None else None
    if table is None or isinstance(table, Gap):
        return None
    endpoints = world.cloud.gateway_endpoints.values()
    return next((one_ for one_ in endpoints if one_.service == service and table.id in one_.route_tables), None)


def _not_yet(gateway: GatewayEndpoint, otherwise: Answer) -> Answer:
    """Give what holds where an endpoint has not come up: whether its route stands already is not documented."""
    if isinstance(otherwise, No):
        return otherwise
    why = "it is not in the state available, and whether its route stands already is not documented"
    return Maybe((Gap(f"state of {gateway.id}", gateway.origin, why),))
