"""Which line each key of a TOML text stands on: tomllib gives values and keeps no positions.

The walk reads only text that tomllib has accepted, so it looks for the ends of things and checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def positions(text: str) -> Mapping[KeyPath, int]:
    """Give the line (from 1) of each key and table by its path, in a text that tomllib accepts.

    Elements of arrays have their index in the path, as text. A table has the line of its header; one that is only
    implied by a longer header or a dotted key has the line where it is first met.
    """
    walk = _Walk(text)
    walk.document()
    return walk.lines


class _Walk:
    """A place in the text, and the lines found so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[KeyPath, int] = {}
        self._elements: dict[KeyPath, int] = {}
        self._headed: set[KeyPath] = set()
        self._was = -1

    def document(self) -> None:
        table: KeyPath = ()
        self._pass(_BLANK)
        while self._moves():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._pass(_BLANK)

    def _moves(self) -> bool:
        """Say whether there is more to read. A walk that stands still has lost its way: it ends, with fewer lines."""
        stands = self.at == self._was
        self._was = self.at
        return not stands and self.at < len(self.text)

    def _pass(self, pattern: re.Pattern[str]) -> str:
        """Step over what `pattern` matches here, counting its lines, and give it."""
        match = pattern.match(self.text, self.at)
        passed = match[0] if match else ""
        self.at += len(passed)
        self.line += passed.count("\n")
        return passed

    def _sees(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def _take(self, token: str) -> bool:
        if not self._sees(token):
            return False
        self.at += len(token)
        return True

    def _note(self, path: KeyPath, from_depth: int) -> None:
        """Record the line of `path` and of the tables it implies below `from_depth`, unless they are known."""
        for depth in range(from_depth + 1, len(path) + 1):
            self.lines.setdefault(path[:depth], self.line)

    def _header(self) -> KeyPath:
        several = self._take("[[")
        if not several:
            self._take("[")
        path: KeyPath = ()
        *above, last = self._key()
        for key in above:
            path = self._element((*path, key))
        path = (*path, last) if several else self._element((*path, last))
        if several:
            index = self._elements[path] = self._elements.get(path, -1) + 1
            self._note(path, 0)
            path += (str(index),)
        self._note(path, 0)
        if path not in self._headed:
            # The table's own header says more than the first mention of a table below it.
            self._headed.add(path)
            self.lines[path] = self.line
        self._take("]]" if several else "]")
        return path

    def _element(self, path: KeyPath) -> KeyPath:
        """Give what `path` means in a header: below an array of tables, the array's last element."""
        return (*path, str(self._elements[path])) if path in self._elements else path

    def _key(self) -> list[str]:
        """Read a dotted key and the space around it."""
        parts = []
        while True:
            self._pass(_SPACE)
            parts.append(self._key_part())
            self._pass(_SPACE)
            if not self._take("."):
                return parts

    def _key_part(self) -> str:
        if self._sees('"'):
            return _ESCAPE.sub(_unescape, self._pass(_BASIC)[1:-1])
        if self._sees("'"):
            return self._pass(_LITERAL)[1:-1]
        return self._pass(_BARE)

    def _pair(self, table: KeyPath) -> None:
        path = table + tuple(self._key())
        self._note(path, len(table))
        self._take("=")
        self._pass(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._sees('"""'):
            self._pass(_LONG_BASIC)
        elif self._sees("'''"):
            self._pass(_LONG_LITERAL)
        elif self._sees('"'):
            self._pass(_BASIC)
        elif self._sees("'"):
            self._pass(_LITERAL)
        elif self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._pass(_PLAIN)

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._pass(_BLANK)
        while self._moves() and not self._take("]"):
            element = (*path, str(index))
            self.lines[element] = self.line
            self._value(element)
            index += 1
            self._pass(_BLANK)
            self._take(",")
            self._pass(_BLANK)

    def _inline_table(self, path: KeyPath) -> None:
        # Blank, not space: a later TOML allows lines here, and it costs nothing.
        self._pass(_BLANK)
        while self._moves() and not self._take("}"):
            self._pair(path)
            self._pass(_BLANK)
            self._take(",")
            self._pass(_BLANK)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return _ESCAPES[code] if len(code) == 1 else chr(int(code[1:], 16))
