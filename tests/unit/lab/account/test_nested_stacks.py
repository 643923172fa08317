"""Stacks within stacks.

AWS: "Split a template into reusable pieces using nested stacks", CloudFormation user guide, and
AWS::CloudFormation::Stack, template reference. How their failures are worded: logs of aws-parallelcluster and of jets.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

BUCKET = "pieces"
REGION = "ap-northeast-2"
GROUP: dict[str, Any] = {
    "Parameters": {"Days": {"Type": "Number", "Default": 7}, "Names": {"Type": "CommaDelimitedList", "Default": "a"}},
    "Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}},
    "Outputs": {"Name": {"Value": {"Ref": "Group"}}, "Second": {"Value": {"Fn::Select": [1, {"Ref": "Names"}]}}},
}
BROKEN: dict[str, Any] = {
    "Resources": {
        "Wrong": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": "vpc-00000000000000000", "CidrBlock": "10.0.0.0/24"},
        }
    }
}


def parent(key: str = "group.json", *, host: bool = True, **properties: Any) -> dict[str, Any]:
    place = f"{BUCKET}.s3.{REGION}.amazonaws.com" if host else f"s3.{REGION}.amazonaws.com/{BUCKET}"
    child = {"TemplateURL": f"https://{place}/{key}", "Parameters": {"Names": ["a", "b"]}, **properties}
    named = {"Fn::Sub": "${Child.Outputs.Name}-copy"}
    return {
        "Resources": {
            "Child": {"Type": "AWS::CloudFormation::Stack", "Properties": child},
            "Copy": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": named}},
        },
        "Outputs": {"Second": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Second"]}}},
    }


@pytest.fixture(scope="module")
def nesting(own_account: Any) -> Any:
    """An account with the pieces in a bucket."""
    s3 = own_account.connect("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, template in {"group.json": GROUP, "broken.json": BROKEN}.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template).encode())
    middle = {"Resources": {"Inner": parent()["Resources"]["Child"]}}
    s3.put_object(Bucket=BUCKET, Key="middle.json", Body=json.dumps(middle).encode())
    return own_account


def child(account: Any, stack: dict[str, Any], name: str = "Child") -> dict[str, Any]:
    cloudformation = account.connect("cloudformation")
    asked = {"StackName": stack["StackId"], "LogicalResourceId": name}
    found = cloudformation.describe_stack_resource(**asked)["StackResourceDetail"]["PhysicalResourceId"]
    told: dict[str, Any] = cloudformation.describe_stacks(StackName=found)["Stacks"][0]
    return told


def reasons(account: Any, stack: dict[str, Any], status: str) -> dict[str, str]:
    events = account.connect("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    return {one["LogicalResourceId"]: one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == status}


@pytest.mark.parametrize("host", [True, False])
def test_a_stack_within_a_stack_and_its_outputs(nesting: Any, *, host: bool) -> None:
    topic = f"arn:aws:sns:{REGION}:123456789012:told"
    more: dict[str, Any] = {
        "TimeoutInMinutes": 5,
        "NotificationARNs": [topic],
        "Tags": [{"Key": "team", "Value": "shop"}],
    }
    whole = nesting.deploy(parent(host=host, **more), {})
    assert whole["StackStatus"] == "CREATE_COMPLETE"
    assert whole["Outputs"][0]["OutputValue"] == "b"
    inner = child(nesting, whole)
    assert inner["StackName"].startswith(f"{whole['StackName']}-Child-")
    assert (inner["ParentId"], inner["RootId"]) == (whole["StackId"], whole["StackId"])
    assert (inner["TimeoutInMinutes"], inner["NotificationARNs"]) == (5, [topic])
    assert {"Key": "team", "Value": "shop"} in inner["Tags"]
    assert "ParentId" not in whole
    name = next(one["OutputValue"] for one in inner["Outputs"] if one["OutputKey"] == "Name")
    logs = nesting.connect("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert [one["logGroupName"] for one in logs] == [name, f"{name}-copy"]
    assert nesting.delete(whole["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert child(nesting, whole)["StackStatus"] == "DELETE_COMPLETE"
    assert not nesting.connect("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]


def test_the_root_of_a_stack_two_levels_down(nesting: Any) -> None:
    template = parent("middle.json", Parameters={})
    top = nesting.deploy({"Resources": {"Child": template["Resources"]["Child"]}}, {})
    middle = child(nesting, top)
    inner = child(nesting, middle, "Inner")
    assert (inner["ParentId"], inner["RootId"]) == (middle["StackId"], top["StackId"])
    assert nesting.delete(top["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert child(nesting, middle, "Inner")["StackStatus"] == "DELETE_COMPLETE"


def test_a_nested_failure_is_the_parents(nesting: Any) -> None:
    template = parent("broken.json", Parameters={})
    whole = nesting.deploy({"Resources": {"Child": template["Resources"]["Child"]}}, {})
    assert whole["StackStatus"] == "ROLLBACK_COMPLETE"
    inner = child(nesting, whole)
    assert inner["StackStatus"] == "DELETE_COMPLETE"
    failed = reasons(nesting, whole, "CREATE_FAILED")
    assert failed == {
        "Child": f"Embedded stack {inner['StackId']} was not successfully created: "
        "The following resource(s) failed to create: [Wrong]. "
    }
    said = reasons(nesting, whole, "ROLLBACK_IN_PROGRESS")[whole["StackName"]]
    assert said.startswith("The following resource(s) failed to create: [Child]. ")
    assert "Wrong" in reasons(nesting, inner, "CREATE_FAILED")


def update(account: Any, stack: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    account.connect("cloudformation").update_stack(StackName=stack["StackId"], TemplateBody=json.dumps(template))
    settled: dict[str, Any] = account.settled(stack["StackId"])
    return settled


def test_a_change_goes_into_the_child_and_back_where_it_fails(nesting: Any) -> None:
    whole = nesting.deploy(parent(), {})
    inner = child(nesting, whole)
    assert update(nesting, whole, parent(Parameters={"Names": "a,c", "Days": 30}))["StackStatus"] == "UPDATE_COMPLETE"
    changed = child(nesting, whole)
    assert (changed["StackId"], changed["StackStatus"]) == (inner["StackId"], "UPDATE_COMPLETE")
    name = next(one["OutputValue"] for one in changed["Outputs"] if one["OutputKey"] == "Name")
    assert days(nesting, name) == 30
    assert nesting.settled(whole["StackId"])["Outputs"][0]["OutputValue"] == "c"
    worse = {**GROUP, "Resources": {**GROUP["Resources"], **BROKEN["Resources"]}}
    worse["Resources"]["Group"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}}
    nesting.connect("s3").put_object(Bucket=BUCKET, Key="worse.json", Body=json.dumps(worse).encode())
    after = update(nesting, whole, parent("worse.json", Parameters={"Names": "a,d"}))
    assert after["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert after["Outputs"][0]["OutputValue"] == "c"
    said = reasons(nesting, whole, "UPDATE_FAILED")["Child"]
    assert said.startswith(
        f"Embedded stack {inner['StackId']} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS "
        "with reason: The following resource(s) failed to "
    )
    assert "[Wrong]" in said
    assert child(nesting, whole)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert days(nesting, name) == 30
    assert nesting.delete(whole["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def days(account: Any, name: str) -> int:
    found = account.connect("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return int(next(one["retentionInDays"] for one in found if one["logGroupName"] == name))


def test_a_change_set_tells_of_the_child_and_does_not_go_into_it(nesting: Any, refusal: Any) -> None:
    whole = nesting.deploy(parent(), {})
    cloudformation = nesting.connect("cloudformation")
    asked = {
        "StackName": whole["StackName"],
        "ChangeSetName": "next",
        "TemplateBody": json.dumps(parent(Parameters={"Names": "x,y"})),
    }
    code, said = refusal(cloudformation.create_change_set, **asked, IncludeNestedStacks=True)
    assert (code, "nested stacks" in said) == ("ValidationError", True)
    cloudformation.create_change_set(**asked)
    told = cloudformation.describe_change_set(StackName=whole["StackName"], ChangeSetName="next")
    assert told["IncludeNestedStacks"] is False
    found = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in told["Changes"]}
    assert (found["Child"]["Action"], found["Child"]["Replacement"]) == ("Modify", "False")
    assert nesting.delete(whole["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_template_that_is_not_there(nesting: Any) -> None:
    whole = nesting.deploy({"Resources": {"Child": parent("nothing.json")["Resources"]["Child"]}}, {})
    assert whole["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "S3 error" in reasons(nesting, whole, "CREATE_FAILED")["Child"]
