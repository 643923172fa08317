"""When a release is given up: once it is clear that waiting will not help, minutes before the circuit breaker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from natless.catalog.ecs_errors import ERRORS, WRONG_ARCHITECTURE
from natless.deploy.progress import FatalStart
from natless.deploy.services import DeploymentStatus, ServiceStatus, TaskStatus
from natless.finding import Blocked, Verdict

_PASSING = {"timeout", "name", "throttled"}
"""Causes that one task may meet alone: an endpoint is *available* 20 to 30 s before it answers."""

_EXITED = "Essential container in task exited"
_SICK = "Task failed ELB health checks"
"""How ECS begins the reason of a task that it stopped ("Stopped tasks error messages", ECS developer guide)."""

_WRONG_ANSWER = "Health checks failed with these codes"
"""How ELB describes a target that answers, and wrongly (Target.ResponseCodeMismatch, "Target health reason codes")."""

_ASKED_OTHERWISE = (
    "The release that runs shares its target group with the next one, and does not answer the new health check. "
    "Deploy an image that answers both the old and the new one first, then change the health check."
)

_WRONG_PROGRAM = "exec format error"
"""What the kernel says of a program for another CPU (ENOEXEC)."""


def fatal_start(
    service: ServiceStatus, ignored: frozenset[str] = frozenset(), refused: Mapping[str, str] | None = None
) -> FatalStart | None:
    """Say why the wanted deployment cannot come up.

    Args:
        service: the service as it stands.
        ignored: the deployments whose failures are older than what is being followed.
        refused: what the load balancer said of targets that answered wrongly, by their address.

    Returns:
        The first failed task's cause: after one task where ECS was refused something or the container gives a wrong
        answer, after two where something did not answer, or the container exited, because the first may have come too
        early.
    """
    primary = service.primary
    if primary is None or primary.id in ignored:
        return None
    mine = [task for task in service.tasks if task.reason and _belongs(task, primary)]
    return (
        _not_started(service, [task for task in mine if task.cannot_start])
        or _exited(service, [task for task in mine if task.reason.startswith(_EXITED)])
        or _sick(service, [task for task in mine if task.reason.startswith(_SICK)], refused or {})
    )


def _not_started(service: ServiceStatus, failed: list[TaskStatus]) -> FatalStart | None:
    for task in failed:
        known = next((error for error in ERRORS if error.mark in task.reason), None)
        if len(failed) > 1 or (known is not None and known.cause not in _PASSING):
            return FatalStart(service.name, task.id, task.reason, known.meaning if known else "")
    return None


def _exited(service: ServiceStatus, failed: list[TaskStatus]) -> FatalStart | None:
    if len(failed) < 2:  # noqa: PLR2004 - a second one says that it was no accident
        return None
    return FatalStart(service.name, failed[0].id, failed[0].reason, "", "exit")


def _sick(service: ServiceStatus, failed: list[TaskStatus], refused: Mapping[str, str]) -> FatalStart | None:
    for task in failed:
        said = refused.get(task.address, "")
        if said or len(failed) > 1:
            cause = f"{task.reason}: {said}" if said else task.reason
            return FatalStart(service.name, task.id, cause, "", "health")
    return None


def no_longer_healthy(service: ServiceStatus, healthy: frozenset[str], refused: Mapping[str, str]) -> FatalStart | None:
    """Say that the release that runs refuses what it is asked now.

    Args:
        service: the service as it stands.
        healthy: the addresses that were healthy when the load balancer asked something else of them.
        refused: what the load balancer said since then of targets that answered wrongly, by their address.
    """
    for address in sorted(healthy & refused.keys()):
        task = next((each.id for each in service.tasks if each.address == address), "")
        cause = f"{address}, which was healthy before the check was changed: {refused[address]}"
        return FatalStart(service.name, task, cause, _ASKED_OTHERWISE, "health")
    for each in service.tasks:
        if each.address in healthy and each.reason.startswith(_SICK):
            cause = f"{each.address}, which was healthy before the check was changed: {each.reason}"
            return FatalStart(service.name, each.id, cause, _ASKED_OTHERWISE, "health")
    return None


def _belongs(task: TaskStatus, deployment: DeploymentStatus) -> bool:
    if task.deployment.startswith("ecs-svc/"):
        return task.deployment == deployment.id
    return task.definition == deployment.definition


def refused_targets(service: ServiceStatus) -> dict[str, str]:
    """Give what the load balancer says of targets that answer wrongly: once ECS has stopped the task, it is gone."""
    return {target.address: target.reason for target in service.targets if target.reason.startswith(_WRONG_ANSWER)}


def in_its_own_words(fatal: FatalStart, words: tuple[str, ...]) -> FatalStart:
    """Add the last thing that the container wrote, where it exited: that is the cause, and ECS cannot know it."""
    if fatal.stage != "exit" or not words:
        return fatal
    wrong = next((word for word in words if _WRONG_PROGRAM in word), None)
    meaning = WRONG_ARCHITECTURE.meaning if wrong else fatal.meaning
    return msgspec.structs.replace(fatal, cause=f"{fatal.cause}: {wrong or words[-1]}", meaning=meaning)


def proof_lines(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Give what the proof of what stands finds blocked that should not be, as evidence."""
    return tuple(
        f"proof of what stands: {verdict.task} {verdict.need} is blocked ({verdict.outcome.rule}): {verdict.reason}"
        for verdict in verdicts
        if isinstance(verdict.outcome, Blocked) and not verdict.kept
    )
