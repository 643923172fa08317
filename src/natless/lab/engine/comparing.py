"""What an update would do to each resource: nothing, a change in place, a replacement.

AWS: "Update behaviors of stack resources", CloudFormation user guide. What a property needs is read from the registry
schemas. A value that leans on something that is yet to be made is not known before it is made.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from natless.lab.engine import graph
from natless.lab.engine.intrinsics import Resolver
from natless.lab.engine.making_stacks import Workshop, chosen
from natless.lab.engine.resources import tagging
from natless.lab.engine.resources.kinds import KINDS
from natless.lab.engine.schemas import Schema, fit, schema
from natless.lab.engine.stacks import ChangeSet, Resource, Stack
from natless.lab.engine.template import Template, TemplateError
from natless.lab.engine.values import Values

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""How AWS writes a value that is not known before the change is made."""

Action: TypeAlias = Literal["Add", "Modify", "Remove"]


class Difference(msgspec.Struct, frozen=True):
    """One top property of a resource that changes. `replaces`: only a new resource can have it so."""

    name: str
    before: Any
    after: Any
    replaces: bool

    @property
    def known(self) -> bool:
        """Say whether the new value is known before the change is made."""
        return UNKNOWN not in str(self.after)


class Planned(msgspec.Struct, frozen=True):
    """What happens to one resource."""

    logical_id: str
    type: str
    physical_id: str | None
    action: Action
    differences: tuple[Difference, ...] = ()
    retyped: bool = False
    kept: bool = False
    """Whether the old resource stays when another takes its place, or when the template no longer has it."""

    @property
    def replaced(self) -> bool:
        """Say whether a new resource takes the place of the old one."""
        return self.retyped or any(each.replaces for each in self.differences)

    @property
    def impossible(self) -> tuple[str, ...]:
        """Give the properties that AWS would change in place, and the lab cannot."""
        if self.action != "Modify" or self.replaced:
            return ()
        served = {*KINDS[self.type].changes, *(("Tags",) if tagging.serves(self.type) else ())}
        return tuple(each.name for each in self.differences if each.name not in served)


def differences(about: Schema, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Compare the properties of a resource, as they are and as they shall be."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return tuple(
        Difference(
            name=name,
            before=before.get(name),
            after=after.get(name),
            replaces=about.replaced_by(name, before.get(name), after.get(name)),
        )
        for name in names
    )


class _Foreseen(Values):
    """Values as they will be, as far as that can be known; what `later` names is made only then."""

    def __init__(self, shop: Workshop, stack: Stack, later: set[str]) -> None:
        super().__init__(stack, shop.stacks, shop.connect)
        self._later = later

    def ref(self, name: str) -> Any:
        return UNKNOWN if name in self._later else super().ref(name)

    def attribute(self, name: str, attribute: str) -> Any:
        return UNKNOWN if name in self._later else super().attribute(name, attribute)


def plan(shop: Workshop, made: ChangeSet) -> tuple[Planned, ...]:
    """Say what executing a change set of type UPDATE would do, in the template's order; what stays is left out."""
    foreseen = copy.copy(made.stack)
    foreseen.template, foreseen.parameters, foreseen.imports = made.template, made.parameters, set()
    standing = {name: one for name, one in made.stack.resources.items() if one.stands}
    later: set[str] = set()
    resolver = Resolver(made.template, _Foreseen(shop, foreseen, later))
    parts = chosen(made.template, resolver)
    planned = {}
    for name in graph.in_order(graph.edges(parts)):
        found = _planned(shop, resolver, name, parts[name], standing.get(name), tags=made.tags)
        if found is not None:
            planned[name] = found
            if found.action == "Add" or found.replaced:
                later.add(name)
    gone = (
        Planned(name, one.type, one.physical_id, "Remove", kept=one.kept)
        for name, one in standing.items()
        if name not in parts
    )
    return (*(planned[name] for name in parts if name in planned), *gone)


def _planned(
    shop: Workshop,
    resolver: Resolver,
    name: str,
    part: Template,
    old: Resource | None,
    *,
    tags: Sequence[Mapping[str, str]],
) -> Planned | None:
    kind = str(part["Type"])
    about = schema(shop.stacks.region, kind)
    if old is None or about is None:
        return Planned(name, kind, None, "Add")
    kept = part.get("UpdateReplacePolicy") == "Retain"
    if old.type != kind:
        return Planned(name, kind, old.physical_id, "Modify", retyped=True, kept=kept)
    properties = {key: _foreseen(resolver, value) for key, value in (part.get("Properties") or {}).items()}
    properties, _ = fit(about, {key: value for key, value in properties.items() if value is not None})
    properties = tagging.joined(about.document, properties, tags)
    changed = differences(about, old.properties, properties)
    return Planned(name, kind, old.physical_id, "Modify", changed, kept=kept) if changed else None


def _foreseen(resolver: Resolver, value: Any) -> Any:
    """Resolve a property; None where it is not there (AWS::NoValue)."""
    try:
        return resolver.resolve({"it": value}).get("it")
    except (TemplateError, TypeError, ValueError, LookupError):
        return UNKNOWN  # a function of something that is not known yet


def told(planned: Planned) -> dict[str, Any]:
    """Give it as DescribeChangeSet does."""
    change: dict[str, Any] = {
        "Action": planned.action,
        "LogicalResourceId": planned.logical_id,
        "PhysicalResourceId": planned.physical_id,
        "ResourceType": planned.type,
        "Scope": [],
        "Details": [],
    }
    if planned.action == "Remove":
        change["PolicyAction"] = "Retain" if planned.kept else "Delete"
    if planned.replaced:
        change["PolicyAction"] = "ReplaceAndRetain" if planned.kept else "ReplaceAndDelete"
    if planned.action == "Modify":
        sure = planned.retyped or any(each.replaces and each.known for each in planned.differences)
        change["Replacement"] = "True" if sure else "Conditional" if planned.replaced else "False"
        change["Scope"] = sorted({"Tags" if each.name == "Tags" else "Properties" for each in planned.differences})
        change["Details"] = [_detail(each) for each in planned.differences]
    return {"Type": "Resource", "ResourceChange": change}


def _detail(difference: Difference) -> dict[str, Any]:
    tags = difference.name == "Tags"
    return {
        "Target": {
            "Attribute": "Tags" if tags else "Properties",
            "Name": None if tags else difference.name,
            "RequiresRecreation": "Always" if difference.replaces else "Never",
            "Path": f"/Properties/{difference.name}",
            "BeforeValue": _text(difference.before),
            "AfterValue": _text(difference.after),
            "AttributeChangeType": _change_type(difference),
        },
        "Evaluation": "Static" if difference.known else "Dynamic",
        "ChangeSource": "DirectModification",
    }


def _change_type(difference: Difference) -> str:
    if difference.before is None:
        return "Add"
    return "Remove" if difference.after is None else "Modify"


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
