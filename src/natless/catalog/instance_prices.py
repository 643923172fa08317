"""What EC2 instances cost by the hour, on demand, Linux, shared tenancy, in USD: by region, each with its source.

us-east-1 holds every type that `instance_types` knows, the other regions what their source was read for. A type that is
not listed for a region has no price here, and is said to have none: prices of other regions or sizes are no guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from natless.catalog.source import Source

SOURCE = Source(
    "AWS price list, offer AmazonEC2, as Karpenter's provider for AWS records it for us-east-1", "2026-07-20"
)

ELSEWHERE = Source(
    "AWS price list, offer AmazonEC2, as the SkyPilot catalog (v8) records it for the other regions", "2026-11"
)

BURSTABLE = ("t3.", "t3a.", "t4g.")
"""Families that earn CPU credits. Above their baseline for long they cost more, which goes by load."""

BURSTABLE_SOURCE = Source("Amazon EC2 User Guide, 'Unlimited mode for burstable performance instances'", "2026-11")

_TABLE: Mapping[str, str] = {
    "us-east-1": """
t3 nano 0.0052 micro 0.0104 small 0.0208 medium 0.0416 large 0.0832 xlarge 0.1664 2xlarge 0.3328
t3a nano 0.0047 micro 0.0094 small 0.0188 medium 0.0376 large 0.0752 xlarge 0.1504 2xlarge 0.3008
t4g nano 0.0042 micro 0.0084 small 0.0168 medium 0.0336 large 0.0672 xlarge 0.1344 2xlarge 0.2688
m5 large 0.096 xlarge 0.192 2xlarge 0.384 4xlarge 0.768 8xlarge 1.536 12xlarge 2.304 16xlarge 3.072
m6i large 0.096 xlarge 0.192 2xlarge 0.384 4xlarge 0.768 8xlarge 1.536 12xlarge 2.304 16xlarge 3.072
m6g medium 0.0385 large 0.077 xlarge 0.154 2xlarge 0.308 4xlarge 0.616
m6g 8xlarge 1.232 12xlarge 1.848 16xlarge 2.464
m7i large 0.1008 xlarge 0.2016 2xlarge 0.4032 4xlarge 0.8064 8xlarge 1.6128 12xlarge 2.4192 16xlarge 3.2256
m7g medium 0.0408 large 0.0816 xlarge 0.1632 2xlarge 0.3264 4xlarge 0.6528
m7g 8xlarge 1.3056 12xlarge 1.9584 16xlarge 2.6112
c5 large 0.085 xlarge 0.17 2xlarge 0.34 4xlarge 0.68 12xlarge 2.04
c6i large 0.085 xlarge 0.17 2xlarge 0.34 4xlarge 0.68 8xlarge 1.36 12xlarge 2.04 16xlarge 2.72
c6g medium 0.034 large 0.068 xlarge 0.136 2xlarge 0.272 4xlarge 0.544
c6g 8xlarge 1.088 12xlarge 1.632 16xlarge 2.176
c7i large 0.08925 xlarge 0.1785 2xlarge 0.357 4xlarge 0.714 8xlarge 1.428 12xlarge 2.142 16xlarge 2.856
c7g medium 0.0363 large 0.0725 xlarge 0.145 2xlarge 0.29 4xlarge 0.58 8xlarge 1.16 12xlarge 1.74 16xlarge 2.32
r5 large 0.126 xlarge 0.252 2xlarge 0.504 4xlarge 1.008 8xlarge 2.016 12xlarge 3.024 16xlarge 4.032
r6i large 0.126 xlarge 0.252 2xlarge 0.504 4xlarge 1.008 8xlarge 2.016 12xlarge 3.024 16xlarge 4.032
r6g medium 0.0504 large 0.1008 xlarge 0.2016 2xlarge 0.4032 4xlarge 0.8064
r6g 8xlarge 1.6128 12xlarge 2.4192 16xlarge 3.2256
r7g medium 0.0536 large 0.1071 xlarge 0.2142 2xlarge 0.4284 4xlarge 0.8568
r7g 8xlarge 1.7136 12xlarge 2.5704 16xlarge 3.4272
g4dn xlarge 0.526 2xlarge 0.752 4xlarge 1.204 8xlarge 2.176 12xlarge 3.912 16xlarge 4.352
g5 xlarge 1.006 2xlarge 1.212 4xlarge 1.624 8xlarge 2.448 12xlarge 5.672 16xlarge 4.096
g6 xlarge 0.8048 2xlarge 0.9776 4xlarge 1.3232 8xlarge 2.0144 12xlarge 4.6016 16xlarge 3.3968
""",
    "eu-west-1": """
t3 nano 0.0057 micro 0.0114 small 0.0228 medium 0.0456 large 0.0912 xlarge 0.1824
t4g micro 0.0092 medium 0.0368 large 0.0736 2xlarge 0.2944
""",
    "eu-central-1": """
t3 nano 0.006 micro 0.012 small 0.024 medium 0.048 large 0.096 xlarge 0.192
t4g micro 0.0096 medium 0.0384 large 0.0768
""",
    "ap-northeast-1": """
t3 nano 0.0068 micro 0.0136 small 0.0272 medium 0.0544 large 0.1088 xlarge 0.2176
t4g micro 0.0108 medium 0.0432 large 0.0864
""",
    "ap-northeast-2": """
t3 nano 0.0065 micro 0.013 small 0.026 medium 0.052 large 0.104 xlarge 0.208
t4g micro 0.0104 medium 0.0416 large 0.0832
""",
}
"""By region lines for each family: its name, then sizes and USD by the hour."""

_PRICES: dict[tuple[str, str], Decimal] = {}


def instance_hour(region: str, name: str) -> Decimal | None:
    """Give what an instance type costs by the hour in a region, or None where no source is held."""
    if not _PRICES:
        for place, rows in _TABLE.items():
            for row in rows.split("\n"):
                family, *pairs = row.split() or [""]
                _PRICES.update(
                    {
                        (place, f"{family}.{size}"): Decimal(usd)
                        for size, usd in zip(pairs[::2], pairs[1::2], strict=True)
                    }
                )
    return _PRICES.get((region, name))


def source(region: str) -> Source:
    """Give who says a region's prices."""
    return SOURCE if region == "us-east-1" else ELSEWHERE
