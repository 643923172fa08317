"""What every reader leans on: what is not there, tags, and names as a template writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import botocore.exceptions

from natless.lab.engine.resources.making import RESERVED, Request, ResourceError, missing
from natless.lab.engine.schemas import follow, schema

Properties = Mapping[str, Any]


def absent(what: str) -> ResourceError:
    """Give the error of a reader whose resource is not there any more."""
    return ResourceError(f"{what} does not exist", "NotFound")


def only(found: Sequence[Any], what: str) -> dict[str, Any]:
    """Give the one thing that was found; raises the error of what is not there."""
    if not found:
        raise absent(what)
    return dict(found[0])


def standing(error: Exception) -> bool:
    """Say whether an error met while reading leaves open that the resource stands."""
    if isinstance(error, ResourceError):
        return error.code != "NotFound"
    return not (isinstance(error, botocore.exceptions.ClientError) and missing(error))


def unless_missing(call: Callable[..., Any], **asked: Any) -> Any:
    """Give what a call answers, or None where what it asks for is not there: a part of a resource that stands."""
    try:
        return call(**asked)
    except botocore.exceptions.ClientError as error:
        if missing(error):
            return None
        raise


def tags(found: Iterable[Mapping[str, Any]] | Mapping[str, str]) -> list[dict[str, str]]:
    """Give a resource's tags as a template writes them, without those that only AWS sets."""
    pairs = found.items() if isinstance(found, Mapping) else ((_of(each, "Key"), _of(each, "Value")) for each in found)
    return [{"Key": key, "Value": value} for key, value in pairs if not key.startswith(RESERVED)]


def _of(tag: Mapping[str, Any], name: str) -> str:
    return str(tag.get(name, tag.get(name.lower(), "")))


def said(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Give the named members of an answer, None for what is not in it."""
    return {name: found.get(name) for name in names}


def written(request: Request, kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Give an answer's members under a template's names (`containerPort` is `ContainerPort`), without all others."""
    about = schema(request.region, kind)
    document = about.document if about is not None else {}
    return dict(_renamed(document, {"properties": document.get("properties", {})}, found))


def _renamed(document: dict[str, Any], shape: dict[str, Any], value: Any) -> Any:
    shape = follow(document, shape)
    if isinstance(value, list):
        return [_renamed(document, shape.get("items") or {}, item) for item in value]
    if not isinstance(value, Mapping) or "properties" not in shape:
        return value
    names = {name.lower(): name for name in shape["properties"]}
    return {
        names[key.lower()]: _renamed(document, shape["properties"][names[key.lower()]], item)
        for key, item in value.items()
        if key.lower() in names
    }


def as_asked(request: Request, name: str, arn: str) -> str:
    """Give an ARN, or the name that the template has in its place where it names the same thing."""
    asked = str(request.get(name, ""))
    return asked if asked and arn.endswith((f"/{asked}", f":{asked}")) else arn
