"""The intermediate form: a Cloud reduced to what the kernel needs, every default and reference settled.

Pure. What the fabric cannot build is listed in `Plan.unmodelled`, never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from typing import TypeVar

import msgspec

from natless.catalog.tracking import AUTOMATIC_INTERFACES
from natless.cloud import Cloud, NetworkInterface, Route, RouteTable, Subnet, Vpc
from natless.finding import Gap

_T = TypeVar("_T")

INTERNET = "internet"
"""The namespace where AWS's public services and the rest of the world are."""

SERVICES_RANGE = IPv4Network("198.18.0.0/16")
"""AWS's public service addresses in the lab (half of RFC 2544's range, which no real network routes)."""

LINKS_RANGE = IPv4Network("198.19.0.0/16")
"""The lab's own: four addresses for each VPC's links to the internet namespace."""

WORLD_RANGE = IPv4Network("203.0.113.0/24")
"""The rest of the internet (RFC 5737's TEST-NET-3): all of its addresses answer, by RST where nothing listens."""

VISITOR = IPv4Address("203.0.113.10")
"""The address a browser on the host has when it visits a load balancer."""

RESOLVER = IPv4Address("169.254.169.253")
"""AmazonProvidedDNS's second address, the same in every VPC (VPC user guide, "Amazon DNS server")."""


class Numbers:
    """Gives each (kind, id) a number from 1 that it keeps for good, for link names, marks and tables."""

    def __init__(self) -> None:
        """Start with none given."""
        self._given: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {}

    def of(self, kind: str, key: str) -> int:
        """Give the number of `key` among its `kind`."""
        if (kind, key) not in self._given:
            self._last[kind] = self._last.get(kind, 0) + 1
            self._given[kind, key] = self._last[kind]
        return self._given[kind, key]


class Segment(msgspec.Struct, frozen=True):
    """A subnet: its packets carry `mark`, which stands for its network ACL and its route table."""

    id: str
    mark: int
    cidr: IPv4Network
    acl: str | None
    table: str


class Attachment(msgspec.Struct, frozen=True):
    """An ENI: a namespace named by its id, joined to the VPC's router by `link`.

    `groups` () filters nothing: NAT gateways and some load balancers have none. `tracked` says that AWS tracks all
    flows with it (`catalog/tracking.py`).
    """

    eni: str
    link: str
    segment: Segment
    addresses: tuple[IPv4Address, ...]
    public: IPv4Address | None
    groups: tuple[str, ...]
    translates: bool = False
    tracked: bool = False

    @property
    def gateway(self) -> IPv4Address:
        """Give the address AWS's router has in the subnet."""
        return self.segment.cidr.network_address + 1


class Way(msgspec.Struct, frozen=True):
    """A route: packets to `destination` leave by `link` (`igw`, `gwe`, `void`, or a NAT gateway's) to `via`."""

    destination: IPv4Network
    link: str
    via: IPv4Address | None = None


class Table(msgspec.Struct, frozen=True):
    """A route table of the VPC, with gateway endpoints' prefix lists among its ways. `number` is the kernel's."""

    id: str
    number: int
    ways: tuple[Way, ...]


class Links(msgspec.Struct, frozen=True):
    """A VPC's two links to the internet namespace: by its internet gateway, and by its gateway endpoints.

    The first is `igw` in the router and `iN` outside, the second `gwe` and `gN`.
    """

    number: int
    outside: IPv4Address
    router: IPv4Address
    endpoints: IPv4Address

    @classmethod
    def of(cls, number: int) -> Links:
        """Give the links of the VPC with this number."""
        first = LINKS_RANGE.network_address + 4 * number
        return cls(number, outside=first, router=first + 1, endpoints=first + 2)


class _Doors(msgspec.Struct, frozen=True):
    """What routes of a VPC can lead to."""

    vpc: str
    links: Links
    attachments: tuple[Attachment, ...]


