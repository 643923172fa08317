"""Fargate, Fargate Spot and EC2 side by side for one service: what each is, what it costs, and which to take."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from natless.catalog.launch import COMPARED, Launch
from natless.catalog.prices import HOURS_A_MONTH, SPOT_DISCOUNT, price
from natless.cloud import Cloud, EcsService
from natless.cost.estimate import cents, of_size
from natless.cost.tasks import counts, size
from natless.finding import Gap

_FURTHER_ENDPOINTS = ("ecs-agent", "ecs-telemetry", "ecs")


class Option(msgspec.Struct, frozen=True):
    """One launch type for a service. `usd` is the range by the month, None where there is no price: `why` says which.

    `needs` says what it asks for besides, `advice` when it is the one to take.
    """

    launch: Launch
    usd: tuple[Decimal, Decimal] | None
    why: str = ""
    needs: str = ""


def compare(cloud: Cloud, service: EcsService, hours: int = HOURS_A_MONTH) -> tuple[Option, ...]:
    """Give the options for one service: Fargate, Fargate Spot, EC2."""
    often, found = counts(service), size(cloud, service)
    gap = often if isinstance(often, Gap) else found if isinstance(found, Gap) else None
    if gap is not None or isinstance(often, Gap) or isinstance(found, Gap):
        why = f"{gap.what} is not known: {gap.why}" if gap is not None else ""
        return tuple(Option(launch, None, why) for launch in COMPARED)
    line = of_size(cloud, found, hours).line(service.id, "", service.origin, often)
    on_demand, spot, instances = COMPARED
    if line.usd is None:
        priced = (Option(on_demand, None, line.why), Option(spot, None, line.why))
    else:
        least, most = line.usd, line.most or line.usd
        low, high = cents(least * (1 - SPOT_DISCOUNT[1])), cents(most * (1 - SPOT_DISCOUNT[0]))
        priced = (Option(on_demand, (least, most)), Option(spot, (low, high), needs="50 to 70 % off, as AWS has spare"))
    return (*priced, _instances(cloud, instances, hours))


def _instances(cloud: Cloud, launch: Launch, hours: int) -> Option:
    """Give EC2: no price of instances is held, but the three endpoints that they need besides have one."""
    zones = max((len(each.subnets) for each in cloud.interface_endpoints.values()), default=0)
    standing = {each.service for each in cloud.interface_endpoints.values()}
    further = [name for name in _FURTHER_ENDPOINTS if name not in standing]
    hourly = price(cloud.region, "interface-endpoint-hour")
    needs = ""
    if zones and further and hourly is not None:
        usd = cents(hourly.usd * zones * len(further) * hours)
        needs = f"and the endpoints {', '.join(further)}: {usd} a month more"
    return Option(launch, None, "no price of instances is held: see the EC2 price list for the instance type", needs)
