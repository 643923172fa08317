"""IAM: the roles that tasks name, in the shape of GetAccountAuthorizationDetails (RoleDetailList, Policies)."""

from __future__ import annotations

from functools import partial
from typing import Any

from natless.account.reader import Reader


def read(reader: Reader, arns: list[str]) -> None:
    """Read roles with their inline policies, and the text of the managed policies attached to them.

    A role whose inline (or attached) policies were refused lacks `RolePolicyList` (or `AttachedManagedPolicies`).
    A role that does not stand is left out: AWS says so by NoSuchEntity, which is an answer.
    """
    roles = [role for role in reader.each(partial(_role, reader), arns) if role is not None]
    reader.keep("Roles", roles)
    attached = {policy["PolicyArn"] for role in roles for policy in role.get("AttachedManagedPolicies", ())}
    boundaries = {
        role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in roles if "PermissionsBoundary" in role
    }
    texts = reader.each(partial(_policy, reader), sorted(attached | boundaries))
    reader.keep("Policies", [text for text in texts if text is not None])


def _role(reader: Reader, arn: str) -> dict[str, Any] | None:
    name = arn.rsplit("/", 1)[-1]
    answer = reader.one("Roles", "iam", "get_role", absent="NoSuchEntity", RoleName=name)
    if answer is None:
        return None
    role = dict(answer["Role"])
    inline = _inline(reader, name)
    if inline is not None:
        role["RolePolicyList"] = inline
    attached = reader.whole("Roles", "iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    if attached is not None:
        role["AttachedManagedPolicies"] = attached
    return role


def _inline(reader: Reader, name: str) -> list[Any] | None:
    names = reader.whole("Roles", "iam", "list_role_policies", "PolicyNames", RoleName=name)
    if names is None:
        return None
    answers = [reader.one("Roles", "iam", "get_role_policy", RoleName=name, PolicyName=policy) for policy in names]
    read_answers = [answer for answer in answers if answer is not None]
    if len(read_answers) != len(names):
        return None
    return [{"PolicyName": answer["PolicyName"], "PolicyDocument": answer["PolicyDocument"]} for answer in read_answers]


def _policy(reader: Reader, arn: str) -> dict[str, Any] | None:
    about = reader.one("Policies", "iam", "get_policy", PolicyArn=arn)
    if about is None:
        return None
    version = about["Policy"]["DefaultVersionId"]
    text = reader.one("Policies", "iam", "get_policy_version", PolicyArn=arn, VersionId=version)
    if text is None:
        return None
    return {
        "Arn": arn,
        "DefaultVersionId": version,
        "PolicyVersionList": [
            {"VersionId": version, "IsDefaultVersion": True, "Document": text["PolicyVersion"]["Document"]}
        ],
    }
