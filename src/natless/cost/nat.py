"""Endpoints against NAT gateways: which costs less, and the traffic at which that turns."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from natless.catalog.prices import HOURS_A_MONTH, price
from natless.cloud import Cloud
from natless.cost.sums import cents


class BreakEven(msgspec.Struct, frozen=True):
    """A Cloud's interface endpoints, and as many NAT gateways instead, each with its address, in USD by the month.

    `gb` is the traffic by the month at which both cost the same, where it goes to S3 (image layers do: by the gateway
    endpoint it is free); None where endpoints cost less without any.
    """

    endpoints: int
    zones: int
    endpoints_usd: Decimal
    nats: int
    nats_usd: Decimal
    nat_gb_usd: Decimal
    gb: Decimal | None


def break_even(cloud: Cloud, nats: int, hours: int = HOURS_A_MONTH) -> BreakEven | None:
    """Set the interface endpoints of `cloud` against `nats` NAT gateways; None where a price is missing, or a place."""
    by_hour = price(cloud.region, "interface-endpoint-hour")
    nat_hour, nat_gb = price(cloud.region, "nat-gateway-hour"), price(cloud.region, "nat-gateway-gb")
    address = price(cloud.region, "public-ipv4-hour")
    endpoints = [each for each in cloud.interface_endpoints.values() if each.subnets]
    if by_hour is None or nat_hour is None or nat_gb is None or address is None or not endpoints:
        return None
    zones = sum(len(each.subnets) for each in endpoints)
    ours = cents(by_hour.usd * zones * hours)
    theirs = cents((nat_hour.usd + address.usd) * nats * hours)
    gb = (ours - theirs) / nat_gb.usd if ours > theirs else None
    return BreakEven(
        len(endpoints),
        max(len(each.subnets) for each in endpoints),
        ours,
        nats,
        theirs,
        nat_gb.usd,
        gb.quantize(Decimal("0.1")) if gb is not None else None,
    )
