"""What tasks have met, held against what the proof says of the same way.

A proof of what is configured cannot know whether a service answers. ECS's word on a task that timed out can: where
every gate is open and a task of the same family was connected and got no answer, that need is not known to be met.
"""

from __future__ import annotations

from collections.abc import Mapping

from natless.catalog.ecs_errors import ERRORS
from natless.cloud import Cloud, FailedStart, GatewayEndpoint, InterfaceEndpoint, TaskDefinition
from natless.finding import Finding, Gap, Origin, Path
from natless.finding.rules import ENDPOINT_SILENT
from natless.prove.answers import Answer, Yes
from natless.prove.truth import Maybe

_NO_ANSWER = ("context deadline exceeded", "timeout awaiting response headers", "Client.Timeout")
"""How Go's net/http, with which ECS's agents and containerd ask, ends a text when a request got no answer."""

_NO_CONNECTION = "dial tcp"
"""A connection that was never made died at a gate: where all are open now, one has been opened since."""


def contradicted(
    cloud: Cloud, task: TaskDefinition, said: Mapping[str, Answer]
) -> tuple[dict[str, Answer], list[Finding]]:
    """Give the answers with those left open that a failed start speaks against, and a finding for each."""
    answers, findings = dict(said), []
    family = task.id.rpartition(":")[0]
    for start in cloud.failed_starts.values():
        need = unanswered(start) if start.family == family else ""
        answer = said.get(need)
        if not isinstance(answer, Yes):
            continue
        element, origin = _endpoint(cloud, answer.path, task)
        why = f"every gate on the way is open, and yet a task got no answer and was stopped at {start.at}"
        answers[need] = Maybe((Gap(element, origin, f"{why}; no task has started since"),))
        findings.append(ENDPOINT_SILENT.finding(element, origin, f"{need}: {why} ({_short(start)})", start.reason))
    return answers, findings


def unanswered(start: FailedStart) -> str:
    """Give the need whose service did not answer by ECS's text, "" where it says something else."""
    if _NO_CONNECTION in start.reason or not any(words in start.reason for words in _NO_ANSWER):
        return ""
    return next((error.need for error in ERRORS if error.need and error.mark in start.reason), "")


def _endpoint(cloud: Cloud, path: Path, task: TaskDefinition) -> tuple[str, Origin]:
    """Give the endpoint on a way, the task where none is on it."""
    endpoints: dict[str, InterfaceEndpoint | GatewayEndpoint] = {**cloud.interface_endpoints, **cloud.gateway_endpoints}
    for hop in path.forward:
        if hop.element in endpoints:
            return hop.element, endpoints[hop.element].origin
    return task.id, task.origin


def _short(start: FailedStart) -> str:
    return start.id.rpartition("/")[2]
