"""Mends as text, in the dialect of the finding's origin: what to merge into the template, or the commands to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from natless.finding import Fix, Origin
from natless.prove.answers import Mend


def fix(mend: Mend, origin: Origin) -> Fix | None:
    """Give the fix for something that stands at `origin`, or None where nobody can say what it is.

    A place with a line is in a template: resources to merge into it, YAML for a YAML template and else JSON. A place
    without one is in an account: AWS CLI commands.
    """
    if origin.line is None:
        text = "\n".join(mend.commands) or mend.words
        return Fix("cli", text) if text else None
    if not mend.resources:
        return Fix("cloudformation", mend.words) if mend.words else None
    if origin.source.endswith((".yaml", ".yml", ".template")):
        return Fix("cloudformation", "Resources:\n" + "\n".join(_yaml(mend.resources, 1)))
    merged = msgspec.json.encode({"Resources": mend.resources})
    return Fix("cloudformation", msgspec.json.format(merged, indent=2).decode())


def _yaml(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Write nested objects and lists as YAML lines; scalars in JSON's form, which is YAML's as well."""
    indent = "  " * depth
    for key, inner in value.items():
        match inner:
            case Mapping() if inner:
                yield f"{indent}{key}:"
                yield from _yaml(inner, depth + 1)
            case list() if inner:
                yield f"{indent}{key}:"
                yield from _items(inner, depth + 1)
            case _:
                yield f"{indent}{key}: {msgspec.json.encode(inner).decode()}"


def _items(values: list[Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for inner in values:
        if isinstance(inner, Mapping) and inner:
            first, *rest = _yaml(inner, depth + 1)
            yield f"{indent}- {first.strip()}"
            yield from rest
        else:
            yield f"{indent}- {msgspec.json.encode(inner).decode()}"
