"""The evaluator against AWS's documents, case by case.

Expected values are from the IAM user guide: "Policy evaluation logic", "Policy evaluation for requests within a single
account", "Permissions boundaries for IAM entities", "IAM JSON policy elements" (Action, NotAction, Resource, Principal,
NotPrincipal, Condition operators, Variables and tags); from the KMS developer guide, "Key policies"; and from the
PrivateLink guide, "Control access to VPC endpoints using endpoint policies".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from natless.lab.access import Denial, Policies, Policy, PolicyError, Principal, Request, decide, parse
from natless.lab.access.conditions import Context
from natless.lab.access.words import denied

ROLE = "arn:aws:iam::123456789012:role/web"
SESSION = Principal("arn:aws:sts::123456789012:assumed-role/web/s", ROLE, "123456789012", "AROA:s", "role")
TASKS = Principal("ecs-tasks.amazonaws.com", "ecs-tasks.amazonaws.com", "", "", "service")
KEY = "arn:aws:s3:::orders/2026/a.json"


def statement(effect: str = "Allow", action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> Policy:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def named(principal: Any, effect: str = "Allow", action: str = "s3:*") -> Policy:
    return policy({"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"})


def ask(
    *, action: str = "s3:GetObject", on: str = KEY, who: Principal = SESSION, context: Any = None, **policies: Any
) -> Denial | None:
    return decide(Request(who, action, on, Context(context or {})), Policies(**policies))


ALLOW, DENY = policy(statement()), policy(statement("Deny"))


def test_nothing_allowed_is_denied_and_an_explicit_denial_outweighs_everything() -> None:
    assert ask() == Denial("identity", explicit=False)
    assert ask(identity=(ALLOW,)) is None
    assert ask(identity=(ALLOW, DENY)) == Denial("identity", explicit=True)
    everyone = named("*")
    assert ask(identity=(ALLOW,), resource=named("*", "Deny")) == Denial("resource", explicit=True)
    assert ask(identity=(DENY,), resource=everyone) == Denial("identity", explicit=True)


def test_a_boundary_and_a_session_policy_limit_and_give_nothing() -> None:
    narrow = policy(statement(action="sqs:*"))
    assert ask(identity=(ALLOW,), boundary=narrow) == Denial("boundary", explicit=False)
    assert ask(identity=(ALLOW,), boundary=DENY) == Denial("boundary", explicit=True)
    assert ask(identity=(ALLOW,), boundary=ALLOW) is None
    assert ask(boundary=ALLOW) == Denial("identity", explicit=False)
    assert ask(identity=(ALLOW,), session=narrow) == Denial("session", explicit=False)


def test_within_an_account_either_the_identitys_or_the_resources_policy_is_enough() -> None:
    assert ask(resource=named({"AWS": ROLE})) is None
    assert ask(resource=named({"AWS": SESSION.arn})) is None
    assert ask(resource=named("*")) is None
    assert ask(resource=named({"AWS": "arn:aws:iam::123456789012:role/other"})) == Denial("identity", explicit=False)
    # The account as principal delegates: the account's own policies must then allow.
    assert ask(resource=named({"AWS": "123456789012"})) == Denial("identity", explicit=False)
    assert ask(resource=named({"AWS": "arn:aws:iam::123456789012:root"}), identity=(ALLOW,)) is None
    # "Explicitly deny everyone but": NotPrincipal with Deny.
    but = policy({"Effect": "Deny", "NotPrincipal": {"AWS": [ROLE, SESSION.arn]}, "Action": "*", "Resource": "*"})
    assert ask(resource=but, identity=(ALLOW,)) is None
    other = Principal(
        "arn:aws:iam::123456789012:user/u", "arn:aws:iam::123456789012:user/u", "123456789012", "", "user"
    )
    assert ask(resource=but, identity=(ALLOW,), who=other) == Denial("resource", explicit=True)


def test_a_keys_own_policy_has_the_last_word() -> None:
    asked: dict[str, Any] = {"action": "kms:Decrypt", "grants": "resource"}
    own = named({"AWS": "arn:aws:iam::123456789012:root"}, action="kms:*")
    decrypt = policy(statement(action="kms:Decrypt"))
    assert ask(**asked, resource=own, identity=(decrypt,)) is None
    assert ask(**asked, resource=own) == Denial("identity", explicit=False)
    elsewhere = named({"AWS": "arn:aws:iam::123456789012:role/other"}, action="kms:*")
    assert ask(**asked, resource=elsewhere, identity=(decrypt,)) == Denial("resource", explicit=False)
    assert ask(**asked, resource=named({"AWS": ROLE}, action="kms:*")) is None


def test_a_role_is_assumed_by_whom_it_trusts() -> None:
    trust = parse(
        '{"Statement": {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": '
        '"sts:AssumeRole", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:123456789012:*"}}}}'
    )

    def assume(source: str, who: Principal = TASKS) -> Denial | None:
        request = Request(who, "sts:AssumeRole", ROLE, Context({"aws:sourcearn": (source,)}))
        return decide(request, Policies(resource=trust, resource_kind="trust", grants="resource"))

    assert assume("arn:aws:ecs:us-east-1:123456789012:task/c/1") is None
    assert assume("arn:aws:ecs:us-east-1:210987654321:task/c/1") == Denial("trust", explicit=False)
    assert assume("arn:aws:ecs:us-east-1:123456789012:task/c/1", SESSION) == Denial("trust", explicit=False)


def test_an_endpoints_policy_is_one_more_that_has_to_allow() -> None:
    layers = policy({"Principal": "*", **statement(resource="arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*")})
    assert ask(identity=(ALLOW,), endpoint=layers) == Denial("endpoint", explicit=False)
    assert ask(endpoint=named("*")) == Denial("identity", explicit=False)
    assert ask(identity=(ALLOW,), endpoint=named("*", "Deny")) == Denial("endpoint", explicit=True)
    account = named({"AWS": "123456789012"})
    assert ask(identity=(ALLOW,), endpoint=account) is None
    # Gateway endpoints take no principal but *.
    assert ask(identity=(ALLOW,), endpoint=account, bare_endpoint=True) == Denial("endpoint", explicit=False)
    assert ask(identity=(ALLOW,), endpoint=named("*"), bare_endpoint=True) is None


@pytest.mark.parametrize(
    ("written", "action", "resource", "speaks"),
    [
        ({"Action": "s3:Get*", "Resource": "arn:aws:s3:::orders/*"}, "s3:GetObject", KEY, True),
        ({"Action": "S3:getobject", "Resource": "*"}, "s3:GetObject", KEY, True),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::Orders/*"}, "s3:GetObject", KEY, False),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders/????/a.json"}, "s3:GetObject", KEY, True),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders"}, "s3:GetObject", KEY, False),
        ({"NotAction": "s3:Delete*", "Resource": "*"}, "s3:GetObject", KEY, True),
        ({"NotAction": ["s3:Delete*", "s3:GetObject"], "Resource": "*"}, "s3:GetObject", KEY, False),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::orders/*"}, "s3:GetObject", KEY, False),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}, "s3:GetObject", KEY, True),
        # A resource is not an expression: what is special there is a letter here.
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::orders/[0-9]+/a.json"}, "s3:GetObject", KEY, False),
        (
            {"Action": "ecr:*", "Resource": "*:repository/hello/*"},
            "ecr:PutImage",
            "arn:a:ecr:r:1:repository/hello/w",
            True,
        ),
    ],
)
def test_which_requests_a_statement_speaks_of(written: Any, action: str, resource: str, *, speaks: bool) -> None:
    found = ask(action=action, on=resource, identity=(policy({"Effect": "Allow", **written}),))
    assert (found is None) == speaks


def test_policy_variables() -> None:
    own = policy(statement(resource="arn:aws:s3:::orders/${aws:PrincipalTag/team}/*"))
    assert ask(identity=(own,), context={"aws:principaltag/team": ("2026",)}) is None
    assert ask(identity=(own,), context={"aws:principaltag/team": ("*",)}) is not None, "a value is no wildcard"
    assert ask(identity=(own,)) is not None
    literal = policy(statement(resource="arn:aws:s3:::orders/${*}"))
    assert ask(identity=(literal,)) is not None
    star = "arn:aws:s3:::orders/*"
    assert decide(Request(SESSION, "s3:GetObject", star, Context({})), Policies((literal,))) is None
    default = policy(statement(resource="arn:aws:s3:::orders/${aws:PrincipalTag/team, '2026'}/*"))
    assert ask(identity=(default,)) is None


VPC = {"aws:sourcevpc": ("vpc-1",), "aws:sourcevpce": (), "aws:sourceip": (), "aws:vpcsourceip": ("10.0.11.5",)}
MORE = {
    "aws:principalarn": (ROLE,),
    "aws:securetransport": ("true",),
    "aws:requestedregion": ("eu-west-1",),
    "aws:currenttime": ("2026-11-25T12:00:00Z",),
    "aws:epochtime": ("1795608000",),
    "aws:calledvia": ("athena.amazonaws.com", "kms.amazonaws.com"),
}


@pytest.mark.parametrize(
    ("operator", "key", "value", "holds"),
    [
        ("StringEquals", "aws:SourceVpc", "vpc-1", True),
        ("StringEquals", "aws:SourceVpc", ["vpc-2", "vpc-1"], True),
        ("StringEquals", "aws:SourceVpc", "VPC-1", False),
        ("StringEqualsIgnoreCase", "aws:SourceVpc", "VPC-1", True),
        ("StringLike", "aws:SourceVpc", "vpc-*", True),
        ("StringEquals", "aws:SourceVpc", "vpc-*", False),
        ("StringNotEquals", "aws:SourceVpc", ["vpc-2", "vpc-1"], False),
        ("StringNotEquals", "aws:SourceVpc", "vpc-2", True),
        # A key that the request lacks: no match, but for negated operators and IfExists.
        ("StringEquals", "aws:SourceVpce", "vpce-1", False),
        ("StringNotEquals", "aws:SourceVpce", "vpce-1", True),
        ("StringEqualsIfExists", "aws:SourceVpce", "vpce-1", True),
        ("StringEqualsIfExists", "aws:SourceVpc", "vpc-2", False),
        ("StringNotLikeIfExists", "aws:SourceVpc", "vpc-*", False),
        ("Null", "aws:SourceVpce", "true", True),
        ("Null", "aws:SourceVpc", "true", False),
        ("Null", "aws:SourceVpc", False, True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/web", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*", False),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::123456789012:role/*", True),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/web", False),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("BoolIfExists", "aws:SourceVpce", "true", True),
        ("IpAddress", "aws:VpcSourceIp", ["192.168.0.0/16", "10.0.0.0/16"], True),
        ("IpAddress", "aws:VpcSourceIp", "10.0.11.6", False),
        ("NotIpAddress", "aws:VpcSourceIp", "10.0.0.0/16", False),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-11-25T11:59:59Z", True),
        ("DateLessThan", "aws:CurrentTime", "2026-11-25T11:59:59Z", False),
        ("NumericLessThan", "aws:EpochTime", "1795608001", True),
        ("ForAnyValue:StringEquals", "aws:CalledVia", ["kms.amazonaws.com"], True),
        ("ForAllValues:StringEquals", "aws:CalledVia", ["kms.amazonaws.com"], False),
        ("ForAllValues:StringLike", "aws:CalledVia", ["*.amazonaws.com"], True),
        ("ForAllValues:StringEquals", "aws:SourceVpce", ["vpce-1"], True),
        ("ForAnyValue:StringEquals", "aws:SourceVpce", ["vpce-1"], False),
    ],
)
def test_condition_operators(operator: str, key: str, value: Any, *, holds: bool) -> None:
    written = policy(statement(Condition={operator: {key: value}}))
    assert (ask(identity=(written,), context=VPC | MORE) is None) == holds


def test_all_conditions_have_to_hold() -> None:
    both = {"StringEquals": {"aws:SourceVpc": "vpc-1", "aws:RequestedRegion": "eu-west-1"}, "Bool": {}}
    assert ask(identity=(policy(statement(Condition=both)),), context=VPC | MORE) is None
    both["StringEquals"]["aws:RequestedRegion"] = "us-east-1"
    assert ask(identity=(policy(statement(Condition=both)),), context=VPC | MORE) == Denial("identity", explicit=False)


def test_what_the_lab_does_not_know_is_never_taken_for_fine() -> None:
    unknown = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    allow, deny = policy(statement(Condition=unknown)), policy(statement("Deny", Condition=unknown))
    key = "condition key aws:resourcetag/team"
    assert ask(identity=(allow,)) == Denial("identity", explicit=False, unknown=key)
    assert ask(identity=(ALLOW, deny)) == Denial("identity", explicit=False, unknown=key)
    assert ask(identity=(ALLOW, allow)) is None, "another statement allows it anyway"
    failing = {**unknown, "Bool": {"aws:SecureTransport": "false"}}
    assert ask(identity=(ALLOW, policy(statement("Deny", Condition=failing))), context=MORE) is None
    odd = policy(statement(Condition={"BinaryEquals": {"aws:SourceVpc": "x"}}))
    assert ask(identity=(odd,), context=VPC) == Denial(
        "identity", explicit=False, unknown="condition operator binaryequals"
    )


@pytest.mark.parametrize(
    ("kind", "explicit", "end"),
    [
        ("identity", False, "because no identity-based policy allows the s3:GetObject action"),
        ("identity", True, "with an explicit deny in an identity-based policy"),
        ("resource", False, "because no resource-based policy allows the s3:GetObject action"),
        ("resource", True, "with an explicit deny in a resource-based policy"),
        ("boundary", False, "because no permissions boundary allows the s3:GetObject action"),
        ("boundary", True, "with an explicit deny in a permissions boundary"),
        ("session", False, "because no session policy allows the s3:GetObject action"),
        ("endpoint", False, "because no VPC endpoint policy allows the s3:GetObject action"),
        ("endpoint", True, "with an explicit deny in a VPC endpoint policy"),
        ("trust", False, "because no role trust policy allows the s3:GetObject action"),
        ("trust", True, "with an explicit deny in the role trust policy"),
    ],
)
def test_the_words_of_the_guide(kind: Any, end: str, *, explicit: bool) -> None:
    # IAM user guide, "Troubleshoot access denied error messages", its examples kind by kind.
    said = denied(SESSION.arn, "s3:GetObject", KEY, Denial(kind, explicit=explicit))
    assert said == f"User: {SESSION.arn} is not authorized to perform: s3:GetObject on resource: {KEY} {end}"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"Statement": {"Effect": "Maybe", "Action": "*"}}', '{"Statement": [{"Effect": "Allow"}]}'],
)
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(PolicyError):
        parse(text)


def test_the_default_policy_of_an_endpoint_limits_nobody() -> None:
    full = '{"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}'
    assert parse(full).unlimited
    assert not named("*").unlimited
    assert not policy({"Principal": "*", **statement("Deny")}).unlimited
