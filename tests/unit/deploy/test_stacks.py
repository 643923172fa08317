"""Stacks in each state that they can be found in. Answers in the shapes of the CloudFormation API reference."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY

from natless.deploy import DeployError, Pace, changes, destroy, stacks
from natless.deploy.progress import Change, Changes, PropertyChange, Said, StackEvent, Unchanged

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/hello/0f1e"
SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/natless-1/0f1e"
AT = datetime(2026, 11, 24, tzinfo=UTC)
QUICK = Pace(every=0.0, patience=60.0, sleep=lambda _: None)
ABSENT = ("ValidationError", "Stack with id hello does not exist")


def stack(status: str, **more: Any) -> dict[str, Any]:
    mine = [{"Key": "natless", "Value": "hello"}]
    about = {"StackName": "hello", "StackId": ARN, "CreationTime": AT, "StackStatus": status, "Tags": mine, **more}
    return {"Stacks": [about]}


def event(number: int, resource: str, status: str, reason: str = "", kind: str = "AWS::EC2::VPC") -> dict[str, Any]:
    return {
        "StackId": ARN,
        "EventId": str(number),
        "StackName": "hello",
        "LogicalResourceId": resource,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": AT,
    }


def events(*newest_first: dict[str, Any]) -> dict[str, Any]:
    return {"StackEvents": list(newest_first)}


def held(status: str, reason: str = "") -> dict[str, Any]:
    summary = {
        "LogicalResourceId": "WebLogGroup",
        "PhysicalResourceId": "hello-WebLogGroup-1",
        "ResourceType": "AWS::Logs::LogGroup",
        "LastUpdatedTimestamp": AT,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
    return {"StackResourceSummaries": [summary]}


def deletion(script: Any) -> None:
    """Write the deletion of a stack, in one step, and its absence after that."""
    script.say("cloudformation", "describe_stack_events", events(event(1, "hello", "X")))
    script.say("cloudformation", "delete_stack", {}, StackName=ARN)
    script.say("cloudformation", "describe_stacks", stack("DELETE_COMPLETE"))
    script.say(
        "cloudformation", "describe_stack_events", events(event(2, "hello", "DELETE_COMPLETE"), event(1, "h", "X"))
    )
    script.say("cloudformation", "describe_stacks", stack("DELETE_COMPLETE"))
    script.say("cloudformation", "describe_stacks", ABSENT)


def prepared(script: Any) -> list[StackEvent | Said]:
    return list(changes.prepare(script.connect, "hello", "hello", QUICK))


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"],
)
def test_a_stack_at_rest_is_ready(script: Any, status: str) -> None:
    script.say("cloudformation", "describe_stacks", stack(status))
    assert prepared(script) == []


def test_no_stack_is_ready(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", ABSENT)
    assert prepared(script) == []


def test_a_stack_under_review_is_cleaned_up(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("REVIEW_IN_PROGRESS"))
    deletion(script)
    said = prepared(script)
    assert said[0] == Said("stack hello was begun and never made: cleaning it up")
    assert isinstance(said[1], StackEvent)
    assert said[1].status == "DELETE_COMPLETE"


@pytest.mark.parametrize("left", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_what_was_rolled_back_and_holds_nothing_is_cleaned_up(script: Any, left: str) -> None:
    script.say("cloudformation", "describe_stacks", stack("ROLLBACK_COMPLETE"))
    script.say("cloudformation", "list_stack_resources", held(left))
    deletion(script)
    assert len(prepared(script)) == 2


def test_what_was_rolled_back_and_holds_something_is_not_touched(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("ROLLBACK_COMPLETE"))
    script.say("cloudformation", "list_stack_resources", held("CREATE_COMPLETE"))
    with pytest.raises(DeployError, match=r"rolled back \(ROLLBACK_COMPLETE\) and still holds 1 resources") as caught:
        prepared(script)
    assert caught.value.evidence == ("WebLogGroup (AWS::Logs::LogGroup): hello-WebLogGroup-1",)


def test_a_deletion_that_failed_is_tried_again(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("DELETE_FAILED"))
    deletion(script)
    assert prepared(script)[0] == Said("stack hello was not deleted to its end (DELETE_FAILED): trying again")


@pytest.mark.parametrize("status", ["CREATE_FAILED", "IMPORT_ROLLBACK_FAILED", "A_STATE_TO_COME"])
def test_what_can_neither_be_changed_nor_cleaned_up_needs_a_person(script: Any, status: str) -> None:
    script.say("cloudformation", "describe_stacks", stack(status, StackStatusReason="as asked"))
    script.say("cloudformation", "list_stack_resources", held("CREATE_FAILED", "no such key"))
    with pytest.raises(DeployError, match=f"stack hello stands in {status}: as asked") as caught:
        prepared(script)
    assert caught.value.evidence == ("WebLogGroup (AWS::Logs::LogGroup): no such key",)


def test_an_update_that_failed_and_was_kept_is_changed_from_there(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("UPDATE_FAILED"))
    assert prepared(script) == [Said("the last update of stack hello failed and was kept so: changing it from there")]


@pytest.mark.parametrize("tags", [[], [{"Key": "natless", "Value": "other"}]])
@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_stack_of_somebody_else_is_not_touched(script: Any, status: str, tags: list[Any]) -> None:
    script.say("cloudformation", "describe_stacks", stack(status, Tags=tags))
    with pytest.raises(DeployError, match="a stack hello stands here that natless did not make"):
        prepared(script)


def test_nor_is_it_destroyed(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("CREATE_COMPLETE", Tags=[]))
    with pytest.raises(DeployError, match="a stack hello stands here that natless did not make"):
        list(destroy(script.connect, "hello", pace=QUICK))


def test_a_protected_stack_is_left_alone_and_said_so(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("DELETE_FAILED", EnableTerminationProtection=True))
    with pytest.raises(DeployError, match="stack hello is protected from deletion") as caught:
        prepared(script)
    assert "--no-enable-termination-protection --stack-name hello" in caught.value.advice


def test_what_is_under_way_is_waited_for(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("UPDATE_IN_PROGRESS"))
    script.say("cloudformation", "describe_stack_events", events(event(1, "old", "CREATE_COMPLETE")))
    script.say("cloudformation", "describe_stacks", stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
    script.say(
        "cloudformation", "describe_stack_events", events(event(2, "Vpc", "UPDATE_COMPLETE"), event(1, "old", "x"))
    )
    script.say("cloudformation", "describe_stacks", stack("UPDATE_COMPLETE"))
    script.say("cloudformation", "describe_stack_events", events(event(2, "Vpc", "UPDATE_COMPLETE")))
    script.say("cloudformation", "describe_stacks", stack("UPDATE_COMPLETE"))
    said = prepared(script)
    assert said[0] == Said("stack hello is in UPDATE_IN_PROGRESS: waiting for it")
    assert [each.resource for each in said if isinstance(each, StackEvent)] == ["Vpc"]


def test_a_rollback_that_failed_is_continued(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("UPDATE_ROLLBACK_FAILED"))
    script.say("cloudformation", "describe_stack_events", events())
    script.say("cloudformation", "continue_update_rollback", {}, StackName=ARN)
    script.say("cloudformation", "describe_stacks", stack("UPDATE_ROLLBACK_COMPLETE"))
    script.say("cloudformation", "describe_stack_events", events())
    script.say("cloudformation", "describe_stacks", stack("UPDATE_ROLLBACK_COMPLETE"))
    script.say("cloudformation", "describe_stacks", stack("UPDATE_ROLLBACK_COMPLETE"))
    assert len(prepared(script)) == 1


def test_a_stack_that_does_not_move_is_given_up(script: Any) -> None:
    script.say("cloudformation", "describe_stack_events", events())
    for _ in range(2):
        script.say("cloudformation", "describe_stacks", stack("CREATE_IN_PROGRESS"))
        script.say("cloudformation", "describe_stack_events", events())
    clock = iter((0.0, 1.0, 100.0))
    pace = Pace(every=0.0, patience=60.0, sleep=lambda _: None, now=lambda: next(clock))
    seen = stacks.Events(script.connect, ARN)
    with pytest.raises(DeployError, match="has stood in CREATE_IN_PROGRESS for 60 s without an event"):
        list(stacks.follow(script.connect, ARN, seen, pace))


def test_a_deletion_that_fails_names_what_would_not_go(script: Any) -> None:
    script.say("cloudformation", "describe_stack_events", events())
    script.say("cloudformation", "delete_stack", {}, StackName=ARN)
    script.say("cloudformation", "describe_stacks", stack("DELETE_FAILED"))
    failed = event(1, "Vpc", "DELETE_FAILED", "has dependencies")
    script.say("cloudformation", "describe_stack_events", events(failed))
    script.say("cloudformation", "describe_stacks", stack("DELETE_FAILED", StackStatusReason="failed: [Vpc]"))
    standing = stacks.Stack("hello", ARN, "CREATE_COMPLETE", "", {}, {})
    with pytest.raises(
        DeployError, match=r"stack hello could not be deleted \(DELETE_FAILED\): failed: \[Vpc\]"
    ) as caught:
        list(stacks.delete(script.connect, standing, QUICK))
    assert caught.value.evidence == ("Vpc (AWS::EC2::VPC): has dependencies",)


def test_the_first_failure_is_not_one_that_was_merely_cancelled() -> None:
    def failed(resource: str, reason: str, kind: str = "AWS::EC2::VPC") -> StackEvent:
        return StackEvent("hello", resource, kind, "CREATE_FAILED", reason, "", AT)

    cancelled = failed("Alb", "Resource creation cancelled")
    cause = failed("WebService", "Circuit Breaker")
    whole = failed("hello", "The following resource(s) failed", "AWS::CloudFormation::Stack")
    assert stacks.first_failure([cancelled, cause, whole]) == cause
    assert stacks.first_failure([cancelled]) is None


def propose(script: Any, template: str = "{}") -> Changes | Unchanged:
    return changes.propose(script.connect, "hello", template, {"P": "1"}, tags={"natless": "hello"}, pace=QUICK)


def test_a_change_set_is_read_into_a_difference(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", stack("CREATE_COMPLETE"))
    script.say(
        "cloudformation",
        "create_change_set",
        {"Id": SET},
        StackName="hello",
        ChangeSetName=ANY,
        ChangeSetType="UPDATE",
        TemplateBody="{}",
        Parameters=[{"ParameterKey": "P", "ParameterValue": "1"}],
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": "natless", "Value": "hello"}],
    )
    script.say("cloudformation", "describe_change_set", {"Status": "CREATE_IN_PROGRESS"}, ChangeSetName=SET)
    script.say("cloudformation", "describe_change_set", {"Status": "CREATE_COMPLETE"}, ChangeSetName=SET)
    target = {
        "Attribute": "Properties",
        "Name": "ContainerDefinitions",
        "RequiresRecreation": "Always",
        "BeforeValue": "a",
        "AfterValue": "b",
    }
    resource = {
        "Action": "Modify",
        "LogicalResourceId": "WebTaskDefinition",
        "PhysicalResourceId": "arn:old",
        "ResourceType": "AWS::ECS::TaskDefinition",
        "Replacement": "True",
        "Scope": ["Properties"],
        "Details": [
            {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"},
            {"Target": target, "Evaluation": "Dynamic", "ChangeSource": "ParameterReference"},
        ],
    }
    found = {"Changes": [{"Type": "Resource", "ResourceChange": resource}], "Status": "CREATE_COMPLETE"}
    script.say("cloudformation", "describe_change_set", found, ChangeSetName=SET, IncludePropertyValues=True)
    changed = PropertyChange("ContainerDefinitions", "Always", "a", "b")
    expected = Change("Modify", "WebTaskDefinition", "AWS::ECS::TaskDefinition", "arn:old", "True", (changed,))
    assert propose(script) == Changes("hello", SET, "UPDATE", (expected,))


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_an_empty_change_set_is_taken_away(script: Any, reason: str) -> None:
    script.say("cloudformation", "describe_stacks", stack("CREATE_COMPLETE"))
    script.say("cloudformation", "create_change_set", {"Id": SET})
    script.say("cloudformation", "describe_change_set", {"Status": "FAILED", "StatusReason": reason})
    script.say("cloudformation", "delete_change_set", {}, ChangeSetName=SET)
    script.say("cloudformation", "describe_stacks", stack("CREATE_COMPLETE"))
    assert propose(script) == Unchanged("hello")


def test_a_change_set_that_cannot_be_made_leaves_no_stack(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", ABSENT)
    script.say("cloudformation", "create_change_set", {"Id": SET})
    script.say("cloudformation", "describe_change_set", {"Status": "FAILED", "StatusReason": "no such macro"})
    script.say("cloudformation", "delete_change_set", {}, ChangeSetName=SET)
    script.say("cloudformation", "describe_stacks", stack("REVIEW_IN_PROGRESS"))
    script.say("cloudformation", "describe_stack_events", events())
    script.say("cloudformation", "delete_stack", {}, StackName=ARN)
    script.say("cloudformation", "describe_stacks", ABSENT)
    script.say("cloudformation", "describe_stack_events", events())
    script.say("cloudformation", "describe_stacks", ABSENT)
    with pytest.raises(DeployError, match="cannot make the change set of stack hello: no such macro"):
        propose(script)


def test_a_template_that_is_refused_says_why(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", ABSENT)
    script.say("cloudformation", "create_change_set", ("ValidationError", "Parameters: [Q] must have values"))
    with pytest.raises(DeployError, match=r"refuses the template of stack hello: Parameters: \[Q\] must have values"):
        propose(script)


def test_a_template_that_is_too_long_is_said_before_it_is_sent(script: Any) -> None:
    with pytest.raises(DeployError, match=r"has 51,201 bytes, and CloudFormation takes 51,200 inline"):
        propose(script, " " * 51_201)
