"""A plan changes nothing, and says what a deploy would do; PolicyAction as in the CloudFormation API reference."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from natless.deploy import Connect, DeployError, Pace, stacks
from natless.deploy.plan import Loss, losses, plan
from natless.deploy.progress import Change, Changes, PropertyChange, Unchanged
from natless.deploy.reach import Turn, turns
from natless.design import write
from natless.finding import Blocked, Gate, Origin, Path, Reachable, Verdict
from natless.spec.read import read

GOOD, OTHER = ("sha256:" + letter * 64 for letter in "ac")
Make = Callable[[str], Any]
HERE = Origin("here", None, "")
MINE = {
    "StackName": "hello",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/hello/0f1e",
    "CreationTime": 0,
    "Tags": [{"Key": "natless", "Value": "hello"}],
}


def planned(deployment: Any, *stands: Verdict) -> Any:
    return plan(deployment.design, deployment.spec, deployment.connect, stands, deployment.pace)


def test_before_anything_stands_all_is_added_and_nothing_is_left(lab: Connect, deployment: Make) -> None:
    found = planned(deployment("fresh"))
    assert [(each.stack, each.kind) for each in found.stacks] == [("fresh-images", "CREATE"), ("fresh", "CREATE")]
    assert {change.action for each in found.stacks for change in each.changes} == {"Add"}
    assert not found.nothing
    assert (found.losses, found.findings) == ((), ())
    # eu-west-1: three endpoints in two zones 48.18, an ALB with two addresses 25.70, the task 9.01.
    assert (found.cost.before, found.cost.more, found.cost.unpriced) == (None, Decimal("82.89"), 0)
    assert {turn.need for turn in found.turns if turn.after == "reachable"} >= {"ecr.api", "s3-layers", "alb->task"}
    assert found.notes == ("the image of web is taken as it stands (none was ever pushed): `deploy` builds it anew",)
    assert stacks.find(lab, "fresh") is None
    assert stacks.find(lab, "fresh-images") is None


def test_what_stands_is_compared_and_left_as_it_is(lab: Connect, deployment: Make) -> None:
    hello = deployment("planned")
    hello.deploy(GOOD)
    still = planned(hello)
    assert still.stacks == (Unchanged("planned-images"), Unchanged("planned"))
    assert still.nothing
    assert (still.cost.more, still.cost.changed) == (Decimal(0), ())

    before = stacks.find(lab, "planned")
    hello.change("cpu = 512\nmemory = 1024\n")
    found = planned(hello)
    changed = {change.resource: change for each in found.stacks if isinstance(each, Changes) for change in each.changes}
    assert set(changed) == {"WebTaskDefinition", "WebService"}
    assert (changed["WebTaskDefinition"].replacement, changed["WebTaskDefinition"].policy) == (
        "True",
        "ReplaceAndDelete",
    )
    assert {each.name for each in changed["WebTaskDefinition"].properties} == {"Cpu", "Memory"}
    assert not found.nothing
    assert [(each.resource, each.before, each.after) for each in found.cost.changed] == [
        ("WebService", Decimal("9.01"), Decimal("18.02"))
    ]
    assert stacks.find(lab, "planned") == before
    sets = lab("cloudformation").list_change_sets(StackName="planned")["Summaries"]
    assert [each for each in sets if each["ExecutionStatus"] == "AVAILABLE"] == []
    hello.destroy(images=True, logs=True)


def test_a_release_of_another_image_touches_the_task_definition_and_the_service_alone(
    deployment: Make,
) -> None:
    hello = deployment("imageonly")
    hello.deploy(GOOD)
    said = hello.deploy(OTHER)
    [changes] = [event for event in said if isinstance(event, Changes)]
    touched = {(each.resource, each.action) for each in changes.changes}
    assert touched == {("WebTaskDefinition", "Modify"), ("WebService", "Modify")}
    assert [each.name for change in changes.changes for each in change.properties] == [
        "ContainerDefinitions",
        "TaskDefinition",
    ]
    hello.destroy(images=True, logs=True)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change("Remove", "G", "AWS::Logs::LogGroup", "g-1", "", (), "Delete"), ("its log events", True)),
        (
            Change("Modify", "G", "AWS::Logs::LogGroup", "g-1", "True", (), "ReplaceAndRetain"),
            ("its log events stay in g-1, outside the stack", False),
        ),
        (Change("Modify", "R", "AWS::ECR::Repository", "r", "True", (), "ReplaceAndDelete"), ("its images", True)),
        (
            Change("Modify", "A", "AWS::ElasticLoadBalancingV2::LoadBalancer", "a", "Conditional"),
            ("if it is replaced: its DNS name, and so the URL, changes", False),
        ),
    ],
)
def test_what_a_change_costs(change: Change, expected: tuple[str, bool]) -> None:
    assert losses(Changes("s", "", "UPDATE", (change,))) == (Loss("s", change.resource, change.id, *expected),)


def test_other_health_checks_are_asked_of_what_runs() -> None:
    kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
    asked = Change("Modify", "T", kind, "t", "False", (PropertyChange("HealthCheckPath", "Never", "/", "/healthz"),))
    drained = Change("Modify", "T", kind, "t", "False", (PropertyChange("TargetGroupAttributes", "Never"),))
    [loss] = losses(Changes("s", "", "UPDATE", (asked, drained)))
    assert (loss.resource, loss.data) == ("T", False)
    assert loss.what.startswith("the tasks that run are asked this too")


def test_a_change_in_place_costs_nothing() -> None:
    assert losses(Changes("s", "", "UPDATE", (Change("Modify", "G", "AWS::Logs::LogGroup", "g", "False"),))) == ()


def verdict(task: str, need: str, *, reachable: bool, kept: bool = True) -> Verdict:
    gate = Gate("security-group-egress", "sg", HERE)
    outcome = Reachable(Path()) if reachable else Blocked(Path(), gate, "NL301", "shut")
    return Verdict(task, need, outcome, "open" if reachable else "shut", kept=kept)


def test_what_becomes_reachable_is_told_from_what_was_changed_past_the_stack() -> None:
    spec = read('name = "hello"\n[services.web]\nbuild = "."\nport = 80\npublic = true\n', "natless.toml")
    stands = [
        verdict("hello-web:3", "logs", reachable=False, kept=False),
        verdict("hello-web:3", "ssm", reachable=False, kept=False),
        verdict("hello-web:3", "ecr.api", reachable=True),
    ]
    template = [
        verdict("WebTaskDefinition", "logs", reachable=True),
        verdict("WebTaskDefinition", "ssm", reachable=False, kept=False),
        verdict("WebTaskDefinition", "ecr.api", reachable=True),
    ]
    after = [verdict("WebTaskDefinition", need, reachable=True) for need in ("logs", "ssm", "ecr.api", "s3-layers")]
    assert turns(spec, stands, template, after) == (
        Turn("web", "logs", "blocked", "reachable", "shut", kept=True, drift=True),
        Turn("web", "ssm", "blocked", "reachable", "open", kept=True, drift=False),
        Turn("web", "s3-layers", "absent", "reachable", "open", kept=True, drift=False),
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("UPDATE_IN_PROGRESS", "is in UPDATE_IN_PROGRESS"),
        ("UPDATE_ROLLBACK_FAILED", "stands in UPDATE_ROLLBACK_FAILED"),
        ("CREATE_COMPLETE", "natless did not make"),
    ],
)
def test_where_no_change_set_can_be_made_it_is_said(script: Any, pace: Pace, status: str, words: str) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:" + "a" * 64
    spec = read(f'name = "hello"\n[services.web]\nimage = "{image}"\nport = 80\npublic = true\n', "natless.toml")

    about = {**MINE, "StackStatus": status, "Tags": [] if status == "CREATE_COMPLETE" else MINE["Tags"]}
    script.say("cloudformation", "describe_stacks", {"Stacks": [about]})
    script.say("ecr", "describe_images", {"imageDetails": [{"imageDigest": "sha256:" + "a" * 64}]})
    script.say("ec2", "describe_managed_prefix_lists", {"PrefixLists": [{"PrefixListId": "pl-1"}]})
    script.say("cloudformation", "describe_stacks", {"Stacks": [about]})
    with pytest.raises(DeployError, match=words):
        plan(write(spec), spec, script.connect, (), pace)
