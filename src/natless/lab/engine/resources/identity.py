"""AWS::IAM: roles and policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request

ROLE_NAME_LIMIT = 64
POLICY_NAME_LIMIT = 128


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _role(request: Request) -> Made:
    iam = request.connect("iam")
    name = request.get("RoleName") or request.name(ROLE_NAME_LIMIT)
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=_text(request.get("AssumeRolePolicyDocument")),
        **request.given("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        Tags=request.all_tags(),
    )["Role"]
    for policy in request.get("Policies") or []:
        document = _text(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in request.get("ManagedPolicyArns") or []:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Made(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


def _change_role(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    iam = request.connect("iam")
    trust = _text(request.get("AssumeRolePolicyDocument"))
    iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=trust)
    now = {policy["PolicyName"]: policy["PolicyDocument"] for policy in request.get("Policies") or []}
    for name, document in now.items():
        iam.put_role_policy(RoleName=physical_id, PolicyName=name, PolicyDocument=_text(document))
    for policy in before.get("Policies") or []:
        if policy["PolicyName"] not in now:
            iam.delete_role_policy(RoleName=physical_id, PolicyName=policy["PolicyName"])
    wanted, had = request.get("ManagedPolicyArns") or [], before.get("ManagedPolicyArns") or []
    for arn in [arn for arn in wanted if arn not in had]:
        iam.attach_role_policy(RoleName=physical_id, PolicyArn=arn)
    for arn in [arn for arn in had if arn not in wanted]:
        iam.detach_role_policy(RoleName=physical_id, PolicyArn=arn)
    iam.update_role(RoleName=physical_id, **request.given("Description", "MaxSessionDuration"))
    boundary = request.get("PermissionsBoundary")
    if boundary:
        iam.put_role_permissions_boundary(RoleName=physical_id, PermissionsBoundary=boundary)
    elif before.get("PermissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=physical_id)


ROLE_CHANGES = (
    "AssumeRolePolicyDocument",
    "Policies",
    "ManagedPolicyArns",
    "Description",
    "MaxSessionDuration",
    "PermissionsBoundary",
)


def _delete_role(request: Request, physical_id: str) -> None:
    iam = request.connect("iam")
    for policy in request.get("Policies") or []:
        iam.delete_role_policy(RoleName=physical_id, PolicyName=policy["PolicyName"])
    for arn in request.get("ManagedPolicyArns") or []:
        iam.detach_role_policy(RoleName=physical_id, PolicyArn=arn)
    iam.delete_role(RoleName=physical_id)


def _inline(request: Request) -> Made:
    iam = request.connect("iam")
    for role in request.get("Roles") or []:
        iam.put_role_policy(
            RoleName=role, PolicyName=request.get("PolicyName"), PolicyDocument=_text(request.get("PolicyDocument"))
        )
    return Made(request.name(POLICY_NAME_LIMIT))


def _delete_inline(request: Request, _physical_id: str) -> None:
    iam = request.connect("iam")
    for role in request.get("Roles") or []:
        iam.delete_role_policy(RoleName=role, PolicyName=request.get("PolicyName"))


def _managed(request: Request) -> Made:
    iam = request.connect("iam")
    made = iam.create_policy(
        PolicyName=request.get("ManagedPolicyName") or request.name(POLICY_NAME_LIMIT),
        PolicyDocument=_text(request.get("PolicyDocument")),
        **request.given("Path", "Description"),
    )["Policy"]
    for role in request.get("Roles") or []:
        iam.attach_role_policy(RoleName=role, PolicyArn=made["Arn"])
    return Made(made["Arn"], {"PolicyArn": made["Arn"], "PolicyId": made["PolicyId"]})


def _delete_managed(request: Request, physical_id: str) -> None:
    iam = request.connect("iam")
    for role in request.get("Roles") or []:
        iam.detach_role_policy(RoleName=role, PolicyArn=physical_id)
    iam.delete_policy(PolicyArn=physical_id)


KINDS = (
    Kind("AWS::IAM::Role", _role, _delete_role, update=_change_role, changes=ROLE_CHANGES),
    Kind("AWS::IAM::Policy", _inline, _delete_inline),
    Kind("AWS::IAM::ManagedPolicy", _managed, _delete_managed),
)
