"""Drift: what stands in the account held against what the template sets.

AWS: "Detect unmanaged configuration changes to stacks and resources with drift detection", CloudFormation user guide.
A resource is read by calls of the account's own APIs, with the rights of whoever asks.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from natless.lab.engine import differing, failing
from natless.lab.engine.changing import CALLER
from natless.lab.engine.making_stacks import Workshop, request
from natless.lab.engine.query import QueryError
from natless.lab.engine.resources import reading
from natless.lab.engine.resources.kinds import KINDS
from natless.lab.engine.resources.making import Connect
from natless.lab.engine.schemas import fit, schema
from natless.lab.engine.stacks import Resource, Stack, now

DETECTABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
"""The statuses of a stack in which its drift can be detected (user guide, as above)."""

DRIFTED = ("MODIFIED", "DELETED")
PAGE = 100
"""Results a page (BoxedMaxResults, API reference of DescribeStackResourceDrifts)."""

UNSUPPORTED = "Drift detection is not supported for the specified ResourceType"


class Detection(msgspec.Struct):
    """One drift detection operation of a stack."""

    id: str
    stack: Stack
    started: datetime
    status: str = "DETECTION_IN_PROGRESS"
    reason: str | None = None
    found: str | None = None
    """The stack's drift status, when the operation is over."""
    drifted: int | None = None


