"""A stack comes to be: each resource when those it waits for are complete, the others in random order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from natless.lab.engine import failing, graph, schemas
from natless.lab.engine.intrinsics import NO_VALUE, Resolver
from natless.lab.engine.resources import tagging
from natless.lab.engine.resources.kinds import KINDS
from natless.lab.engine.resources.making import Connect, Kind, Request, random_suffix
from natless.lab.engine.stacks import Resource, Stack, Stacks
from natless.lab.engine.template import Template, TemplateError
from natless.lab.engine.values import Values
from natless.lab.services.ledger import Timings

NEVER_LATE = ("AWS::ECS::Service",)
"""Nothing waits for a service, but it is what the rest is made for."""

CANCELLED = {"CREATE": "Resource creation cancelled", "UPDATE": "Resource update cancelled"}
"""What CloudFormation says of what another resource's failure stops."""

SLOW = ("AWS::EC2::VPCGatewayAttachment",)
NEED_ATTACHMENT = (
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
)
"""What needs a gateway's attachment without referring to it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html"""


class Workshop(msgspec.Struct, frozen=True):
    """What an operation works with."""

    connect: Connect
    connect_as: Callable[[str], Connect]
    stacks: Stacks
    timings: Timings
    chance: random.Random


def request(shop: Workshop, stack: Stack, resource: Resource) -> Request:
    """Give what the resource's maker gets: its properties are those it was made of."""
    return Request(
        connect=stack.connect or shop.connect,
        region=shop.stacks.region,
        account_id=shop.stacks.account_id,
        stack_name=stack.name,
        stack_id=stack.id,
        logical_id=resource.logical_id,
        suffix=resource.suffix,
        properties=resource.properties,
        tags=tuple(stack.tags),
        capabilities=tuple(stack.capabilities),
    )


