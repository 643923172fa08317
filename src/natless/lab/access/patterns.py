"""IAM's wildcards and policy variables.

Source: IAM user guide, "IAM JSON policy elements: Resource" (`*` any characters, `?` one) and "Variables and tags"
(`${key}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters themselves). Read 2026-11.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

_VARIABLE = re.compile(r"\$\{\s*([^},]+?)\s*(?:,\s*'([^']*)'\s*)?\}")
_LITERAL = ("*", "?", "$")
ARN_PARTS = 6


def matches(pattern: str, text: str, variable: Callable[[str], str | None], *, ignore_case: bool = False) -> bool:
    """Say whether `pattern` fits the whole of `text`; a variable that has no value fits nothing."""
    if pattern == "*":
        return True
    if "${" not in pattern:
        return _compiled(pattern, ignore_case).fullmatch(text) is not None
    found = _with_variables(pattern, variable)
    return found is not None and re.fullmatch(found, text, _flags(ignore_case)) is not None


def matches_arn(pattern: str, text: str, variable: Callable[[str], str | None]) -> bool:
    """Say whether an ARN fits, each of its six parts by itself (ArnLike and ArnEquals)."""
    wanted, given = pattern.split(":", ARN_PARTS - 1), text.split(":", ARN_PARTS - 1)
    if len(wanted) != ARN_PARTS or len(given) != ARN_PARTS:
        return pattern in ("*", text)
    return all(matches(one, other, variable) for one, other in zip(wanted, given, strict=True))


def filled(text: str, variable: Callable[[str], str | None]) -> str | None:
    """Give a text with its variables' values, no wildcards meant; None where one has no value."""
    if "${" not in text:
        return text
    parts: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = _value(found, variable)
        if value is None:
            return None
        parts += [text[end : found.start()], value]
        end = found.end()
    return "".join([*parts, text[end:]])


@functools.lru_cache(maxsize=8192)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - lru_cache wants it by position
    return re.compile(_expression(pattern), _flags(ignore_case))


def _flags(ignore_case: bool) -> re.RegexFlag:  # noqa: FBT001 - as above
    return re.DOTALL | re.IGNORECASE if ignore_case else re.DOTALL


def _expression(pattern: str) -> str:
    return "".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)


def _with_variables(pattern: str, variable: Callable[[str], str | None]) -> str | None:
    parts: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        value = _value(found, variable)
        if value is None:
            return None
        parts += [_expression(pattern[end : found.start()]), re.escape(value)]
        end = found.end()
    return "".join([*parts, _expression(pattern[end:])])


def _value(found: re.Match[str], variable: Callable[[str], str | None]) -> str | None:
    name, default = found.groups()
    if name in _LITERAL:
        return str(name)
    value = variable(name.lower())
    return default if value is None else value