class Drifting:
    """The calls of drift detection, by their names in snake case."""

    def __init__(self, shop: Workshop) -> None:
        """Take what they look at."""
        self._shop = shop
        self._stacks = shop.stacks
        self._detections: list[Detection] = []

    def detect_stack_drift(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DetectStackDrift: begin to read a stack's resources, or those that are named."""
        with self._stacks.lock:
            stack = self._detectable(str(asked["StackName"]))
            wanted = asked.get("LogicalResourceIds") or []
            for name in wanted:
                _resource(stack, str(name))
            if any(one.stack is stack and one.status == "DETECTION_IN_PROGRESS" for one in self._detections):
                raise QueryError("ValidationError", f"Drift detection is already in progress for stack [{stack.id}]")
            begun = Detection(str(uuid.uuid4()), stack, now())
            self._detections.append(begun)
        arguments = (begun, wanted, self._shop.connect_as(CALLER.get()))
        threading.Thread(target=self._detect, args=arguments, name=f"drift of {stack.name}", daemon=True).start()
        return {"StackDriftDetectionId": begun.id}

    def _detectable(self, name: str) -> Stack:
        stack = self._stacks.found(name)
        if stack.status not in DETECTABLE:
            raise QueryError(
                "ValidationError",
                f"Drift detection cannot be performed on stack [{stack.id}] while it is in status {stack.status}",
            )
        return stack

    def _detect(self, begun: Detection, wanted: Collection[str], connect: Connect) -> None:
        stack, failures = begun.stack, []
        names = [name for name, one in stack.resources.items() if not wanted or name in wanted]
        for name in names:
            resource = stack.resources.get(name)
            if resource is not None and resource.stands and self._supports(resource.type):
                drift = self._look(stack, resource, connect)
                if drift["StackResourceDriftStatus"] == "UNKNOWN":
                    failures.append({"Resource": name, "FailureReason": drift["DriftStatusReason"]})
        with self._stacks.lock:
            stack.drift, stack.drift_checked = _of(stack), begun.started
            begun.found = stack.drift
            begun.drifted = sum(_status(one) in DRIFTED for one in stack.resources.values())
            begun.status = "DETECTION_FAILED" if failures else "DETECTION_COMPLETE"
            if failures:
                listed = ", ".join(each["Resource"] for each in failures)
                said = {"Summary": f"Failed to detect drift on resources [{listed}]", "Failures": failures}
                begun.reason = json.dumps(said, separators=(",", ":"))

    def _supports(self, kind: str) -> bool:
        """Say whether a type's drift can be told: by AWS, whose handler must read it, and by the lab."""
        about = schema(self._stacks.region, kind)
        return about is not None and "read" in about.document.get("handlers", {}) and KINDS[kind].read is not None

    def _look(self, stack: Stack, resource: Resource, connect: Connect) -> dict[str, Any]:
        """Read one resource, and remember what its drift is."""
        drift: dict[str, Any] = {
            "StackId": stack.id,
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceType": resource.type,
            "Timestamp": now(),
        }
        try:
            drift |= self._compared(stack, resource, connect)
        except Exception as error:  # noqa: BLE001  # whatever a reader meets: what cannot be read is unknown
            if reading.standing(error):
                reason = failing.reason(error, resource.type, resource.logical_id)
                drift |= {"StackResourceDriftStatus": "UNKNOWN", "DriftStatusReason": reason}
            else:
                drift["StackResourceDriftStatus"] = "DELETED"
        with self._stacks.lock:
            resource.drift = drift
        return drift

    def _compared(self, stack: Stack, resource: Resource, connect: Connect) -> dict[str, Any]:
        about, read = schema(self._stacks.region, resource.type), KINDS[resource.type].read
        if about is None or read is None:
            raise QueryError("ValidationError", UNSUPPORTED)
        others = {
            one.physical_id: one.properties
            for one in stack.resources.values()
            if one.physical_id is not None and one is not resource
        }
        asked = msgspec.structs.replace(request(self._shop, stack, resource), connect=connect)
        found = read(asked, resource.physical_id or "", others)
        fitted, _ = fit(about, {name: value for name, value in found.items() if value is not None})
        compared = differing.compare(about, resource.properties, {**found, **fitted})
        told: dict[str, Any] = {
            "ExpectedProperties": differing.text(compared.expected),
            "ActualProperties": differing.text(compared.actual),
            "StackResourceDriftStatus": "MODIFIED" if compared.differences else "IN_SYNC",
        }
        if compared.differences:
            told["PropertyDifferences"] = [each.said() for each in compared.differences]
        return told

    def detect_stack_resource_drift(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DetectStackResourceDrift: read one resource, and answer when that is done."""
        stack = self._detectable(str(asked["StackName"]))
        resource = _resource(stack, str(asked["LogicalResourceId"]))
        if not self._supports(resource.type):
            raise QueryError("ValidationError", UNSUPPORTED)
        drift = self._look(stack, resource, self._shop.connect_as(CALLER.get()))
        with self._stacks.lock:
            stack.drift_checked = drift["Timestamp"]
            # One resource that has drifted is enough; one that has not says nothing of the others.
            stack.drift = "DRIFTED" if _of(stack) == "DRIFTED" else stack.drift
        return {"StackResourceDrift": drift}

    def describe_stack_drift_detection_status(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeStackDriftDetectionStatus."""
        name = str(asked["StackDriftDetectionId"])
        for one in self._detections:
            if one.id == name:
                return {
                    "StackId": one.stack.id,
                    "StackDriftDetectionId": one.id,
                    "StackDriftStatus": one.found,
                    "DetectionStatus": one.status,
                    "DetectionStatusReason": one.reason,
                    "DriftedStackResourceCount": one.drifted,
                    "Timestamp": one.started,
                }
        raise QueryError("ValidationError", f"Drift detection operation [{name}] does not exist")

    def describe_stack_resource_drifts(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeStackResourceDrifts: of what was checked."""
        stack = self._stacks.found(str(asked["StackName"]))
        wanted = asked.get("StackResourceDriftStatusFilters")
        told = [one.drift for one in stack.resources.values() if one.drift and (not wanted or _status(one) in wanted)]
        token = str(asked.get("NextToken") or "")
        start = int(token) if token.isdigit() else 0
        after = start + int(asked.get("MaxResults") or PAGE)
        return {"StackResourceDrifts": told[start:after], "NextToken": str(after) if after < len(told) else None}


def _resource(stack: Stack, name: str) -> Resource:
    found = stack.resources.get(name)
    if found is None or not found.status:
        raise QueryError("ValidationError", f"Resource {name} does not exist for stack {stack.name}")
    return found


def _status(resource: Resource) -> str:
    return str((resource.drift or {}).get("StackResourceDriftStatus", "NOT_CHECKED"))


def _of(stack: Stack) -> str:
    """Give a stack's drift status by its resources'. One of which none can be checked is in sync (user guide)."""
    found = {_status(one) for one in stack.resources.values()}
    if found & set(DRIFTED):
        return "DRIFTED"
    return "UNKNOWN" if "UNKNOWN" in found else "IN_SYNC"
