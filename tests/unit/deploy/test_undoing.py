"""An update that is taken back: CloudFormation may have come to it first (CancelUpdateStack, API reference)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from natless.deploy import Pace
from natless.deploy.progress import Changes
from natless.deploy.stacks import Stack
from natless.deploy.undoing import stop

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/hello/0f1e"
TOO_LATE = ("ValidationError", "CancelUpdateStack cannot be called from current stack status")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UPDATE_ROLLBACK_IN_PROGRESS", "the update of stack hello is being rolled back"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "the update of stack hello is being rolled back"),
        ("UPDATE_ROLLBACK_COMPLETE", "the update of stack hello has been rolled back already"),
        ("UPDATE_ROLLBACK_FAILED", "stack hello was not stopped (An error occurred (ValidationError)"),
        ("UPDATE_COMPLETE", "stack hello was not stopped (An error occurred (ValidationError)"),
    ],
)
def test_what_came_to_rest_or_found_the_fault_as_well_is_said_as_it_is(script: Any, status: str, said: str) -> None:
    script.say("cloudformation", "cancel_update_stack", TOO_LATE, StackName=ARN)
    standing = {"StackName": "hello", "StackId": ARN, "StackStatus": status, "CreationTime": datetime.now(UTC)}
    script.say("cloudformation", "describe_stacks", {"Stacks": [standing]})
    stack = Stack("hello", ARN, "UPDATE_IN_PROGRESS", "", {}, {})
    assert stop(script.connect, Changes("hello", "set", "UPDATE", ()), stack, None, Pace()).startswith(said)
