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

SHORT: Mapping[str, int] = {
    "AWS::EC2::SecurityGroup": 9,
    "AWS::EC2::VPC": 14,
    "AWS::IAM::Role": 18,
}
"""Likewise, of what is over before one wonders, and still counts on a path of many."""

OTHERS = 4
"""Seconds of any other type."""

RELEASE = 75
"""Seconds in which a service's tasks are replaced, with the health checks and the draining that design writes
(`catalog.health`)."""

GATEWAY_ENDPOINT = 10
"""Seconds of a gateway endpoint, which is a route and no interface."""

SOURCE = Source(
    "published CloudFormation event logs: NAT gateway 90-125, interface endpoint 60-113, ALB 90-180, "
    "service to steady state 62-92, VPC 14, security group 8-10, role 18; a release modelled from the health checks'"
    " figures",
    "2026-11",
)
