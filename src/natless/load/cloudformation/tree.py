"""The tree of a template: JSON's values, in containers that know their lines.

Scalars are plain Python values; the container that holds one knows its line. Nothing here is resolved: an intrinsic
function is still the `Map` that spells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from natless.finding import Finding, Origin
from natless.finding.rules import Rule

MAX_DEPTH = 100
"""Containers in containers. No published template comes near it; hostile text is stopped by it."""

MAX_NODES = 200_000
"""Values, aliases followed. A template of CloudFormation's 1 MB has fewer; aliases that multiply have more."""

MAX_RESOURCES = 500
"""CloudFormation takes no more in one template (CloudFormation quotas, read 2026-11)."""

MAX_TEXT = 1_048_576
"""Characters. CloudFormation takes at most 1 MB (CloudFormation quotas, read 2026-11)."""


class Map(dict[str, "Node"]):
    """An object. `line` is where it begins, `lines` where each key stands; `weight` counts all values in it."""

    __slots__ = ("line", "lines", "weight")

    def __init__(self, line: int) -> None:
        """Begin an empty object at `line`, counted from 1."""
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.weight = 1

    def put(self, key: str, value: Node, line: int) -> None:
        """Set `key`, which stands on `line`."""
        self[key] = value
        self.lines[key] = line


class Seq(list["Node"]):
    """An array. `line` is where it begins, `lines` where each element stands; `weight` counts all values in it."""

    __slots__ = ("line", "lines", "weight")

    def __init__(self, line: int) -> None:
        """Begin an empty array at `line`, counted from 1."""
        super().__init__()
        self.line = line
        self.lines: list[int] = []
        self.weight = 1

    def put(self, value: Node, line: int) -> None:
        """Append `value`, which stands on `line`."""
        self.append(value)
        self.lines.append(line)


Node: TypeAlias = str | int | float | bool | Map | Seq | None


def weight(node: Node) -> int:
    """Count the values in a node, long texts as several."""
    if isinstance(node, Map | Seq):
        return node.weight
    return 1 + len(node) // 64 if isinstance(node, str) else 1


class Unparsable(Exception):  # noqa: N818 - a signal inside this room, turned into a LoadError at its door
    """The text stops making sense at `line`, so nothing after it can be read."""

    def __init__(self, line: int, message: str) -> None:
        """Take the line, from 1, and what is wrong and what to write instead."""
        super().__init__(message)
        self.line = line
        self.message = message


def too_deep(line: int) -> Unparsable:
    """Give the refusal of containers in containers beyond MAX_DEPTH."""
    return Unparsable(line, f"more than {MAX_DEPTH} objects and lists lie in each other")


class Problems:
    """Collects every problem of one template, so that all are said at once."""

    def __init__(self, source: str) -> None:
        """Collect for the file that the person named `source`."""
        self.source = source
        self.sources: Mapping[str, str] = {}
        """Where several stacks are read as one: the file of each name."""
        self.found: dict[Finding, None] = {}
        self.twice: list[tuple[str, int, int]] = []
        """Keys written twice in one object: the key, its first line, its second. `sections` says where that matters."""

    def of(self, name: str) -> str:
        """Give the file in which a resource, or whatever else has a name, stands."""
        return self.sources.get(name, self.source)

    def add(self, rule: Rule, subject: str, line: int | None, message: str) -> None:
        """Note one problem of `subject`, once."""
        resource = subject.partition(".")[0]
        self.found[rule.finding(subject, Origin(self.of(resource), line, resource), message)] = None


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)


def kind(node: object) -> str:
    """Name a value as a person would: what was found where something else was needed."""
    return next((word for known, word in _KINDS if isinstance(node, known)), "nothing")
