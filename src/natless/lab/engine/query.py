"""AWS's query protocol, read and written by the service's own model (botocore ships it)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


class QueryError(Exception):
    """A request that does not fit the model: `code` and the message are AWS's."""

    def __init__(self, code: str, message: str) -> None:
        """Take the error code and the message."""
        super().__init__(message)
        self.code = code


@functools.cache
def model() -> ServiceModel:
    """Give the model of CloudFormation's API."""
    return ServiceModel(Loader().load_service_model("cloudformation", "service-2"), "cloudformation")


def operation(name: str) -> OperationModel:
    """Give the model of one call; raises QueryError where the API has none of that name."""
    try:
        return model().operation_model(name)
    except OperationNotFoundError:
        message = f"The action {name} is not valid for this web service."
        raise QueryError("InvalidAction", message) from None


def form(body: bytes, query: str) -> dict[str, str]:
    """Give the fields of a request, from its body and its query string."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    return fields | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def read(fields: Mapping[str, str], shape: Shape | None) -> dict[str, Any]:
    """Read a call's parameters from its fields by the input shape; what is required must be there."""
    if shape is None:
        return {}
    found = _read(fields, "", shape) or {}
    missing = [name for name in shape.required_members if name not in found]
    if missing:
        said = "; ".join(
            f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
            for name in missing
        )
        raise QueryError("ValidationError", f"{len(missing)} validation error(s) detected: {said}")
    return dict(found)


def _read(fields: Mapping[str, str], prefix: str, shape: Any) -> Any:
    """Read the value at `prefix`; None where no field says anything of it."""
    match shape.type_name:
        case "structure":
            inner = {
                name: _read(fields, _join(prefix, member.serialization.get("name", name)), member)
                for name, member in shape.members.items()
            }
            kept = {name: value for name, value in inner.items() if value is not None}
            return kept or None
        case "list":
            return _read_list(fields, prefix, shape)
        case "map":
            pairs = {}
            index = 1
            while f"{prefix}.entry.{index}.key" in fields:
                pairs[fields[f"{prefix}.entry.{index}.key"]] = fields.get(f"{prefix}.entry.{index}.value", "")
                index += 1
            return pairs or None
        case "boolean":
            return fields[prefix].lower() == "true" if prefix in fields else None
        case "integer" | "long":
            return int(fields[prefix]) if prefix in fields else None
        case _:
            return fields.get(prefix)


def _read_list(fields: Mapping[str, str], prefix: str, shape: Any) -> list[Any] | None:
    step = prefix if shape.serialization.get("flattened") else f"{prefix}.member"
    items: list[Any] = []
    while any(key == f"{step}.{len(items) + 1}" or key.startswith(f"{step}.{len(items) + 1}.") for key in fields):
        items.append(_read(fields, f"{step}.{len(items) + 1}", shape.member) or "")
    if not items and fields.get(prefix) == "":
        return []
    return items or None


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def write(call: OperationModel, values: Mapping[str, Any], request: str) -> bytes:
    """Write the answer of a call by its output shape; members that are None or missing are left out."""
    inner = ""
    if call.output_shape is not None:
        wrapper = call.output_shape.serialization.get("resultWrapper", f"{call.name}Result")
        inner = f"<{wrapper}>{_members(call.output_shape, values)}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata>"
    return f'<{call.name}Response xmlns="{NAMESPACE}">{inner}{metadata}</{call.name}Response>'.encode()


def _members(shape: Any, values: Mapping[str, Any]) -> str:
    return "".join(
        _write(member.serialization.get("name", name), member, values[name])
        for name, member in shape.members.items()
        if values.get(name) is not None
    )


def _write(tag: str, shape: Any, value: Any) -> str:
    match shape.type_name:
        case "structure":
            return f"<{tag}>{_members(shape, value)}</{tag}>"
        case "list":
            name = shape.member.serialization.get("name", "member")
            return f"<{tag}>" + "".join(_write(name, shape.member, item) for item in value) + f"</{tag}>"
        case "map":
            pairs = "".join(
                f"<entry><key>{escape(str(key))}</key>{_write('value', shape.value, item)}</entry>"
                for key, item in value.items()
            )
            return f"<{tag}>{pairs}</{tag}>"
        case "boolean":
            return f"<{tag}>{'true' if value else 'false'}</{tag}>"
        case "timestamp":
            return f"<{tag}>{_moment(value)}</{tag}>"
        case _:
            return f"<{tag}>{escape(str(value))}</{tag}>"


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
