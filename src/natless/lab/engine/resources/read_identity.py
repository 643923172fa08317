"""AWS::IAM: roles, managed policies and instance profiles, as they stand."""

from __future__ import annotations

from typing import Any

from natless.lab.engine.resources.making import Others, Request
from natless.lab.engine.resources.reading import Properties, said, tags


def _role(request: Request, it: str, others: Others) -> Properties:
    """Read a role with its policies: those that other resources of the stack attach to it are not its own."""
    iam, named = request.connect("iam"), {"RoleName": it}
    found: dict[str, Any] = iam.get_role(**named)["Role"]
    attached = iam.list_attached_role_policies(**named)["AttachedPolicies"]
    theirs = {one.get("PolicyName") for one in others.values() if it in (one.get("Roles") or [])}
    inline = [name for name in iam.list_role_policies(**named)["PolicyNames"] if name not in theirs]
    return {
        **said(found, "RoleName", "Path", "Description", "MaxSessionDuration", "AssumeRolePolicyDocument"),
        "Policies": [
            {"PolicyName": name, "PolicyDocument": iam.get_role_policy(**named, PolicyName=name)["PolicyDocument"]}
            for name in inline
        ],
        "ManagedPolicyArns": [each["PolicyArn"] for each in attached if each["PolicyArn"] not in others],
        "PermissionsBoundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
        "Tags": tags(iam.list_role_tags(**named)["Tags"]),
    }


def _managed(request: Request, it: str, _others: Others) -> Properties:
    iam = request.connect("iam")
    found: dict[str, Any] = iam.get_policy(PolicyArn=it)["Policy"]
    version = iam.get_policy_version(PolicyArn=it, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    own = {"ManagedPolicyName": found["PolicyName"], "PolicyDocument": version["Document"]}
    return {**own, **said(found, "Path", "Description")}


def _profile(request: Request, it: str, _others: Others) -> Properties:
    found: dict[str, Any] = request.connect("iam").get_instance_profile(InstanceProfileName=it)["InstanceProfile"]
    return {**said(found, "InstanceProfileName", "Path"), "Roles": [role["RoleName"] for role in found["Roles"]]}


READS = {
    "AWS::IAM::Role": _role,
    "AWS::IAM::ManagedPolicy": _managed,
    "AWS::IAM::InstanceProfile": _profile,
}
