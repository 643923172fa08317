"""Actions that know no resource: the only ones that a policy may allow on `*`, each by AWS's own table.

An action that is not listed has a resource, or nobody has looked: a statement that allows it on `*` is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping

from natless.catalog.source import Source


def _reference(service: str) -> Source:
    return Source(f"Service Authorization Reference, 'Actions, resources, and condition keys for {service}'", "2026-11")


RESOURCELESS: Mapping[str, Source] = {
    "ecr:GetAuthorizationToken": _reference("Amazon Elastic Container Registry"),
    "ecs:DiscoverPollEndpoint": _reference("Amazon Elastic Container Service"),
    "ssmmessages:CreateControlChannel": _reference("Amazon Message Gateway Service"),
    "ssmmessages:CreateDataChannel": _reference("Amazon Message Gateway Service"),
    "ssmmessages:OpenControlChannel": _reference("Amazon Message Gateway Service"),
    "ssmmessages:OpenDataChannel": _reference("Amazon Message Gateway Service"),
    "sts:GetCallerIdentity": _reference("AWS Security Token Service"),
}
"""By action, the table whose column "Resource types" is empty for it."""
