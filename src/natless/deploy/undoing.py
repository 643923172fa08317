"""A change that turned out wrong, taken back: while CloudFormation is at work on it, and when it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from natless.deploy import changes
from natless.deploy.calls import Connect, Pace
from natless.deploy.error import DeployError
from natless.deploy.progress import Change, Changes, Unchanged
from natless.deploy.stacks import Stack, find

_TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_CHECKS = ("HealthCheck", "Matcher")
"""How the properties of a target group begin that say what its targets are asked, and what they should answer."""

_BEING_TAKEN_BACK = "is being rolled back"
_TAKEN_BACK = {
    "UPDATE_ROLLBACK_IN_PROGRESS": _BEING_TAKEN_BACK,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": _BEING_TAKEN_BACK,
    "UPDATE_ROLLBACK_COMPLETE": "has been rolled back already",
}
"""What is said of an update that CloudFormation takes back by itself, by the state of its stack."""


class Before(msgspec.Struct, frozen=True):
    """What a stack was made of before it was changed."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def before(connect: Connect, stack: Stack) -> Before:
    """Read what a stack is made of now."""
    body: Any = connect("cloudformation").get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return Before(stack.name, text, stack.parameters, stack.tags)


def stop(connect: Connect, proposed: Changes, stack: Stack, was: Before | None, pace: Pace) -> str:
    """Have CloudFormation stop what it is doing and take it back; say what becomes of the stack.

    Where it is done meanwhile, the stack is changed back to what it `was`, if that was read.
    """
    client = connect("cloudformation")
    try:
        if proposed.kind == "UPDATE":
            client.cancel_update_stack(StackName=stack.id)
            return f"the update of stack {stack.name} {_BEING_TAKEN_BACK}"
        client.delete_stack(StackName=stack.id)
    except ClientError as error:  # it came to rest by itself meanwhile, or found the fault as well
        standing = find(connect, stack.name)
        if standing is not None and standing.status in _TAKEN_BACK:
            return f"the update of stack {stack.name} {_TAKEN_BACK[standing.status]}"
        if was is not None:
            return put_back(connect, was, pace)
        return f"stack {stack.name} was not stopped ({error})"
    return f"stack {stack.name}, which held nothing before, is being deleted again"


def put_back(connect: Connect, was: Before, pace: Pace) -> str:
    """Begin to change a stack back to what it was, once it is at rest; say what becomes of it."""
    try:
        for elapsed in pace.ticks():
            stack = find(connect, was.name)
            if stack is None or not stack.moving or elapsed > pace.patience:
                break
        proposed = changes.propose(connect, was.name, was.template, was.parameters, tags=was.tags, pace=pace)
        if not isinstance(proposed, Unchanged):
            changes.execute(connect, proposed)
    except (ClientError, DeployError) as error:
        return f"stack {was.name} was not changed back ({error})"
    return f"stack {was.name} is being changed back to what it was"


def asks_otherwise(proposed: Changes) -> bool:
    """Say whether a change set changes what targets are asked: those of the release that runs are asked it too."""
    return proposed.kind == "UPDATE" and any(changes_checks(change) for change in proposed.changes)


def changes_checks(change: Change) -> bool:
    """Say whether a change gives a target group that stands other health checks."""
    return (
        change.type == _TARGET_GROUP
        and change.action == "Modify"
        and change.replacement in {"", "False"}
        and any(each.name.startswith(_CHECKS) for each in change.properties)
    )
