"""Stacks, their resources, events and change sets: what the engine remembers."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from natless.lab.engine.query import QueryError
from natless.lab.engine.template import Template

STACK_TYPE = "AWS::CloudFormation::Stack"


def now() -> datetime:
    """Give the moment."""
    return datetime.now(UTC)


class Resource:
    """A resource of a stack, from its first event on."""

    def __init__(self, logical_id: str, template: Template, suffix: str) -> None:
        """Take the resource's part of the template; `suffix` ends its generated name."""
        self.logical_id = logical_id
        self.template = template
        self.type = str(template["Type"])
        self.suffix = suffix
        self.physical_id: str | None = None
        self.properties: dict[str, Any] = {}
        self.attributes: dict[str, Any] = {}
        self.status = ""
        self.reason: str | None = None
        self.updated = now()
        self.gone = False
        self.replaced = False
        self.drift: dict[str, Any] | None = None
        """What the last drift detection found, as DescribeStackResourceDrifts says it."""

    @property
    def kept(self) -> bool:
        """Say whether the template asks to keep it when the stack goes, or when another takes its place."""
        return self.template.get("UpdateReplacePolicy" if self.replaced else "DeletionPolicy") == "Retain"

    @property
    def stands(self) -> bool:
        """Say whether there is something of it."""
        return self.physical_id is not None and not self.gone

    def again(self, template: Template) -> Resource:
        """Give the same thing under a later template, to be changed in place."""
        later = Resource(self.logical_id, template, self.suffix)
        later.physical_id, later.attributes = self.physical_id, self.attributes
        later.status, later.reason, later.updated = self.status, self.reason, self.updated
        return later

    def said(self, stack: Stack) -> dict[str, Any]:
        """Give it as DescribeStackResources says it."""
        drift = self.drift
        return {
            "StackName": stack.name,
            "StackId": stack.id,
            "LogicalResourceId": self.logical_id,
            "PhysicalResourceId": self.physical_id,
            "ResourceType": self.type,
            "Timestamp": self.updated,
            "LastUpdatedTimestamp": self.updated,
            "ResourceStatus": self.status,
            "ResourceStatusReason": self.reason,
            "DriftInformation": {
                "StackResourceDriftStatus": "NOT_CHECKED" if drift is None else drift["StackResourceDriftStatus"],
                "LastCheckTimestamp": None if drift is None else drift["Timestamp"],
            },
        }


class Before(msgspec.Struct, frozen=True):
    """What a stack was before the update that is under way, or that failed: what a rollback goes back to."""

    text: str
    template: Template
    given: dict[str, str]
    parameters: dict[str, Any]
    tags: list[dict[str, str]]
    resources: dict[str, Resource]
    imports: frozenset[str] = frozenset()


class Stack:
    """A stack. Its events stand newest first, as they are told; `connect` gives clients with its caller's rights."""

    def __init__(self, name: str, stack_id: str) -> None:
        """Make a stack of nothing, in review."""
        self.name = name
        self.id = stack_id
        self.text = ""
        self.template: Template = {}
        self.given: dict[str, str] = {}
        self.parameters: dict[str, Any] = {}
        self.tags: list[dict[str, str]] = []
        self.capabilities: list[str] = []
        self.status = "REVIEW_IN_PROGRESS"
        self.reason: str | None = None
        self.created = now()
        self.updated: datetime | None = None
        self.deleted: datetime | None = None
        self.resources: dict[str, Resource] = {}
        self.events: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.imports: set[str] = set()
        self.on_failure = "ROLLBACK"
        self.protected = False
        self.role: str | None = None
        self.timeout: int | None = None
        self.notified: list[str] = []
        self.change_set_id: str | None = None
        self.token: str | None = None
        self.leaving = threading.Event()
        self.before: Before | None = None
        self.drift = "NOT_CHECKED"
        self.drift_checked: datetime | None = None
        self.connect: Callable[[str], Any] | None = None

    @property
    def leans_on(self) -> set[str]:
        """The exports that it imports, while it is changed those of before as well."""
        return self.imports | (self.before.imports if self.before is not None else frozenset())

    @property
    def description(self) -> str | None:
        """The template's description."""
        said = self.template.get("Description")
        return None if said is None else str(said)

    def take(self, made: ChangeSet) -> None:
        """Take over what a change set asks for."""
        self.text, self.template, self.given, self.parameters = made.text, made.template, made.given, made.parameters
        self.tags, self.capabilities, self.role = made.tags, made.capabilities, made.role
        self.drift, self.drift_checked = "NOT_CHECKED", None  # what was found was held against another template

    def say(self, status: str, reason: str | None = None) -> None:
        """Change the stack's own status, with an event of it."""
        self.status, self.reason = status, reason
        self._event(self.name, self.id, STACK_TYPE, status=status, reason=reason)

    def tell(self, resource: Resource, status: str, reason: str | None = None) -> None:
        """Change a resource's status, with an event of it."""
        resource.status, resource.reason, resource.updated = status, reason, now()
        self._event(
            resource.logical_id,
            resource.physical_id or "",
            resource.type,
            status=status,
            reason=reason,
            properties=resource.properties,
        )

    def _event(
        self,
        logical: str,
        physical: str,
        kind: str,
        *,
        status: str,
        reason: str | None,
        properties: dict[str, Any] | None = None,
    ) -> None:
        own = str(uuid.uuid4()) if kind == STACK_TYPE else f"{logical}-{status}-{now().isoformat()}"
        event = {
            "StackId": self.id,
            "EventId": own,
            "StackName": self.name,
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Timestamp": now(),
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "ResourceProperties": json.dumps(properties) if properties else None,
            "ClientRequestToken": self.token,
        }
        self.events.insert(0, event)


