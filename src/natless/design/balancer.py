"""The load balancer, its listener with a rule a service, and the target groups that ECS registers tasks in."""

from __future__ import annotations

from typing import Any

from natless.catalog.health import TUNED
from natless.catalog.tls import TLS_POLICY
from natless.design import names
from natless.design.names import GroupIds, ServiceIds, behind_host
from natless.design.network import zones
from natless.design.piece import Piece, arn, attribute, name_tag, ref, resource
from natless.design.routes import priorities
from natless.spec.model import Service, Spec


def balancer(spec: Spec) -> list[Piece]:
    """Give the load balancer, its listeners, and each public service's target group and rule."""
    public = public_services(spec)
    if not public:
        return []
    order = priorities(public)
    return [
        _alb(spec),
        *_listeners(spec),
        *(_target_group(spec, service) for service in public),
        *(_rule(spec, service, order[service.name]) for service in public if service.name in order),
    ]


def public_services(spec: Spec) -> tuple[Service, ...]:
    """Give the services that answer through the load balancer: the internet, or where it is internal the VPC."""
    return tuple(service for service in spec.services if service.public)


def faces_internet(spec: Spec) -> bool:
    """Say whether there is a load balancer that the internet reaches."""
    return spec.network.scheme == "internet-facing" and bool(public_services(spec))


def targets(spec: Spec, service: Service) -> str:
    """Give the id of a service's target group."""
    ids = ServiceIds(service)
    return ids.internal_targets if spec.network.scheme == "internal" else ids.target_group


def public_causes(spec: Spec) -> tuple[str, ...]:
    """Give the places in the spec that ask for a load balancer; none where nothing does."""
    tables = [f"services.{service.name}" for service in public_services(spec)]
    return tuple(cause for table in tables for cause in (f"{table}.public", table))


def takes_the_rest(service: Service) -> bool:
    """Say whether a public service answers the requests that no other one takes."""
    return service.public and not service.host and not service.path


def service_port(service: Service) -> int:
    """Give the port of a service that has one."""
    if service.port is None:
        raise ValueError(f"{service.name} is public and has no port: `spec.read` refuses that")
    return service.port


def _attributes(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _alb(spec: Spec) -> Piece:
    facing = faces_internet(spec)
    subnet = names.public_subnet if facing else names.private_subnet
    return resource(
        names.ALB,
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {
            "Type": "application",
            "Scheme": spec.network.scheme,
            "Subnets": [ref(subnet(zone)) for zone in zones(spec.network)],
            "SecurityGroups": [attribute(GroupIds(spec).alb, "GroupId")],
            "LoadBalancerAttributes": _attributes({"routing.http.drop_invalid_header_fields.enabled": "true"}),
            "Tags": name_tag("load balancer"),
        },
        causes=("network.scheme", *public_causes(spec)),
        # An internet-facing load balancer in a VPC whose gateway is not attached yet is refused; and on the way out,
        # the gateway cannot be detached while the load balancer holds public addresses.
        after=[names.INTERNET_GATEWAY_ATTACHMENT] if facing else [],
    )


def serving_listener(spec: Spec) -> str:
    """Give the id of the listener that forwards to the services: by HTTPS where there is a certificate."""
    return names.HTTPS_LISTENER if spec.network.certificates else names.LISTENER


def _listeners(spec: Spec) -> list[Piece]:
    rest = next((service for service in public_services(spec) if takes_the_rest(service)), None)
    answer = _forward(spec, rest) if rest is not None else _nobody()
    if not spec.network.certificates:
        return [_listener(spec, names.LISTENER, 80, answer)]
    first, *others = spec.network.certificates
    secure = {"SslPolicy": TLS_POLICY, "Certificates": [{"CertificateArn": arn(first)}]}
    return [
        _listener(spec, names.LISTENER, 80, _REDIRECT),
        _listener(spec, names.HTTPS_LISTENER, 443, answer, secure),
        *(
            resource(
                names.further_certificate(other),
                "AWS::ElasticLoadBalancingV2::ListenerCertificate",
                {"ListenerArn": ref(names.HTTPS_LISTENER), "Certificates": [{"CertificateArn": arn(other)}]},
                causes=_CERTIFICATE,
            )
            for other in others
        ),
    ]


_CERTIFICATE = ("network.certificate", "network")
_REDIRECT = {
    "Type": "redirect",
    "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
}


def _listener(spec: Spec, id_: str, port: int, answer: dict[str, Any], secure: dict[str, Any] | None = None) -> Piece:
    return resource(
        id_,
        "AWS::ElasticLoadBalancingV2::Listener",
        {
            "LoadBalancerArn": ref(names.ALB),
            "Port": port,
            "Protocol": "HTTP" if secure is None else "HTTPS",
            **(secure or {}),
            "DefaultActions": [answer],
        },
        causes=(*_CERTIFICATE[: 1 if secure else 0], *public_causes(spec)),
    )


def _forward(spec: Spec, service: Service) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": ref(targets(spec, service))}


def _nobody() -> dict[str, Any]:
    """Give the answer to requests that no service takes."""
    answer = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no service answers here\n"}
    return {"Type": "fixed-response", "FixedResponseConfig": answer}


def _rule(spec: Spec, service: Service, priority: int) -> Piece:
    table = f"services.{service.name}"
    conditions: list[dict[str, Any]] = []
    if service.host:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": list(service.host)}})
    if service.path:
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": list(service.path)}})
    return resource(
        ServiceIds(service).listener_rule,
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        {
            "ListenerArn": ref(serving_listener(spec)),
            "Priority": priority,
            "Conditions": conditions,
            "Actions": [_forward(spec, service)],
        },
        causes=(f"{table}.path", f"{table}.host", table),
    )


def _target_group(spec: Spec, service: Service) -> Piece:
    table = f"services.{service.name}"
    return resource(
        targets(spec, service),
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            "VpcId": ref(names.VPC),
            # Tasks in awsvpc mode are targets by address, others by their instance and its port.
            "TargetType": "instance" if behind_host(service) else "ip",
            "Protocol": "HTTP",
            "Port": service_port(service),
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
