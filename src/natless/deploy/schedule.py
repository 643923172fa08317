"""How long a stack will still take: the longest chain of what is left, by how long each type takes on AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from natless.catalog.durations import GATEWAY_ENDPOINT, OTHERS, RELEASE, SECONDS, SHORT
from natless.deploy.progress import Change, Changes, StackEvent, Underway
from natless.design import Template

_REFERRED = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")
_SERVICE = "AWS::ECS::Service"


class Schedule:
    """What a change set does, resource by resource, and how far it is."""

    def __init__(self, template: Template, changes: Changes) -> None:
        """Take the template that the change set was made from, for what waits for what."""
        self._stack = changes.stack
        # What is removed goes at the end, after the stack is what was asked for.
        self._own = {
            change.resource: _seconds(change, template["Resources"].get(change.resource, {}))
            for change in changes.changes
            if change.action != "Remove"
        }
        waits = {name: set(_names(template["Resources"].get(name, {}))) & set(self._own) for name in self._own}
        self._followers = {name: [other for other in self._own if name in waits[other]] for name in self._own}
        self._started: dict[str, float] = {}
        self._done: set[str] = set()

    def take(self, event: StackEvent, now: float) -> None:
        """Take an event into account."""
        if event.resource not in self._own:
            return
        if event.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            self._done.add(event.resource)
        elif event.status.endswith("_IN_PROGRESS"):
            self._started.setdefault(event.resource, now)

    def underway(self, now: float) -> Underway:
        """Say how far it is."""
        known: dict[str, float] = {}
        left = max((self._path(name, now, known) for name in self._own if name not in self._done), default=0.0)
        return Underway(self._stack, len(self._done), len(self._own), left)

    def _path(self, name: str, now: float, known: dict[str, float]) -> float:
        """Give the longest chain that begins with a resource; what took longer than it should may end any moment."""
        if name not in known:
            after = max((self._path(each, now, known) for each in self._followers[name]), default=0.0)
            own = 0.0
            if name not in self._done:
                own = max(0.0, self._own[name] - (now - self._started.get(name, now)))
            known[name] = own + after
        return known[name]


def _seconds(change: Change, body: Mapping[str, Any]) -> float:
    if change.action == "Modify" and change.replacement != "True":
        return RELEASE if change.type == _SERVICE else OTHERS
    if body.get("Properties", {}).get("VpcEndpointType") == "Gateway":
        return GATEWAY_ENDPOINT
    return SECONDS.get(change.type) or SHORT.get(change.type, OTHERS)


def _names(value: Any) -> Iterator[str]:
    """Give every name that a part of a template refers to; CloudFormation lets no circle stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _named_by(key, inner)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def _named_by(key: str, inner: Any) -> Iterator[str]:
    match key, inner:
        case "Ref" | "DependsOn", str():
            yield inner
        case "DependsOn", list():
            yield from inner
        case "Fn::GetAtt", [str() as name, *_]:
            yield name
        case "Fn::Sub", str():
            yield from _REFERRED.findall(inner)
        case _:
            yield from _names(inner)
