"""Templates of several stacks as one: what one exports the other imports, or is given as a parameter.

Each keeps its own names: one that an earlier stack has already is called `STEM/Name` here, after its file. A nested
stack whose template is among the files gives way to what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import msgspec

from natless.load.cloudformation.renaming import Renaming, mentioned
from natless.load.cloudformation.tree import Map, Node, Seq

NESTED = "AWS::CloudFormation::Stack"
_OWN = ("Parameters", "Mappings", "Conditions", "Resources")
"""The sections whose names are a stack's own."""
_STACK = ("AWS::StackName", "AWS::StackId", "AWS::NotificationARNs")


class File(msgspec.Struct, frozen=True):
    """One stack's template: the file as the person named it, and its tree."""

    source: str
    tree: Map

    @property
    def name(self) -> str:
        """Give the file's name without its folders."""
        return self.source.replace("\\", "/").rpartition("/")[2]

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
    values: Mapping[str, str]
    """The parameters' values, by the names that they have in the tree."""
    sources: Mapping[str, str]
    exports: tuple[Export, ...]
    nested: frozenset[str]
    """The files of nested stacks: they are deployed as their parent says, and not in the order given."""
    waits: tuple[tuple[str, str], ...]
    """Who waits for all of a nested stack, by name or (a nested stack itself) by file; and that one's file."""
    lacking: tuple[str, ...]
    """Parameters that were given and that no stack has."""


def join(files: Sequence[File], given: Mapping[str, str]) -> Joined:
    """Give one tree of all.

    A parameter's value `STEM.Name` or `STEM.Name.Attribute`, or several with commas, leads to an output or a resource
    of another of these stacks.
    """
    return _Whole(files, given).joined()


class _Whole:
    """All files while they are joined; each is spoken of by its number."""

    def __init__(self, files: Sequence[File], given: Mapping[str, str]) -> None:
        self._files = files
        self._given = given
        self._stems = _stems(files)
        self._children = [dict(_children(file, files)) for file in files]
        self._parents = {
            child: (index, name) for index, found in enumerate(self._children) for name, child in found.items()
        }
        self._names = self._called()
        self._renamings = [
            Renaming(names, partial(self._led, index), partial(self._output, index), self._children[index])
            for index, names in enumerate(self._names)
        ]

    def joined(self) -> Joined:
        sections = {name: Map(1) for name in _OWN}
        sources: dict[str, str] = {}
        values: dict[str, str] = {}
        exports: list[Export] = []
        transforms = Seq(1)
        for index, (file, names) in enumerate(zip(self._files, self._names, strict=True)):
            renaming = self._renamings[index]
            for name, whole in sections.items():
                section = file.section(name)
                for key, node in section.items():
                    sources[names[key]] = file.source
                    if key not in self._children[index]:
                        whole.put(names[key], renaming.node(node), section.lines[key])
            # What is known of a stack only when it stands: its own name, and the nested ones'.
            for key in (*_STACK, *self._children[index]):
                sections["Parameters"].put(names[key], _function("Type", "String"), 1)
            own = {key: value for key, value in self._given.items() if key in file.section("Parameters")}
            values |= {names[key]: value for key, value in own.items() if self._led(index, key) is None}
            values |= {names[key]: self._given[names[key]] for key in _STACK if names[key] in self._given}
            exports += _exports(file, renaming)
            for each in _listed(file.tree.get("Transform")):
                transforms.put(each, 1)
        tree = Map(1)
        for name, whole in sections.items():
            tree.put(name, whole, 1)
        tree.put("Transform", transforms, 1)
        known = {key for file in self._files for key in file.section("Parameters")} | set(values)
        return Joined(
            tree,
            values,
            sources,
            tuple(exports),
            frozenset(self._files[child].source for child in self._parents),
            tuple(self._waits()),
            tuple(key for key in self._given if key not in known),
        )

    def _called(self) -> list[dict[str, str]]:
        """Give what each file's names are called in the whole."""
        taken: set[str] = set()
        found = []
        for file, stem in zip(self._files, self._stems, strict=True):
            own = [key for name in _OWN for key in file.section(name)]
            names = {key: f"{stem}/{key}" if key in taken else key for key in own}
            taken |= set(names.values())
            found.append(names | {key: f"{stem}/{key}" for key in _STACK})
        return found

    def _led(self, index: int, name: str) -> Node | None:
        """Give the expression that a parameter leads to: its parent's, or what a person gave; None for none."""
        if name not in self._files[index].section("Parameters"):
            return None
        if index in self._parents:
            parent, resource = self._parents[index]
            properties = _properties(self._files[parent], resource)
            passed = properties.get("Parameters")
            node = self._renamings[parent].node(passed[name]) if isinstance(passed, Map) and name in passed else None
        else:
            node = self._meant(self._given[name]) if name in self._given else None
        return _as_list(node) if node is not None and _takes_list(self._files[index], name) else node

    def _meant(self, value: str) -> Node | None:
        """Give the expression that a given value leads to, None where it is a plain value."""
        nodes = [self._one(part.strip()) for part in value.split(",")]
        if any(node is None for node in nodes):
            return None
        if len(nodes) == 1:
            return nodes[0]
        whole = Seq(1)
        for node in nodes:
            whole.put(node, 1)
        return whole

    def _one(self, part: str) -> Node | None:
        stem, _, rest = part.partition(".")
        name, _, attribute = rest.partition(".")
        if stem not in self._stems:
            return None
        index = self._stems.index(stem)
        if name in self._files[index].section("Outputs") and not attribute:
            return self._output_of(index, name)
        if name not in self._files[index].section("Resources"):
            return None
        called = self._names[index][name]
        return _function("Fn::GetAtt", f"{called}.{attribute}") if attribute else _function("Ref", called)

    def _output(self, index: int, resource: str, name: str) -> Node | None:
        """Give the expression of an output of a nested stack; None where that is not read."""
        child = self._children[index].get(resource)
        return None if child is None else self._output_of(child, name)

    def _output_of(self, index: int, name: str) -> Node | None:
        output = self._files[index].section("Outputs").get(name)
        return self._renamings[index].node(output["Value"]) if isinstance(output, Map) and "Value" in output else None

    def _waits(self) -> Iterator[tuple[str, str]]:
        for index, file in enumerate(self._files):
            children = self._children[index]
            for name, resource in file.section("Resources").items() if children else ():
                child = children.get(name)
                who = self._names[index][name] if child is None else self._files[child].source
                for other in dict.fromkeys(mentioned(resource)):
                    if other in children and other != name:
                        yield who, self._files[children[other]].source


