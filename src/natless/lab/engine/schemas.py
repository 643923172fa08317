"""AWS's registry schemas, as cfn-lint ships them: which properties a type has, requires, and sets itself.

Type names lead to schema files through `providers/REGION.json` and `resources/HASH.json`.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import msgspec


class Schema(msgspec.Struct, frozen=True):
    """One resource type: its JSON schema, and the names of its top properties that only AWS sets."""

    type: str
    document: dict[str, Any]
    read_only: frozenset[str]

    @property
    def deletes_first(self) -> bool:
        """Say whether a replacement can only be made once the old one is gone."""
        return bool(self.document.get("replacementStrategy") == "delete_then_create")

    def replaced_by(self, name: str, before: Any, after: Any) -> bool:
        """Say whether a change of the top property `name` needs a new resource (createOnlyProperties)."""
        for path in self.document.get("createOnlyProperties", []):
            first, *rest = str(path).removeprefix("/properties/").split("/")
            if first == name and (not rest or _at(before, rest) != _at(after, rest)):
                return True
        return False


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


@functools.cache
def folder() -> Path:
    """Give the folder of cfn-lint's schemas. To import cfn-lint itself reads sympy, which takes a second."""
    found = importlib.util.find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint, which ships AWS's schemas, is not installed", name="cfnlint")
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"


@functools.cache
def _types(region: str) -> dict[str, str]:
    listing = folder() / "providers" / f"{region}.json"
    if not listing.is_file():
        listing = listing.with_name("us-east-1.json")
    return msgspec.json.decode(listing.read_bytes(), type=dict[str, str])


@functools.cache
def schema(region: str, kind: str) -> Schema | None:
    """Give the schema of a resource type in a region, or None where the registry has none."""
    digest = _types(region).get(kind)
    if digest is None:
        return None
    document = msgspec.json.decode((folder() / "resources" / f"{digest}.json").read_bytes())
    read_only = {path.split("/")[2] for path in document.get("readOnlyProperties", []) if path.count("/") == 2}  # noqa: PLR2004  # /properties/NAME
    return Schema(type=kind, document=document, read_only=frozenset(read_only))


def fit(schema: Schema, properties: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Give the properties with their types as the schema has them, and what is wrong with them in AWS's words.

    CloudFormation takes "443" for 443 and "true" for true, and the other way round.
    """
    problems = [f"#: extraneous key [{name}] is not permitted" for name in properties if name in schema.read_only]
    fitted = _fit(schema.document, schema.document, properties, "#", problems)
    return dict(fitted), problems


def _fit(root: dict[str, Any], shape: dict[str, Any], value: Any, at: str, problems: list[str]) -> Any:
    shape = follow(root, shape)
    kinds = shape.get("type", "object" if "properties" in shape else None)
    kinds = [kinds] if isinstance(kinds, str) else list(kinds or [])
    if isinstance(value, dict) and ("object" in kinds or not kinds):
        return _fit_object(root, shape, value, at, problems)
    if isinstance(value, list) and ("array" in kinds or not kinds):
        inner = shape.get("items") or {}
        return [_fit(root, inner, item, f"{at}/{index}", problems) for index, item in enumerate(value)]
    fitted = _fit_scalar(kinds, value)
    if fitted is None:
        problems.append(f"{at}: expected type: {_java(kinds[0])}, found: {_java_of(value)}")
        return value
    if "enum" in shape and fitted not in shape["enum"]:
        problems.append(f"{at}: {fitted} is not a valid enum value")
    return fitted


def _fit_object(root: dict[str, Any], shape: dict[str, Any], value: Any, at: str, problems: list[str]) -> Any:
    members = shape.get("properties")
    if members is None:
        return value
    if shape.get("additionalProperties") is False and "patternProperties" not in shape:
        problems += [f"{at}: extraneous key [{name}] is not permitted" for name in value if name not in members]
    problems += [f"{at}: required key [{name}] not found" for name in shape.get("required", []) if name not in value]
    return {
        name: _fit(root, members[name], item, f"{at}/{name}", problems) if name in members else item
        for name, item in value.items()
    }


def _fit_scalar(kinds: list[str], value: Any) -> Any:
    """Give the value as one of the types, or None where it fits none."""
    if not kinds:
        return value
    fitted = (_fit_one(kind, value) for kind in kinds)
    return next((one for one in fitted if one is not None), None)


def _fit_one(kind: str, value: Any) -> Any:
    match kind, value:
        case ("string", bool()):
            fitted: Any = "true" if value else "false"
        case ("string", str() | int() | float()):
            fitted = str(value)
        case ("boolean", bool()):
            fitted = value
        case ("boolean", str()) if value.lower() in {"true", "false"}:
            fitted = value.lower() == "true"
        case ("integer" | "number", int() | float()) if not isinstance(value, bool):
            fitted = value
        case ("integer", str()) if value.lstrip("-").isdigit():
            fitted = int(value)
        case ("number", str()) if value.replace(".", "", 1).lstrip("-").isdigit():
            fitted = float(value) if "." in value else int(value)
        case _:
            fitted = None
    return fitted


def follow(root: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    """Give the shape that a reference leads to."""
    while "$ref" in shape:
        found: Any = root
        for part in str(shape["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        shape = found
    return shape


def _java(kind: str) -> str:
    names = {"array": "JSONArray", "object": "JSONObject", "integer": "Integer", "number": "Number"}
    return names.get(kind, kind.capitalize())


def _java_of(value: Any) -> str:
    match value:
        case list():
            return "JSONArray"
        case dict():
            return "JSONObject"
        case bool():
            return "Boolean"
        case str():
            return "String"
        case _:
            return "Integer"
