"""What one thing costs by the month, and the sum as one would write it down."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from natless.catalog.prices import HOURS_A_MONTH, Item, price
from natless.cloud import Cloud
from natless.cost.tasks import TaskSize
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
        self.monthly: list[str] = []
        self.missing: list[str] = []

    def add(self, item: Item, units: Decimal | int, unit: str) -> None:
        """Add so many units by the hour."""
        found = price(self.region, item)
        if found is None:
            self.missing.append(item)
            return
        self.add_usd(found.usd, units, unit)

    def add_usd(self, usd: Decimal, units: Decimal | int, unit: str) -> None:
        """Add so many units of a price by the hour that is known already."""
        self.usd += usd * units * self.hours
        self.parts.append(f"{units} {unit} x {usd}")

    def add_month(self, item: Item, units: Decimal | int, unit: str) -> None:
        """Add so many units that are billed by the month: their share of `hours`."""
        found = price(self.region, item)
        if found is None:
            self.missing.append(item)
            return
        self.usd += found.usd * units * self.hours / HOURS_A_MONTH
        self.monthly.append(f"{units} {unit} x {found.usd} a month")

    def add_whole_month(self, item: Item, unit: str) -> None:
        """Add one unit that is billed by the whole month, however long it stands in it."""
        found = price(self.region, item)
        if found is None:
            self.missing.append(item)
            return
        self.usd += found.usd
        self.monthly.append(f"1 {unit} x {found.usd} a month")

    def line(self, resource: str, what: str, origin: Origin, often: tuple[int, int] = (1, 1)) -> Line:
        """Give the line, for `often` times the sum: at least, and at most."""
        if self.missing:
            why = f"no price of {', '.join(self.missing)} is held for {self.region}"
            return Line(resource, what, "", origin, None, why=why)
        least, most = often
        times = "" if often == (1, 1) else f"{least} x " if least == most else f"{least} to {most} x "
        hourly = [f"{self.hours} h x ({' + '.join(self.parts)})"] if self.parts else []
        how = times + (" + ".join([*hourly, *self.monthly]))
        return Line(
            resource, what, how, origin, cents(self.usd * least), None if least == most else cents(self.usd * most)
        )


def unknown(resource: str, what: str, origin: Origin, gap: Gap) -> Line:
    """Give the line of something that could not be read."""
    return Line(resource, what, "", origin, None, why=f"{gap.what} is not known: {gap.why}")


def of_size(cloud: Cloud, size: TaskSize, hours: int) -> Sum:
    """Give the sum for one Fargate task on demand."""
    found = Sum(cloud, hours)
    found.add("fargate-arm-vcpu-hour" if size.arm else "fargate-x86-vcpu-hour", size.vcpu, "vCPU")
    found.add("fargate-arm-gb-hour" if size.arm else "fargate-x86-gb-hour", size.gb, "GB")
    return found
