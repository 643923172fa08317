"""Colour, and its absence."""

from __future__ import annotations

from typing import assert_never

import msgspec

from natless.finding import Severity


class Paint(msgspec.Struct, frozen=True):
    """Colours words with ANSI codes where `on`, else leaves them alone. Colour never carries meaning by itself."""

    on: bool

    def strong(self, text: str) -> str:
        """Set a heading apart."""
        return self._with("1", text)

    def good(self, text: str) -> str:
        """Say that a promise holds."""
        return self._with("32", text)

    def bad(self, text: str) -> str:
        """Say that a promise is broken."""
        return self._with("31", text)

    def doubtful(self, text: str) -> str:
        """Say that it is not known, or only half good."""
        return self._with("33", text)

    def faint(self, text: str) -> str:
        """Set a remark back."""
        return self._with("2", text)

    def severity(self, severity: Severity) -> str:
        """Give the severity's word in its colour."""
        match severity:
            case Severity.ERROR:
                return self.bad("error")
            case Severity.WARNING:
                return self.doubtful("warning")
            case Severity.NOTE:
                return self.faint("note")
            case never:
                assert_never(never)

    def _with(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text
