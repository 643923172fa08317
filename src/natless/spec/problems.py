"""Every problem of a file, collected as it is read, each with its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.finding import Finding, Fix, Origin
from natless.finding.rules import Rule
from natless.spec.positions import KeyPath

_LONGEST_SHOWN = 60


class SpecError(Exception):
    """The file cannot be used. `findings` holds every problem, in the order of their lines."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Take the findings; the text is for logs and tests, a person sees the findings."""
        super().__init__("; ".join(f"{finding.origin}: {finding.message}" for finding in findings))
        self.findings = findings


class Problems:
    """Collects findings; nothing stops at the first."""

    def __init__(self, source: str, lines: Mapping[KeyPath, int]) -> None:
        """Take the file's name and the line of each key."""
        self._source = source
        self._lines = lines
        self._found: list[Finding] = []

    def add(self, rule: Rule, path: KeyPath, message: str, instead: str) -> None:
        """Record a problem at `path` (or at the nearest table above it that the file has); `instead` is the TOML."""
        subject = ".".join(path)
        origin = Origin(self._source, self._line(path), subject)
        self._found.append(rule.finding(subject, origin, message, fix=Fix("toml", instead)))

    @property
    def found(self) -> bool:
        """Say whether anything was recorded so far."""
        return bool(self._found)

    def raise_any(self) -> None:
        """Raise SpecError if anything was found."""
        if self._found:
            raise SpecError(tuple(sorted(self._found, key=lambda finding: finding.origin.line or 0)))

    def _line(self, path: KeyPath) -> int:
        return next((self._lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._lines), 1)


def written(value: Any) -> str:
    """Give a value as TOML has it; a long or nested one is cut to what names it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}...")
        case dict():
            return "{ ... }"
        case list():
            return "[ ... ]"
        case _:
            shown = str(value)
            return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."


def quoted(text: str) -> str:
    """Give `text` as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else _escape(char) for char in escaped) + '"'


def _escape(char: str) -> str:
    names = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    code = ord(char)
    return names.get(char) or (f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")  # noqa: PLR2004 - TOML's \u
