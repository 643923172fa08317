"""How long CloudFormation takes to make what takes long, so that waiting can be told from hanging."""

from __future__ import annotations

from collections.abc import Mapping

from natless.catalog.source import Source

SECONDS: Mapping[str, int] = {
    "AWS::EC2::NatGateway": 110,
    "AWS::EC2::VPCEndpoint": 90,
    "AWS::ECS::Service": 65,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 125,
}
"""By resource type, in seconds: the middle of what published deployment logs show."""

SOURCE = Source(
    "published CloudFormation event logs: NAT gateway 90-125, interface endpoint 60-113, ALB 90-180", "2026-11"
)
