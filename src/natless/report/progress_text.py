"""A deployment's progress as lines: what happened, in the words of who said it."""

from __future__ import annotations

from typing import assert_never

from natless.catalog.durations import SECONDS
from natless.deploy.plan import Loss, losses
from natless.deploy.progress import (
    Changes,
    Deployed,
    Destroyed,
    FatalStart,
    Found,
    Kept,
    LookedUp,
    Progress,
    Pushed,
    Pushing,
    Ran,
    Said,
    ServiceEvent,
    StackEvent,
    TargetEvent,
    TaskEvent,
    Unchanged,
    Underway,
)
from natless.report.check_text import finding_lines
from natless.report.difference import difference
from natless.report.paint import Paint

_LONG = 120
"""Seconds from which on one speaks of minutes."""


def progress_lines(event: Progress, paint: Paint) -> list[str]:  # noqa: C901, PLR0911, PLR0912 - a branch an event
    """Give the lines that show one event of a deployment."""
    match event:
        case StackEvent():
            return _stack_event(event, paint)
        case Changes():
            return changes_lines(event, paint)
        case Unchanged(stack=stack):
            return [f"{stack}: nothing to change"]
        case Said(text=text):
            return [text]
        case Found(finding=finding):
            return finding_lines(finding, paint)
        case Pushing(service=service, repository=repository):
            return [f"{service}: building, for {repository}"]
        case Pushed(service=service, repository=repository, digest=digest):
            return [f"{service}: pushed {repository}@{digest}"]
        case LookedUp(parameter=parameter, value=value):
            return [f"{parameter} = {value}"]
        case Underway():
            return [underway_line(event, paint)]
        case ServiceEvent(message=message):
            return [paint.faint(f"ecs: {message}")]
        case TaskEvent():
            return [_task_event(event, paint)]
        case Ran(service=service, task=task, code=code):
            return [f"{service}: task {task} exited with {code}"]
        case TargetEvent():
            return [_target_event(event, paint)]
        case FatalStart(meaning=meaning):
            return [paint.bad(event.sentence), *([f"    {meaning}"] if meaning else [])]
        case Deployed(stack=stack):
            return [f"{stack}: {paint.good('deployed')}"]
        case Destroyed(what=what):
            return [f"{what}: gone"]
        case Kept(what=what, command=command):
            return [f"{what}: kept ({command} deletes it)"]
        case never:
            assert_never(never)


def changes_lines(changes: Changes, paint: Paint) -> list[str]:
    """Give a change set as a diff: what is added, changed, replaced and removed, and what that costs."""
    costs = {loss.resource: loss for loss in losses(changes)}
    lines = [paint.strong(f"{changes.stack}: {changes.kind.lower()}, {len(changes.changes)} changes")]
    for change in changes.changes:
        match change.action:
            case "Add":
                mark = paint.good("+")
            case "Remove":
                mark = paint.bad("-")
            case _:
                mark = paint.doubtful("~")
        words = {"True": " replaced", "Conditional": " perhaps replaced"}
        replaced = paint.bad(words.get(change.replacement, ""))
        lines.append(f"  {mark} {change.resource:<36} {change.type}{replaced}")
        for each in change.properties:
            lines += [f"      {line}" for line in difference(each.name, each.before, each.after)]
        if change.resource in costs:
            lines.append(f"      {_cost(costs[change.resource], paint)}")
    return lines


def _cost(loss: Loss, paint: Paint) -> str:
    return paint.bad(f"lost: {loss.what}") if loss.data else paint.doubtful(loss.what)


def underway_line(event: Underway, paint: Paint) -> str:
    """Give how far a stack is: the resources that are done, and the time to go as a person says it."""
    return paint.faint(f"{event.stack}: {event.done} of {event.total} done, {to_go(event.seconds)}")


def to_go(seconds: float) -> str:
    """Say a time to go, no more exactly than it is known: in steps of 10 s, and from 2 minutes on of half minutes."""
    if seconds < 1:
        return "almost there"
    if seconds < _LONG:
        return f"about {max(10, round(seconds / 10) * 10)} s to go"
    minutes = round(seconds / 30) / 2
    return f"about {minutes:g} min to go"


def _stack_event(event: StackEvent, paint: Paint) -> list[str]:
    """Show ends, failures, and the beginnings of what takes long; the other beginnings end within seconds."""
    status = event.status
    if event.failed:
        status = paint.bad(status)
    elif status.endswith("_COMPLETE"):
        status = paint.good(status)
    line = f"{event.stack}: {event.resource:<36} {status}"
    if not status.endswith("_IN_PROGRESS"):
        return [f"{line}: {event.reason}" if event.reason else line]
    seconds = SECONDS.get(event.type)
    if event.status != "CREATE_IN_PROGRESS" or seconds is None or event.reason:
        return []
    return [f"{line} {paint.faint(f'(on AWS about {seconds} s)')}"]


def _task_event(event: TaskEvent, paint: Paint) -> str:
    at = f" at {event.address}" if event.address else ""
    status = paint.good(event.status) if event.status == "RUNNING" else event.status
    line = f"{event.service}: task {event.task}{at}: {status}"
    return f"{line}: {event.reason}" if event.reason else line


def _target_event(event: TargetEvent, paint: Paint) -> str:
    state = paint.good(event.state) if event.state == "healthy" else event.state
    line = f"{event.service}: target {event.address}:{event.port}: {state}"
    return f"{line}: {event.reason}" if event.reason else line
