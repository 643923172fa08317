"""The ids of rules that outlive what asked for them: by what they say, not by whose they are.

CloudFormation makes what is new before it deletes what is old, and EC2 takes no rule twice: a rule that a changed spec
still wants must keep its id, whichever service, or place in a list, it is wanted for now.
"""

from __future__ import annotations

from typing import Any

import msgspec

from natless.design import names
from natless.design.piece import Piece

_RULES = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
_SHARED = {"Fn::GetAtt": [names.SHARED_GROUP, "GroupId"]}
_ANYWHERE = "0.0.0.0/0"
HTTPS_PORT = 443
_AMONG = "Among load balancer, tasks and VPC endpoints"
"""A description is changed in place, so it may not say whose rule it is either."""


def by_content(pieces: list[Piece]) -> list[Piece]:
    """Give the pieces with such rules named anew, and all that waits for them."""
    called = {piece.id: _called(piece) for piece in pieces}
    return [_renamed(piece, called) for piece in pieces]


def _called(piece: Piece) -> str:
    properties = piece.body.get("Properties", {})
    if piece.body.get("Type") not in _RULES:
        return piece.id
    cidr, first, last = properties.get("CidrIp"), properties["FromPort"], properties["ToPort"]
    if cidr is not None and piece.body["Type"] == _RULES[0]:
        arriving = names.ALB_HTTPS if first == HTTPS_PORT else names.ALB_FROM_INTERNET
        return arriving + ("" if cidr == _ANYWHERE else _digits(cidr))
    if properties["GroupId"] != _SHARED:
        return piece.id
    way = str(piece.body["Type"]).removeprefix("AWS::EC2::SecurityGroup")
    return f"{names.SHARED_GROUP}{way}{_peer(properties)}Tcp{first}{'' if first == last else f'To{last}'}"


def _peer(properties: dict[str, Any]) -> str:
    if "CidrIp" in properties:
        return "Anywhere" if properties["CidrIp"] == _ANYWHERE else _digits(properties["CidrIp"])
    listed = properties.get("DestinationPrefixListId")
    return "Self" if listed is None else str(listed["Ref"]).removesuffix("PrefixListId")


def _digits(cidr: str) -> str:
    return cidr.replace(".", "x").replace("/", "x")


def _renamed(piece: Piece, called: dict[str, str]) -> Piece:
    body = dict(piece.body)
    if "DependsOn" in body:
        body["DependsOn"] = list(dict.fromkeys(called.get(wait, wait) for wait in body["DependsOn"]))
    if "SelfTcp" in called[piece.id]:
        body["Properties"] = {**body["Properties"], "Description": _AMONG}
    return msgspec.structs.replace(piece, id=called[piece.id], body=body)
