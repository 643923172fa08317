"""A stack is changed: what differs in place or by a new resource, what is new made, what is old deleted at the end.

And back again, where something of it fails. AWS: "Update behaviors of stack resources" and "Stack status codes",
CloudFormation user guide.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from natless.lab.engine import failing, graph, schemas
from natless.lab.engine.comparing import Difference, differences
from natless.lab.engine.ending_stacks import Ending
from natless.lab.engine.making_stacks import Making, Workshop, request
from natless.lab.engine.resources import tagging
from natless.lab.engine.resources.kinds import KINDS
from natless.lab.engine.resources.making import Kind, random_suffix
from natless.lab.engine.stacks import Before, Resource, Stack
from natless.lab.engine.template import Template, TemplateError

NEW_RESOURCE = "Requested update requires the creation of a new physical resource; hence creating one."
AGAIN = "natless destroy --to lab, then deploy again"
"""What a person does about what the lab cannot change."""

DELETED_FIRST = "Requested update requires the deletion of the old physical resource before the new one is made."


class Updating(Making):
    """The change of a stack that stands to the template and parameters that it has got.

    `retired` is what is to be deleted when all is well: what was replaced, and what the template no longer has.
    """

    def __init__(self, shop: Workshop, stack: Stack, before: Before) -> None:
        """Take what the stack was; the order is that of the new template."""
        self._before = {name: one for name, one in before.resources.items() if one.stands}
        self._updated: set[str] = set()
        super().__init__(shop, stack)
        self.retired = {name: one for name, one in self._before.items() if name not in self._left}
        self.dropped = frozenset(before.resources) - self._left

    def _resources(self, parts: Mapping[str, Template]) -> dict[str, Resource]:
        """Give the new template's resources, those that stand as they stand; what is old is still told of."""
        fresh = {
            name: Resource(name, part, random_suffix(self._shop.chance))
            if name not in self._before
            else self._before[name].again(part)
            for name, part in parts.items()
        }
        for name, one in fresh.items():
            one.properties = self._before[name].properties if name in self._before else {}
        return {**self._before, **fresh}

    def _start(self, name: str) -> None:
        old = self._before.get(name)
        if old is None:
            super()._start(name)
            return
        self._left.remove(name)
        resource = self._stack.resources[name]
        try:
            if resource.type != old.type:
                self._replace(resource, old)
                return
            self._prepare(resource)
            found = differences(_schema(self._shop, old), old.properties, resource.properties)
            if any(each.replaces for each in found):
                self._replace(resource, old)
            elif found:
                self._tell(name, "UPDATE_IN_PROGRESS")
                self._updated.add(name)
                change(self._shop, self._stack, resource, old, found)
                self._run(name)
        except Exception as error:  # noqa: BLE001  # whatever a maker meets is the resource's failure
            self._updated.add(name)
            self._fail(name, error)

    def _replace(self, resource: Resource, old: Resource) -> None:
        """Make a new resource in the old one's place; the old one goes at the end, or first where it must."""
        name = resource.logical_id
        self._updated.add(name)
        first = _schema(self._shop, resource).deletes_first
        self._tell(name, "UPDATE_IN_PROGRESS", DELETED_FIRST if first else NEW_RESOURCE)
        old.replaced = True
        if first:
            KINDS[old.type].delete(request(self._shop, self._stack, old), old.physical_id or "")
            old.gone = True
        resource.suffix = random_suffix(self._shop.chance)
        resource.physical_id, resource.attributes = None, {}
        made = self._prepare(resource).create(request(self._shop, self._stack, resource))
        resource.physical_id, resource.attributes = made.physical_id, dict(made.attributes)
        self.retired[name] = old
        self._tell(name, "UPDATE_IN_PROGRESS", "Resource creation Initiated")
        self._run(name)

    def _verb(self, name: str) -> str:
        return "UPDATE" if name in self._updated else super()._verb(name)


def _schema(shop: Workshop, resource: Resource) -> schemas.Schema:
    found = schemas.schema(shop.stacks.region, resource.type)
    if found is None:
        raise TemplateError(f"The lab does not know {resource.type}")
    return found


