"""One stack's expressions, written with the names that they have among those of several stacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping

from natless.load.cloudformation.tree import Map, Node, Seq

_PART = re.compile(r"\$\{\s*([^!}.\s][^}.\s]*)((?:\.[^}]*)?)\s*\}")
_OUTPUT = "Outputs."


class Renaming:
    """Renames what a stack calls its own, and puts in what its parameters and its nested stacks' outputs lead to."""

    def __init__(
        self,
        names: Mapping[str, str],
        led: Callable[[str], Node | None],
        output: Callable[[str, str], Node | None],
        nested: Container[str] = (),
    ) -> None:
        """Take the names by the stack's own, and what gives a parameter's and a nested stack's output's expression.

        `nested` are the stacks in it that are read as well: nobody waits for them by name.
        """
        self._names = {old: new for old, new in names.items() if old != new}
        self._led = led
        self._output = output
        self._nested = nested

    def node(self, node: Node) -> Node:
        """Give an expression anew, on the same lines."""
        if isinstance(node, Seq):
            parts = Seq(node.line)
            for part, line in zip(node, node.lines, strict=True):
                parts.put(self.node(part), line)
            parts.weight = node.weight
            return parts
        if not isinstance(node, Map):
            return node
        elsewhere = self._elsewhere(node) if len(node) == 1 else None
        if elsewhere is not None:
            return elsewhere
        found = Map(node.line)
        for key, inner in node.items():
            found.put(key, self._entry(key, inner), node.lines[key])
        found.weight = node.weight
        return found

    def _elsewhere(self, node: Map) -> Node | None:
        """Give what stands in another stack, where a reference leads there."""
        name = node.get("Ref")
        if isinstance(name, str):
            return self._led(name)
        given = node.get("Fn::GetAtt")
        if isinstance(given, Seq) and all(isinstance(part, str) for part in given):
            given = ".".join(map(str, given))
        return self._of_nested(given) if isinstance(given, str) else None

    def _of_nested(self, path: str) -> Node | None:
        name, _, attribute = path.partition(".")
        return self._output(name, attribute.removeprefix(_OUTPUT)) if attribute.startswith(_OUTPUT) else None

    def _entry(self, key: str, given: Node) -> Node:
        match key:
            case "Ref" | "Condition" if isinstance(given, str):
                return self._name(given)
            case "DependsOn":
                return self._waits(given)
            case "Fn::GetAtt" if isinstance(given, str):
                name, dot, attribute = given.partition(".")
                return f"{self._name(name)}{dot}{attribute}"
            case "Fn::GetAtt" | "Fn::If" | "Fn::FindInMap":
                return self._first(given)
            case "Fn::Sub":
                return self._sub(given)
            case _:
                return self.node(given)

    def _waits(self, given: Node) -> Node:
        if isinstance(given, str):
            return Seq(1) if given in self._nested else self._name(given)
        if not isinstance(given, Seq):
            return given
        parts = Seq(given.line)
        for part, line in zip(given, given.lines, strict=True):
            if part not in self._nested:
                parts.put(self._name(part) if isinstance(part, str) else part, line)
        return parts

    def _first(self, given: Node) -> Node:
        """Rename the name that stands first in a list."""
        if isinstance(given, str):
            return self._name(given)
        if not isinstance(given, Seq):
            return self.node(given)
        parts = Seq(given.line)
        for index, (part, line) in enumerate(zip(given, given.lines, strict=True)):
            parts.put(self._name(part) if isinstance(part, str) and index == 0 else self.node(part), line)
        return parts

    def _sub(self, given: Node) -> Node:
        pattern, variables = (given[0], given[1]) if isinstance(given, Seq) and len(given) == 2 else (given, None)  # noqa: PLR2004 - a text, its variables
        if not isinstance(pattern, str):
            return self.node(given)
        known = Map(1)
        for name, node in variables.items() if isinstance(variables, Map) else ():
            known.put(name, self.node(node), 1)
        own = set(known)

        def fill(found: re.Match[str]) -> str:
            name, rest = found[1], found[2]
            if name + rest in own:
                return found[0]
            elsewhere = self._of_nested(name + rest) if rest else self._led(name)
            if elsewhere is None:
                return f"${{{self._name(name)}{rest}}}"
            known.put(name + rest, elsewhere, 1)
            return f"${{{name}{rest}}}"

        text = _PART.sub(fill, pattern)
        if not known:
            return text
        whole = Seq(given.line if isinstance(given, Seq) else 1)
        whole.put(text, whole.line)
        whole.put(known, whole.line)
        return whole

    def _name(self, name: str) -> str:
        return self._names.get(name, name)


def mentioned(node: Node) -> Iterator[str]:
    """Give each name that a resource waits for: by DependsOn, Ref, Fn::GetAtt and Fn::Sub."""
    if isinstance(node, Map):
        for key, inner in node.items():
            match key:
                case "DependsOn":
                    yield from _texts(inner)
                case "Ref" | "Fn::GetAtt":
                    yield from (each.partition(".")[0] for each in _texts(inner))
                case "Fn::Sub":
                    pattern = inner[0] if isinstance(inner, Seq) and inner else inner
                    yield from (found[1] for found in _PART.finditer(pattern if isinstance(pattern, str) else ""))
                case _:
                    pass
            yield from mentioned(inner)
    elif isinstance(node, Seq):
        for inner in node:
            yield from mentioned(inner)


def _texts(node: Node) -> list[str]:
    if isinstance(node, str):
        return [node]
    return [part for part in node if isinstance(part, str)] if isinstance(node, Seq) else []
