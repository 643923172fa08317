"""What a spec puts on all that is made: its tags on what takes tags, its permissions boundary on every role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from natless.design.piece import Piece, arn
from natless.spec.model import Spec

WITHOUT_TAGS = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        "AWS::IAM::InstanceProfile",
    }
)
"""The types that have no property for tags (AWS's registry schemas, us-east-1, 2026-11)."""


def stack_tags(spec: Spec) -> dict[str, str]:
    """Give the stacks' own tags: natless tells its stacks by the one that bears its name."""
    return {"natless": spec.name, **spec.tags}


def marked(spec: Spec, pieces: Iterable[Piece]) -> list[Piece]:
    """Give the pieces with the spec's tags and boundary on them."""
    return [_bounded(spec, _tagged(spec, piece)) for piece in pieces]


def _tagged(spec: Spec, piece: Piece) -> Piece:
    kind = str(piece.body["Type"])
    if not spec.tags or kind in WITHOUT_TAGS:
        return piece
    tags = [{"Key": key, "Value": value} for key, value in spec.tags.items()]
    properties = piece.body["Properties"]
    match kind:
        case "AWS::EC2::LaunchTemplate":
            # Instances get theirs from their group: in the template's data another tag would replace all of them.
            listed = [{**each, "Tags": each["Tags"] + tags} for each in properties["TagSpecifications"]]
            return _with(piece, {"TagSpecifications": listed})
        case "AWS::AutoScaling::AutoScalingGroup":
            return _with(piece, {"Tags": properties["Tags"] + [{**tag, "PropagateAtLaunch": True} for tag in tags]})
        case _:
            return _with(piece, {"Tags": [*properties.get("Tags", ()), *tags]})


def _bounded(spec: Spec, piece: Piece) -> Piece:
    if spec.permissions_boundary is None or piece.body["Type"] != "AWS::IAM::Role":
        return piece
    return _with(piece, {"PermissionsBoundary": arn(spec.permissions_boundary)})


def _with(piece: Piece, properties: dict[str, Any]) -> Piece:
    return msgspec.structs.replace(piece, body={**piece.body, "Properties": {**piece.body["Properties"], **properties}})
