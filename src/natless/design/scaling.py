"""Autoscaling of a service: by its average CPU and memory, and by the requests that each task gets."""

from __future__ import annotations

from typing import Any

from natless.design import names
from natless.design.balancer import targets
from natless.design.names import ServiceIds
from natless.design.piece import Piece, ref, resource, sub
from natless.spec.model import Service, Spec


def scales(service: Service) -> bool:
    """Say whether the number of tasks moves. If so, the service has no DesiredCount: it would undo the scaling."""
    count = service.count
    return (count.cpu, count.memory, count.requests) != (None, None, None) and count.min < count.max


def scaling(spec: Spec, service: Service) -> list[Piece]:
    """Give the scalable target and a policy for each aim, or nothing for a fixed count.

    Of several policies the one that wants the most tasks is followed; tasks go when all of them say so.
    """
    if not scales(service):
        return []
    ids = ServiceIds(service)
    table = f"services.{service.name}"
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
            causes=(f"{table}.count", table),
        ),
        *(
            _policy(service, id_, aim, value, metric)
            for id_, aim, value, metric in (
                (ids.scaling_policy, "cpu", service.count.cpu, _metric("ECSServiceAverageCPUUtilization")),
                (ids.memory_policy, "memory", service.count.memory, _metric("ECSServiceAverageMemoryUtilization")),
                (ids.requests_policy, "requests", service.count.requests, _requests(spec, service)),
            )
            if value is not None
        ),
    ]


def _metric(kind: str) -> dict[str, Any]:
    return {"PredefinedMetricType": kind}


def _requests(spec: Spec, service: Service) -> dict[str, Any]:
    """Give the metric of requests, which is told by load balancer and target group (PredefinedMetricSpecification)."""
    label = f"${{{names.ALB}.LoadBalancerFullName}}/${{{targets(spec, service)}.TargetGroupFullName}}"
    return {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": sub(label)}


def _policy(service: Service, id_: str, aim: str, value: int, metric: dict[str, Any]) -> Piece:
    table = f"services.{service.name}"
    return resource(
        id_,
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": sub(f"${{AWS::StackName}}-{service.name}-{aim}"),
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": ref(ServiceIds(service).scalable_target),
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": metric,
                "TargetValue": value,
            },
        },
        causes=(f"{table}.count.{aim}", f"{table}.count", table),
    )
