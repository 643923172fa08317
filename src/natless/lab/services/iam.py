"""Repair of moto's IAM: service-linked roles have the names that AWS gives them."""

from __future__ import annotations

from moto.iam import models

NAMES = {"ecs": "ECS", "elasticloadbalancing": "ElasticLoadBalancing"}
"""The end of `AWSServiceRoleFor...` by the service's principal.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html"""


def repair() -> None:
    """Teach moto the names that it lacks."""
    models.SERVICE_NAME_CONVERSION.update(NAMES)
