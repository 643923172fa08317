"""The Application Load Balancer, its listener and the target group that ECS registers tasks in."""

from __future__ import annotations

from natless.catalog.health import TUNED
from natless.design import names
from natless.design.names import GroupIds, ServiceIds, behind_host
from natless.design.network import zones
from natless.design.piece import Piece, attribute, name_tag, ref, resource
from natless.spec.model import Service, Spec


def balancer(spec: Spec, service: Service) -> list[Piece]:
    """Give the load balancer, its HTTP listener and the service's target group."""
    table = f"services.{service.name}"
    public = (f"{table}.public", table)
    return [_alb(spec, service, public), _listener(service, public), _target_group(service, table)]


def _attributes(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _alb(spec: Spec, service: Service, causes: tuple[str, ...]) -> Piece:
    return resource(
        names.ALB,
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {
            "Type": "application",
            "Scheme": "internet-facing",
            "Subnets": [ref(names.public_subnet(zone)) for zone in zones(spec.network)],
            "SecurityGroups": [attribute(GroupIds(spec, service).alb, "GroupId")],
            "LoadBalancerAttributes": _attributes({"routing.http.drop_invalid_header_fields.enabled": "true"}),
            "Tags": name_tag("load balancer"),
        },
        causes=causes,
        # An internet-facing load balancer in a VPC whose gateway is not attached yet is refused; and on the way out,
        # the gateway cannot be detached while the load balancer holds public addresses.
        after=[names.INTERNET_GATEWAY_ATTACHMENT],
    )


def _listener(service: Service, causes: tuple[str, ...]) -> Piece:
    return resource(
        names.LISTENER,
        "AWS::ElasticLoadBalancingV2::Listener",
        {
            "LoadBalancerArn": ref(names.ALB),
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref(ServiceIds(service).target_group)}],
        },
        causes=causes,
    )


def _target_group(service: Service, table: str) -> Piece:
    return resource(
        ServiceIds(service).target_group,
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            "VpcId": ref(names.VPC),
            # Tasks in awsvpc mode are targets by address, others by their instance and its port.
            "TargetType": "instance" if behind_host(service) else "ip",
            "Protocol": "HTTP",
            "Port": service.port,
            "HealthCheckProtocol": "HTTP",
            **({"HealthCheckPort": "traffic-port"} if behind_host(service) else {}),
            "HealthCheckPath": service.health,
            "HealthCheckIntervalSeconds": TUNED.interval,
            "HealthCheckTimeoutSeconds": TUNED.timeout,
            "HealthyThresholdCount": TUNED.healthy,
            "UnhealthyThresholdCount": TUNED.unhealthy,
            "Matcher": {"HttpCode": TUNED.matcher},
            "TargetGroupAttributes": _attributes(
                {"deregistration_delay.timeout_seconds": str(TUNED.deregistration_delay)}
            ),
            "Tags": name_tag(service.name),
        },
        causes=(f"{table}.health", f"{table}.port", table),
    )
