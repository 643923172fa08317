"""Which resource refers to which: what CloudFormation completes before it begins another.

Source: "DependsOn attribute" and "Intrinsic function reference", CloudFormation template reference, read 2026-11: Ref,
Fn::GetAtt, Fn::Sub and DependsOn make an edge; nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from natless.finding.rules import REFERENCE_CIRCLE, REFERENCE_UNDEFINED
from natless.load.cloudformation.template import Resource, Template
from natless.load.cloudformation.tree import Map, Node, Seq
from natless.load.cloudformation.values import Place

_PART = re.compile(r"\$\{\s*([^!}][^}]*?)\s*\}")

Edges = Mapping[str, frozenset[str]]


def edges(template: Template) -> Edges:
    """Give, for each resource, the resources it refers to. A name that is nowhere in the template is a problem."""
    return {name: _of(template, resource) for name, resource in template.resources.items()}


def _of(template: Template, resource: Resource) -> frozenset[str]:
    found = set()
    for name in resource.depends_on:
        # A resource whose condition is false is no longer waited for: that edge alone CloudFormation drops.
        if name in template.resources:
            found.add(name)
        elif name not in template.absent:
            _undefined(template, resource.id, name, resource.line, f"{resource.id} depends on {name}")
    if resource.properties:
        walk = _Walk(template, resource.id)
        walk.node(resource.properties, resource.line)
        found |= walk.found
    return frozenset(found)


def attributes(template: Template, resource: Resource, target: str) -> frozenset[str]:
    """Give which attributes of `target` a resource's properties name; "" is the resource itself, by Ref."""
    walk = _Walk(template, resource.id)
    walk.node(resource.properties, resource.line)
    return frozenset(attribute for name, attribute in walk.named if name == target)


def _undefined(template: Template, subject: str, name: str, line: int, said: str) -> None:
    if template.macros:
        return
    if any(other.kind.startswith("AWS::Serverless::") for other in template.resources.values()):
        return  # SAM makes resources of its own (FunctionRole), which a template may name
    if name in template.absent:
        hint = f"give {subject} the same condition, or choose with Fn::If"
        template.problem(REFERENCE_UNDEFINED, Place(subject, line), f"{said}, whose condition is false: {hint}")
        return
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    near = get_close_matches(name, [*template.resources, *template.parameters], 1)
    hint = f"did you mean {near[0]}?" if near else "write the id of a resource or parameter that is there"
    template.problem(REFERENCE_UNDEFINED, Place(subject, line), f"{said}, which is not in the template: {hint}")


class _Walk:
    """The references of one resource, in the branches that are taken."""

    def __init__(self, template: Template, owner: str) -> None:
        self.template = template
        self.owner = owner
        self.found: set[str] = set()
        self.named: set[tuple[str, str]] = set()
        """Each resource with the attribute of it that is named."""

    def node(self, node: Node, line: int) -> None:
        if isinstance(node, Map):
            if len(node) == 1:
                (name,) = node
                if self.function(name, node[name], node.lines[name]):
                    return
            for name, inner in node.items():
                if isinstance(inner, Map | Seq):
                    self.node(inner, node.lines[name])
        elif isinstance(node, Seq):
            for inner in node:
                if isinstance(inner, Map | Seq):
                    self.node(inner, line)

    def function(self, name: str, given: Node, line: int) -> bool:
        """Follow a function; True where nothing is left to follow inside it."""
        match name:
            case "Ref" if isinstance(given, str):
                self.to(given, line)
                return True
            case "Fn::GetAtt":
                first, rest = (given[0], given[1:]) if isinstance(given, Seq) and given else (given, [])
                if isinstance(first, str):
                    self.to(".".join((first, *map(str, rest))), line)
                return True
            case "Fn::Sub":
                self.sub(given, line)
                return True
            case "Fn::If" if isinstance(given, Seq) and len(given) == 3 and isinstance(given[0], str):  # noqa: PLR2004
                decided = self.template.conditions.get(given[0])
                if isinstance(decided, bool):
                    self.node(given[1 if decided else 2], line)
                    return True
                return False
            case _:
                return False

    def sub(self, given: Node, line: int) -> None:
        pattern, variables = (given[0], given[1]) if isinstance(given, Seq) and len(given) == 2 else (given, None)  # noqa: PLR2004
        inner = variables if isinstance(variables, Map) else Map(line)
        if isinstance(pattern, str) and "${" in pattern:
            for name in _PART.findall(pattern):
                if name not in inner:
                    self.to(name, line)
        self.node(inner, line)

    def to(self, path: str, line: int) -> None:
        template = self.template
        name, _, attribute = path.partition(".")
        if name in template.resources:
            self.found.add(name)
            self.named.add((name, attribute))
        elif name not in template.parameters and not name.startswith("AWS::"):
            _undefined(template, self.owner, name, line, f"{self.owner} refers to {name}")


def closure(order: Edges, start: str) -> frozenset[str]:
    """Give all that is completed before `start` begins."""
    found: set[str] = set()
    waiting = list(order.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(order.get(name, ()))
    return frozenset(found)


def circles(template: Template, order: Edges) -> None:
    """Note every circle: CloudFormation refuses the template ("Circular dependency between resources")."""
    degree = {name: len(order[name]) for name in order}
    users: dict[str, list[str]] = {name: [] for name in order}
    for name, targets in order.items():
        for target in targets:
            users[target].append(name)
    ready = [name for name, count in degree.items() if not count]
    while ready:
        name = ready.pop()
        del degree[name]
        for user in users[name]:
            degree[user] -= 1
            if not degree[user]:
                ready.append(user)
    if degree:
        names = _one_circle(order, degree)
        place = Place(names[0], template.resources[names[0]].line)
        path = " -> ".join((*names, names[0]))
        template.problem(
            REFERENCE_CIRCLE, place, f"{path}: these wait for each other, so none can be made; break one reference"
        )


def _one_circle(order: Edges, left: Mapping[str, int]) -> list[str]:
    name = next(iter(left))
    seen: list[str] = []
    while name not in seen:
        seen.append(name)
        name = next(target for target in sorted(order[name]) if target in left)
    return seen[seen.index(name) :]
