"""One resource or parameter of a template, with the lines of the spec that caused it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


class Piece(msgspec.Struct, frozen=True):
    """An element of a template. `causes` are dotted paths into the spec, the nearest first."""

    id: str
    body: Mapping[str, Any]
    causes: tuple[str, ...]


def resource(
    id_: str,
    type_: str,
    properties: Mapping[str, Any],
    *,
    causes: tuple[str, ...],
    after: Iterable[str] = (),
    kept: bool = False,
) -> Piece:
    """Give a resource.

    `after` are the ids it must wait for and does not refer to. `kept`: it holds data, so that CloudFormation leaves
    it when the stack goes.
    """
    body: dict[str, Any] = {"Type": type_}
    if waits := list(after):
        body["DependsOn"] = waits
    if kept:
        body |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    body["Properties"] = dict(properties)
    return Piece(id_, body, causes)


def bodies(pieces: Iterable[Piece]) -> dict[str, Any]:
    """Give the pieces as a section of a template. Two of one id are a mistake of design: no spec may lead there."""
    section: dict[str, Any] = {}
    for piece in pieces:
        if piece.id in section:
            raise ValueError(f"two elements of the template are called {piece.id}")
        section[piece.id] = dict(piece.body)
    return section


def places(pieces: Iterable[Piece], lines: Mapping[str, int]) -> dict[str, int]:
    """Give the spec's line of each piece: the first of its causes that stands in the file."""
    found = {}
    for piece in pieces:
        line = next((lines[cause] for cause in piece.causes if cause in lines), None)
        if line is not None:
            found[piece.id] = line
    return found


def ref(id_: str) -> dict[str, str]:
    """Give `Ref`."""
    return {"Ref": id_}


def attribute(id_: str, name: str) -> dict[str, list[str]]:
    """Give `Fn::GetAtt`."""
    return {"Fn::GetAtt": [id_, name]}


def sub(text: str) -> dict[str, str]:
    """Give `Fn::Sub`."""
    return {"Fn::Sub": text}


def arn(text: str) -> dict[str, str]:
    """Give an ARN that a person wrote. With the partition as a pseudo parameter validators take it for what it is."""
    return sub(f"arn:${{AWS::Partition}}:{text.split(':', 2)[2]}")


def literal(text: str) -> str | dict[str, Any]:
    """Give a person's own text. Outside `Fn::Sub`, `${` means nothing, but validators take it for a mistake."""
    return {"Fn::Join": ["$", text.split("$")]} if "${" in text else text


def name_tag(text: str) -> list[dict[str, Any]]:
    """Give the Name tag under which consoles list a thing: the stack's name and `text`."""
    return [{"Key": "Name", "Value": sub(f"${{AWS::StackName}} {text}")}]
