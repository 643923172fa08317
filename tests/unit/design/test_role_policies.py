"""The policies of `natless template --role`, of every option, against AWS's own tables.

cfn-lint ships what the Service Authorization Reference says of each action (`Policies.json`): its types of resource,
and the form of their ARNs. Nothing here is taken from natless's own table but what is asked of it.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.options import OPTIONS

from natless.catalog.action_resources import ASKED_ON
from natless.catalog.resourceless import OPTIONAL, RESOURCELESS
from natless.design import write
from natless.design.callers import Place, role_policy
from natless.spec.read import read

HERE = Place("aws", "ap-northeast-1", "123456789012")
VIA = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}
PATTERNS = {"autoscaling:Describe*", "ec2:Describe*", "ec2:Get*", "elasticloadbalancing:Describe*"}
"""What AWS's registry says of the handler of AWS::AutoScaling::AutoScalingGroup, in these words."""
READS = ("Describe", "Get", "List")


@functools.cache
def reference() -> dict[str, Any]:
    file = importlib.resources.files("cfnlint.data.AdditionalSpecs") / "Policies.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def types_of(action: str) -> list[str]:
    """The column "Resource types" of an action; an action that AWS does not know is a mistake."""
    service, _, name = action.partition(":")
    return list(reference()[service]["Actions"][name.lower()].get("Resources", ()))


def fits(arn: str, action: str) -> bool:
    """Whether AWS's table has an ARN of this form among the action's types."""
    known = reference()[action.partition(":")[0]]["Resources"]
    forms = [form for kind in types_of(action) for form in known[kind.lower()]["ARNFormats"]]
    # What stands for AWS's own account or region there is a person's; ours may be "aws", or any.
    plain = [re.sub(r"\$\{\w+\}", "[^:]*", form) for form in forms]
    return any(re.fullmatch(form, arn) for form in plain)


def policy(option: str, role: Any = "deploy") -> dict[str, Any]:
    spec = read(OPTIONS[option], "natless.toml")
    return role_policy(role, write(spec), spec, HERE)


def allowed(document: dict[str, Any]) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    for statement in document["Statement"]:
        for action in statement["Action"]:
            yield action, statement["Resource"], statement.get("Condition", {})


@pytest.mark.parametrize("role", ["deploy", "push", "read", "exec"])
@pytest.mark.parametrize("option", OPTIONS)
def test_everything_is_allowed_only_where_aws_knows_no_resource(option: str, role: str) -> None:
    for action, resources, condition in allowed(policy(option, role)):
        if action in PATTERNS:
            assert (resources, condition) == (["*"], VIA)
        elif resources == ["*"]:
            assert action in RESOURCELESS or action in OPTIONAL
            assert types_of(action) == [] or action in OPTIONAL
        else:
            assert "*" not in action
            assert "*" not in resources
            assert any(fits(arn, action) for arn in resources), action


@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_asked_past_cloudformation_changes_little(option: str) -> None:
    plain = {action for action, _, condition in allowed(policy(option)) if not condition}
    changing = {each for each in plain if not each.partition(":")[2].startswith((*READS, "Simulate", "Filter"))}
    services = {each.partition(":")[0] for each in changing}
    assert {each for each in changing if each.startswith("ec2:")} <= {"ec2:RunInstances"}
    assert {each for each in changing if each.startswith("ecs:")} == {"ecs:RunTask", "ecs:StopTask"}
    assert services <= {"autoscaling", "cloudformation", "cloudwatch", "ec2", "ecr", "ecs", "logs", "route53"}


@pytest.mark.parametrize("option", OPTIONS)
def test_it_fits_into_a_role(option: str) -> None:
    # "IAM and AWS STS quotas": all inline policies of a role together have at most 10,240 characters, without blanks.
    assert len(json.dumps(policy(option), separators=(",", ":"))) <= 10_240


@pytest.mark.parametrize("action", ASKED_ON)
def test_what_an_action_is_asked_on_is_among_its_types(action: str) -> None:
    assert types_of(action)


@pytest.mark.parametrize("action", RESOURCELESS)
def test_what_knows_no_resource_has_none_in_aws_table(action: str) -> None:
    assert types_of(action) == []


def test_only_tags_of_what_the_template_makes_are_changed() -> None:
    on = {arn for action, arns, condition in allowed(policy("hello")) if action == "ec2:CreateTags" for arn in arns}
    kinds = {arn.rpartition(":")[2].partition("/")[0] for arn in on if ":ec2:" in arn}
    made = {"internet-gateway", "route-table", "security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint"}
    assert kinds == made
