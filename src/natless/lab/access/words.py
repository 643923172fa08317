"""A denial in AWS's words.

Source: IAM user guide, "Troubleshoot access denied error messages" (its examples, kind by kind); S3's resource in
quotation marks: S3 user guide, "Troubleshoot access denied (403 Forbidden) errors". Read 2026-11.
"""

from __future__ import annotations

from typing import assert_never

from natless.lab.access.evaluating import Denial, Kind


def denied(arn: str, action: str, resource: str, denial: Denial) -> str:
    """Word a denial of `action` to the principal shown as `arn`; `resource` is shown as it stands, "" for none."""
    where = f" on resource: {resource}" if resource else ""
    said = f"User: {arn} is not authorized to perform: {action}{where}"
    if denial.unknown:
        # Not AWS's words: AWS knows, and the lab must not guess.
        return f"{said} because the lab does not know the {denial.unknown} that {_policy(denial.kind)} asks for"
    if denial.explicit:
        return f"{said} with an explicit deny in {_policy(denial.kind)}"
    return f"{said} because no {_bare(denial.kind)} allows the {action} action"


def _policy(kind: Kind) -> str:
    if kind == "trust":
        return "the role trust policy"
    bare = _bare(kind)
    return f"an {bare}" if kind == "identity" else f"a {bare}"


def _bare(kind: Kind) -> str:
    match kind:
        case "identity":
            return "identity-based policy"
        case "resource":
            return "resource-based policy"
        case "boundary":
            return "permissions boundary"
        case "session":
            return "session policy"
        case "endpoint":
            return "VPC endpoint policy"
        case "trust":
            return "role trust policy"
        case _:
            assert_never(kind)
