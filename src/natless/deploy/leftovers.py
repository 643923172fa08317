"""What holds data and was left standing by stacks: log groups that a template keeps, repositories with images."""

from __future__ import annotations

from collections.abc import Iterator

from natless.deploy import stacks
from natless.deploy.calls import Connect, pages
from natless.deploy.progress import Kept, StackEvent

LOG_GROUP, REPOSITORY = "AWS::Logs::LogGroup", "AWS::ECR::Repository"
_LEFT = {"DELETE_SKIPPED", "DELETE_FAILED"}
_WORDS = {LOG_GROUP: ("log group", "natless destroy --logs"), REPOSITORY: ("repository", "natless destroy --images")}


def kept(event: StackEvent) -> Kept | None:
    """Give what an event says is left standing with its data; None where it says no such thing."""
    if event.status not in _LEFT or event.type not in _WORDS or not event.id:
        return None
    what, command = _WORDS[event.type]
    return Kept(f"{what} {event.id}", command)


def left_behind(connect: Connect, name: str, kind: str) -> tuple[str, ...]:
    """Give the physical ids of a type that the stacks of a name left, by deletions as by updates.

    A stack's own list no longer has what an update took out of it; its events have, and CloudFormation keeps them,
    those of deleted stacks too, for 90 days.
    """
    found: dict[str, None] = {}
    for stack in _stacks(connect, name):
        for event in stacks.Events(connect, stack, from_now=False).new():
            if event.type != kind or not event.id:
                continue
            if event.status in _LEFT:
                found[event.id] = None
            elif event.status == "DELETE_COMPLETE":
                found.pop(event.id, None)
    return tuple(found)


def _stacks(connect: Connect, name: str) -> Iterator[str]:
    """Give the ARNs of the deleted stacks of a name, and of the one that stands."""
    gone = pages(connect("cloudformation"), "list_stacks", "StackSummaries", StackStatusFilter=["DELETE_COMPLETE"])
    yield from (each["StackId"] for each in gone if each["StackName"] == name)
    standing = stacks.find(connect, name)
    if standing is not None:
        yield standing.id
