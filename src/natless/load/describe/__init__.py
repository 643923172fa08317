"""Describe JSON in; Cloud and its gaps out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.cloud import Cloud

__all__ = ["describe"]


def describe(snapshot: Mapping[str, Any], source: str) -> Cloud:
    """Read describe JSON.

    Args:
        snapshot: AWS's response keys to their lists, as `account.snapshot` gives them or `aws ec2 describe-...`
            prints them, merged; "Region", "Account" and "Denied" (key to refusal) where known.
        source: what was read, as origins name it (`aws:eu-west-1`, a folder).

    Returns:
        The facts, with physical ids: ARNs for load balancers, listeners, target groups and services, names for roles,
        repositories and log groups, family:revision for task definitions. A key that is missing or was denied is a
        Gap whose `what` is that key.

    Raises:
        LoadError: parts have not the form that AWS gives them; every one is named.
    """
    from natless.load.describe.reading import read  # noqa: PLC0415 - `check` of a template needs none of it

    return read(snapshot, source)
