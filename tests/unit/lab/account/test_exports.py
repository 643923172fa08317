"""Exports: what another stack imports is neither deleted nor changed, and a stack may keep its own.

Rules: "Get exported outputs from a deployed CloudFormation stack", CloudFormation user guide. Texts: linz/geostore #630
(updated), anomalyco/sst #1256 (deleted); ListImports: its API reference.
"""

from __future__ import annotations

import json
from typing import Any

VPC = {"A": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}


def exporting(value: str, export: str | None = "shared") -> dict[str, Any]:
    named = {"Export": {"Name": export}} if export else {}
    return {"Resources": VPC, "Outputs": {"It": {"Value": value, **named}, "Other": {"Value": f"{value}!"}}}


def importing(name: str) -> dict[str, Any]:
    properties = {"CidrBlock": "10.1.0.0/16", "Tags": [{"Key": "seen", "Value": {"Fn::ImportValue": name}}]}
    return {"Resources": {"A": {"Type": "AWS::EC2::VPC", "Properties": properties}}}


class Stacks:
    """Updates stacks and tells how that ended."""

    def __init__(self, account: Any) -> None:
        self._account = account
        self.cloudformation = account.connect("cloudformation")

    def update(self, name: str, template: dict[str, Any]) -> tuple[str, list[str]]:
        made = self.cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
        status: str = self._account.settled(made["StackId"])["StackStatus"]
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [event for page in pages for event in page["StackEvents"]]
        since = [event["ResourceStatus"] for event in events].index("UPDATE_IN_PROGRESS")
        reasons = [event["ResourceStatusReason"] for event in events[:since] if event.get("ResourceStatusReason")]
        return status, reasons


def test_what_is_imported_is_protected_until_it_is_imported_no_more(account: Any, refusal: Any) -> None:
    stacks = Stacks(account)
    cloudformation = stacks.cloudformation
    assert account.deploy(exporting("first"), {}, "exporter")["StackStatus"] == "CREATE_COMPLETE"
    said = refusal(cloudformation.list_imports, ExportName="shared")
    assert said == ("ValidationError", "Export 'shared' is not imported by any stack.")
    assert stacks.update("exporter", exporting("second"))[0] == "UPDATE_COMPLETE"
    assert account.deploy(importing("shared"), {}, "importer")["StackStatus"] == "CREATE_COMPLETE"
    assert cloudformation.list_imports(ExportName="shared")["Imports"] == ["importer"]

    in_use = "as it is in use by importer"
    ended = stacks.update("exporter", exporting("third"))
    assert ended == ("UPDATE_ROLLBACK_COMPLETE", [f"Export shared cannot be updated {in_use}"])
    ended = stacks.update("exporter", exporting("second", export=None))
    assert ended == ("UPDATE_ROLLBACK_COMPLETE", [f"Export shared cannot be deleted {in_use}"])
    said = refusal(cloudformation.delete_stack, StackName="exporter")
    assert said == ("ValidationError", f"Export shared cannot be deleted {in_use}")
    # Nothing of that has changed what is exported.
    assert [each["Value"] for each in cloudformation.list_exports()["Exports"] if each["Name"] == "shared"] == [
        "second"
    ]

    template = importing("shared")
    template["Resources"]["A"]["Properties"]["Tags"] = []
    assert stacks.update("importer", template)[0] == "UPDATE_COMPLETE"
    assert stacks.update("exporter", exporting("third"))[0] == "UPDATE_COMPLETE"
    cloudformation.delete_stack(StackName="exporter")
    cloudformation.delete_stack(StackName="importer")


def test_an_importer_that_was_rolled_back_holds_nothing(account: Any) -> None:
    stacks = Stacks(account)
    account.deploy(exporting("x", "held"), {}, "holder")
    template = importing("held")
    template["Resources"]["A"]["Properties"]["CidrBlock"] = "10.0.0.0/8"  # EC2 takes /16 to /28
    assert account.deploy(template, {}, "failing")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.update("holder", exporting("y", "held"))[0] == "UPDATE_COMPLETE"
    stacks.cloudformation.delete_stack(StackName="holder")
    stacks.cloudformation.delete_stack(StackName="failing")


def test_two_stacks_may_not_export_one_name(account: Any) -> None:
    account.deploy(exporting("x", "once"), {}, "onlyone")
    second = account.deploy(exporting("x", "once"), {}, "another")
    assert second["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = {
        event["ResourceStatusReason"]
        for event in account.connect("cloudformation").describe_stack_events(StackName="another")["StackEvents"]
        if event.get("ResourceStatusReason")
    }
    assert any("Export with name once is already exported by stack onlyone" in reason for reason in reasons), reasons
    for name in ("onlyone", "another"):
        account.connect("cloudformation").delete_stack(StackName=name)


def test_stack_sets_are_refused_by_name(account: Any, refusal: Any) -> None:
    cloudformation = account.connect("cloudformation")
    code, said = refusal(cloudformation.create_stack_set, StackSetName="x", TemplateBody="{}")
    assert (code, said) == ("InvalidAction", "The lab's CloudFormation does not serve CreateStackSet.")
