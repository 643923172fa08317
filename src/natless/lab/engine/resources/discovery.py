"""AWS::ServiceDiscovery: private namespaces, and the names in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request, ResourceError

NAME_LIMIT = 127
"""Characters of a Cloud Map service's name (API reference, CreateService)."""


def _namespace(request: Request) -> Made:
    cloud_map = request.connect("servicediscovery")
    operation = cloud_map.create_private_dns_namespace(
        CreatorRequestId=request.suffix,
        **request.given("Name", "Vpc", "Description", "Properties"),
        Tags=request.all_tags(),
    )["OperationId"]
    identifier = _target(cloud_map, operation)
    found = cloud_map.get_namespace(Id=identifier)["Namespace"]
    zone = found["Properties"]["DnsProperties"].get("HostedZoneId", "")
    return Made(identifier, {"Id": identifier, "Arn": found["Arn"], "HostedZoneId": zone})


def _target(cloud_map: Any, operation: str) -> str:
    found = cloud_map.get_operation(OperationId=operation)["Operation"]
    if found["Status"] == "FAIL":
        raise ResourceError(found.get("ErrorMessage", "the namespace was not made"))
    return str(found["Targets"]["NAMESPACE"])


def _service(request: Request) -> Made:
    cloud_map = request.connect("servicediscovery")
    records = dict(request.get("DnsConfig") or {})
    made = cloud_map.create_service(
        Name=request.get("Name") or request.name(NAME_LIMIT),
        **request.given("NamespaceId", "Description", "HealthCheckCustomConfig", "HealthCheckConfig", "Type"),
        **({"DnsConfig": records} if records else {}),
        CreatorRequestId=request.suffix,
        Tags=request.all_tags(),
    )["Service"]
    return Made(made["Id"], {"Id": made["Id"], "Arn": made["Arn"], "Name": made["Name"]})


def _change_service(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    changed = request.given("Description")
    records = (request.get("DnsConfig") or {}).get("DnsRecords")
    if records:
        changed["DnsConfig"] = {"DnsRecords": records}
    request.connect("servicediscovery").update_service(Id=physical_id, Service=changed)


KINDS = (
    Kind(
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        _namespace,
        lambda request, it: request.connect("servicediscovery").delete_namespace(Id=it),
    ),
    Kind(
        "AWS::ServiceDiscovery::Service",
        _service,
        lambda request, it: request.connect("servicediscovery").delete_service(Id=it),
        update=_change_service,
        changes=("Description", "DnsConfig"),
    ),
)