def _stems(files: Sequence[File]) -> list[str]:
    """Give what the names of each file are told apart by, without the dots that lead into a name."""
    seen: Counter[str] = Counter()
    found = []
    for file in files:
        stem = (file.name.rpartition(".")[0] or file.name).replace(".", "-")
        seen[stem] += 1
        found.append(stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")
    return found


def _children(file: File, files: Sequence[File]) -> Iterator[tuple[str, int]]:
    """Give the nested stacks of a file whose templates are among the files, each template used once.

    One under a condition is left alone, and stays unknown.
    """
    found: list[tuple[str, int]] = []
    for name, resource in file.section("Resources").items():
        if isinstance(resource, Map) and resource.get("Type") == NESTED and "Condition" not in resource:
            ends = _end(_properties(file, name).get("TemplateURL"))
            found += [(name, index) for index, each in enumerate(files) if each.name == ends and each is not file]
    used = Counter(index for _, index in found)
    named = Counter(name for name, _ in found)
    yield from ((name, index) for name, index in found if used[index] == 1 and named[name] == 1)


def _end(node: Node) -> str:
    """Give the file's name at the end of a template's URL, "" where it is not plain."""
    if isinstance(node, Map) and len(node) == 1:
        given = node.get("Fn::Sub", node.get("Fn::Join"))
        if isinstance(given, Seq) and given:
            last = given[0] if "Fn::Sub" in node else given[-1]
            given = last[-1] if isinstance(last, Seq) and last else last
        node = given
    return node.rpartition("/")[2] if isinstance(node, str) else ""


def _properties(file: File, resource: str) -> Map:
    definition = file.section("Resources")[resource]
    found = definition.get("Properties") if isinstance(definition, Map) else None
    return found if isinstance(found, Map) else Map(1)


def _takes_list(file: File, parameter: str) -> bool:
    definition = file.section("Parameters")[parameter]
    kind = definition.get("Type") if isinstance(definition, Map) else None
    return isinstance(kind, str) and (kind.startswith("List<") or kind == "CommaDelimitedList")


def _as_list(node: Node) -> Node:
    """Take apart what comes as one text, as a parameter that is a list does."""
    if isinstance(node, Seq):
        return node
    parts = Seq(1)
    parts.put(",", 1)
    parts.put(node, 1)
    return _function("Fn::Split", parts)


def _function(name: str, given: Node) -> Map:
    found = Map(1)
    found.put(name, given, 1)
    return found


def _exports(file: File, renaming: Renaming) -> Iterator[Export]:
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
