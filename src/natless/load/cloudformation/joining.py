"""Templates of several stacks as one: what one exports the other imports, or is given as a parameter.

Each keeps its own names: one that an earlier stack has already is called `STEM/Name` here, after its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from natless.load.cloudformation.tree import Map, Node, Seq

OWN = ("Parameters", "Mappings", "Conditions", "Resources")
"""The sections whose names are a stack's own."""

_STACK = ("AWS::StackName", "AWS::StackId", "AWS::NotificationARNs")
_PART = re.compile(r"\$\{\s*([^!}.\s][^}.\s]*)((?:\.[^}]*)?)\s*\}")


class File(msgspec.Struct, frozen=True):
    """One stack's template: the file as the person named it, and its tree."""

    source: str
    tree: Map

    @property
    def stem(self) -> str:
        """Give what its names are told apart by, without the dots that lead into a name."""
        name = self.source.replace("\\", "/").rpartition("/")[2]
        return (name.rpartition(".")[0] or name).replace(".", "-")

    def section(self, name: str) -> Map:
        """Give a section, an empty one where it is left out."""
        found = self.tree.get(name)
        return found if isinstance(found, Map) else Map(1)


class Export(msgspec.Struct, frozen=True):
    """What a stack exports: the expression of its name and of its value, and where it stands."""

    source: str
    what: str
    line: int
    name: Node
    value: Node


class Joined(msgspec.Struct, frozen=True):
    """One tree of several, whose names say by `sources` which file each comes from."""

    tree: Map
    sources: Mapping[str, str]
    exports: tuple[Export, ...]
    lacking: tuple[str, ...]
    """Parameters that were given and that no stack has."""


def join(files: Sequence[File], given: Mapping[str, str]) -> tuple[Joined, dict[str, str]]:
    """Give one tree of all, and the values of its parameters.

    A value `STEM.Name` or `STEM.Name.Attribute`, or several with commas, leads to an output or a resource of another
    of these stacks.
    """
    sections = {name: Map(1) for name in OWN}
    sources: dict[str, str] = {}
    exports: list[Export] = []
    values: dict[str, str] = {}
    transforms = Seq(1)
    called = _called(files)
    for file, names in zip(files, called, strict=True):
        own = {key: value for key, value in given.items() if key in file.section("Parameters")}
        led = {}
        for key, value in own.items():
            node = _led(files, called, value)
            if node is not None:
                led[key] = _list(node) if _takes_list(file, key) else node
        renaming = _Renaming(names, led)
        for name, whole in sections.items():
            section = file.section(name)
            for key, node in section.items():
                whole.put(names[key], renaming.node(node), section.lines[key])
                sources[names[key]] = file.source
        for key in _STACK:
            sections["Parameters"].put(names[key], _function("Type", "String"), 1)
        values |= {names[key]: value for key, value in own.items() if key not in led}
        values |= {names[key]: given[names[key]] for key in _STACK if names[key] in given}
        exports += _exports(file, renaming)
        for each in _listed(file.tree.get("Transform")):
            transforms.put(each, 1)
    tree = Map(1)
    for name, whole in sections.items():
        tree.put(name, whole, 1)
    tree.put("Transform", transforms, 1)
    known = {key for file in files for key in file.section("Parameters")} | set(values)
    return Joined(tree, sources, tuple(exports), tuple(key for key in given if key not in known)), values


def _called(files: Sequence[File]) -> list[dict[str, str]]:
    """Give what each file's names are called in the whole."""
    taken: set[str] = set()
    found = []
    for file in files:
        own = [key for name in OWN for key in file.section(name)]
        names = {key: f"{file.stem}/{key}" if key in taken else key for key in own}
        taken |= set(names.values())
        found.append(names | {key: f"{file.stem}/{key}" for key in _STACK})
    return found


def _led(files: Sequence[File], called: Sequence[Mapping[str, str]], value: str) -> Node | None:
    """Give the expression that a parameter's value leads to, None where it is a plain value."""
    nodes = [_one(files, called, part.strip()) for part in value.split(",")]
    if any(node is None for node in nodes):
        return None
    if len(nodes) == 1:
        return nodes[0]
    whole = Seq(1)
    for node in nodes:
        whole.put(node, 1)
    return whole