class Making:
    """The making of one stack."""

    def __init__(self, shop: Workshop, stack: Stack) -> None:
        """Read the order from the template; resources whose condition is false are not there."""
        self._shop = shop
        self._stack = stack
        self._resolver = Resolver(stack.template, Values(stack, shop.stacks, shop.connect))
        parts = chosen(stack.template, self._resolver)
        stack.resources = self._resources(parts)
        self._needs = graph.edges(parts)
        self._waiting = graph.dependents(self._needs)
        self._left = set(parts)
        self._running: dict[str, Kind] = {}
        self._deadlines: dict[str, float] = {}
        self._last_start = time.monotonic()
        self.failed: list[str] = []

    def _resources(self, parts: Mapping[str, Template]) -> dict[str, Resource]:
        """Give the stack's resources, none of which stands yet."""
        return {name: Resource(name, part, random_suffix(self._shop.chance)) for name, part in parts.items()}

    def run(self) -> None:
        """Make everything, or stop at the first failure: `failed` names what came to nothing."""
        while (self._left or self._running) and not self.failed and not self._stack.leaving.is_set():
            while not self.failed and (name := self._next()) is not None:
                self._start(name)
                self._look(name)
            for name in list(self._running):
                self._look(name)
            if self._left or self._running:
                time.sleep(self._shop.timings.poll)
        for name in self._running:
            verb = self._verb(name)
            self._tell(name, f"{verb}_FAILED", CANCELLED[verb])

    def _next(self) -> str | None:
        """Give what starts next, or None while all that is left waits.

        CloudFormation promises no order but the edges'. Here what most others wait for starts first, equals in random
        order; a gateway's attachment after all that needs it without saying so; and what nothing waits for after all
        the rest. So a forgotten edge is missed here, and not in someone's account.
        """
        complete = {name for name in self._needs if name not in self._left and name not in self._running}
        free: list[str] = [name for name in sorted(self._left) if self._needs[name] <= complete]
        self._shop.chance.shuffle(free)
        slow = [name for name in free if self._type(name) in SLOW]
        early = [name for name in free if name not in slow and not self._late(name)]
        if early:
            return max(early, key=lambda name: len(self._waiting[name]))
        if slow:
            first = [name for name in free if self._type(name) in NEED_ATTACHMENT]
            return (first or slow)[0]
        return free[0] if free and self._late_may_start() else None

    def _late_may_start(self) -> bool:
        """Say whether the time of what nothing waits for has come."""
        if any(not self._late(name) for name in self._left):
            return False
        others = any(not self._late(name) for name in self._running)
        return not others or time.monotonic() - self._last_start >= self._shop.timings.held_back

    def _type(self, name: str) -> str:
        return self._stack.resources[name].type

    def _late(self, name: str) -> bool:
        return not self._waiting[name] and self._type(name) not in NEVER_LATE

    def _start(self, name: str) -> None:
        resource = self._stack.resources[name]
        self._left.remove(name)
        if not self._late(name):
            self._last_start = time.monotonic()
        self._tell(name, "CREATE_IN_PROGRESS")
        try:
            made = self._prepare(resource).create(request(self._shop, self._stack, resource))
        except Exception as error:  # noqa: BLE001  # whatever a maker meets is the resource's failure
            self._fail(name, error)
            return
        resource.physical_id = made.physical_id
        resource.attributes = dict(made.attributes)
        self._tell(name, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        self._run(name)

    def _run(self, name: str) -> None:
        """Look at a resource that was begun until it is complete."""
        self._running[name] = KINDS[self._type(name)]
        self._deadlines[name] = time.monotonic() + self._shop.timings.service_steady

    def _prepare(self, resource: Resource) -> Kind:
        """Resolve the properties, fit them to the type's schema, and give the type."""
        resource.properties = dict(self._resolver.resolve(resource.template.get("Properties") or {}))
        kind = KINDS.get(resource.type)
        schema = schemas.schema(self._shop.stacks.region, resource.type)
        if kind is None or schema is None:
            raise TemplateError(f"The lab does not make {resource.type}: it makes {', '.join(sorted(KINDS))}")
        resource.properties, problems = schemas.fit(schema, resource.properties)
        if problems:
            said = "\n".join(problems)
            raise TemplateError(
                f"Properties validation failed for resource {resource.logical_id} with message:\n{said}"
            )
        resource.properties = tagging.joined(schema.document, resource.properties, self._stack.tags)
        return kind

    def _look(self, name: str) -> None:
        if name not in self._running:
            return
        kind, resource = self._running[name], self._stack.resources[name]
        try:
            asked, physical = request(self._shop, self._stack, resource), resource.physical_id or ""
            done = kind.ready is None or kind.ready(asked, physical)
            if done and kind.complete is not None:
                # Another mapping: a rollback goes back to the old one.
                resource.attributes = {**resource.attributes, **kind.complete(asked, physical)}
        except Exception as error:  # noqa: BLE001  # as above
            self._fail(name, error)
            return
        if done:
            del self._running[name]
            self._tell(name, f"{self._verb(name)}_COMPLETE")
        elif time.monotonic() > self._deadlines[name]:
            self._fail(name, TemplateError("Exceeded attempts to wait"))

    def _fail(self, name: str, error: Exception) -> None:
        self._running.pop(name, None)
        self.failed.append(name)
        resource = self._stack.resources[name]
        self._tell(name, f"{self._verb(name)}_FAILED", failing.reason(error, resource.type, name))

    def _verb(self, _name: str) -> str:
        """Give what is done to a resource, as its statuses say it."""
        return "CREATE"

    def _tell(self, name: str, status: str, reason: str | None = None) -> None:
        with self._shop.stacks.lock:
            self._stack.tell(self._stack.resources[name], status, reason)

    def outputs(self) -> list[dict[str, str]]:
        """Give the outputs of the stack that stands; raises TemplateError where one cannot be said."""
        said = []
        others = {name: one for name, _, one in self._shop.stacks.exports() if one is not self._stack}
        for name, output in (self._stack.template.get("Outputs") or {}).items():
            if "Condition" in output and not self._resolver.condition(output["Condition"]):
                continue
            value = self._resolver.resolve(output["Value"])
            entry = {"OutputKey": name, "OutputValue": str(value)}
            if output.get("Description"):
                entry["Description"] = str(output["Description"])
            if output.get("Export"):
                export = str(self._resolver.resolve(output["Export"]["Name"]))
                if export in others:
                    taken = f"Export with name {export} is already exported by stack {others[export].name}."
                    raise TemplateError(taken)
                entry["ExportName"] = export
            if value is not NO_VALUE:
                said.append(entry)
        self._keep_what_others_import(said)
        return said

    def _keep_what_others_import(self, said: list[dict[str, str]]) -> None:
        """Refuse an update that takes away or changes what another stack imports."""
        now = {entry["ExportName"]: entry["OutputValue"] for entry in said if "ExportName" in entry}
        for before in self._stack.outputs:
            name = str(before.get("ExportName") or "")
            users = [user for user in self._shop.stacks.importers(name) if user != self._stack.name]
            if users and now.get(name) != before["OutputValue"]:
                raise TemplateError(in_use(name, "updated" if name in now else "deleted", users))


def in_use(export: str, done: str, users: list[str]) -> str:
    """Word that an export cannot be deleted or updated (linz/geostore #630, anomalyco/sst #1256)."""
    return f"Export {export} cannot be {done} as it is in use by {', '.join(users)}"


def chosen(template: Template, resolver: Resolver) -> dict[str, Template]:
    """Give the resources that are there: those whose condition holds, with the branches of Fn::If that are taken.

    The other branch makes no edge.
    """
    return {
        name: {key: _branch(value, resolver) for key, value in part.items()}
        for name, part in template["Resources"].items()
        if "Condition" not in part or resolver.condition(part["Condition"])
    }


def _branch(value: Any, resolver: Resolver) -> Any:
    if isinstance(value, list):
        return [_branch(item, resolver) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::If"]:
        name, yes, no = value["Fn::If"]
        return _branch(yes if resolver.condition(str(name)) else no, resolver)
    return {key: _branch(item, resolver) for key, item in value.items()}
