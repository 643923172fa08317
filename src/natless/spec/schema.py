"""The JSON Schema of natless.toml, so that editors complete it: made from the same words that `read` reads by.

What a schema cannot say (host bits of a CIDR, min above max, a variable in two tables, a pair of CPU and memory
where one is left out) only `read` says. Whatever `read` accepts, the schema accepts.
"""

from __future__ import annotations

from typing import Any, assert_never

from natless.catalog.fargate import SIZES
from natless.catalog.instance_types import instance_types
from natless.spec.instances import LEAST_CPU, LEAST_MEMORY, ONLY_ON_INSTANCES
from natless.spec.network_words import NETWORK
from natless.spec.words import (
    COUNT,
    INSTANCES,
    LAUNCH,
    MOST_TAGS,
    REFERENCE_PATTERN,
    SERVICE,
    SERVICE_NAME_PATTERN,
    TAG_KEY_PATTERN,
    TAG_VALUE_PATTERN,
    TEXT_PATTERN,
    TOP,
    USES,
    VARIABLE_PATTERN,
    Key,
    Words,
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Give the schema, in JSON's types."""
    top = _table(TOP)
    top["properties"]["network"] |= _table(NETWORK)
    top["properties"]["tags"] |= {
        "additionalProperties": {"type": "string", "pattern": _whole(TAG_VALUE_PATTERN)},
        "propertyNames": {"pattern": _whole(TAG_KEY_PATTERN)},
        "maxProperties": MOST_TAGS,
    }
    top["properties"]["services"] |= {
        "additionalProperties": _service(),
        "propertyNames": {"pattern": _whole(SERVICE_NAME_PATTERN)},
        "minProperties": 1,
    }
    return {"$schema": _DIALECT, "title": "natless.toml", **top}


def _service() -> dict[str, Any]:
    table = _table(SERVICE)
    properties = table["properties"]
    properties["environment"] |= _variables(TEXT_PATTERN)
    properties["secrets"] |= _variables(REFERENCE_PATTERN)
    properties["uses"] |= _table(USES)
    sources = [{"required": ["build"]}, {"required": ["image"]}]
    # Whoever answers the load balancer listens somewhere; to others only services lead that call them.
    nowhere = {"public": {"const": False}, "host": False, "path": False}
    listening = [
        {"required": ["port"], "properties": {"public": {"const": True}}},
        {"required": ["public"], "properties": nowhere},
    ]
    return table | {"allOf": [{"oneOf": sources}, {"anyOf": listening}], **_sizes()}


def _sizes() -> dict[str, Any]:
    """Give what goes together with Fargate, and what with instances."""
    pairs = [{"properties": {"cpu": {"const": size.cpu}, "memory": {"enum": list(size.memory)}}} for size in SIZES]
    fargate = {
        "properties": {
            "cpu": {"enum": [size.cpu for size in SIZES]},
            "memory": {"enum": sorted({mib for size in SIZES for mib in size.memory})},
            **dict.fromkeys(ONLY_ON_INSTANCES, False),
        },
        "anyOf": pairs,
    }
    instances = {
        "properties": {
            "cpu": {"minimum": LEAST_CPU},
            "memory": {"minimum": LEAST_MEMORY},
            "instance": {"enum": list(instance_types())},
        },
        "required": ["instance"],
    }
    on_ec2 = {"properties": {"launch": {"const": "ec2"}}, "required": ["launch"]}
    return {"if": on_ec2, "then": instances, "else": fargate}


def _table(words: Words) -> dict[str, Any]:
    properties = {key.name: _key(key) for key in words.keys}
    properties |= {
        later.name: {"const": later.now, "description": f"Only this in this version: {later.instead}."}
        for later in words.later
        if later.now is not None
    }
    table: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [key.name for key in words.keys if key.required]
    return table | ({"required": required} if required else {})


def _key(key: Key) -> dict[str, Any]:  # noqa: C901, PLR0911 - one answer a type
    said: dict[str, Any] = {"description": key.says}
    if key.default is not None:
        said["default"] = key.default
    match key.type:
        case "text":
            return (
                {**said, "type": "string"} | _choices(key) | ({"pattern": _whole(key.pattern)} if key.pattern else {})
            )
        case "number":
            return said | _number(key)
        case "flag":
            return {**said, "type": "boolean"}
        case "table":
            return {**said, "type": "object"}
        case "texts":
            return {**said, "type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
        case "patterns":
            one = {"type": "string"} | ({"pattern": _whole(key.pattern)} if key.pattern else {})
            several = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
            return {**said, "anyOf": [one, several]}
        case "launch":
            return {**said, "anyOf": [{"type": "string"} | _choices(key), _table(LAUNCH)]}
        case "count":
            return {**said, "anyOf": [_number(key), _table(COUNT)]}
        case "bounds":
            return {**said, "anyOf": [_number(key), _table(INSTANCES)]}
        case "zones":
            names = {"type": "string", "pattern": _whole(str(key.pattern))}
            bounds = {"minItems": key.least, "maxItems": key.most}
            return {**said, "anyOf": [_number(key), {"type": "array", "items": names, **bounds, "uniqueItems": True}]}
        case _:
            assert_never(key.type)


def _choices(key: Key) -> dict[str, Any]:
    return {"enum": list(key.choices)} if key.choices else {}


def _number(key: Key) -> dict[str, Any]:
    bounds = {"minimum": key.least, "maximum": key.most}
    return {"type": "integer", **{word: bound for word, bound in bounds.items() if bound is not None}}


def _variables(pattern: str) -> dict[str, Any]:
    return {
        "additionalProperties": {"type": "string", "pattern": _whole(pattern)},
        "propertyNames": {"pattern": _whole(VARIABLE_PATTERN)},
    }


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"
