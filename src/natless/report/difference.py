"""What changes between two values of a property: the leaves that differ, not the documents around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

_LONGEST = 120


def difference(name: str, before: str, after: str) -> list[str]:
    """Give a line for each leaf of a property that differs; `before` and `after` are texts, or JSON as AWS shows it."""
    if not before and not after:
        return [name]
    return [
        f"{place}: {_short(old)} → {_short(new)}" for place, old, new in _leaves(name, _value(before), _value(after))
    ]


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _leaves(place: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    match before, after:
        case dict(), dict():
            for key in dict.fromkeys((*before, *after)):
                yield from _leaves(f"{place}.{key}", before.get(key), after.get(key))
        case list(), list():
            for index in range(max(len(before), len(after))):
                old, new = (each[index] if index < len(each) else None for each in (before, after))
                yield from _leaves(f"{place}[{index}]", old, new)
        case _:
            if before != after:
                yield place, before, after


def _short(value: Any) -> str:
    if value is None or value == "":
        return "(none)"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
