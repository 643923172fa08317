"""JSON with line numbers: one regular-expression match a member, so that a large template costs milliseconds."""

from __future__ import annotations

import re
from bisect import bisect_left

from natless.load.cloudformation.tree import MAX_DEPTH, Map, Node, Problems, Seq, Unparsable, too_deep, weight

_SPACE = r"[ \t\r\n]*"
_TEXT = r'"([^"\\\x00-\x1f]*)"'
_NUMBER = r"(-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?)(?![0-9.eE+-])"
_VALUE = rf"(?:{_TEXT}|(true|false|null)|{_NUMBER}){_SPACE}([,}}\]])"
_MEMBER = re.compile(rf"{_SPACE}{_TEXT}{_SPACE}:{_SPACE}(?:{_VALUE})?")
_ELEMENT = re.compile(_VALUE)
_SCALAR = re.compile(rf"(true|false|null)\b|{_NUMBER}")
_OPEN = re.compile(rf"([{{\[]){_SPACE}([}}\]])?")
_AFTER = re.compile(rf"{_SPACE}([,}}\]])?")
_BLANK = re.compile(_SPACE)
_KEY_MARK = re.compile(rf"{_SPACE}:{_SPACE}")

_WORDS: dict[str | None, bool | None] = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(text: str, problems: Problems) -> Node:
    """Read JSON. Keys written twice are noted as problems; raises Unparsable where the text breaks off."""
    reader = _Reader(text, problems)
    value, end = reader.value(_BLANK.match(text).end(), 0)  # type: ignore[union-attr] # it matches the empty text too
    rest = reader.blank(end)
    if rest < len(text):
        raise Unparsable(
            reader.line(rest), "more text follows after the closing bracket: a template is one JSON object"
        )
    return value


class _Reader:
    """One text being read. Positions are offsets into it; every reading method gives the value and where it ends."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.text = text
        self.problems = problems
        self.breaks = [found.start() for found in re.finditer("\n", text)]

    def line(self, position: int) -> int:
        return bisect_left(self.breaks, position) + 1

    def blank(self, position: int) -> int:
        found = _BLANK.match(self.text, position)
        return found.end() if found else position

    def broken(self, position: int, wanted: str) -> Unparsable:
        position = self.blank(position)
        here = self.text[position : position + 1]
        if not here:
            return Unparsable(self.line(position), f"the text ends where {wanted} should stand: is it cut off?")
        return Unparsable(self.line(position), f"{here!r} stands where {wanted} should")

    def value(self, position: int, depth: int) -> tuple[Node, int]:
        """Read any value that begins exactly at `position`."""
        opened = _OPEN.match(self.text, position)
        if not opened:
            return self.scalar(position)
        if depth >= MAX_DEPTH:
            raise too_deep(self.line(position))
        closing = "}" if opened[1] == "{" else "]"
        line = self.line(position)
        if opened[2]:
            if opened[2] != closing:
                raise self.broken(opened.start(2), f"{closing!r}")
            return (Map(line) if closing == "}" else Seq(line)), opened.end()
        return self.object(line, opened.end(), depth) if closing == "}" else self.array(line, opened.end(), depth)

    def scalar(self, position: int) -> tuple[Node, int]:
        """Read text with escapes, or say what is wrong."""
        if self.text.startswith('"', position):
            return self.escaped(position)
        found = _SCALAR.match(self.text, position)
        if not found:
            raise self.broken(position, "a value")
        return (_WORDS[found[1]] if found[1] else _number(found[2])), found.end()

    def escaped(self, position: int) -> tuple[str, int]:
        # The standard library knows all escapes; few templates have any.
        from json import JSONDecodeError, JSONDecoder  # noqa: PLC0415 - see above

        try:
            text, end = JSONDecoder().raw_decode(self.text, position)
        except JSONDecodeError as error:
            raise Unparsable(self.line(error.pos), f"this text is not JSON: {error.msg}") from None
        if _SURROGATE.search(text):
            raise Unparsable(self.line(position), r"half of a character: a \ud800-\udfff escape needs its partner")
        return text, end

    def object(self, line: int, position: int, depth: int) -> tuple[Map, int]:
        found = Map(line)
        mark: str | None = ","
        while mark == ",":
            value: Node = None
            member = _MEMBER.match(self.text, position)
            if member is None:
                key, start, position = self.odd_key(position)
                mark = None
            else:
                key, text, word, number, mark = member.groups()
                start, position = member.start(1), member.end()
                value = text if text is not None else _number(number) if number is not None else _WORDS.get(word)
            if mark is None:
                value, position = self.value(position, depth + 1)
                mark, position = self.after(position, "}")
            elif mark == "]":
                raise self.broken(position - 1, "',' or '}'")
            self.keep(found, key, value, self.line(start))
        return found, position

    def odd_key(self, position: int) -> tuple[str, int, int]:
        """Read a key that holds escapes, and the colon after it; say what else stands there."""
        start = self.blank(position)
        if not self.text.startswith('"', start):
            raise self.broken(start, "a name in double quotes")
        key, end = self.escaped(start)
        colon = _KEY_MARK.match(self.text, end)
        if not colon:
            raise self.broken(end, "':'")
        return key, start, colon.end()

    def keep(self, found: Map, key: str, value: Node, line: int) -> None:
        if key in found:
            self.problems.twice.append((key, found.lines[key], line))
        found.put(key, value, line)
        found.weight += weight(value)

    def array(self, line: int, position: int, depth: int) -> tuple[Seq, int]:
        found = Seq(line)
        mark: str | None = ","
        while mark == ",":
            value: Node
            start = self.blank(position)
            element = _ELEMENT.match(self.text, start)
            if element is None:
                value, position = self.value(start, depth + 1)
                mark, position = self.after(position, "]")
            else:
                text, word, number, mark = element.groups()
                value = text if text is not None else _number(number) if number is not None else _WORDS.get(word)
                position = element.end()
                if mark == "}":
                    raise self.broken(position - 1, "',' or ']'")
            found.put(value, self.line(start))
            found.weight += weight(value)
        return found, position

    def after(self, position: int, closing: str) -> tuple[str, int]:
        """Read what follows a value: a comma, or the bracket that closes."""
        found = _AFTER.match(self.text, position)
        if found is None or found[1] not in {",", closing}:
            raise self.broken(position, f"',' or {closing!r}")
        return found[1], found.end()


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