class ChangeSet:
    """A change set, settled when it is made."""

    def __init__(self, name: str, change_set_id: str, stack: Stack, kind: str) -> None:
        """Make one for a stack; `kind` is CREATE or UPDATE."""
        self.name = name
        self.id = change_set_id
        self.stack = stack
        self.kind = kind
        self.text = ""
        self.template: Template = {}
        self.given: dict[str, str] = {}
        self.parameters: dict[str, Any] = {}
        self.tags: list[dict[str, str]] = []
        self.capabilities: list[str] = []
        self.description: str | None = None
        self.on_failure: str | None = None
        self.role: str | None = None
        self.status = "CREATE_COMPLETE"
        self.execution = "AVAILABLE"
        self.reason: str | None = None
        self.created = now()
        self.changes: list[dict[str, Any]] = []

    def fail(self, reason: str) -> None:
        """Say why it cannot be executed."""
        self.status, self.execution, self.reason = "FAILED", "UNAVAILABLE", reason


class Stacks:
    """Every stack of the account's region, those deleted included, and their change sets."""

    def __init__(self, region: str, account_id: str) -> None:
        """Start with none."""
        self.region = region
        self.account_id = account_id
        self.lock = threading.RLock()
        self.all: list[Stack] = []
        self.change_sets: list[ChangeSet] = []

    def arn(self, kind: str, name: str) -> str:
        """Give a new ARN for a stack or a change set (`changeSet`)."""
        return f"arn:aws:cloudformation:{self.region}:{self.account_id}:{kind}/{name}/{uuid.uuid4()}"

    def add(self, name: str) -> Stack:
        """Add a stack in review."""
        stack = Stack(name, self.arn("stack", name))
        self.all.append(stack)
        return stack

    def named(self, name: str) -> Stack | None:
        """Give the stack of that name or ARN; a deleted one answers to its ARN only."""
        for stack in reversed(self.all):
            if stack.id == name or (stack.name == name and stack.status != "DELETE_COMPLETE"):
                return stack
        return None

    def found(self, name: str) -> Stack:
        """Give the stack of that name or ARN; raises AWS's error where there is none."""
        stack = self.named(name)
        if stack is None:
            raise QueryError("ValidationError", f"Stack with id {name} does not exist")
        return stack

    def change_set(self, name: str, stack: str | None) -> ChangeSet:
        """Give a change set by its ARN, or by its name and its stack's; raises AWS's error where there is none."""
        for one in reversed(self.change_sets):
            if one.id == name or (one.name == name and stack in {one.stack.name, one.stack.id}):
                return one
        raise QueryError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")

    def parent(self, stack: Stack) -> Stack | None:
        """Give the stack that a nested one is a resource of."""
        for one in self.all:
            if any(each.type == STACK_TYPE and each.physical_id == stack.id for each in one.resources.values()):
                return one
        return None

    def root(self, stack: Stack) -> Stack | None:
        """Give the uppermost stack above a nested one."""
        above = self.parent(stack)
        return None if above is None else self.root(above) or above

    def importers(self, export: str) -> list[str]:
        """Give the names of the stacks that import an export."""
        return [one.name for one in self.all if one.status != "DELETE_COMPLETE" and export in one.leans_on]

    def exports(self) -> Iterator[tuple[str, str, Stack]]:
        """Give every export: its name, its value and its stack."""
        for stack in self.all:
            if stack.status != "DELETE_COMPLETE":
                for output in stack.outputs:
                    if output.get("ExportName"):
                        yield output["ExportName"], output["OutputValue"], stack
