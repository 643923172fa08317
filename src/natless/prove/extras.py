"""What does not stop a packet and is wrong or doubtful all the same."""

from __future__ import annotations

from collections.abc import Iterator

from natless.catalog import ecs_errors
from natless.cloud import Container, TaskDefinition
from natless.cloud.text import is_symbolic, same
from natless.finding import Finding, Gap
from natless.finding.rules import LOG_GROUP_MISSING, SECRET_BARE_NAME
from natless.prove.absence import Thing, absence
from natless.prove.world import World


def extras(world: World, task: TaskDefinition) -> Iterator[Finding]:
    """Give the remarks on a task definition that no verdict says."""
    for container in () if isinstance(task.containers, Gap) else task.containers:
        yield from _log_group(world, task, container)
        yield from _bare_secrets(task, container)


def _log_group(world: World, task: TaskDefinition, container: Container) -> Iterator[Finding]:
    if container.log_driver != "awslogs" or container.log_options.get("awslogs-create-group") == "true":
        return
    name = container.log_options.get("awslogs-group")
    if not isinstance(name, str) or absence(world.cloud, Thing.LOG_GROUP):
        return
    known = [group.name for group in world.cloud.log_groups.values()]
    if is_symbolic(name) and not known:
        return
    if any(isinstance(group, Gap) or same(group, name) is not False for group in known):
        return
    message = f"{task.id} logs to {name}, which is not among what was read, and awslogs-create-group is not set"
    yield LOG_GROUP_MISSING.finding(task.id, container.origin, message, ecs_errors.LOG_GROUP_NOT_FOUND.text)


def _bare_secrets(task: TaskDefinition, container: Container) -> Iterator[Finding]:
    for secret in container.secrets:
        if isinstance(secret, Gap) or isinstance(secret.value_from, Gap):
            continue
        value = secret.value_from
        if "/" in value or ":" not in value or is_symbolic(value) or value.startswith("arn:"):
            continue
        message = f"{secret.name} of {task.id} is {value!r}: ECS takes that for an SSM parameter's name"
        yield SECRET_BARE_NAME.finding(task.id, secret.origin, message)
