"""What stacks that are read together export and import, and the order in which that has them deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from natless.cloud.text import is_symbolic
from natless.finding import Gap
from natless.load.cloudformation import intrinsics
from natless.load.cloudformation.joining import Export, Joined
from natless.load.cloudformation.template import Template
from natless.load.cloudformation.tree import Map, Node, Seq
from natless.load.cloudformation.values import Place, Value

_SYMBOL = re.compile(r"\$\{[^}]*\}")


class Exports:
    """The exports of all stacks. A name that holds a stack's name is matched by the rest of it."""

    def __init__(self, template: Template, exports: Sequence[Export]) -> None:
        """Resolve their names, which may hold parameters and the stack's own name."""
        self._template = template
        self._named: list[tuple[str, Export]] = []
        for each in exports:
            place = Place(each.what, each.line)
            name = intrinsics.text(template, intrinsics.resolve(template, each.name, place), place)
            if isinstance(name, str):
                self._named.append((name, each))

    def find(self, name: str) -> Export | str:
        """Give the export that an import by `name` means, or why that is not known."""
        same = [each for known, each in self._named if known == name]
        alike = same or [each for known, each in self._named if _alike(known, name)]
        if len(alike) == 1:
            return alike[0]
        if alike:
            return f"several stacks export what {name} may be: give their names by --param STEM/AWS::StackName=NAME"
        return f"no stack that was read exports {name}"

    def value(self, name: str, place: Place) -> Value | None:
        """Give what is imported by `name`, None where no one export is meant."""
        found = self.find(name)
        return None if isinstance(found, str) else intrinsics.resolve(self._template, found.value, place)


def _alike(known: str, name: str) -> bool:
    """Say whether two names may be the same, by what is known at their beginnings and ends."""
    if not (is_symbolic(known) or is_symbolic(name)):
        return False
    first, other = _SYMBOL.split(known), _SYMBOL.split(name)
    if not (is_symbolic(known) and is_symbolic(name)):
        parts, text = (first, name) if is_symbolic(known) else (other, known)
        return re.fullmatch(".+".join(map(re.escape, parts)), text) is not None
    return first[0] == other[0] and first[-1] == other[-1]


def before(template: Template, files: Sequence[str], exports: Exports, joined: Joined) -> Mapping[str, frozenset[str]]:
    """Give, for each resource, those of the stacks that are deployed before its own.

    Those are the stacks from which it imports; else the order in which they were given, but for nested ones, which go
    as their parent says. Stacks that import from each other can never be deployed: then the order given stands.
    """
    own = {
        source: frozenset(name for name in template.resources if template.problems.of(name) == source)
        for source in files
    }
    needs = {source: _imports(template, own[source], exports) - {source} for source in files}
    for who, source in joined.waits:
        needs.get(who, set()).add(source)
    earlier: dict[str, set[str]] = {}
    while len(earlier) < len(files):
        left = [source for source in files if source not in earlier]
        source = next((each for each in left if needs[each] <= set(earlier)), left[0])
        first = needs[source] if source in joined.nested else {each for each in earlier if each not in joined.nested}
        known = (first | needs[source]) & set(earlier)
        earlier[source] = known | {each for other in known for each in earlier[other]}
    found: dict[str, frozenset[str]] = {}
    for source in files:
        found |= dict.fromkeys(own[source], frozenset(each for other in earlier[source] for each in own[other]))
    for who, source in joined.waits:
        if who in found:
            found[who] |= own[source]
    return found


def _imports(template: Template, resources: frozenset[str], exports: Exports) -> set[str]:
    """Give the files from which a stack's resources import or take a parameter."""
    found = set()
    for name in resources:
        resource = template.resources[name]
        for function, given in _functions(resource.properties):
            place = Place(name, resource.line)
            if function == "Fn::ImportValue":
                text = intrinsics.text(template, intrinsics.resolve(template, given, place), place)
                export = "" if isinstance(text, Gap) else exports.find(text)
                if isinstance(export, Export):
                    found.add(export.source)
            elif isinstance(given, str) and given.partition(".")[0] in template.resources:
                found.add(template.problems.of(given.partition(".")[0]))
    return found


def _functions(node: Node) -> Iterator[tuple[str, Node]]:
    """Give each import, and each reference to a resource."""
    if isinstance(node, Map):
        for key, inner in node.items():
            if key in {"Fn::ImportValue", "Ref", "Fn::GetAtt"}:
                yield key, inner
            yield from _functions(inner)
    elif isinstance(node, Seq):
        for inner in node:
            yield from _functions(inner)
