"""The VPC endpoints: exactly those that the catalog derives from what the services use."""

from __future__ import annotations

from typing import Any

from natless.catalog.services import service as endpoint_service
from natless.design import names
from natless.design.access import Ask, all_asks, statements
from natless.design.names import GroupIds
from natless.design.network import zones
from natless.design.piece import Piece, attribute, name_tag, ref, resource, sub
from natless.spec.model import Spec

_NAMED_IN_TAG = 3
"""Services that a tag names: its value has at most 256 characters."""


def endpoints(spec: Spec) -> list[Piece]:
    """Give the endpoints that the services' tasks need, each with a tag that says why and the least policy."""
    return [_endpoint(spec, name, asked) for name, asked in all_asks(spec).items()]


def _endpoint(spec: Spec, name: str, asked: tuple[Ask, ...]) -> Piece:
    known = endpoint_service(name)
    common = {
        "VpcId": ref(names.VPC),
        "ServiceName": sub(f"com.amazonaws.${{AWS::Region}}.{name}"),
        # Some services refuse an endpoint with a policy.
        **({"PolicyDocument": _policy(asked)} if known is None or known.policy else {}),
        # AWS::EC2::VPCEndpoint has no description.
        "Tags": [*name_tag(name), {"Key": "natless:why", "Value": _why(asked)}],
    }
    return resource(
        names.endpoint(name),
        "AWS::EC2::VPCEndpoint",
        {**common, **(_interface(spec) if asked[0].kind == "interface" else _gateway(spec))},
        causes=tuple(cause for ask in asked for cause in ask.causes),
    )


def _why(asked: tuple[Ask, ...]) -> str:
    services = list(dict.fromkeys(ask.service for ask in asked))
    further = len(services) - _NAMED_IN_TAG
    named = ", ".join(services[:_NAMED_IN_TAG]) + (f" and {further} more" if further > 0 else "")
    return f"{named}: {', '.join(dict.fromkeys(ask.why for ask in asked))}"


def _interface(spec: Spec) -> dict[str, Any]:
    return {
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": [ref(names.private_subnet(zone)) for zone in zones(spec.network)],
        "SecurityGroupIds": [attribute(GroupIds(spec).endpoint, "GroupId")],
    }


def _gateway(spec: Spec) -> dict[str, Any]:
    return {
        "VpcEndpointType": "Gateway",
        "RouteTableIds": [ref(names.private_route_table(zone)) for zone in zones(spec.network)],
    }


def _policy(asked: tuple[Ask, ...]) -> dict[str, Any]:
    # The principal is anyone: ECR presigns layer requests as itself, and a role as the principal of an endpoint
    # policy does not match its sessions. The role's own policy says who may.
    allowed = [{**statement, "Principal": "*"} for statement in statements(asked)]
    return {"Version": "2012-10-17", "Statement": allowed}
