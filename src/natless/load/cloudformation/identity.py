"""AWS::IAM: roles and their policies, and the policy documents of endpoints.

Source: "IAM JSON policy elements reference", IAM user guide, read 2026-11: Statement, Action, Resource and the others
may be one value or a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from natless.cloud import Policy, Role, Statement
from natless.cloud.text import is_symbolic
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields, parsed
from natless.load.cloudformation.intrinsics import render
from natless.load.cloudformation.template import Resource
from natless.load.cloudformation.tree import Map, kind
from natless.load.cloudformation.values import NOTHING, Reference


def policy(fields: Fields, key: str) -> Policy | Gap | None:
    """Read a policy document: an object, or JSON as text. None where there is none."""
    if fields.maybe is not None:
        return fields.maybe
    value = fields.value(key)
    if value is NOTHING:
        return None
    place = fields.place(key)
    if isinstance(value, str) and not is_symbolic(value):
        tree = parsed(value, place.line)
        if not isinstance(tree, Map):
            return fields.malformed(key, f"{place.what} is text that is no JSON object: write the policy as an object")
        value = tree
    if isinstance(value, str | Gap):
        return value if isinstance(value, Gap) else fields.gap(key, fields.template.why(value))
    if not isinstance(value, Map):
        return fields.malformed(key, f"{place.what} is {kind(value)}: write the policy as an object")
    document = Fields(fields.template, fields.resource, value, place.what, place.line)
    statements = document.objects("Statement")
    return Policy(document.origin, tuple(part if isinstance(part, Gap) else _statement(part) for part in statements))


def _statement(fields: Fields) -> Statement | Gap:
    effect = fields.plain("Effect")
    if isinstance(effect, Gap):
        return effect
    if effect not in {"Allow", "Deny"}:
        return fields.missing("Effect", "Allow or Deny")
    if fields.has("NotPrincipal"):
        return fields.gap("NotPrincipal", "NotPrincipal is not followed")
    conditions = fields.whole(fields.value("Condition"), fields.place("Condition"))
    if conditions is not None and not isinstance(conditions, dict):
        return fields.gap("Condition", "the statement's condition is not known")
    return Statement(
        fields.origin,
        cast("Literal['Allow', 'Deny']", effect),
        actions=fields.texts("Action") or (),
        not_actions=fields.texts("NotAction") or (),
        resources=fields.texts("Resource") or (),
        not_resources=fields.texts("NotResource") or (),
        principals=_principals(fields),
        conditions=cast("Mapping[str, Any]", conditions or {}),
    )


def _principals(fields: Fields) -> tuple[str | Gap, ...]:
    value = fields.value("Principal")
    if not isinstance(value, Map):
        return fields.texts("Principal") or ()
    inner = Fields(fields.template, fields.resource, value, f"{fields.what}.Principal", fields.place("Principal").line)
    return tuple(name for key in value for name in inner.texts(key) or ())


def role(draft: Draft, resource: Resource) -> None:
    """AWS::IAM::Role, with what is attached to it here."""
    fields = draft.fields(resource)
    policies: list[Policy | Gap] = [fields.maybe] if fields.maybe else []
    for inner in fields.objects("Policies"):
        found = inner if isinstance(inner, Gap) else policy(inner, "PolicyDocument")
        if found is not None:
            policies.append(found)
    for name in {resource.id, render(draft.template, Reference(resource.id))}:
        policies += draft.policies.pop(name, [])
    managed: list[str | Gap] = []
    for attached in fields.ids("ManagedPolicyArns") or ():
        own = draft.managed.get(attached) if isinstance(attached, str) else None
        if own is not None:
            policies.append(own)
        else:
            managed.append(attached)
    arn = render(draft.template, Reference(resource.id, "Arn"))
    trust = policy(fields, "AssumeRolePolicyDocument")
    draft.roles[resource.id] = Role(
        resource.id, fields.origin, arn, tuple(policies), tuple(managed), trust, _boundary(draft, fields)
    )


def _boundary(draft: Draft, fields: Fields) -> Policy | str | Gap | None:
    """Read a permissions boundary: its text where the template makes it, else its ARN."""
    if not fields.has("PermissionsBoundary"):
        return None
    named = fields.needed_id("PermissionsBoundary")
    return draft.managed.get(named, named) if isinstance(named, str) else named


def attached_policy(draft: Draft, resource: Resource) -> None:
    """AWS::IAM::Policy and AWS::IAM::ManagedPolicy: onto the roles they name. A managed one may be named by roles."""
    fields = draft.fields(resource)
    found = policy(fields, "PolicyDocument") or fields.missing("PolicyDocument", "the policy's statements")
    if resource.kind == "AWS::IAM::ManagedPolicy":
        draft.managed[resource.id] = found
    found = fields.maybe or found
    for name in fields.owners("Roles"):
        draft.attach(draft.policies, name, found)


def role_policy(draft: Draft, resource: Resource) -> None:
    """AWS::IAM::RolePolicy: one inline policy of one role."""
    fields = draft.fields(resource)
    found = policy(fields, "PolicyDocument")
    if found is not None:
        draft.attach(draft.policies, fields.needed_id("RoleName"), fields.maybe or found)
