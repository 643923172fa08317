"""YAML with line numbers, as CloudFormation takes it: short forms (`!Ref`), no Python objects, no endless aliases.

The parser's events are composed here, without recursion: PyYAML's own composer recurses in C, where text of a hundred
thousand brackets ends the process. An alias is kept as the container it names, so that it costs nothing to read;
weights say what following all of them would cost.
"""

from __future__ import annotations

import re
from typing import Any

from natless.finding.rules import TEMPLATE_MALFORMED
from natless.load.cloudformation.tree import (
    MAX_DEPTH,
    MAX_NODES,
    Map,
    Node,
    Problems,
    Seq,
    Unparsable,
    too_deep,
    weight,
)

# YAML 1.1, section 10.2 and yaml.org/type: what plain text means. Octal, hexadecimal and base-60 numbers stay text:
# nobody means them in a template, and `22:22` is a port mapping.
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})?\.[0-9]{1,30}(?:[eE][-+]?[0-9]{1,3})?")
_STANDARD_TAG = "tag:yaml.org,2002:"
_BARE_FUNCTIONS = frozenset({"Ref", "Condition"})
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_yaml(text: str, problems: Problems) -> Node:
    """Read one YAML document. Keys written twice are noted; raises Unparsable where the text breaks off."""
    import yaml  # noqa: PLC0415 - 20 ms that a JSON template must not pay

    if _SURROGATE.search(text):
        raise Unparsable(1, "the text holds half of a character: save it as UTF-8")
    loader = (yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)(text)
    composer = _Composer(problems)
    try:
        while (event := loader.get_event()) is not None:
            composer.take(type(event).__name__, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        words = " ".join(str(part) for part in (error.context, error.problem) if part)
        if "nesting depth" in words:
            # libyaml's own limit: its scanner looks ahead, and may meet it before the composer counts to MAX_DEPTH.
            raise too_deep(line) from None
        raise Unparsable(line, f"this is not YAML: {words}") from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise Unparsable(1, f"this is not YAML: {' '.join(str(error).split())}") from None
    finally:
        loader.dispose()
    if composer.documents != 1:
        raise Unparsable(1, f"{composer.documents} YAML documents stand here: a template is one")
    return composer.root


class _Open:
    """A container being composed: its tag, its anchor, and the key that waits for its value."""

    __slots__ = ("anchor", "container", "key", "key_line", "tag")

    def __init__(self, container: Map | Seq, tag: str | None, anchor: str | None) -> None:
        self.container = container
        self.tag = tag
        self.anchor = anchor
        self.key: str | None = None
        self.key_line = 0


class _Composer:
    """Events in, a tree out, with a stack of its own."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.root: Node = None
        self.documents = 0

    def take(self, name: str, event: Any) -> None:
        """Take one event of PyYAML's parser, by the name of its class."""
        match name:
            case "ScalarEvent":
                self.scalar(event)
            case "MappingStartEvent" | "SequenceStartEvent":
                self.open(event, is_map=name == "MappingStartEvent")
            case "MappingEndEvent" | "SequenceEndEvent":
                self.close()
            case "AliasEvent":
                self.alias(event)
            case "DocumentStartEvent":
                self.documents += 1
            case _:
                pass  # stream start and end, document end: they carry nothing

    def open(self, event: Any, *, is_map: bool) -> None:
        line = event.start_mark.line + 1
        if len(self.stack) >= MAX_DEPTH:
            raise too_deep(line)
        if self.stack and isinstance(self.stack[-1].container, Map) and self.stack[-1].key is None:
            raise Unparsable(line, "an object or a list stands where a name should: names are text")
        container: Map | Seq = Map(line) if is_map else Seq(line)
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        self.stack.append(_Open(container, event.tag, event.anchor))

    def close(self) -> None:
        done = self.stack.pop()
        container = done.container
        if isinstance(container, Map):
            container.lines = {key: abs(line) for key, line in container.lines.items()}
        value = self.tagged(done.tag, container, container.line)
        if done.anchor:
            self.anchors[done.anchor] = value
        self.place(value, container.line)

    def alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self.anchors:
            raise Unparsable(
                line, f"*{event.anchor} names nothing above it that is complete: write &{event.anchor} there"
            )
        self.place(self.anchors[event.anchor], line)

    def scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        top = self.stack[-1] if self.stack else None
        if top and isinstance(top.container, Map) and top.key is None:
            top.key, top.key_line = event.value, line
            if event.anchor:
                self.anchors[event.anchor] = event.value
            return
        value: Node = _plain(event.value) if event.implicit[0] and event.tag in {None, "!"} else event.value
        value = self.tagged(event.tag, value, line)
        if event.anchor:
            self.anchors[event.anchor] = value
        self.place(value, line)

    def tagged(self, tag: str | None, value: Node, line: int) -> Node:
        """Turn `!Sub x` into `{"Fn::Sub": x}`, as CloudFormation does."""
        if tag is None or tag == "!":
            return value
        if tag.startswith(_STANDARD_TAG):
            return self.standard(tag.removeprefix(_STANDARD_TAG), value, line)
        name = tag.removeprefix("!")
        long = name if name in _BARE_FUNCTIONS else f"Fn::{name}"
        found = Map(line)
        found.put(long, value, line)
        found.weight += weight(value)
        return found

    def standard(self, name: str, value: Node, line: int) -> Node:
        if name in {"map", "seq", "str"}:
            return value
        if name in {"int", "float", "bool", "null"} and isinstance(value, str):
            return _plain(value)
        message = f"the tag !!{name} means nothing to CloudFormation: write plain text, a list or an object"
        self.problems.add(TEMPLATE_MALFORMED, f"!!{name}", line, message)
        return value

    def place(self, value: Node, line: int) -> None:
        """Put a finished value into what holds it."""
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        container = top.container
        container.weight += weight(value)
        if container.weight > MAX_NODES:
            raise Unparsable(line, f"more than {MAX_NODES:,} values, aliases followed: a template has fewer")
        if isinstance(container, Seq):
            container.put(value, line)
            return
        key, top.key = top.key, None
        if key is None:
            raise Unparsable(line, "an alias stands where a name should: names are text")
        if key == "<<":
            _merge(container, value)
        else:
            self.keep(container, key, value, top.key_line)

    def keep(self, container: Map, key: str, value: Node, line: int) -> None:
        if container.lines.get(key, 0) > 0:
            self.problems.twice.append((key, container.lines[key], line))
        container.put(key, value, line)


def _merge(container: Map, value: Node) -> None:
    """Take over what a YAML merge key (`<<: *defaults`) brings, where it is not written out.

    Merged keys have negative lines until a written one replaces them: only two written ones are a problem.
    """
    for merged in value if isinstance(value, Seq) else [value]:
        if isinstance(merged, Map):
            for key, inner in merged.items():
                if key not in container:
                    container.put(key, inner, -abs(merged.lines[key]))


def _plain(text: str) -> Node:
    """Read unquoted text as YAML 1.1 does."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
