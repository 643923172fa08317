"""Private names: a namespace of the VPC, and in it a name for each service that another one calls."""

from __future__ import annotations

from typing import Any

from natless.design import names
from natless.design.names import ServiceIds
from natless.design.piece import Piece, attribute, name_tag, ref, resource
from natless.spec.model import Service, Spec

RECORD_SECONDS = 10
"""How long an answer is kept: a task that has gone is asked for no longer than this."""


def called(spec: Spec) -> tuple[Service, ...]:
    """Give the services that another one calls."""
    wanted = {name for service in spec.services for name in service.calls}
    return tuple(service for service in spec.services if service.name in wanted)


def namespace_name(spec: Spec) -> str:
    """Give the domain in which the services have their private names."""
    return f"{spec.name}.internal"


def discovery(spec: Spec) -> list[Piece]:
    """Give the namespace and the names in it; nothing where no service calls another."""
    services = called(spec)
    callers = tuple(f"services.{service.name}.calls" for service in spec.services if service.calls)
    if not services:
        return []
    namespace = resource(
        names.NAMESPACE,
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        {"Name": namespace_name(spec), "Vpc": ref(names.VPC), "Tags": name_tag("private names")},
        causes=callers,
    )
    return [namespace, *(_name(service, callers) for service in services)]


def _name(service: Service, callers: tuple[str, ...]) -> Piece:
    return resource(
        ServiceIds(service).discovery,
        "AWS::ServiceDiscovery::Service",
        {
            "Name": service.name,
            "NamespaceId": ref(names.NAMESPACE),
            # Every answer names up to eight tasks, and a caller that tries the next one gets over one that just ended.
            "DnsConfig": {
                "RoutingPolicy": "MULTIVALUE",
                "DnsRecords": [{"Type": "A", "TTL": RECORD_SECONDS}],
            },
            # ECS says who is healthy: Route 53's own checks come from the internet, and reach no private address.
            "HealthCheckCustomConfig": {"FailureThreshold": 1},
        },
        causes=(f"services.{service.name}", *callers),
    )


def registries(spec: Spec, service: Service) -> dict[str, Any]:
    """Give what has ECS register the tasks of a service under its name."""
    if service not in called(spec):
        return {}
    return {"ServiceRegistries": [{"RegistryArn": attribute(ServiceIds(service).discovery, "Arn")}]}
