"""The service-linked roles that services must have in an account before their first resource."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class LinkedRole(msgspec.Struct, frozen=True):
    """A service-linked role: its name, the service that assumes it, the resource types that need it."""

    name: str
    service: str
    types: tuple[str, ...]


LINKED_ROLES: tuple[LinkedRole, ...] = (
    LinkedRole("AWSServiceRoleForECS", "ecs.amazonaws.com", ("AWS::ECS::Cluster", "AWS::ECS::Service")),
    LinkedRole(
        "AWSServiceRoleForElasticLoadBalancing",
        "elasticloadbalancing.amazonaws.com",
        ("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    ),
    LinkedRole(
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "ecs.application-autoscaling.amazonaws.com",
        ("AWS::ApplicationAutoScaling::ScalableTarget",),
    ),
    LinkedRole("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", ("AWS::AutoScaling::AutoScalingGroup",)),
)

SETTLING = 15.0
"""Seconds after which a role that was just made is seen everywhere: IAM is eventually consistent, and a stack that is
made before fails with "Unable to assume the service linked role" (1Password/scim-examples #356)."""

SOURCE = Source(
    "'Using service-linked roles' in the Amazon ECS Developer Guide, the Elastic Load Balancing User Guide, the "
    "Application Auto Scaling User Guide and the Amazon EC2 Auto Scaling User Guide",
    "2026-11",
)
