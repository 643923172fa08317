"""Autoscaling of a service by its average CPU."""

from __future__ import annotations

from natless.design import names
from natless.design.names import ServiceIds
from natless.design.piece import Piece, ref, resource, sub
from natless.spec.model import Service


def scales(service: Service) -> bool:
    """Say whether the number of tasks moves. If so, the service has no DesiredCount: it would undo the scaling."""
    return service.count.cpu is not None and service.count.min < service.count.max


def scaling(service: Service) -> list[Piece]:
    """Give the scalable target and its policy, or nothing for a fixed count."""
    if not scales(service):
        return []
    ids = ServiceIds(service)
    causes = (f"services.{service.name}.count.cpu", f"services.{service.name}.count", f"services.{service.name}")
    return [
        resource(
            ids.scalable_target,
            "AWS::ApplicationAutoScaling::ScalableTarget",
            {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": sub(f"service/${{{names.CLUSTER}}}/${{{ids.service}.Name}}"),
                "MinCapacity": service.count.min,
                "MaxCapacity": service.count.max,
            },
            causes=causes,
        ),
        resource(
            ids.scaling_policy,
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            {
                "PolicyName": sub(f"${{AWS::StackName}}-{service.name}-cpu"),
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": ref(ids.scalable_target),
                "TargetTrackingScalingPolicyConfiguration": {
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                    "TargetValue": service.count.cpu,
                },
            },
            causes=causes,
        ),
    ]