def change(shop: Workshop, stack: Stack, resource: Resource, old: Resource, found: tuple[Difference, ...]) -> None:
    """Change a resource in place, from what `old` says it is. Raises TemplateError for what the lab cannot change."""
    kind = KINDS[resource.type]
    names = {each.name for each in found}
    tagged = "Tags" in names and tagging.serves(resource.type)
    unserved = names - set(kind.changes) - ({"Tags"} if tagged else set())
    if unserved:
        raise TemplateError(not_in_place(resource.logical_id, resource.type, sorted(unserved)))
    asked, physical = request(shop, stack, resource), resource.physical_id or ""
    if kind.update is not None and not (tagged and names == {"Tags"}):
        kind.update(asked, physical, old.properties)
    if tagged:
        tagging.retag(asked, resource.type, physical, resource.attributes, old.properties.get("Tags") or [])


def not_in_place(logical_id: str, kind: str, names: list[str]) -> str:
    """Say that AWS would change something in place, and the lab cannot."""
    return f"the lab cannot change {', '.join(names)} of {logical_id} ({kind}) where it stands, as AWS would: {AGAIN}"


class RollingBack:
    """The way back to what a stack was. `retired` is what the failed update made, to be deleted at the end."""

    def __init__(self, shop: Workshop, stack: Stack, before: Before) -> None:
        """Take what the stack was, and what it has become."""
        self._shop = shop
        self._stack = stack
        self._before = {name: one for name, one in before.resources.items() if one.stands or one.replaced}
        self._now = dict(stack.resources)
        self.retired: dict[str, Resource] = {}
        self.failed: list[str] = []

    def run(self) -> None:
        """Go back, one resource after the other in the order in which they were made."""
        needs = graph.edges({name: one.template for name, one in self._before.items()})
        for name in graph.in_order(needs):
            old, now = self._before[name], self._now[name]
            self._stack.resources[name] = old
            try:
                self._return(name, old, now)
            except Exception as error:  # noqa: BLE001  # whatever a maker meets is the resource's failure
                self.failed.append(name)
                self._tell(name, "UPDATE_FAILED", failing.reason(error, old.type, name))
                return
        for name in self._now.keys() - self._before.keys():
            self.retired[name] = self._now[name]

    def _return(self, name: str, old: Resource, now: Resource) -> None:
        kind = KINDS[old.type]
        if old.gone:
            self._again(old, now, kind)
        elif old.replaced and now.physical_id == old.physical_id:
            # It was to go first, and could not: nothing of it has changed.
            old.replaced = False
            self._tell(name, "UPDATE_COMPLETE")
            return
        elif now.physical_id != old.physical_id:
            old.replaced = False
            if now.physical_id is not None:
                self.retired[name] = now
            self._tell(name, "UPDATE_COMPLETE")
            return
        elif now.properties == old.properties:
            return
        else:
            self._tell(name, "UPDATE_IN_PROGRESS")
            found = differences(_schema(self._shop, old), now.properties, old.properties)
            change(self._shop, self._stack, old, now, found)
        until = time.monotonic() + self._shop.timings.service_steady
        asked = request(self._shop, self._stack, old)
        while kind.ready is not None and not kind.ready(asked, old.physical_id or ""):
            if time.monotonic() > until:
                raise TemplateError("Exceeded attempts to wait")
            time.sleep(self._shop.timings.poll)
        self._tell(name, "UPDATE_COMPLETE")

    def _again(self, old: Resource, now: Resource, kind: Kind) -> None:
        """Make again what had to be deleted before its successor was made; the successor goes first."""
        if now.physical_id is not None:
            KINDS[now.type].delete(request(self._shop, self._stack, now), now.physical_id)
            now.gone = True
        made = kind.create(request(self._shop, self._stack, old))
        old.physical_id, old.attributes = made.physical_id, dict(made.attributes)
        old.gone = old.replaced = False

    def _tell(self, name: str, status: str, reason: str | None = None) -> None:
        with self._shop.stacks.lock:
            self._stack.tell(self._stack.resources[name], status, reason)


def clean_up(shop: Workshop, stack: Stack, retired: Mapping[str, Resource]) -> None:
    """Delete what is not of the stack any more. What cannot be deleted is left behind, as AWS leaves it."""
    Ending(shop, stack, resources=retired).run()
