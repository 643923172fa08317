"""CloudFormation's calls that only tell: stacks, events, resources, templates, change sets, exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.lab.engine import parameters
from natless.lab.engine.changing import given_template
from natless.lab.engine.making_stacks import Workshop
from natless.lab.engine.query import QueryError
from natless.lab.engine.stacks import ChangeSet, Stack
from natless.lab.engine.template import Template

PAGE = 100
"""Entries a page, of events and of resources."""


class Telling:
    """The telling calls, by their names in snake case; each takes the call's parameters and gives its answer."""

    def __init__(self, shop: Workshop) -> None:
        """Take what they look at."""
        self._shop = shop
        self._stacks = shop.stacks

    def describe_stacks(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeStacks: one stack, or all that have not gone."""
        if asked.get("StackName"):
            return {"Stacks": [self._stack(self._stacks.found(str(asked["StackName"])))]}
        return {"Stacks": [self._stack(one) for one in reversed(self._stacks.all) if one.status != "DELETE_COMPLETE"]}

    def _stack(self, stack: Stack) -> dict[str, Any]:
        return {**_stack(stack), **self._above(stack)}

    def _summary(self, stack: Stack) -> dict[str, Any]:
        return {**_summary(stack), **self._above(stack)}

    def _above(self, stack: Stack) -> dict[str, str]:
        parent, root = self._stacks.parent(stack), self._stacks.root(stack)
        return {} if parent is None or root is None else {"ParentId": parent.id, "RootId": root.id}

    def list_stacks(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListStacks: those deleted included."""
        wanted = asked.get("StackStatusFilter")
        found = [one for one in reversed(self._stacks.all) if not wanted or one.status in wanted]
        page, token = _page(found, asked.get("NextToken"))
        return {"StackSummaries": [self._summary(one) for one in page], "NextToken": token}

    def describe_stack_events(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeStackEvents: newest first, a page at a time; the token names the first event of the next page."""
        stack = self._stacks.found(str(asked.get("StackName")))
        events, token = stack.events, asked.get("NextToken")
        start = next((at for at, event in enumerate(events) if event["EventId"] == token), 0) if token else 0
        page = events[start : start + PAGE]
        after = events[start + PAGE]["EventId"] if start + PAGE < len(events) else None
        return {"StackEvents": page, "NextToken": after}

    def describe_stack_resources(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeStackResources: of a stack, or of the stack that a physical id belongs to."""
        wanted = asked.get("LogicalResourceId")
        stack = self._owner(asked)
        resources = [one for one in stack.resources.values() if one.status and wanted in {None, one.logical_id}]
        return {"StackResources": [one.said(stack) for one in resources]}

    def _owner(self, asked: Mapping[str, Any]) -> Stack:
        if asked.get("StackName"):
            return self._stacks.found(str(asked["StackName"]))
        physical = asked.get("PhysicalResourceId")
        for stack in self._stacks.all:
            if any(one.physical_id == physical for one in stack.resources.values()):
                return stack
        raise QueryError("ValidationError", f"Stack for {physical} does not exist")

    def describe_stack_resource(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeStackResource."""
        stack = self._stacks.found(str(asked["StackName"]))
        resource = stack.resources.get(str(asked["LogicalResourceId"]))
        if resource is None or not resource.status:
            raise QueryError(
                "ValidationError", f"Resource {asked['LogicalResourceId']} does not exist for stack {stack.name}"
            )
        return {"StackResourceDetail": resource.said(stack)}

    def list_stack_resources(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListStackResources."""
        stack = self._stacks.found(str(asked["StackName"]))
        told = [one.said(stack) for one in stack.resources.values() if one.status]
        page, token = _page(told, asked.get("NextToken"))
        return {"StackResourceSummaries": page, "NextToken": token}

    def get_template(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetTemplate: the text as it was given."""
        if asked.get("ChangeSetName"):
            text = self._stacks.change_set(str(asked["ChangeSetName"]), asked.get("StackName")).text
        else:
            text = self._stacks.found(str(asked["StackName"])).text
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetTemplateSummary: of a text, or of a stack's template."""
        if asked.get("StackName"):
            found = self._stacks.found(str(asked["StackName"])).template
        else:
            found = given_template(self._shop, asked)[1]
        kinds = sorted({str(one["Type"]) for one in (found.get("Resources") or {}).values()})
        return {
            **_validated(found),
            "ResourceTypes": kinds,
            "Version": found.get("AWSTemplateFormatVersion"),
            "Metadata": None if found.get("Metadata") is None else str(found["Metadata"]),
        }

    def validate_template(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ValidateTemplate."""
        return _validated(given_template(self._shop, asked)[1])

    def describe_change_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeChangeSet."""
        return _change_set(self._stacks.change_set(str(asked["ChangeSetName"]), asked.get("StackName")))

    def list_change_sets(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListChangeSets of a stack."""
        stack = self._stacks.found(str(asked["StackName"]))
        return {"Summaries": [_change_set(one) for one in self._stacks.change_sets if one.stack is stack]}

    def list_imports(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListImports: the stacks that import an export."""
        name = str(asked["ExportName"])
        found = self._stacks.importers(name)
        if not found:
            raise QueryError("ValidationError", f"Export '{name}' is not imported by any stack.")
        page, token = _page(found, asked.get("NextToken"))
        return {"Imports": page, "NextToken": token}

    def list_exports(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListExports."""
        told = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for name, value, stack in self._stacks.exports()
        ]
        return {"Exports": told}


def _page(items: list[Any], token: str | None) -> tuple[list[Any], str | None]:
    start = int(token) if token and token.isdigit() else 0
    after = start + PAGE
    return items[start:after], str(after) if after < len(items) else None


def _stack(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "Description": stack.description,
        "Parameters": parameters.shown(stack.template, stack.given),
        "CreationTime": stack.created,
        "DeletionTime": stack.deleted,
        "LastUpdatedTime": stack.updated,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.on_failure == "DO_NOTHING",
        "TimeoutInMinutes": stack.timeout,
        "NotificationARNs": stack.notified,
        "Capabilities": stack.capabilities,
        "Outputs": stack.outputs,
        "RoleARN": stack.role,
        "Tags": stack.tags,
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": _drift(stack),
    }


def _summary(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.description,
        "CreationTime": stack.created,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DriftInformation": _drift(stack),
    }


def _drift(stack: Stack) -> dict[str, Any]:
    return {"StackDriftStatus": stack.drift, "LastCheckTimestamp": stack.drift_checked}


def _change_set(made: ChangeSet) -> dict[str, Any]:
    return {
        "ChangeSetName": made.name,
        "ChangeSetId": made.id,
        "StackId": made.stack.id,
        "StackName": made.stack.name,
        "Description": made.description,
        "Parameters": parameters.shown(made.template, made.given),
        "CreationTime": made.created,
        "ExecutionStatus": made.execution,
        "Status": made.status,
        "StatusReason": made.reason,
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "Capabilities": made.capabilities,
        "Tags": made.tags,
        "Changes": made.changes,
        "IncludeNestedStacks": False,
        "OnStackFailure": made.on_failure,
    }


def _validated(found: Template) -> dict[str, Any]:
    iam = sorted(
        {str(one["Type"]) for one in (found.get("Resources") or {}).values() if str(one["Type"]).startswith("AWS::IAM")}
    )
    named = iam and any("RoleName" in (one.get("Properties") or {}) for one in found["Resources"].values())
    declared = [
        {
            "ParameterKey": name,
            "DefaultValue": None if "Default" not in one else str(one["Default"]),
            "ParameterType": str(one.get("Type", "String")),
            "NoEcho": str(one.get("NoEcho")).lower() == "true",
            "Description": one.get("Description"),
        }
        for name, one in (found.get("Parameters") or {}).items()
    ]
    said: dict[str, Any] = {"Parameters": declared, "Description": found.get("Description")}
    if iam:
        said["Capabilities"] = ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"]
        said["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{', '.join(iam)}]"
    return said
