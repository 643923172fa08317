"""Progress on standard error: on a terminal one line that is rewritten, in a log a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from natless.report.paint import Paint
from natless.report.progress_text import progress_lines, underway_line

_EVERY = 30.0
"""Seconds between two lines of a log that say how far it is."""

_CLEAR = "\r\x1b[2K"


class Teller:
    """Prints what happens. `terminal`: the line that says how far it is stays at the bottom."""

    def __init__(self, paint: Paint, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        """Print to `stream`, else to standard error."""
        self._paint = paint
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._now = now
        self._last = now()
        self._standing = ""

    def tell(self, event: Any) -> None:
        """Print an event."""
        from natless.deploy.progress import Underway  # noqa: PLC0415 - boto3 costs a fifth of a second

        if isinstance(event, Underway):
            self._underway(underway_line(event, self._paint))
        else:
            self.lines(progress_lines(event, self._paint))

    def lines(self, lines: list[str]) -> None:
        """Print lines, above the one that stays at the bottom."""
        if not lines:
            return
        self.clear()
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()

    def clear(self) -> None:
        """Take the line at the bottom away: before a question, and at the end."""
        if self._standing:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._standing = ""

    def _underway(self, line: str) -> None:
        if self._terminal:
            if line != self._standing:
                self.clear()
                self._stream.write(line)
                self._stream.flush()
                self._standing = line
        elif self._now() - self._last >= _EVERY:
            self._last = self._now()
            self.lines([line])
