"""Policies in three values. Expected values: IAM user guide, 'Policy evaluation logic' and 'Condition operators'."""

from __future__ import annotations

from typing import Any

import pytest

from natless.cloud import Policy, Statement
from natless.finding import Gap, Origin
from natless.prove.iam import Request, allowed
from natless.prove.truth import Maybe, Truth, every, negate, some
from natless.prove.wildcards import fits

HERE = Origin("x.yaml", 1)
GAP = Gap("it", HERE, "not read")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "anything", True),
        ("ecr:Get*", "ecr:GetX", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("arn:*:x", "arn:aws:x", True),
        ("arn:aws:s3:::b/*", "*", False),
        ("${A}:x", "${A}:x", True),
        ("${A}:x", "${B}:x", None),
        ("${A}:x", "b:y", False),
        ("ab*", "a${X}", None),
        ("b*", "a${X}", False),
        ("log:${G}:*", "log:${G}:stream:${s}", True),
        ("", "a", False),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool | None) -> None:  # noqa: FBT001 - a parameter of the table
    assert fits(pattern, text) is expected


def policy(*statements: Statement | Gap) -> tuple[Policy]:
    return (Policy(HERE, statements),)


def allow(**fields: Any) -> Statement:
    return Statement(HERE, "Allow", **({"actions": ("*",), "resources": ("*",)} | fields))


def deny(**fields: Any) -> Statement:
    return Statement(HERE, "Deny", **({"actions": ("*",), "resources": ("*",)} | fields))


ASKED = Request(
    "s3:GetObject", "arn:aws:s3:::b/k", "arn:aws:iam::1:role/r", {"aws:sourcevpc": "vpc-1", "aws:sourcevpce": ""}
)


def kind(truth: Truth) -> bool | None:
    return None if isinstance(truth, Maybe) else truth


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((), False),
        ((allow(),), True),
        ((allow(), deny()), False),
        ((allow(actions=("S3:getobject",)),), True),
        ((allow(actions=("s3:PutObject",)),), False),
        ((allow(actions=(), not_actions=("s3:Put*",)),), True),
        ((allow(resources=(), not_resources=("arn:aws:s3:::b/*",)),), False),
        ((allow(), GAP), None),
        ((deny(), GAP), False),
        ((GAP,), None),
        ((allow(actions=(GAP,)),), None),
        ((allow(conditions={"StringEquals": {"aws:SourceVpc": "vpc-1"}}),), True),
        ((allow(conditions={"StringEquals": {"aws:SourceVpc": ["vpc-2", "vpc-3"]}}),), False),
        ((allow(conditions={"StringNotEquals": {"aws:SourceVpc": "vpc-2"}}),), True),
        ((allow(conditions={"StringEquals": {"aws:SourceVpce": "vpce-1"}}),), False),
        ((allow(conditions={"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}),), True),
        ((allow(conditions={"StringEquals": {"aws:Unheard": "x"}}),), None),
        ((allow(), deny(conditions={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})), True),
    ],
)
def test_policies(statements: tuple[Statement | Gap, ...], expected: bool | None) -> None:  # noqa: FBT001 - of the table
    assert kind(allowed(policy(*statements), ASKED)) is expected


def test_a_presigned_request_is_nobodys() -> None:
    presigned = Request("s3:GetObject", "arn:aws:s3:::b/k", "aws", {"aws:principalaccount": ""})
    mine = allow(principals=("arn:aws:iam::1:root",))
    anybody = allow(principals=("*",))
    account = allow(principals=("*",), conditions={"StringEquals": {"aws:PrincipalAccount": "1"}})
    assert allowed(policy(mine), presigned, resource_policy=True) is False
    assert allowed(policy(anybody), presigned, resource_policy=True) is True
    assert allowed(policy(account), presigned, resource_policy=True) is False


def test_the_lattice_is_kleenes() -> None:
    maybe = Maybe((GAP,))
    assert every((True, maybe)) == maybe
    assert every((False, maybe)) is False
    assert some((True, maybe)) is True
    assert some((False, maybe)) == maybe
    assert negate(maybe) == maybe
    assert every(()) is True
    assert some(()) is False
    with pytest.raises(TypeError):
        bool(maybe)
