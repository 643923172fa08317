"""The VPC and what routes in it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, TypeAlias

import msgspec

from natless.finding import Gap, Origin


class Vpc(msgspec.Struct, frozen=True):
    """A VPC. `dns_servers` is what custom DHCP options name; () means AmazonProvidedDNS.

    `ipv6_cidrs` (accounts only) are kept to be said: nothing here follows IPv6.
    """

    id: str
    origin: Origin
    cidrs: tuple[IPv4Network, ...] | Gap
    dns_support: bool | Gap = True
    dns_hostnames: bool | Gap = False
    dns_servers: tuple[str, ...] | Gap = ()
    ipv6_cidrs: tuple[str, ...] = ()


class Subnet(msgspec.Struct, frozen=True):
    """A subnet. `zone` is a zone name, or symbolic (`${AWS::Region}[0]`) when only its index is known."""

    id: str
    origin: Origin
    vpc: str | Gap
    cidr: IPv4Network | Gap
    zone: str | Gap
    map_public_ip: bool | Gap = False


RouteTarget: TypeAlias = Literal["local", "internet-gateway", "nat-gateway", "blackhole", "other"]
"""`other`: transit gateway, peering, appliance, ...: not followed, so what goes there is unknown, not blocked."""


class Route(msgspec.Struct, frozen=True):
    """A route. `id` is the route's logical id, else `TABLE destination`.

    `destination` is a CIDR, a managed prefix list's id, or a Gap. Routes to gateway endpoints are not listed
    here: `GatewayEndpoint.route_tables` says them.
    """

    id: str
    origin: Origin
    destination: IPv4Network | str | Gap
    target: RouteTarget
    target_id: str | Gap


class RouteTable(msgspec.Struct, frozen=True):
    """A route table. The local route is implied, never listed.

    Every VPC has exactly one with `main` set: where a template makes none, loaders add the implicit one with
    the VPC's id as its id. `subnets` are explicit associations; other subnets of the VPC use the main table.
    `associations` gives, by subnet, the resource that associates it, where that is a resource of its own (templates).
    """

    id: str
    origin: Origin
    vpc: str | Gap
    routes: tuple[Route | Gap, ...] = ()
    subnets: tuple[str, ...] = ()
    main: bool = False
    associations: Mapping[str, str] = {}


class InternetGateway(msgspec.Struct, frozen=True):
    """An internet gateway; `vpc` is None while it is not attached."""

    id: str
    origin: Origin
    vpc: str | Gap | None


class NatGateway(msgspec.Struct, frozen=True):
    """A zonal NAT gateway in `subnet`; a private one reaches no internet."""

    id: str
    origin: Origin
    subnet: str | Gap
    public: bool | Gap = True


class NetworkInterface(msgspec.Struct, frozen=True):
    """An ENI that stands (accounts only).

    `owner` is the id of the endpoint, load balancer, task or instance that uses it.
    """

    id: str
    origin: Origin
    subnet: str
    groups: tuple[str, ...]
    addresses: tuple[IPv4Address, ...]
    public_address: IPv4Address | None = None
    owner: str = ""
    kind: Literal["endpoint", "load-balancer", "task", "nat-gateway", "other"] = "other"
