"""A resource that fails, on creation and on update: its name and reason in the first line, and all as it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from natless.deploy import Connect, DeployError, stacks, status
from natless.deploy.progress import Deployed, Said

Make = Callable[[str], Any]
GOOD, OTHER = ("sha256:" + letter * 64 for letter in "ac")

CREATING = {
    "CreateRole": "WebExecutionRole (AWS::IAM::Role)",
    "CreateTargetGroup": "WebTargetGroup (AWS::ElasticLoadBalancingV2::TargetGroup)",
    "CreateLoadBalancer": "Alb (AWS::ElasticLoadBalancingV2::LoadBalancer)",
    "RegisterTaskDefinition": "WebTaskDefinition (AWS::ECS::TaskDefinition)",
    "CreateService": "WebService (AWS::ECS::Service)",
}
"""The call that makes it, and how its failure begins."""


@pytest.fixture(autouse=True)
def _nothing_is_refused_after_a_test(faults: Path) -> Iterator[None]:
    yield
    faults.write_text("")


@pytest.fixture
def refused(faults: Path, request: pytest.FixtureRequest) -> str:
    faults.write_text(request.param)
    return str(request.param)


@pytest.mark.parametrize("refused", CREATING, indirect=True)
def test_a_creation_is_rolled_back_and_the_next_one_goes_through(
    lab: Connect, deployment: Make, faults: Path, refused: str
) -> None:
    name = f"f{refused.lower()[:15]}"
    made = deployment(name)
    with pytest.raises(DeployError) as caught:
        made.deploy(GOOD)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"stack {name} was not deployed (ROLLBACK_COMPLETE): {CREATING[refused]}:"), first
    assert f"{refused} is refused" in first
    left = stacks.find(lab, name)
    assert left is not None
    held = [each.resource for each in stacks.resources(lab, left.id) if not each.status.startswith("DELETE_")]
    assert held == []

    faults.write_text("")
    said = made.deploy(GOOD)
    assert Said(f"the last creation of stack {name} was rolled back: cleaning up what is left of it") in said
    assert isinstance(said[-1], Deployed)
    made.destroy(images=True, logs=True)


def test_an_update_is_rolled_back_to_the_release_that_ran(lab: Connect, deployment: Make, faults: Path) -> None:
    made = deployment("going")
    made.deploy(GOOD)
    before = status(lab, "going").services[0].tasks[-1]
    faults.write_text("RegisterTaskDefinition")
    with pytest.raises(DeployError) as caught:
        made.deploy(OTHER)
    faults.write_text("")
    first = str(caught.value).splitlines()[0]
    assert first.startswith(
        "stack going was not deployed (UPDATE_ROLLBACK_COMPLETE): WebTaskDefinition (AWS::ECS::TaskDefinition):"
    )
    assert "RegisterTaskDefinition is refused" in first
    after = status(lab, "going")
    assert (after.state, after.services[0].settled) == ("UPDATE_ROLLBACK_COMPLETE", True)
    assert after.services[0].tasks[-1].definition == before.definition
    assert isinstance(made.deploy(OTHER)[-1], Deployed)
    made.destroy(images=True, logs=True)


def test_a_way_back_that_fails_too_is_continued_by_the_next(lab: Connect, deployment: Make, faults: Path) -> None:
    made = deployment("stuck")
    made.deploy(GOOD)
    faults.write_text("UpdateService")  # refused on the way there and on the way back
    with pytest.raises(DeployError, match=r"\(UPDATE_ROLLBACK_FAILED\): WebService .* UpdateService is refused"):
        made.deploy(OTHER)
    left = stacks.find(lab, "stuck")
    assert left is not None
    assert left.status == "UPDATE_ROLLBACK_FAILED"
    faults.write_text("")
    said = made.deploy(OTHER)
    assert Said("the last update of stack stuck was not rolled back to its end: continuing that") in said
    assert isinstance(said[-1], Deployed)
    made.destroy(images=True, logs=True)


def test_a_health_check_that_the_release_that_runs_does_not_answer_is_taken_back(
    lab: Connect, deployment: Make
) -> None:
    # It is asked at once: a target group is changed in place (ELBv2 API reference, ModifyTargetGroup).
    made = deployment("asked")
    made.deploy(GOOD)
    made.change('health = "/nobody"\n')
    with pytest.raises(DeployError) as caught:
        made.deploy(GOOD)
    service = status(lab, "asked").services[0]
    assert str(caught.value).splitlines()[0].startswith(f"{service.name}: tasks do not pass their health checks: ")
    assert "which was healthy before the check was changed: Health checks failed with these codes: [404]" in str(
        caught.value
    )
    assert "stack asked is being " in caught.value.advice  # rolled back, or changed back where it was done already
    made.change("")
    assert isinstance(made.deploy(GOOD)[-1], Deployed)
    [group] = [
        each
        for each in lab("elbv2").describe_target_groups()["TargetGroups"]
        if each["TargetGroupName"].startswith("asked-")
    ]
    assert group["HealthCheckPath"] == "/"
    made.destroy(images=True, logs=True)
