"""AWS::CloudFormation::Stack: a stack within a stack, made, changed and deleted by CloudFormation's own calls."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import botocore.exceptions

from natless.lab.engine.resources.making import RESERVED, Kind, Made, Request
from natless.lab.engine.template import TemplateError

NAME_LIMIT = 128
"""Characters of a stack's name (API reference, CreateStack)."""

NOTHING_NEW = "No updates are to be performed."
LOOK_SECONDS = 0.05
PATIENCE = 3600.0
"""Seconds for which a nested stack that still changes is waited for before it is changed again."""

STANDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
BACK = "UPDATE_ROLLBACK_IN_PROGRESS"


def _asked(request: Request) -> dict[str, Any]:
    """Give what creation and update have in common. A list becomes the text of a parameter of a list type."""
    values = request.get("Parameters") or {}
    return {
        **request.given("TemplateURL", "NotificationARNs"),
        "Parameters": [{"ParameterKey": name, "ParameterValue": _text(value)} for name, value in values.items()],
        "Tags": [tag for tag in request.all_tags() if not tag["Key"].startswith(RESERVED)],
        "Capabilities": list(request.capabilities),
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stack(request: Request) -> Made:
    """Begin a nested stack. It is not rolled back by itself: its parent deletes it."""
    made = request.connect("cloudformation").create_stack(
        StackName=request.name(NAME_LIMIT),
        **_asked(request),
        **request.given("TimeoutInMinutes"),
        OnFailure="DO_NOTHING",
    )
    return Made(str(made["StackId"]))


def _found(request: Request, it: str) -> dict[str, Any]:
    return dict(request.connect("cloudformation").describe_stacks(StackName=it)["Stacks"][0])


def _ready(request: Request, it: str) -> bool:
    """Say whether the stack stands. Its failure is worded as logs of aws-parallelcluster and of jets show it."""
    found = _found(request, it)
    status, reason = str(found["StackStatus"]), str(found.get("StackStatusReason", ""))
    if status in {"CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"}:
        said = f"Embedded stack {it} was not successfully created: {reason}"
        raise TemplateError(said)
    # One that went back to what it was stands too: `_change` has said why, and this is its parent's way back.
    return status in STANDS


def _outputs(request: Request, it: str) -> Mapping[str, Any]:
    """Give what GetAtt knows of a stack that stands: its outputs."""
    return {f"Outputs.{each['OutputKey']}": each["OutputValue"] for each in _found(request, it).get("Outputs", [])}


def _change(request: Request, it: str, _before: Mapping[str, Any]) -> None:
    """Update the stack, when what it is at is over, and wait: only its end says whether it stands or went back."""
    _settled(request, it)
    cloudformation = request.connect("cloudformation")
    try:
        cloudformation.update_stack(StackName=it, **_asked(request))
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Message"] != NOTHING_NEW:
            raise
        return
    if "ROLLBACK" in _settled(request, it):
        events = cloudformation.describe_stack_events(StackName=it)["StackEvents"]
        own = (one for one in events if one["PhysicalResourceId"] == it and one["ResourceStatus"] == BACK)
        reason = next((str(one.get("ResourceStatusReason", "")) for one in own), "")
        said = f"Embedded stack {it} was not successfully updated. Currently in {BACK} with reason: {reason}"
        raise TemplateError(said)


def _settled(request: Request, it: str) -> str:
    """Wait until a stack is in progress no more, and give its status."""
    until = time.monotonic() + PATIENCE
    while (status := str(_found(request, it)["StackStatus"])).endswith("IN_PROGRESS"):
        if time.monotonic() > until:
            raise TemplateError(f"Embedded stack {it} is still {status}")
        time.sleep(LOOK_SECONDS)
    return status


def _gone(request: Request, it: str) -> bool:
    found = _found(request, it)
    if found["StackStatus"] == "DELETE_FAILED":
        said = f"Embedded stack {it} was not successfully deleted: {found.get('StackStatusReason', '')}"
        raise TemplateError(said)
    return bool(found["StackStatus"] == "DELETE_COMPLETE")


KINDS = (
    Kind(
        "AWS::CloudFormation::Stack",
        _stack,
        lambda request, it: request.connect("cloudformation").delete_stack(StackName=it),
        ready=_ready,
        gone=_gone,
        update=_change,
        changes=("TemplateURL", "Parameters", "NotificationARNs", "TimeoutInMinutes", "Tags"),
        complete=_outputs,
    ),
)
