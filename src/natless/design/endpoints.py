"""The VPC endpoints: exactly those that the catalog derives from what the services use."""

from __future__ import annotations

from typing import Any

from natless.catalog.needs import Need
from natless.catalog.services import service as endpoint_service
from natless.design import names
from natless.design.access import service_needs, statements
from natless.design.names import GroupIds
from natless.design.network import zones
from natless.design.piece import Piece, attribute, name_tag, ref, resource, sub
from natless.spec.model import Service, Spec


def endpoints(spec: Spec, service: Service) -> list[Piece]:
    """Give the endpoints that the service's tasks need, each with a tag that says why and the least policy."""
    return [_endpoint(spec, service, need) for need in service_needs(service)]


def _endpoint(spec: Spec, service: Service, need: Need) -> Piece:
    table = f"services.{service.name}"
    known = endpoint_service(need.endpoint)
    common = {
        "VpcId": ref(names.VPC),
        "ServiceName": sub(f"com.amazonaws.${{AWS::Region}}.{need.endpoint}"),
        # Some services refuse an endpoint with a policy.
        **({"PolicyDocument": _policy(spec, service, need)} if known is None or known.policy else {}),
        # AWS::EC2::VPCEndpoint has no description.
        "Tags": [*name_tag(need.endpoint), {"Key": "natless:why", "Value": f"{service.name}: {need.why}"}],
    }
    return resource(
        names.endpoint(need.endpoint),
        "AWS::EC2::VPCEndpoint",
        {**common, **(_interface(spec, service) if need.kind == "interface" else _gateway(spec))},
        causes=(f"{table}.secrets", table) if need.endpoint in {"secretsmanager", "ssm"} else (table,),
    )


def _interface(spec: Spec, service: Service) -> dict[str, Any]:
    return {
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": [ref(names.private_subnet(zone)) for zone in zones(spec.network)],
        "SecurityGroupIds": [attribute(GroupIds(spec, service).endpoint, "GroupId")],
    }


def _gateway(spec: Spec) -> dict[str, Any]:
    return {
        "VpcEndpointType": "Gateway",
        "RouteTableIds": [ref(names.private_route_table(zone)) for zone in zones(spec.network)],
    }


def _policy(spec: Spec, service: Service, need: Need) -> dict[str, Any]:
    # The principal is anyone: ECR presigns layer requests as itself, and a role as the principal of an endpoint
    # policy does not match its sessions. The role's own policy says who may.
    allowed = [{**statement, "Principal": "*"} for statement in statements(spec, service, [need])]
    return {"Version": "2012-10-17", "Statement": allowed}
