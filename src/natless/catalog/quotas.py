"""The quotas that a deployment may meet, as Service Quotas knows them."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class Quota(msgspec.Struct, frozen=True):
    """One quota of an account and region: Service Quotas' service and code, and its name."""

    service: str
    code: str
    name: str


VPCS = Quota("vpc", "L-F678F1CE", "VPCs per Region")
INTERNET_GATEWAYS = Quota("vpc", "L-A4707A72", "Internet gateways per Region")
GATEWAY_ENDPOINTS = Quota("vpc", "L-1B52E74A", "Gateway VPC endpoints per Region")
ELASTIC_ADDRESSES = Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs")
FARGATE_CPUS = Quota("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count")

BALANCERS_LIMIT = "application-load-balancers"
"""The name under which elasticloadbalancing:DescribeAccountLimits gives it."""

SOURCE = Source(
    "Service Quotas, list-service-quotas of vpc, ec2 and fargate; Elastic Load Balancing API reference, "
    "DescribeAccountLimits",
    "2026-11",
)