class VpcPlan(msgspec.Struct, frozen=True):
    """A VPC: one router namespace, named by the VPC's id."""

    id: str
    cidrs: tuple[IPv4Network, ...]
    resolvers: tuple[IPv4Address, ...]
    links: Links
    segments: tuple[Segment, ...]
    attachments: tuple[Attachment, ...]
    tables: tuple[Table, ...]
    gateway: bool


class Plan(msgspec.Struct, frozen=True):
    """All VPCs, the ranges that the internet namespace answers for, and what could not be modelled."""

    vpcs: Mapping[str, VpcPlan]
    ranges: tuple[IPv4Network, ...]
    unmodelled: tuple[str, ...]


def plan(cloud: Cloud, numbers: Numbers) -> Plan:
    """Reduce `cloud` to its plan. The same cloud and numbers give the same plan."""
    notes: list[str] = []
    vpcs = {}
    for vpc in _sorted(cloud.vpcs):
        if isinstance(vpc.cidrs, Gap) or not vpc.cidrs:
            notes.append(f"{vpc.id}: its CIDR is not known")
            continue
        if vpc.ipv6_cidrs:
            notes.append(
                f"{vpc.id}: has IPv6 addresses ({', '.join(vpc.ipv6_cidrs)}), the lab's packets are IPv4's alone"
            )
        vpcs[vpc.id] = _vpc(cloud, vpc, vpc.cidrs, numbers, notes)
    served = [cidr for each in cloud.prefix_lists.values() if not isinstance(each.cidrs, Gap) for cidr in each.cidrs]
    ranges = tuple(collapse_addresses([*served, SERVICES_RANGE, WORLD_RANGE]))
    return Plan(vpcs, ranges, tuple(dict.fromkeys(notes)))


def _sorted(found: Mapping[str, _T]) -> list[_T]:
    return [found[key] for key in sorted(found)]


def _vpc(cloud: Cloud, vpc: Vpc, cidrs: tuple[IPv4Network, ...], numbers: Numbers, notes: list[str]) -> VpcPlan:
    links = Links.of(numbers.of("vpc", vpc.id))
    segments = _segments(cloud, vpc, numbers, notes)
    attachments = _attachments(cloud, segments, numbers)
    tables = [each for each in _sorted(cloud.route_tables) if each.vpc == vpc.id]
    doors = _Doors(vpc.id, links, attachments)
    return VpcPlan(
        id=vpc.id,
        cidrs=cidrs,
        resolvers=(cidrs[0].network_address + 2, RESOLVER),
        links=links,
        segments=tuple(segments.values()),
        attachments=attachments,
        tables=tuple(_table(cloud, each, numbers.of("table", each.id), doors, notes) for each in tables),
        gateway=any(each.vpc == vpc.id for each in cloud.internet_gateways.values()),
    )


def _segments(cloud: Cloud, vpc: Vpc, numbers: Numbers, notes: list[str]) -> dict[str, Segment]:
    segments = {}
    for subnet in _sorted(cloud.subnets):
        if subnet.vpc != vpc.id:
            continue
        table = _table_of(cloud, subnet, vpc)
        if isinstance(subnet.cidr, Gap) or table is None:
            notes.append(f"{subnet.id}: its CIDR or its route table is not known")
            continue
        acl = _acl_of(cloud, subnet, vpc)
        if acl is None:
            notes.append(f"{subnet.id}: its network ACL is not known, nothing is filtered there")
        segments[subnet.id] = Segment(subnet.id, numbers.of("subnet", subnet.id), subnet.cidr, acl, table)
    return segments


def _table_of(cloud: Cloud, subnet: Subnet, vpc: Vpc) -> str | None:
    own = [each.id for each in _sorted(cloud.route_tables) if subnet.id in each.subnets]
    main = [each.id for each in _sorted(cloud.route_tables) if each.main and each.vpc == vpc.id]
    return next(iter([*own, *main]), None)


