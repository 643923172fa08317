"""Why a resource of a stack was not made although its template is right: the account's own state, and the way on."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class StackFailure(msgspec.Struct, frozen=True):
    """One reason. `marks` are small letters, one of which CloudFormation's text holds."""

    marks: tuple[str, ...]
    meaning: str
    source: Source


STACK_FAILURES: tuple[StackFailure, ...] = (
    StackFailure(
        ("limitexceeded", "limit exceeded", "toomany", "maximum number of", "has been reached", "quota"),
        "A quota of this account and region is reached: delete what is not needed, or ask for more (Service Quotas in "
        "AWS's console), then deploy again.",
        Source("AWS CloudFormation User Guide, 'Troubleshooting CloudFormation', 'Limit exceeded'", "2026-11"),
    ),
    StackFailure(
        ("service linked role", "service-linked role"),
        "The account's service-linked role is missing, or IAM does not show it everywhere yet: `natless deploy` makes "
        "and awaits it where the caller may (iam:CreateServiceLinkedRole). Deploy again in a minute.",
        Source("1Password/scim-examples #356; Amazon ECS Developer Guide, 'Using service-linked roles'", "2026-11"),
    ),
    StackFailure(
        ("security token included in the request is expired", "expiredtoken"),
        "CloudFormation works with the session that began the deployment, and that has ended: renew it (`aws sso "
        "login`), then deploy again.",
        Source("AWS CloudFormation User Guide, 'AWS CloudFormation service role'", "2026-11"),
    ),
    StackFailure(
        ("rate exceeded", "throttling", "requestlimitexceeded"),
        "AWS was asked more often than this account may, its own tries included: deploy again in a minute.",
        Source("Amazon EC2 API Reference, 'Request throttling'", "2026-11"),
    ),
    StackFailure(
        ("is not authorized to perform", "accessdenied", "unauthorizedoperation"),
        "`natless template --role deploy` prints the policy that a deployment needs.",
        Source("AWS CloudFormation User Guide, 'Insufficient IAM permissions'", "2026-11"),
    ),
)


def meaning_of(reason: str) -> str:
    """Give what the text of a failed resource says of the account, "" where it says nothing of it."""
    text = reason.lower()
    return next((each.meaning for each in STACK_FAILURES if any(mark in text for mark in each.marks)), "")
