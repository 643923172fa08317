"""What a Cloud costs by the month: one line a resource, what has no price said so, traffic apart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from natless.catalog.prices import HOURS_A_MONTH, SPOT_DISCOUNT, Item, price
from natless.cloud import Billed, Cloud, EcsService, InterfaceEndpoint, LoadBalancer, NatGateway
from natless.cost.instances import fleets, hosting
from natless.cost.sums import Line, Sum, cents, of_size, unknown
from natless.cost.tasks import counts, on_spot, size
from natless.finding import Gap


class Traffic(msgspec.Struct, frozen=True):
    """What goes by traffic, which nobody knows beforehand: USD by GB (or by LCU-hour), None where there is no price."""

    what: str
    usd: Decimal | None
    unit: str


class Estimate(msgspec.Struct, frozen=True):
    """A month of `hours` hours in `region`. `total` (and `most`) sum what has a price; `unpriced` counts the rest."""

    region: str
    hours: int
    lines: tuple[Line, ...]
    traffic: tuple[Traffic, ...]

    @property
    def total(self) -> Decimal:
        """USD by the month, at least."""
        return sum((line.usd for line in self.lines if line.usd is not None), Decimal(0))

    @property
    def most(self) -> Decimal:
        """USD by the month, where every service is scaled out as far as it goes."""
        return sum((line.most or line.usd for line in self.lines if line.usd is not None), Decimal(0))

    @property
    def unpriced(self) -> int:
        """How many lines have no price."""
        return sum(line.usd is None for line in self.lines)


def estimate(cloud: Cloud, hours: int = HOURS_A_MONTH) -> Estimate:
    """Give what `cloud` costs in `hours` hours, whatever traffic adds to it."""
    lines = (
        *(_endpoint(cloud, each, hours) for each in cloud.interface_endpoints.values()),
        *(_nat(cloud, each, hours) for each in cloud.nat_gateways.values()),
        *(_balancer(cloud, each, hours) for each in cloud.load_balancers.values()),
        *(line for each in cloud.services.values() for line in _service(cloud, each, hours)),
        *fleets(cloud, hours),
        *(_zone(cloud, each, hours) for each in cloud.billed if each.kind == "private namespace"),
        *_free(cloud),
    )
    return Estimate(cloud.region, hours, lines, tuple(_traffic(cloud)))


def _endpoint(cloud: Cloud, endpoint: InterfaceEndpoint, hours: int) -> Line:
    what = f"interface endpoint {endpoint.service}" if isinstance(endpoint.service, str) else "interface endpoint"
    gap = next((subnet for subnet in endpoint.subnets if isinstance(subnet, Gap)), None)
    if gap is not None:
        return unknown(endpoint.id, what, endpoint.origin, gap)
    found = Sum(cloud, hours)
    found.add("interface-endpoint-hour", len(endpoint.subnets), "zones")
    return found.line(endpoint.id, what, endpoint.origin)


def _nat(cloud: Cloud, nat: NatGateway, hours: int) -> Line:
    if isinstance(nat.public, Gap):
        return unknown(nat.id, "NAT gateway", nat.origin, nat.public)
    found = Sum(cloud, hours)
    found.add("nat-gateway-hour", 1, "gateway")
    if nat.public:
        found.add("public-ipv4-hour", 1, "address")
    return found.line(nat.id, "NAT gateway", nat.origin)


def _balancer(cloud: Cloud, balancer: LoadBalancer, hours: int) -> Line:
    what = f"{balancer.kind} load balancer"
    gap = balancer.internet_facing if isinstance(balancer.internet_facing, Gap) else None
    gap = gap or next((subnet for subnet in balancer.subnets if isinstance(subnet, Gap)), None)
    if gap is not None:
        return unknown(balancer.id, what, balancer.origin, gap)
    if balancer.kind != "application":
        why = f"no price of a {what} is held"
        return Line(balancer.id, what, "", balancer.origin, None, why=why)
    found = Sum(cloud, hours)
    found.add("alb-hour", 1, "ALB")
    if balancer.internet_facing:
        found.add("public-ipv4-hour", len(balancer.subnets), "addresses")
    return found.line(balancer.id, what, balancer.origin)


def _zone(cloud: Cloud, namespace: Billed, hours: int) -> Line:
    what = "private namespace"
    if namespace.maybe is not None:
        return unknown(namespace.id, what, namespace.origin, namespace.maybe)
    found = Sum(cloud, hours)
    found.add_whole_month("hosted-zone-month", "hosted zone")
    return found.line(namespace.id, what, namespace.origin)


def _free(cloud: Cloud) -> Iterator[Line]:
    for each in cloud.gateway_endpoints.values():
        service = each.service if isinstance(each.service, str) else ""
        yield Line(each.id, f"gateway endpoint {service}".rstrip(), "free", each.origin, Decimal("0.00"))


def _traffic(cloud: Cloud) -> Iterator[Traffic]:
    def by(item: Item) -> Decimal | None:
        found = price(cloud.region, item)
        return None if found is None else found.usd

    if cloud.interface_endpoints:
        yield Traffic("through interface endpoints", by("interface-endpoint-gb"), "GB")
    if any(each.service == "s3" for each in cloud.gateway_endpoints.values()):
        yield Traffic("image layers, through the S3 gateway endpoint", Decimal(0), "GB")
    if cloud.nat_gateways:
        yield Traffic("through NAT gateways", by("nat-gateway-gb"), "GB")
    if any(each.kind == "application" for each in cloud.load_balancers.values()):
        yield Traffic("of the load balancer's capacity in use", by("alb-lcu-hour"), "LCU-hour")
    if cloud.log_groups:
        yield Traffic("of containers' logs, taken in by CloudWatch Logs", by("logs-gb"), "GB")
    if any(each.kind == "flow log" for each in cloud.billed):
        yield Traffic("of flow logs, taken in by CloudWatch Logs", by("flow-logs-gb"), "GB")


def _service(cloud: Cloud, service: EcsService, hours: int) -> Iterator[Line]:
    what = "Fargate tasks"
    if isinstance(service.launch, Gap):
        yield unknown(service.id, "tasks", service.origin, service.launch)
        return
    if service.launch == "ec2":
        # Their instances are billed, and a cluster's instances that lie outside what was read are not known here.
        if not hosting(cloud, service):
            why = "its tasks cost what their container instances cost, which are not among what was read"
            yield Line(service.id, "tasks on instances", "", service.origin, None, why=why)
        return
    if service.launch != "fargate":
        yield Line(service.id, "tasks on machines of your own", "not billed by EC2", service.origin, Decimal("0.00"))
        return
    often, found = counts(service), size(cloud, service)
    if isinstance(often, Gap):
        yield unknown(service.id, what, service.origin, often)
    elif isinstance(found, Gap):
        yield unknown(service.id, what, service.origin, found)
    elif isinstance(service.public_ip, Gap):
        yield unknown(service.id, what, service.origin, service.public_ip)
    else:
        yield _tasks(cloud, service, of_size(cloud, found, hours), often, hours)


def _tasks(cloud: Cloud, service: EcsService, task: Sum, often: tuple[int, int], hours: int) -> Line:
    """Give the line of Fargate tasks; those on Fargate Spot cost less, by how much floats."""
    line = task.line(service.id, "Fargate tasks", service.origin, often)
    spots: list[Decimal] = []
    for many in often:
        spot = on_spot(service, many)
        if isinstance(spot, Gap):
            return unknown(service.id, "Fargate tasks", service.origin, spot)
        spots.append(spot)
    address = Sum(cloud, hours)
    if service.public_ip:
        address.add("public-ipv4-hour", 1, "address")
    if address.missing or line.usd is None:
        return line if line.usd is None else address.line(service.id, "Fargate tasks", service.origin)
    low, high = (
        task.usd * (many - spot * off) + address.usd * many
        for many, spot, off in zip(often, spots, reversed(SPOT_DISCOUNT), strict=True)
    )
    how = line.how + (f" + {address.parts[0]} each" if address.parts else "")
    if any(spots):
        said = spots[0] if spots[0] == spots[1] else f"{spots[0]} to {spots[1]}"
        how += f", {said} of them on Fargate Spot, 50 to 70 % off"
    return Line(service.id, "Fargate tasks", how, service.origin, cents(low), None if low == high else cents(high))