def _acl_of(cloud: Cloud, subnet: Subnet, vpc: Vpc) -> str | None:
    own = [each.id for each in _sorted(cloud.network_acls) if subnet.id in each.subnets]
    default = [each.id for each in _sorted(cloud.network_acls) if each.default and each.vpc == vpc.id]
    return next(iter([*own, *default]), None)


def _attachments(cloud: Cloud, segments: Mapping[str, Segment], numbers: Numbers) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            eni=each.id,
            link=f"e{numbers.of('eni', each.id)}",
            segment=segments[each.subnet],
            addresses=each.addresses,
            public=each.public_address,
            groups=() if each.kind == "nat-gateway" else tuple(sorted(each.groups)),
            translates=each.kind == "nat-gateway",
            tracked=_kind(cloud, each) in AUTOMATIC_INTERFACES,
        )
        for each in _sorted(cloud.network_interfaces)
        if each.subnet in segments and each.addresses
    )


def _kind(cloud: Cloud, eni: NetworkInterface) -> str:
    balancer = cloud.load_balancers.get(eni.owner) if eni.kind == "load-balancer" else None
    return f"{balancer.kind}-load-balancer" if balancer is not None else eni.kind


def _table(cloud: Cloud, table: RouteTable, number: int, doors: _Doors, notes: list[str]) -> Table:
    ways: dict[IPv4Network, Way] = {}
    for route in table.routes:
        if isinstance(route, Gap):
            notes.append(f"{table.id}: a route is not known ({route.why})")
            continue
        for destination in _destinations(cloud, route, notes):
            ways[destination] = _way(cloud, route, destination, doors, notes)
    for endpoint in _sorted(cloud.gateway_endpoints):
        if table.id in endpoint.route_tables and endpoint.available:
            served = [each for each in _sorted(cloud.prefix_lists) if each.service == endpoint.service]
            if not served:
                notes.append(f"{endpoint.id}: the prefix list of {endpoint.service} is not known")
            for each in served:
                cidrs = () if isinstance(each.cidrs, Gap) else each.cidrs
                ways.update({cidr: Way(cidr, "gwe", doors.links.outside) for cidr in cidrs})
    return Table(table.id, 1000 + number, tuple(ways[key] for key in sorted(ways)))


def _destinations(cloud: Cloud, route: Route, notes: list[str]) -> tuple[IPv4Network, ...]:
    match route.destination:
        case Gap():
            notes.append(f"{route.id}: its destination is not known")
            return ()
        case IPv4Network() as cidr:
            return () if route.target == "local" else (cidr,)
        case str() as prefix_list:
            found = cloud.prefix_lists.get(prefix_list)
            if found is None or isinstance(found.cidrs, Gap):
                notes.append(f"{route.id}: the prefix list {prefix_list} is not known")
                return ()
            return found.cidrs


def _way(cloud: Cloud, route: Route, destination: IPv4Network, doors: _Doors, notes: list[str]) -> Way:
    """Give the way of one route; what leads nowhere leads to `void`, where AWS is silent."""
    match route.target:
        case "internet-gateway":
            gateway = cloud.internet_gateways.get(route.target_id) if isinstance(route.target_id, str) else None
            if gateway is not None and gateway.vpc == doors.vpc:
                return Way(destination, "igw", doors.links.outside)
        case "nat-gateway":
            door = _nat_interface(cloud, route.target_id, doors.attachments)
            if door is not None:
                return Way(destination, door.link, door.addresses[0])
            notes.append(f"{route.id}: the NAT gateway {route.target_id} has no interface")
        case "other":
            notes.append(f"{route.id}: leads to {route.target_id}, which the lab does not model")
        case "blackhole" | "local":
            pass
    return Way(destination, "void")


def _nat_interface(cloud: Cloud, gateway: str | Gap, attachments: tuple[Attachment, ...]) -> Attachment | None:
    def belongs(eni: NetworkInterface) -> bool:
        return eni.kind == "nat-gateway" and eni.owner == gateway

    return next((each for each in attachments if belongs(cloud.network_interfaces[each.eni])), None)
