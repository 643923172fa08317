"""What a Cloud costs by the month: one line a resource, what has no price said so, traffic apart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from natless.catalog.prices import HOURS_A_MONTH, Item, price
from natless.cloud import Cloud, EcsService, InterfaceEndpoint, LoadBalancer, NatGateway
from natless.cost.tasks import TaskSize, counts, size
from natless.finding import Gap, Origin

_CENT = Decimal("0.01")


class Line(msgspec.Struct, frozen=True):
    """What one thing costs by the month.

    `usd` is what it costs at least, and `most` at most where autoscaling moves it; both are None where there is no
    price, and `why` says which one is missing. `how` is the sum as one would write it down.
    """

    resource: str
    what: str
    how: str
    origin: Origin
    usd: Decimal | None
    most: Decimal | None = None
    why: str = ""


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
        *_free(cloud),
    )
    return Estimate(cloud.region, hours, lines, tuple(_traffic(cloud)))


def cents(usd: Decimal) -> Decimal:
    """Round to cents, as a bill does."""
    return usd.quantize(_CENT, ROUND_HALF_UP)


class Sum:
    """One line's sum: parts of so many units by the hour, and the price that is missing, if one is."""

    def __init__(self, cloud: Cloud, hours: int) -> None:
        """Begin with nothing."""
        self.region = cloud.region
        self.hours = hours
        self.usd = Decimal(0)
        self.parts: list[str] = []
        self.missing: list[str] = []

    def add(self, item: Item, units: Decimal | int, unit: str) -> None:
        """Add so many units by the hour."""
        found = price(self.region, item)
        if found is None:
            self.missing.append(item)
            return
        self.usd += found.usd * units * self.hours
        self.parts.append(f"{units} {unit} x {found.usd}")

    def line(self, resource: str, what: str, origin: Origin, often: tuple[int, int] = (1, 1)) -> Line:
        """Give the line, for `often` times the sum: at least, and at most."""
        if self.missing:
            why = f"no price of {', '.join(self.missing)} is held for {self.region}"
            return Line(resource, what, "", origin, None, why=why)
        least, most = often
        times = "" if often == (1, 1) else f"{least} x " if least == most else f"{least} to {most} x "
        how = f"{times}{self.hours} h x ({' + '.join(self.parts)})" if self.parts else ""
        return Line(
            resource, what, how, origin, cents(self.usd * least), None if least == most else cents(self.usd * most)
        )


def _unknown(resource: str, what: str, origin: Origin, gap: Gap) -> Line:
    return Line(resource, what, "", origin, None, why=f"{gap.what} is not known: {gap.why}")


def _endpoint(cloud: Cloud, endpoint: InterfaceEndpoint, hours: int) -> Line:
    what = f"interface endpoint {endpoint.service}" if isinstance(endpoint.service, str) else "interface endpoint"
    gap = next((subnet for subnet in endpoint.subnets if isinstance(subnet, Gap)), None)
    if gap is not None:
        return _unknown(endpoint.id, what, endpoint.origin, gap)
    found = Sum(cloud, hours)
    found.add("interface-endpoint-hour", len(endpoint.subnets), "zones")
    return found.line(endpoint.id, what, endpoint.origin)


def _nat(cloud: Cloud, nat: NatGateway, hours: int) -> Line:
    if isinstance(nat.public, Gap):
        return _unknown(nat.id, "NAT gateway", nat.origin, nat.public)
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
        return _unknown(balancer.id, what, balancer.origin, gap)
    if balancer.kind != "application":
        why = f"no price of a {what} is held"
        return Line(balancer.id, what, "", balancer.origin, None, why=why)
    found = Sum(cloud, hours)
    found.add("alb-hour", 1, "ALB")
    if balancer.internet_facing:
        found.add("public-ipv4-hour", len(balancer.subnets), "addresses")
    return found.line(balancer.id, what, balancer.origin)


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


def _service(cloud: Cloud, service: EcsService, hours: int) -> Iterator[Line]:
    what = "Fargate tasks"
    if isinstance(service.launch, Gap):
        yield _unknown(service.id, "tasks", service.origin, service.launch)
        return
    if service.launch != "fargate":
        why = "its tasks cost what their container instances cost, and no price of instances is held"
        yield Line(service.id, "tasks on instances", "", service.origin, None, why=why)
        return
    often, found = counts(service), size(cloud, service)
    if isinstance(often, Gap):
        yield _unknown(service.id, what, service.origin, often)
    elif isinstance(found, Gap):
        yield _unknown(service.id, what, service.origin, found)
    elif isinstance(service.public_ip, Gap):
        yield _unknown(service.id, what, service.origin, service.public_ip)
    else:
        task = of_size(cloud, found, hours)
        if service.public_ip:
            task.add("public-ipv4-hour", 1, "address")
        yield task.line(service.id, what, service.origin, often)


def of_size(cloud: Cloud, size: TaskSize, hours: int) -> Sum:
    """Give the sum for one Fargate task on demand."""
    found = Sum(cloud, hours)
    found.add("fargate-arm-vcpu-hour" if size.arm else "fargate-x86-vcpu-hour", size.vcpu, "vCPU")
    found.add("fargate-arm-gb-hour" if size.arm else "fargate-x86-gb-hour", size.gb, "GB")
    return found
