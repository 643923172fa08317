"""What stands of a deployment, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from natless.deploy import Status
from natless.deploy.services import ServiceStatus
from natless.report.paint import Paint

_EVENTS = 3


def status_json(status: Status) -> str:
    """Give everything that was read, as JSON with AWS's words."""
    return msgspec.json.format(msgspec.json.encode(status), indent=2).decode()


def status_text(status: Status, paint: Paint) -> str:
    """Give what a person looks for first: the stack, then each service with its tasks and targets."""
    if not status.state:
        return f"{status.name}: no such stack here"
    state = paint.good(status.state) if status.state.endswith("_COMPLETE") else paint.doubtful(status.state)
    lines = [f"stack {paint.strong(status.name)}: {state}" + (f": {status.reason}" if status.reason else "")]
    lines += [
        f"  {event.resource}: {paint.bad(event.status)}: {event.reason}" for event in status.events if event.failed
    ]
    if status.url:
        lines.append(f"url {status.url}")
    for service in status.services:
        lines += _service(service, paint)
    return "\n".join(lines)


def _service(service: ServiceStatus, paint: Paint) -> Iterator[str]:
    yield f"service {paint.strong(service.name)}: {service.running} running of {service.desired} wanted"
    for deployment in service.deployments:
        reason = f": {deployment.reason}" if deployment.reason else ""
        yield f"  deployment {deployment.id}: {deployment.rollout or deployment.status}{reason}"
    for task in service.tasks:
        at = f" at {task.address}" if task.address else ""
        reason = f": {task.reason}" if task.reason else ""
        mark = paint.good(task.status) if task.status == "RUNNING" else task.status
        yield f"  task {task.id}{at}: {mark}{reason}"
    for target in service.targets:
        mark = paint.good(target.state) if target.state == "healthy" else paint.doubtful(target.state)
        reason = f": {target.reason}" if target.reason else ""
        yield f"  target {target.address}:{target.port}: {mark}{reason}"
    for event in reversed(service.events[:_EVENTS]):
        yield f"  {paint.faint(event.message)}"
