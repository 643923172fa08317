"""Roles from IAM's JSON, in the shape of GetAccountAuthorizationDetails."""

from __future__ import annotations

from collections.abc import Mapping

from natless.cloud import Policy, Role
from natless.finding import Gap
from natless.load.describe.item import Item
from natless.load.describe.policies import policy
from natless.load.describe.sections import Sections


def roles(sections: Sections) -> dict[str, Role]:
    """Read roles by name, with inline policies, and attached ones where the snapshot has their text."""
    texts = {item.id: text for item in sections.items("Policies") if (text := _managed_text(item)) is not None}

    def role(item: Item) -> Role | None:
        arn = item.maybe_text("Arn")
        if arn is None:
            item.malformed("Arn", "a role has an Arn")
            return None
        attached, unread = _attached(item, texts)
        policies = (*_inline(item), *attached)
        return Role(item.id, item.origin, arn, policies, unread, _trust(item), _boundary(item, texts))

    return sections.each("Roles", role)


def _trust(item: Item) -> Policy | Gap:
    document = item.raw("AssumeRolePolicyDocument")
    if document is None:
        return item.gap("AssumeRolePolicyDocument")
    return policy(document, item.origin, f"{item.what}.AssumeRolePolicyDocument")


def _inline(item: Item) -> tuple[Policy | Gap, ...]:
    if not item.has("RolePolicyList"):
        return (item.gap("RolePolicyList"),)
    listed = sorted(item.parts("RolePolicyList"), key=lambda each: each.maybe_text("PolicyName") or "")
    return tuple(policy(each.raw("PolicyDocument"), item.origin, f"{each.what}.PolicyDocument") for each in listed)


def _attached(item: Item, texts: Mapping[str, Policy | Gap]) -> tuple[tuple[Policy | Gap, ...], tuple[str | Gap, ...]]:
    """Give the attached policies whose text is here, and the ARNs of the others."""
    if not item.has("AttachedManagedPolicies"):
        return (), (item.gap("AttachedManagedPolicies"),)
    arns = sorted(arn for each in item.parts("AttachedManagedPolicies") if (arn := each.maybe_text("PolicyArn")))
    return tuple(texts[arn] for arn in arns if arn in texts), tuple(arn for arn in arns if arn not in texts)


def _boundary(item: Item, texts: Mapping[str, Policy | Gap]) -> Policy | str | Gap | None:
    """Give the permissions boundary: its text where it is here, else its ARN."""
    if not item.has("PermissionsBoundary"):
        return None
    arn = item.part("PermissionsBoundary").text("PermissionsBoundaryArn")
    return texts.get(arn, arn) if isinstance(arn, str) else arn


def _managed_text(item: Item) -> Policy | Gap | None:
    versions = item.parts("PolicyVersionList")
    document = next((each.raw("Document") for each in versions if each.maybe_flag("IsDefaultVersion")), None)
    return None if document is None else policy(document, item.origin, f"{item.what}.Document")
