"""The state of a stack, its outputs and resources, and the events that tell how it got there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from natless.deploy.calls import Connect, Pace, code, message, pages
from natless.deploy.error import DeployError
from natless.deploy.progress import StackEvent

_STACK = "AWS::CloudFormation::Stack"
_NOT_THERE = "does not exist"


class Stack(msgspec.Struct, frozen=True):
    """A stack that stands. `id` is its ARN, by which a deleted one is still found; `protected` from deletion."""

    name: str
    id: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    tags: Mapping[str, str]
    parameters: Mapping[str, str] = {}
    protected: bool = False

    @property
    def moving(self) -> bool:
        """Say whether CloudFormation is at work on it; REVIEW_IN_PROGRESS waits for a person."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


class StackResource(msgspec.Struct, frozen=True):
    """A resource of a stack: logical id, physical id ("" while it has none), type, status."""

    resource: str
    id: str
    type: str
    status: str
    reason: str


def find(connect: Connect, name: str) -> Stack | None:
    """Give the stack of a name or ARN, or None. A stack that was deleted is found by its ARN only."""
    try:
        found = connect("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if code(error) == "ValidationError" and _NOT_THERE in message(error):
            return None
        raise
    return _stack(found[0]) if found else None


def _stack(about: Mapping[str, Any]) -> Stack:
    return Stack(
        about["StackName"],
        about["StackId"],
        about["StackStatus"],
        about.get("StackStatusReason", ""),
        {output["OutputKey"]: output["OutputValue"] for output in about.get("Outputs", ())},
        {tag["Key"]: tag["Value"] for tag in about.get("Tags", ())},
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in about.get("Parameters", ())},
        bool(about.get("EnableTerminationProtection")),
    )


def resources(connect: Connect, stack: str) -> tuple[StackResource, ...]:
    """List the resources of a stack, by its name, or by its ARN where it was deleted."""
    found = pages(connect("cloudformation"), "list_stack_resources", "StackResourceSummaries", StackName=stack)
    return tuple(
        StackResource(
            each["LogicalResourceId"],
            each.get("PhysicalResourceId", ""),
            each["ResourceType"],
            each["ResourceStatus"],
            each.get("ResourceStatusReason", ""),
        )
        for each in found
    )


class Events:
    """The events of one stack, each given once, in the order of time."""

    def __init__(self, connect: Connect, stack: str, *, from_now: bool = True) -> None:
        """Follow `stack` (name or ARN). With `from_now`, events that stand already are not given."""
        self._client = connect("cloudformation")
        self._stack = stack
        self._seen: set[str] = set()
        if from_now:
            self._unseen()

    def new(self) -> tuple[StackEvent, ...]:
        """Give the events since the last call, oldest first."""
        return tuple(_event(each) for each in reversed(self._unseen()))

    def _unseen(self) -> list[Mapping[str, Any]]:
        found = []
        for each in self._newest_first():
            if each["EventId"] in self._seen:
                break
            self._seen.add(each["EventId"])
            found.append(each)
        return found

    def _newest_first(self) -> Iterator[Mapping[str, Any]]:
        try:
            yield from pages(self._client, "describe_stack_events", "StackEvents", StackName=self._stack)
        except ClientError as error:
            if _NOT_THERE not in message(error):
                raise


def _event(about: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        about["StackName"],
        about["LogicalResourceId"],
        about["ResourceType"],
        about["ResourceStatus"],
        about.get("ResourceStatusReason", ""),
        about.get("PhysicalResourceId", ""),
        about["Timestamp"],
    )


def follow(connect: Connect, stack: str, events: Events, pace: Pace) -> Iterator[StackEvent | None]:
    """Give events until CloudFormation comes to rest; None each time there is nothing new, so that others may look.

    Args:
        connect: gives a service's boto3 client.
        stack: the stack's ARN; by its name a deleted stack is not found.
        events: its events, made before the work was started.
        pace: how often to ask. Raises DeployError where nothing has moved for longer than its patience.
    """
    moved = 0.0
    for elapsed in pace.ticks():
        found = find(connect, stack)  # asked before the events, so that the last of them are not missed
        new = events.new()
        yield from new
        if found is None or not found.moving:
            return
        moved = elapsed if new else moved
        if elapsed - moved > pace.patience:
            raise DeployError(
                f"stack {found.name} has stood in {found.status} for {pace.patience:.0f} s without an event",
                advice=f"look at `natless status {found.name}`; CloudFormation goes on by itself",
            )
        yield None


def first_failure(events: list[StackEvent]) -> StackEvent | None:
    """Give the event that made a stack fail: the first failed resource that was not merely cancelled."""
    failed = [event for event in events if event.failed]
    return next((event for event in failed if event.type != _STACK), failed[0] if failed else None)


def delete(connect: Connect, stack: Stack, pace: Pace) -> Iterator[StackEvent]:
    """Delete a stack and follow it until it is gone. Raises DeployError with the resources that would not go."""
    if stack.protected:
        raise DeployError(
            f"stack {stack.name} is protected from deletion",
            advice="whoever protected it takes that away: aws cloudformation update-termination-protection "
            f"--no-enable-termination-protection --stack-name {stack.name}",
        )
    events = Events(connect, stack.id)
    if stack.status != "DELETE_IN_PROGRESS":
        connect("cloudformation").delete_stack(StackName=stack.id)
    said: list[StackEvent] = []
    for event in follow(connect, stack.id, events, pace):
        if event is not None:
            said.append(event)
            yield event
    left = find(connect, stack.id)
    if left is not None and left.status != "DELETE_COMPLETE":
        failed = tuple(f"{event.resource} ({event.type}): {event.reason}" for event in said if event.failed)
        raise DeployError(
            f"stack {stack.name} could not be deleted ({left.status}): {left.reason or (failed or ('',))[0]}",
            failed,
            "take away what holds these resources, then run it again",
        )
