"""The properties of one resource, read one by one into facts: each a value, a Gap, or None where it is not set."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

from natless.cloud.text import is_symbolic
from natless.finding import Gap, Origin
from natless.finding.rules import TEMPLATE_MALFORMED
from natless.load.cloudformation.attributes import names_itself
from natless.load.cloudformation.intrinsics import elements, render, resolve, text
from natless.load.cloudformation.template import Resource, Template
from natless.load.cloudformation.tree import Map, Node, Seq, kind
from natless.load.cloudformation.values import NOTHING, Place, Reference, Value

_TRUE = frozenset({"true", "True", "TRUE", "1"})
_FALSE = frozenset({"false", "False", "FALSE", "0"})


class Fields:
    """An object's fields. `maybe` is set where the resource itself may not stand.

    Then every fact about it is that Gap, but what it names (`id_of`, `text`) is read all the same: whoever asks must
    find it, and find that it is unknown.
    """

    __slots__ = ("line", "map", "maybe", "opaque", "resource", "template", "what")

    def __init__(self, template: Template, resource: Resource, node: Map, what: str, line: int) -> None:
        """Read `node`, an object of `resource` that stands at `what`."""
        self.template = template
        self.resource = resource
        self.map = node
        self.what = what
        self.line = line
        self.maybe = resource.maybe
        self.opaque = resource.opaque

    @property
    def origin(self) -> Origin:
        """Give where this object stands."""
        return Origin(self.template.problems.of(self.resource.id), self.line, self.resource.id)

    def place(self, key: str) -> Place:
        """Give where the field stands, or the object where it is not set."""
        return Place(f"{self.what}.{key}", self.map.lines.get(key, self.line))

    def gap(self, key: str, why: str) -> Gap:
        """Say that a field cannot be read."""
        return self.template.gap(self.place(key), why)

    def malformed(self, key: str, message: str) -> Gap:
        """Note that a field has the wrong form, and give what stands in for its value."""
        return self.template.problem(TEMPLATE_MALFORMED, self.place(key), message)

    def value(self, key: str) -> Value:
        """Resolve a field; NOTHING where it is not set or is AWS::NoValue."""
        if key not in self.map:
            if self.opaque:
                return self.gap(key, f"{self.opaque} may set it: natless reads the template before it")
            return NOTHING
        node = self.map[key]
        if node is None:
            return self.malformed(key, f"{self.what}.{key} is empty: give a value or leave it out")
        return resolve(self.template, node, self.place(key))

    def has(self, key: str) -> bool:
        """Say whether a field is set."""
        return self.value(key) is not NOTHING

    def text(self, key: str) -> str | Gap | None:
        """Read text, symbolic where it is not resolved in full; a reference gives what Ref gives."""
        value = self.value(key)
        return None if value is NOTHING else text(self.template, value, self.place(key))

    def plain(self, key: str) -> str | Gap | None:
        """Read text that must be resolved in full: a word, a number, a CIDR."""
        if self.maybe is not None:
            return self.maybe
        value = self.text(key)
        if isinstance(value, str) and is_symbolic(value):
            return self.gap(key, self.template.why(value))
        return value

    def boolean(self, key: str, *, default: bool) -> bool | Gap:
        """Read true or false, in either spelling."""
        value = self.plain(key)
        if value is None:
            return default
        if isinstance(value, Gap):
            return value
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        return self.malformed(key, f"{self.what}.{key} is {value!r}: write true or false")

    def integer(self, key: str) -> int | Gap | None:
        """Read a whole number, in either spelling."""
        value = self.plain(key)
        if value is None or isinstance(value, Gap):
            return value
        try:
            return int(value) if len(value) < 20 else int("")  # noqa: PLR2004 - no number of AWS is longer
        except ValueError:
            return self.malformed(key, f"{self.what}.{key} is {value!r}: write a whole number")

    def network(self, key: str) -> IPv4Network | Gap | None:
        """Read an IPv4 CIDR; host bits are cut off, as EC2 does."""
        value = self.plain(key)
        if value is None or isinstance(value, Gap):
            return value
        return as_network(value) or self.malformed(
            key, f"{self.what}.{key} is {value!r}: write an IPv4 CIDR such as 10.0.0.0/16"
        )

    def id_of(self, key: str) -> str | Gap | None:
        """Read a reference: a logical id where it is in this template, else the id as text."""
        value = self.value(key)
        return None if value is NOTHING else self.identify(value, self.place(key))

    def identify(self, value: Value, place: Place) -> str | Gap:
        """Give the id that a value names."""
        if isinstance(value, Reference):
            resource = self.template.resources[value.id]
            if names_itself(resource.kind, value.attribute):
                return value.id
            if value.attribute == "DefaultSecurityGroup":
                return f"{value.id}.{value.attribute}"
            return render(self.template, value)
        return text(self.template, value, place)

    def needed_id(self, key: str) -> str | Gap:
        """Read a reference that CloudFormation asks for."""
        return self.id_of(key) or self.missing(key, "the id of one")

    def missing(self, key: str, wanted: str) -> Gap:
        """Note that a field is not set although CloudFormation asks for it."""
        return self.malformed(key, f"{self.what} has no {key}: write {wanted}")

    def ids(self, key: str) -> tuple[str | Gap, ...] | None:
        """Read a list of references; a list that is not known is one Gap."""
        if self.maybe is not None:
            return (self.maybe,)
        return self._list(key, self.identify)

    def owners(self, key: str) -> tuple[str | Gap, ...]:
        """Read a list of references to what this resource is attached to, whether or not it stands."""
        return self._list(key, self.identify) or ()

    def texts(self, key: str) -> tuple[str | Gap, ...] | None:
        """Read a list of texts, symbolic ones as they are; a list that is not known is one Gap."""
        return self._list(key, lambda value, place: text(self.template, value, place))

    def _list(self, key: str, read: Callable[[Value, Place], str | Gap]) -> tuple[str | Gap, ...] | None:
        found = self._elements(key)
        if found is None or isinstance(found, Gap):
            return None if found is None else (found,)
        return tuple(read(value, place) for value, place in found)

    def _elements(self, key: str) -> list[tuple[Value, Place]] | Gap | None:
        value = self.value(key)
        if value is NOTHING or isinstance(value, Gap):
            return None if value is NOTHING else value
        if value is None or isinstance(value, Map | Reference):
            return [(value, self.place(key))]
        found = elements(self.template, value, self.place(key))
        return self.gap(key, self.template.why(found)) if isinstance(found, str) else found

    def objects(self, key: str) -> list[Fields | Gap]:
        """Read a list of objects; a list that is not known is one Gap."""
        found = self._elements(key)
        if found is None or isinstance(found, Gap):
            return [] if found is None else [found]
        return [self._inner(value, place) for value, place in found]

    def inner(self, key: str) -> Fields | Gap | None:
        """Read one object."""
        value = self.value(key)
        return None if value is NOTHING else self._inner(value, self.place(key))

    def _inner(self, value: Value, place: Place) -> Fields | Gap:
        if isinstance(value, Map):
            return Fields(self.template, self.resource, value, place.what, place.line)
        if isinstance(value, Gap):
            return value
        if isinstance(value, str) and is_symbolic(value):
            return self.template.gap(place, self.template.why(value))
        return self.template.problem(TEMPLATE_MALFORMED, place, f"{place.what} is {kind(value)}: write an object")

    def whole(self, value: Value, place: Place) -> object:
        """Resolve a value all the way down into plain data; text stays symbolic, what cannot be read is a Gap."""
        if isinstance(value, Map):
            return {key: self.whole(resolve(self.template, node, place), place) for key, node in value.items()}
        if isinstance(value, Seq):
            found = elements(self.template, value, place)
            return [self.whole(part, inner) for part, inner in found] if isinstance(found, list) else found
        if isinstance(value, Reference):
            return render(self.template, value)
        return None if value is NOTHING else value


def as_network(written: str) -> IPv4Network | None:
    """Read an IPv4 CIDR with its prefix, or None."""
    try:
        return IPv4Network(written, strict=False) if "/" in written else None
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


def as_tree(node: object, line: int) -> Node:
    """Give plain JSON data as a tree whose every line is `line`: for JSON that stands as text in a property."""
    if isinstance(node, dict):
        found = Map(line)
        for key, value in node.items():
            found.put(str(key), as_tree(value, line), line)
        return found
    if isinstance(node, list):
        parts = Seq(line)
        for value in node:
            parts.put(as_tree(value, line), line)
        return parts
    return node if isinstance(node, str | int | float | bool) else None


def parsed(written: str, line: int) -> Node:
    """Read JSON that stands as text in a property, such as a policy; None where it is none."""
    import json  # noqa: PLC0415 - few templates write a document as text

    try:
        return as_tree(json.loads(written), line)
    except (ValueError, RecursionError):
        return None
