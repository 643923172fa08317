"""Permissions boundaries. Expected: IAM user guide, 'Permissions boundaries for IAM entities': what a role may do is
what its policies *and* its boundary allow."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from natless import load
from natless.finding import Blocked, Reachable, Unknown
from natless.prove import Proof, prove

HELLO = json.loads((Path(__file__).parents[2] / "golden" / "hello.main.json").read_text(encoding="utf-8"))
PARAMETERS = {"WebImageDigest": "${WebImageDigest}", "S3PrefixListId": "pl-78a54011"}
BY_ROLE = {"ecr.api", "ecr.dkr", "logs"}
"""What the execution role is asked for: layers are fetched by URLs that ECR presigns."""


def bounded(boundary: Any, *statements: dict[str, Any]) -> Proof:
    template = copy.deepcopy(HELLO)
    template["Resources"]["WebExecutionRole"]["Properties"]["PermissionsBoundary"] = boundary
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    template["Resources"]["Bound"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    return prove(load.cloudformation(json.dumps(template), "hello.json", PARAMETERS, "ap-northeast-2", None))


def needs(found: Proof, kind: type) -> set[str]:
    return {verdict.need for verdict in found.verdicts if isinstance(verdict.outcome, kind)}


def allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def test_a_boundary_that_allows_takes_nothing_away() -> None:
    found = bounded({"Ref": "Bound"}, allow("ecr:*", "logs:*"))
    assert needs(found, Reachable) >= BY_ROLE
    assert not needs(found, Unknown)


@pytest.mark.parametrize(
    "statements",
    [(allow("ecr:*"),), (allow("*"), {"Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": "*"})],
)
def test_what_a_boundary_does_not_allow_is_blocked_there(statements: tuple[dict[str, Any], ...]) -> None:
    found = bounded({"Ref": "Bound"}, *statements)
    blocked = {verdict.need: verdict for verdict in found.verdicts if isinstance(verdict.outcome, Blocked)}
    assert set(blocked) == {"logs", "task->internet"}
    outcome = blocked["logs"].outcome
    assert isinstance(outcome, Blocked)
    assert (outcome.rule, outcome.gate.element) == ("NL502", "WebExecutionRole")
    assert "the permissions boundary of WebExecutionRole does not allow logs:" in blocked["logs"].reason


@pytest.mark.parametrize("boundary", ["arn:aws:iam::123456789012:policy/theirs", {"Fn::ImportValue": "boundary"}])
def test_a_boundary_that_cannot_be_read_leaves_open_what_leans_on_it_and_no_more(boundary: Any) -> None:
    found = bounded(boundary)
    assert needs(found, Unknown) == BY_ROLE
    assert needs(found, Reachable) == {"image-source", "s3-layers", "internet->alb", "alb->task"}
    assert not found.findings


def test_a_role_that_lacks_an_action_is_blocked_whatever_its_boundary_says() -> None:
    template = copy.deepcopy(HELLO)
    role = template["Resources"]["WebExecutionRole"]["Properties"]
    role["PermissionsBoundary"] = "arn:aws:iam::123456789012:policy/theirs"
    role["Policies"] = []
    found = prove(load.cloudformation(json.dumps(template), "hello.json", PARAMETERS, "ap-northeast-2", None))
    assert needs(found, Blocked) >= BY_ROLE


def test_aws_own_policies_bound_by_what_the_catalog_holds_of_them() -> None:
    full = bounded("arn:aws:iam::aws:policy/AdministratorAccess")
    assert needs(full, Reachable) | needs(full, Unknown) >= BY_ROLE
    pull = bounded("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    assert needs(pull, Reachable) >= BY_ROLE
