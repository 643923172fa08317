"""Change sets: a template and parameters into a readable difference, and its execution."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from botocore.exceptions import ClientError

from natless.deploy.calls import Connect, Pace, code, message, pages
from natless.deploy.error import DeployError
from natless.deploy.progress import Change, Changes, PropertyChange, Said, StackEvent, Unchanged
from natless.deploy.stacks import Events, Stack, delete, find, follow, resources

INLINE_LIMIT = 51_200
"""Bytes of a template that CloudFormation takes inline ("CloudFormation quotas", user guide)."""

_EMPTY = ("didn't contain changes", "No updates are to be performed")
_REFUSED = {"ValidationError", "InsufficientCapabilitiesException", "LimitExceededException"}
"""What CreateChangeSet says against a template; all else is about who asks, or how often (its API reference)."""

_GONE = {"DELETE_COMPLETE", "DELETE_SKIPPED"}

_READY = {
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
}
"""States from which a stack is updated ("Stack status codes", CloudFormation user guide)."""

Kind = Literal["CREATE", "UPDATE"]


def prepare(connect: Connect, name: str, owner: str, pace: Pace) -> Iterator[StackEvent | Said]:
    """Bring a stack, in whatever state it was found, to where a change set can be made for it.

    What CloudFormation has under way is waited for; what a failed creation left is deleted, if it holds nothing.
    Raises DeployError where a person must decide: also where it is not `owner`'s, the deployment of that name.
    """
    while (stack := find(connect, name)) is not None and stack.status != "DELETE_COMPLETE":
        must_be_ours(stack, owner)
        match stack.status:
            case "REVIEW_IN_PROGRESS":
                yield Said(f"stack {name} was begun and never made: cleaning it up")
                yield from delete(connect, stack, pace)
            case "ROLLBACK_COMPLETE":
                _must_be_empty(connect, stack)
                yield Said(f"the last creation of stack {name} was rolled back: cleaning up what is left of it")
                yield from delete(connect, stack, pace)
            case "UPDATE_ROLLBACK_FAILED":
                yield Said(f"the last update of stack {name} was not rolled back to its end: continuing that")
                yield from _continue_rollback(connect, stack, pace)
            case "DELETE_FAILED" | "ROLLBACK_FAILED":
                # Its deletion was asked for already, and what stood in the way (an ENI) is often gone by itself.
                yield Said(f"stack {name} was not deleted to its end ({stack.status}): trying again")
                yield from delete(connect, stack, pace)
            case "UPDATE_FAILED":
                yield Said(f"the last update of stack {name} failed and was kept so: changing it from there")
                return
            case status if status in _READY:
                return
            case _ if stack.moving:
                yield Said(f"stack {name} is in {stack.status}: waiting for it")
                events = Events(connect, stack.id)
                yield from (event for event in follow(connect, stack.id, events, pace) if event is not None)
            case _:
                raise _stuck(connect, stack)


def must_be_ours(stack: Stack, owner: str) -> None:
    """Raise DeployError where a stack is not the deployment's: an update would delete all that somebody made in it."""
    if stack.status in {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"}:
        return  # it runs nothing, and where it holds something after all, it is not touched
    if stack.tags.get("natless") != owner:
        raise DeployError(
            f"a stack {stack.name} stands here that natless did not make: it has no tag natless = {owner}",
            (f"{stack.id} ({stack.status})",),
            "give another name in natless.toml; nothing was changed",
        )


def _stuck(connect: Connect, stack: Stack) -> DeployError:
    """Say why a stack can neither be changed nor be cleaned up unasked: CREATE_FAILED, IMPORT_ROLLBACK_FAILED, ..."""
    return DeployError(
        f"stack {stack.name} stands in {stack.status}: {stack.reason}",
        tuple(f"{each.resource} ({each.type}): {each.reason}" for each in _failed(connect, stack)),
        "take away what holds these resources, run `natless destroy`, then deploy again",
    )


def _must_be_empty(connect: Connect, stack: Stack) -> None:
    held = [each for each in resources(connect, stack.id) if each.status not in _GONE]
    if held:
        raise DeployError(
            f"stack {stack.name} was rolled back ({stack.status}) and still holds {len(held)} resources",
            tuple(f"{each.resource} ({each.type}): {each.id}" for each in held),
            "run `natless destroy` if nothing in them is needed, then deploy again",
        )


def _failed(connect: Connect, stack: Stack) -> Iterator[Any]:
    return (each for each in resources(connect, stack.id) if each.status.endswith("_FAILED"))


def _continue_rollback(connect: Connect, stack: Stack, pace: Pace) -> Iterator[StackEvent]:
    events = Events(connect, stack.id)
    connect("cloudformation").continue_update_rollback(StackName=stack.id)
    yield from (event for event in follow(connect, stack.id, events, pace) if event is not None)
    after = find(connect, stack.id)
    if after is not None and after.status == "UPDATE_ROLLBACK_FAILED":
        raise DeployError(
            f"stack {stack.name} cannot be rolled back: {after.reason}",
            tuple(f"{each.resource} ({each.type}): {each.reason}" for each in _failed(connect, after)),
            "mend what these resources lack, or skip them: aws cloudformation continue-update-rollback "
            f"--stack-name {stack.name} --resources-to-skip ...",
        )


def propose(
    connect: Connect,
    name: str,
    template: str,
    parameters: Mapping[str, str],
    *,
    tags: Mapping[str, str],
    pace: Pace,
) -> Changes | Unchanged:
    """Make a change set of type CREATE or UPDATE and read it.

    Args:
        connect: gives a service's boto3 client.
        name: the stack's name.
        template: the template's JSON text.
        parameters: the value of each of its parameters.
        tags: put on the stack and, by CloudFormation, on its resources.
        pace: how often to ask whether it stands.

    Returns:
        What it would do; Unchanged where there is nothing to do (the empty change set is taken away again).

    Raises:
        DeployError: CloudFormation refuses the template, or it is too long to be sent inline.
    """
    _fits(name, template)
    client = connect("cloudformation")
    standing = find(connect, name)
    kind: Kind = "CREATE" if standing is None or standing.status == "DELETE_COMPLETE" else "UPDATE"
    request = {
        "StackName": name,
        "ChangeSetName": f"natless-{secrets.token_hex(6)}",
        "ChangeSetType": kind,
        "TemplateBody": template,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    try:
        identifier = client.create_change_set(**request)["Id"]
    except ClientError as error:
        if code(error) not in _REFUSED:
            raise
        raise DeployError(f"CloudFormation refuses the template of stack {name}: {message(error)}") from error
    return _made(connect, Changes(name, identifier, kind, ()), pace)


def propose_values(connect: Connect, stack: Stack, values: Mapping[str, str], pace: Pace) -> Changes | Unchanged:
    """Make a change set that gives some parameters of a stack other values, and leaves its template as it stands.

    Raises DeployError where CloudFormation refuses it.
    """
    parameters = [
        {"ParameterKey": key, "ParameterValue": values[key]}
        if key in values
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in stack.parameters
    ]
    request = {
        "StackName": stack.name,
        "ChangeSetName": f"natless-{secrets.token_hex(6)}",
        "ChangeSetType": "UPDATE",
        "UsePreviousTemplate": True,
        "Parameters": parameters,
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        identifier = connect("cloudformation").create_change_set(**request)["Id"]
    except ClientError as error:
        if code(error) not in _REFUSED:
            raise
        raise DeployError(f"CloudFormation refuses to change stack {stack.name}: {message(error)}") from error
    return _made(connect, Changes(stack.name, identifier, "UPDATE", ()), pace)


def _fits(name: str, template: str) -> None:
    size = len(template.encode())
    if size > INLINE_LIMIT:
        raise DeployError(
            f"the template of stack {name} has {size:,} bytes, and CloudFormation takes {INLINE_LIMIT:,} inline",
            advice="templates from S3 are not built yet: divide the services over several files",
        )


def _made(connect: Connect, asked: Changes, pace: Pace) -> Changes | Unchanged:
    """Wait for a change set and read it; one that is empty or cannot be made is taken away again."""
    client = connect("cloudformation")
    about = _settled(client, asked.change_set, pace)
    if about["Status"] != "FAILED":
        return Changes(asked.stack, asked.change_set, asked.kind, tuple(_changes(client, asked.change_set)))
    discard(connect, asked, pace)
    reason = about.get("StatusReason", "")
    if any(text in reason for text in _EMPTY):
        return Unchanged(asked.stack)
    raise DeployError(f"CloudFormation cannot make the change set of stack {asked.stack}: {reason}")


def _settled(client: Any, identifier: str, pace: Pace) -> Mapping[str, Any]:
    """Wait until the change set is made or has failed."""
    for elapsed in pace.ticks():
        about: Mapping[str, Any] = client.describe_change_set(ChangeSetName=identifier)
        if about["Status"] in {"CREATE_COMPLETE", "FAILED"}:
            return about
        if elapsed > pace.patience:
            break
    raise DeployError(f"CloudFormation has not made the change set {identifier} in {pace.patience:.0f} s")


def discard(connect: Connect, changes: Changes, pace: Pace) -> None:
    """Take a change set away that will not be executed, and the empty stack that making it has begun."""
    connect("cloudformation").delete_change_set(ChangeSetName=changes.change_set)
    stack = find(connect, changes.stack)
    if changes.kind == "CREATE" and stack is not None and stack.status == "REVIEW_IN_PROGRESS":
        for _ in delete(connect, stack, pace):
            continue


def _changes(client: Any, identifier: str) -> Iterator[Change]:
    found = pages(client, "describe_change_set", "Changes", ChangeSetName=identifier, IncludePropertyValues=True)
    for each in found:
        about = each.get("ResourceChange")
        if about is None:
            continue
        yield Change(
            about["Action"],
            about["LogicalResourceId"],
            about["ResourceType"],
            about.get("PhysicalResourceId", ""),
            about.get("Replacement", ""),
            tuple(_properties(about)),
            about.get("PolicyAction", ""),
        )


def _properties(about: Mapping[str, Any]) -> Iterator[PropertyChange]:
    """Give each property once: AWS lists it once a cause, statically and dynamically."""
    seen = set()
    for detail in about.get("Details", ()):
        target = detail.get("Target", {})
        name = target.get("Name") or target.get("Attribute", "")
        if name not in seen:
            seen.add(name)
            recreation = target.get("RequiresRecreation", "")
            yield PropertyChange(name, recreation, target.get("BeforeValue", ""), target.get("AfterValue", ""))


def execute(connect: Connect, changes: Changes) -> tuple[Stack, Events]:
    """Execute a change set. Gives the stack, and its events from just before."""
    stack = find(connect, changes.stack)
    if stack is None:
        raise DeployError(f"stack {changes.stack} is gone: somebody deleted it meanwhile", advice="deploy again")
    events = Events(connect, stack.id)
    connect("cloudformation").execute_change_set(ChangeSetName=changes.change_set)
    return stack, events
