"""Describe JSON, read field by field: a wrong form is a finding, a missing field a Gap, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar

from natless.finding import Finding, Gap, Origin
from natless.finding.rules import SNAPSHOT_MALFORMED

_T = TypeVar("_T")

_WORDS = {str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "an object"}


class Reading:
    """What was found while a snapshot of `source` is read."""

    def __init__(self, source: str) -> None:
        """Start with nothing found."""
        self.source = source
        self.findings: list[Finding] = []
        self.gaps: list[Gap] = []

    def malformed(self, what: str, message: str) -> None:
        """Write down that a part has not the form AWS gives it."""
        origin = Origin(self.source, None, what)
        self.findings.append(SNAPSHOT_MALFORMED.finding(what, origin, message))

    def gap(self, what: str, why: str, resource: str = "") -> Gap:
        """Give the Gap of a fact that is not in the snapshot."""
        return Gap(what, Origin(self.source, None, resource or what), why)

    def not_read(self, what: str, why: str) -> None:
        """Write down a Gap that belongs to no single field."""
        self.gaps.append(self.gap(what, why))


class Item:
    """One object of the snapshot. `id` names it to people, `what` is its place (`Vpcs[vpc-1].DhcpOptionsId`)."""

    __slots__ = ("_data", "_reading", "id", "origin", "what")

    def __init__(self, reading: Reading, what: str, data: Mapping[str, Any], identifier: str = "") -> None:
        """Take the object `data` that stands at `what`."""
        self._reading = reading
        self._data = data
        self.what = what
        self.id = identifier
        self.origin = Origin(reading.source, None, identifier or what, _called(data) if identifier else "")

    def has(self, key: str) -> bool:
        """Say whether a field is there; null counts as not there."""
        return self._data.get(key) is not None

    def raw(self, key: str) -> Any:
        """Give a field as it is, None where it is not there."""
        return self._data.get(key)

    def data(self) -> Mapping[str, Any]:
        """Give the whole object as it is."""
        return self._data

    def gap(self, key: str, why: str = "") -> Gap:
        """Give the Gap of a field that is not there."""
        return Gap(f"{self.what}.{key}", self.origin, why or "it is missing from what was read")

    def malformed(self, key: str, message: str) -> None:
        """Write down that a field has not the form AWS gives it."""
        self._reading.malformed(f"{self.what}.{key}", message)

    def maybe_text(self, key: str) -> str | None:
        """Give a text, None where it is not there."""
        return self._typed(key, str)

    def text(self, key: str) -> str | Gap:
        """Give a text, or the Gap of it."""
        found = self._typed(key, str)
        return self.gap(key) if found is None else found

    def maybe_flag(self, key: str) -> bool | None:
        """Give a truth value, None where it is not there."""
        return self._typed(key, bool)

    def flag(self, key: str) -> bool | Gap:
        """Give a truth value, or the Gap of it."""
        found = self._typed(key, bool)
        return self.gap(key) if found is None else found

    def maybe_number(self, key: str) -> int | None:
        """Give a whole number, None where it is not there."""
        return self._typed(key, int)

    def number(self, key: str) -> int | Gap:
        """Give a whole number, or the Gap of it."""
        found = self._typed(key, int)
        return self.gap(key) if found is None else found

    def part(self, key: str) -> Item:
        """Give an object in this one; an empty one where it is not there."""
        return Item(self._reading, f"{self.what}.{key}", self._typed(key, dict) or {}, self.id)

    def parts(self, key: str) -> tuple[Item, ...]:
        """Give a list of objects; () where it is not there."""
        found = []
        for index, data in enumerate(self._typed(key, list) or ()):
            if isinstance(data, dict):
                found.append(Item(self._reading, f"{self.what}.{key}[{index}]", data, self.id))
            else:
                self.malformed(f"{key}[{index}]", f"expected an object, found {_word(data)}")
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts, sorted, as AWS lists them in no order; () where it is not there."""
        found: list[str] = []
        for index, data in enumerate(self._typed(key, list) or ()):
            if isinstance(data, str):
                found.append(data)
            else:
                self.malformed(f"{key}[{index}]", f"expected text, found {_word(data)}")
        return tuple(sorted(found))

    def network(self, key: str) -> IPv4Network | Gap:
        """Give a CIDR, or the Gap of it. Host bits are taken away, as EC2 does."""
        found = self._read(key, _network, "an IPv4 CIDR such as 10.0.0.0/16")
        return self.gap(key) if found is None else found

    def address(self, key: str) -> IPv4Address | None:
        """Give an IPv4 address, None where it is not there."""
        return self._read(key, IPv4Address, "an IPv4 address")

    def _typed(self, key: str, kind: type[_T]) -> _T | None:
        found = self._data.get(key)
        if found is None:
            return None
        if type(found) is kind:
            return found
        if isinstance(found, kind) and not isinstance(found, bool):
            return found
        self.malformed(key, f"expected {_WORDS[kind]}, found {_word(found)}")
        return None

    def _read(self, key: str, convert: Callable[[str], _T], form: str) -> _T | None:
        text = self._typed(key, str)
        if text is None:
            return None
        try:
            return convert(text)
        except ValueError:
            self.malformed(key, f"expected {form}, found {text!r}")
            return None


def _network(text: str) -> IPv4Network:
    return IPv4Network(text, strict=False)


def _word(value: Any) -> str:
    return "null" if value is None else _WORDS.get(type(value), f"a {type(value).__name__}")


def networks(texts: tuple[str, ...], item: Item, key: str) -> tuple[IPv4Network, ...]:
    """Read CIDRs. IPv6 ones are left out, as no IPv4 packet meets them."""
    found: list[IPv4Network] = []
    for text in texts:
        if ":" in text:
            continue
        try:
            found.append(_network(text))
        except ValueError:
            item.malformed(key, f"expected a CIDR, found {text!r}")
    return tuple(sorted(found))


_NAMING = ("aws:cloudformation:logical-id", "Name")
"""Tags by which people know a thing, the surest first."""


def _called(data: Mapping[str, Any]) -> str:
    """Give what people call a thing, by its tags or its group's name; "" where nothing in a form of AWS's says it."""
    tags = data.get("Tags") or data.get("TagSet") or data.get("tags")
    found: dict[object, object] = {}
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, Mapping):
            found[tag.get("Key", tag.get("key"))] = tag.get("Value", tag.get("value"))
    group = data.get("GroupName") if "GroupId" in data and "Description" in data else None
    return next((str(name) for name in (*map(found.get, _NAMING), group) if name), "")