def _takes_list(file: File, parameter: str) -> bool:
    definition = file.section("Parameters")[parameter]
    kind = definition.get("Type") if isinstance(definition, Map) else None
    return isinstance(kind, str) and (kind.startswith("List<") or kind == "CommaDelimitedList")


def _list(node: Node) -> Node:
    """Take apart what comes as one text, as a parameter that is a list does."""
    if isinstance(node, Seq):
        return node
    parts = Seq(1)
    parts.put(",", 1)
    parts.put(node, 1)
    return _function("Fn::Split", parts)


def _one(files: Sequence[File], called: Sequence[Mapping[str, str]], part: str) -> Node | None:
    stem, _, rest = part.partition(".")
    name, _, attribute = rest.partition(".")
    for file, names in zip(files, called, strict=True):
        if file.stem != stem:
            continue
        output = file.section("Outputs").get(name)
        if isinstance(output, Map) and "Value" in output:
            return _Renaming(names, {}).node(output["Value"])
        if name in file.section("Resources"):
            return _function("Fn::GetAtt", f"{names[name]}.{attribute}") if attribute else _function("Ref", names[name])
    return None


def _function(name: str, given: Node) -> Map:
    found = Map(1)
    found.put(name, given, 1)
    return found


def _exports(file: File, renaming: _Renaming) -> Iterator[Export]:
    outputs = file.section("Outputs")
    for name, output in outputs.items():
        export = output.get("Export") if isinstance(output, Map) else None
        if isinstance(output, Map) and isinstance(export, Map) and "Name" in export and "Value" in output:
            yield Export(
                file.source, name, outputs.lines[name], renaming.node(export["Name"]), renaming.node(output["Value"])
            )


def _listed(node: Node) -> Iterator[Node]:
    if isinstance(node, Seq):
        yield from node
    elif node is not None:
        yield node


class _Renaming:
    """Writes a stack's expressions with the names of the whole, and with what its parameters lead to."""

    def __init__(self, names: Mapping[str, str], led: Mapping[str, Node]) -> None:
        self._names = {old: new for old, new in names.items() if old != new}
        self._led = led

    def node(self, node: Node) -> Node:
        if isinstance(node, Seq):
            parts = Seq(node.line)
            for part, line in zip(node, node.lines, strict=True):
                parts.put(self.node(part), line)
            parts.weight = node.weight
            return parts
        if not isinstance(node, Map):
            return node
        if len(node) == 1 and "Ref" in node and isinstance(node["Ref"], str) and node["Ref"] in self._led:
            return self._led[node["Ref"]]
        found = Map(node.line)
        for key, inner in node.items():
            found.put(key, self._entry(key, inner), node.lines[key])
        found.weight = node.weight
        return found

    def _entry(self, key: str, given: Node) -> Node:
        match key:
            case "Ref" | "Condition" if isinstance(given, str):
                return self._name(given)
            case "DependsOn":
                return self._first(given, every=True)
            case "Fn::GetAtt" if isinstance(given, str):
                name, dot, attribute = given.partition(".")
                return f"{self._name(name)}{dot}{attribute}"
            case "Fn::GetAtt" | "Fn::If" | "Fn::FindInMap":
                return self._first(given)
            case "Fn::Sub":
                return self._sub(given)
            case _:
                return self.node(given)

    def _first(self, given: Node, *, every: bool = False) -> Node:
        """Rename the name that stands first in a list, or each of it."""
        if isinstance(given, str):
            return self._name(given)
        if not isinstance(given, Seq):
            return self.node(given)
        parts = Seq(given.line)
        for index, (part, line) in enumerate(zip(given, given.lines, strict=True)):
            named = isinstance(part, str) and (every or index == 0)
            parts.put(self._name(str(part)) if named else self.node(part), line)
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
            if name in self._led and not rest:
                known.put(name, self._led[name], 1)
                return found[0]
            return f"${{{self._name(name)}{rest}}}"

        text = _PART.sub(fill, pattern)
        if not known:
            return text
        whole = Seq(given.line if isinstance(given, Seq) else 1)
        whole.put(text, whole.line)
        whole.put(known, whole.line)
        return whole

    def _name(self, name: str) -> str:
        return self._names.get(name, name)
