"""A service, watched: what is new since the last look."""

from __future__ import annotations

from collections.abc import Iterator

from natless.deploy import fatal, services
from natless.deploy.calls import Connect
from natless.deploy.progress import FatalStart, Progress, ServiceEvent, TargetEvent, TaskEvent
from natless.deploy.services import ServiceName, ServiceStatus


class Watch:
    """Watches one service. `last` is how it was seen last, `fatal` why its tasks cannot start, once that is clear."""

    def __init__(self, connect: Connect, service: ServiceName, *, standing: bool) -> None:
        """Watch `service`. Where it stood before (`standing`), what is there now is no news, and no one's fault."""
        self._connect = connect
        self._service = service
        self._said: set[ServiceEvent | TaskEvent | TargetEvent] = set()
        self._evidence: dict[str, None] = {}  # a set in the order of time
        self._refused: dict[str, str] = {}
        self._older: frozenset[str] = frozenset()
        self._known: frozenset[str] = frozenset()
        self._healthy: frozenset[str] = frozenset()
        self.last: ServiceStatus | None = None
        self.fatal: FatalStart | None = None
        if standing:
            self.last = services.read(connect, service)
            if self.last is not None:
                self._older = frozenset(each.id for each in self.last.deployments)
                self._said.update(_events(self.last))
                self._known = frozenset(services.evidence(self.last, self._older))

    def asked_otherwise(self) -> None:
        """Take in that the load balancer asks something else from now on: what was healthy may refuse that."""
        if self.last is not None:
            self._healthy = frozenset(each.address for each in self.last.targets if each.state == "healthy")

    def look(self) -> Iterator[Progress]:
        """Read the service and give what is new, oldest first; at the end the fatal start, once."""
        # A stack that is rolled back takes the service away, often between two looks: its last words still count.
        found = services.read(self._connect, self._service, deleted=True)
        if found is None:
            return
        self.last = found
        lines = services.evidence(found, self._older)
        self._evidence |= dict.fromkeys(line for line in lines if line not in self._known)
        for event in _events(found):
            if event not in self._said:
                self._said.add(event)
                yield event
        if self.fatal is None:
            self._refused |= fatal.refused_targets(found)
            self.fatal = fatal.fatal_start(found, self._older, self._refused) or fatal.no_longer_healthy(
                found, self._healthy, self._refused
            )
            if self.fatal is not None:
                yield self.fatal

    def evidence(self) -> tuple[str, ...]:
        """Give the lines that showed at any time why the service is not well, oldest first."""
        return tuple(self._evidence)

    def cause(self) -> str:
        """Give the first reason for which a task of the new deployment stopped, "" if none did."""
        if self.fatal is not None:
            return self.fatal.cause
        return next((line for line in self._evidence if line.startswith("task ")), "")


def _events(service: ServiceStatus) -> Iterator[ServiceEvent | TaskEvent | TargetEvent]:
    yield from reversed(service.events)
    for task in service.tasks:
        yield TaskEvent(service.name, task.id, task.status, task.address, task.reason)
    for target in service.targets:
        yield TargetEvent(service.name, target.address, target.port, target.state, target.reason)
