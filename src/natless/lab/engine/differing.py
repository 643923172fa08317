"""What a resource's properties are meant to be, held against what they are: the differences that drift detection tells.

AWS: "Detect unmanaged configuration changes to stacks and resources with drift detection", CloudFormation user guide,
and PropertyDifference, CloudFormation API reference. Only what the template sets is compared: what a service adds to a
structure of its own accord is no drift.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from natless.lab.engine.schemas import Schema, follow

NOTHING = "null"
"""How AWS writes the value of what is not there (aws-samples/cfn101-workshop, its lab on drift detection)."""

NAMES = ("Key", "PolicyName", "Name")
"""The members by which an item of a list is known as the same one, whatever else of it has changed."""

Kind: TypeAlias = Literal["ADD", "REMOVE", "NOT_EQUAL"]
Shape: TypeAlias = Mapping[str, Any]


class PropertyDifference(msgspec.Struct, frozen=True):
    """One value that is not as the template has it. `path` is a JSON pointer; None is a value that is not there."""

    path: str
    expected: Any
    actual: Any
    kind: Kind

    def said(self) -> dict[str, str]:
        """Give it as DescribeStackResourceDrifts does."""
        return {
            "PropertyPath": self.path,
            "ExpectedValue": _written(self.expected),
            "ActualValue": _written(self.actual),
            "DifferenceType": self.kind,
        }


class Compared(msgspec.Struct, frozen=True):
    """What was compared, on both sides, and what differs."""

    expected: dict[str, Any]
    actual: dict[str, Any]
    differences: tuple[PropertyDifference, ...]


def text(value: Any) -> str:
    """Write a structure as CloudFormation does: JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else NOTHING if value is None else text(value)


def compare(about: Schema, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Compared:
    """Compare a resource's properties, as they are meant to be and as they are.

    Args:
        about: the type's registry schema.
        expected: as the template sets them, with their types as the schema has them.
        actual: as they stand. A property that is not there is None; of one that the service does not tell there is no
            key, and it is not compared.
    """
    unread = {str(path).split("/")[2] for path in about.document.get("writeOnlyProperties", []) if _whole(path)}
    told = {name: value for name, value in expected.items() if name in actual and name not in unread}
    shape = {"type": "object", "properties": about.document.get("properties", {})}
    there = {name: actual[name] for name in told if actual[name] is not None}
    kept, found = _Comparing(about.document).structure(shape, told, there, "")
    return Compared(told, kept, tuple(found))


def _whole(path: str) -> bool:
    return path.count("/") == 2  # noqa: PLR2004  # /properties/NAME


Told: TypeAlias = tuple[Any, list[PropertyDifference]]


class _Comparing:
    """Comparisons by one type's schema. Each gives the actual value without what nobody set, and the differences."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    def value(self, shape: Shape, expected: Any, actual: Any, path: str) -> Told:
        shape = follow(self._document, dict(shape))
        expected, actual = _parsed(shape, expected), _parsed(shape, actual)
        if isinstance(expected, dict) and isinstance(actual, dict):
            compared: Callable[..., Told] = self.structure if "properties" in shape else self.map
            return compared(shape, expected, actual, path)
        if isinstance(expected, list) and isinstance(actual, list):
            # Some schemas forget to say of tags what holds for all of them.
            unordered = shape.get("insertionOrder") is False or path == "/Tags"
            return (self.unordered if unordered else self.ordered)(shape, expected, actual, path)
        if expected == actual or _same_document(expected, actual):
            return expected, []
        return actual, [PropertyDifference(path, expected, actual, "NOT_EQUAL")]

    def structure(self, shape: Shape, expected: Mapping[str, Any], actual: Mapping[str, Any], path: str) -> Told:
        """Compare what the template sets, and nothing else."""
        return self.map(shape, expected, {name: one for name, one in actual.items() if name in expected}, path)

    def map(self, shape: Shape, expected: Mapping[str, Any], actual: Mapping[str, Any], path: str) -> Told:
        """Compare all: in a document, or a map of options, a name that came to it was set by somebody."""
        kept, found = {}, []
        for name, value in expected.items():
            at = f"{path}/{_escaped(name)}"
            if name not in actual and value in ([], {}):
                kept[name] = value  # nothing was asked for, and nothing is there
                continue
            if name not in actual:
                found.append(PropertyDifference(at, value, None, "REMOVE"))
                continue
            inner = (shape.get("properties") or {}).get(name, {})
            kept[name], more = self.value(inner, value, actual[name], at)
            found += more
        added = {name: value for name, value in actual.items() if name not in expected}
        found += [PropertyDifference(f"{path}/{_escaped(name)}", None, one, "ADD") for name, one in added.items()]
        return {**kept, **added}, found

    def ordered(self, shape: Shape, expected: Sequence[Any], actual: Sequence[Any], path: str) -> Told:
        """Compare item by item."""
        pairs = [(at, at) for at in range(min(len(expected), len(actual)))]
        return self._paired(shape, expected, actual, pairs, path)

    def unordered(self, shape: Shape, expected: Sequence[Any], actual: Sequence[Any], path: str) -> Told:
        """Compare as sets: what has its equal is the same, then what has the same name."""
        left = list(range(len(actual)))
        pairs: list[tuple[int, int]] = []
        for same in (self._equal, _named_alike):
            for at, item in enumerate(expected):
                if at in dict(pairs):
                    continue
                there = next((other for other in left if same(shape, item, actual[other])), None)
                if there is not None:
                    pairs.append((at, there))
                    left.remove(there)
        return self._paired(shape, expected, actual, pairs, path)

    def _equal(self, shape: Shape, expected: Any, actual: Any) -> bool:
        return not self.value(shape.get("items") or {}, expected, actual, "")[1]

    def _paired(
        self, shape: Shape, expected: Sequence[Any], actual: Sequence[Any], pairs: Sequence[tuple[int, int]], path: str
    ) -> Told:
        inner, other = shape.get("items") or {}, dict(pairs)
        kept: dict[int, Any] = dict(enumerate(actual))
        found: list[PropertyDifference] = []
        for at, item in enumerate(expected):
            if at in other:
                kept[other[at]], more = self.value(inner, item, actual[other[at]], f"{path}/{at}")
                found += more
            else:
                found.append(PropertyDifference(f"{path}/{at}", item, None, "REMOVE"))
        new = [at for at in range(len(actual)) if at not in other.values()]
        found += [PropertyDifference(f"{path}/{at}", None, actual[at], "ADD") for at in new]
        return [kept[at] for at in range(len(actual))], found


def _named_alike(_shape: Shape, expected: Any, actual: Any) -> bool:
    return any(expected.get(name) == actual.get(name) for name in _names(expected) if isinstance(actual, dict))


def _names(item: Any) -> Iterator[str]:
    return (name for name in NAMES if isinstance(item, dict) and name in item)


def _parsed(shape: Shape, value: Any) -> Any:
    """Read a document that is written as text where the type takes either."""
    kinds = shape.get("type", [])
    if isinstance(value, str) and "object" in kinds and "string" in kinds:
        return _document(value)
    return value


def _document(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _same_document(expected: Any, actual: Any) -> bool:
    """Say whether two texts are the same JSON."""
    if not (isinstance(expected, str) and isinstance(actual, str) and expected.lstrip().startswith(("{", "["))):
        return False
    return bool(_document(expected) == _document(actual))


def _escaped(name: str) -> str:
    """Write a name in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
