"""A stack goes: each resource after those that waited for it, what the template keeps left standing."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

import botocore.exceptions

from natless.lab.engine import failing, graph
from natless.lab.engine.making_stacks import Workshop, request
from natless.lab.engine.resources.kinds import KINDS
from natless.lab.engine.resources.making import missing
from natless.lab.engine.stacks import Resource, Stack

PATIENCE = 10.0
"""Seconds for which a deletion that something still depends on is tried again. CloudFormation tries for minutes."""


class Ending:
    """The deletion of what stands of one stack, or of some of it."""

    def __init__(
        self,
        shop: Workshop,
        stack: Stack,
        retained: Collection[str] = (),
        resources: Mapping[str, Resource] | None = None,
    ) -> None:
        """Take the stack; `retained` are logical ids to leave alone, `resources` what to delete where not all."""
        self._shop = shop
        self._stack = stack
        self._retained = retained
        self._resources = stack.resources if resources is None else resources
        standing = {name: resource for name, resource in self._resources.items() if resource.stands}
        needs = graph.edges({name: resource.template for name, resource in standing.items()})
        self._before = graph.dependents(needs)
        self._left = set(standing)
        self._running: dict[str, float] = {}
        self._started: set[str] = set()
        self.failed: list[str] = []

    def run(self) -> None:
        """Delete everything; `failed` names what could not be deleted, and what it needs is left alone."""
        for name, resource in self._resources.items():
            if resource.status.endswith("_FAILED") and not resource.stands and not resource.gone:
                resource.gone = True  # it came to nothing, and CloudFormation says of it too that it is gone
                self._tell(name, "DELETE_COMPLETE")
        while self._left:
            blocked = {name for name in self._left if any(one in self.failed for one in self._before[name])}
            self._left -= blocked
            free = [
                name
                for name in sorted(self._left)
                if name not in self._running and not any(one in self._left for one in self._before[name])
            ]
            self._shop.chance.shuffle(free)
            for name in free:
                self._start(name)
            for name in list(self._running):
                self._look(name)
            if self._left:
                time.sleep(self._shop.timings.poll)

    def _start(self, name: str) -> None:
        resource = self._resources[name]
        if resource.kept or name in self._retained:
            self._left.discard(name)
            resource.gone = True
            self._tell(name, "DELETE_SKIPPED")
            return
        self._tell(name, "DELETE_IN_PROGRESS")
        self._running[name] = time.monotonic() + PATIENCE

    def _look(self, name: str) -> None:
        """Delete a resource, or look whether its end has come; a dependency is waited out for a while."""
        resource = self._resources[name]
        kind = KINDS[resource.type]
        asked = request(self._shop, self._stack, resource)
        physical = resource.physical_id or ""
        try:
            if name not in self._started:
                kind.delete(asked, physical)
                self._started.add(name)
            gone = kind.gone is None or kind.gone(asked, physical)
        except botocore.exceptions.ClientError as error:
            gone = missing(error)
            if not gone and not (failing.dependency(error) and time.monotonic() < self._running[name]):
                self._fail(name, error)
        except Exception as error:  # noqa: BLE001  # whatever a deletion meets is the resource's failure
            self._fail(name, error)
            return
        if gone:
            self._running.pop(name)
            self._left.discard(name)
            resource.gone = True
            self._tell(name, "DELETE_COMPLETE")

    def _fail(self, name: str, error: Exception) -> None:
        self._running.pop(name)
        self._left.discard(name)
        self.failed.append(name)
        self._tell(name, "DELETE_FAILED", failing.reason(error, self._resources[name].type, name))

    def _tell(self, name: str, status: str, reason: str | None = None) -> None:
        with self._shop.stacks.lock:
            self._stack.tell(self._resources[name], status, reason)
