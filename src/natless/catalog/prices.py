"""Prices on demand, in USD, of what natless designs: by region, each with its source and the month it was read.

A region or a thing that is not listed has no price here, and is said to have none: never nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from natless.catalog.source import Source

Item: TypeAlias = Literal[
    "interface-endpoint-hour",
    "interface-endpoint-gb",
    "nat-gateway-hour",
    "nat-gateway-gb",
    "public-ipv4-hour",
    "fargate-x86-vcpu-hour",
    "fargate-x86-gb-hour",
    "fargate-arm-vcpu-hour",
    "fargate-arm-gb-hour",
    "alb-hour",
    "alb-lcu-hour",
    "gp3-gb-month",
    "hosted-zone-month",
    "logs-gb",
    "flow-logs-gb",
]
"""What is billed, and the unit. An interface endpoint is billed by the hour in each zone, traffic for its first PB.

A gp3 volume's GB counts in GiB, and its 3,000 IOPS and 125 MB/s are free; it is billed by the second. A hosted zone is
billed by the whole month, each of the first 25. Logs are billed as they are taken in: those of the standard class, and
flow logs as vended logs, for their first 10 TB; keeping them is billed besides."""

SOURCE = Source(
    "AWS price list, offers AmazonVPC, AWSELB, AmazonECS and AmazonEC2, and the pricing pages of AWS PrivateLink,"
    " Amazon VPC, AWS Fargate, Elastic Load Balancing, Amazon EBS, Amazon Route 53 and Amazon CloudWatch",
    "2026-10",
)

HOURS_A_MONTH = 730
"""As the AWS Pricing Calculator counts."""

SPOT_DISCOUNT = (Decimal("0.50"), Decimal("0.70"))
"""What Fargate Spot takes off the price on demand, least and most. It floats with supply and demand."""

SPOT_SOURCE = Source("AWS Fargate pricing, 'Fargate Spot pricing'", "2026-10")


class Price(msgspec.Struct, frozen=True):
    """What one unit of `item` costs in `region`, in USD."""

    region: str
    item: Item
    usd: Decimal
    source: Source = SOURCE


_TABLE: Mapping[str, Mapping[Item, str]] = {
    "us-east-1": {
        "interface-endpoint-hour": "0.01",
        "interface-endpoint-gb": "0.01",
        "nat-gateway-hour": "0.045",
        "nat-gateway-gb": "0.045",
        "public-ipv4-hour": "0.005",
        "fargate-x86-vcpu-hour": "0.04048",
        "fargate-x86-gb-hour": "0.004445",
        "fargate-arm-vcpu-hour": "0.03238",
        "fargate-arm-gb-hour": "0.00356",
        "alb-hour": "0.0225",
        "alb-lcu-hour": "0.008",
        "gp3-gb-month": "0.08",
        "hosted-zone-month": "0.50",
        "logs-gb": "0.50",
        "flow-logs-gb": "0.50",
    },
    "eu-west-1": {
        "interface-endpoint-hour": "0.011",
        "interface-endpoint-gb": "0.01",
        "nat-gateway-hour": "0.048",
        "nat-gateway-gb": "0.048",
        "public-ipv4-hour": "0.005",
        "fargate-x86-vcpu-hour": "0.04048",
        "fargate-x86-gb-hour": "0.004445",
        "fargate-arm-vcpu-hour": "0.03238",
        "fargate-arm-gb-hour": "0.00356",
        "alb-hour": "0.0252",
        "gp3-gb-month": "0.088",
        "hosted-zone-month": "0.50",
    },
    "eu-central-1": {
        "interface-endpoint-hour": "0.012",
        "interface-endpoint-gb": "0.01",
        "nat-gateway-hour": "0.052",
        "fargate-x86-vcpu-hour": "0.04656",
        "fargate-x86-gb-hour": "0.00511",
        "gp3-gb-month": "0.0952",
        "hosted-zone-month": "0.50",
    },
    "ap-northeast-1": {
        "interface-endpoint-hour": "0.014",
        "interface-endpoint-gb": "0.01",
        "nat-gateway-hour": "0.062",
        "nat-gateway-gb": "0.062",
        "public-ipv4-hour": "0.005",
        "fargate-x86-vcpu-hour": "0.05056",
        "fargate-x86-gb-hour": "0.00553",
        "alb-hour": "0.0243",
        "hosted-zone-month": "0.50",
        "logs-gb": "0.76",
    },
}

PRICES: Mapping[tuple[str, Item], Price] = {
    (region, item): Price(region, item, Decimal(usd)) for region, row in _TABLE.items() for item, usd in row.items()
}

REGIONS: tuple[str, ...] = tuple(_TABLE)
"""Those for which prices are held."""


def price(region: str, item: Item) -> Price | None:
    """Give the price of an item in a region, or None where no source is held."""
    return PRICES.get((region, item))
