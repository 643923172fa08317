"""The tags of resources that stand, changed in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from natless.lab.engine.resources.making import RESERVED, Request

SERVED = ("EC2", "ElasticLoadBalancingV2", "ECS", "ECR", "Logs", "IAM")
"""The services whose resources the lab can tag anew, by the middle of the resource type."""


def serves(kind: str) -> bool:
    """Say whether resources of this type can be tagged anew."""
    return kind.split("::")[1] in SERVED


def joined(about: Mapping[str, Any], properties: dict[str, Any], tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Give a resource's properties with the stack's tags among its own, which win.

    Args:
        about: the type's registry schema, which says whether CloudFormation tags it.
        properties: as the template has them.
        tags: the stack's.
    """
    taggable = about.get("tagging", {}).get("taggable") and "Tags" in about["properties"]
    if not tags or not taggable or not serves(str(about["typeName"])):
        return properties
    own = properties.get("Tags") or []
    named = {tag["Key"] for tag in own}
    return {**properties, "Tags": [*own, *(dict(tag) for tag in tags if tag["Key"] not in named)]}


def retag(
    request: Request, kind: str, physical_id: str, attributes: Mapping[str, Any], before: Sequence[Mapping[str, str]]
) -> None:
    """Give a resource the tags of the request, and take those away that it had `before`, which are not there now."""
    tags = [tag for tag in request.all_tags() if not tag["Key"].startswith(RESERVED)]
    gone = sorted({tag["Key"] for tag in before} - {tag["Key"] for tag in tags})
    arn = str(attributes.get("Arn", physical_id))
    small = [{"key": tag["Key"], "value": tag["Value"]} for tag in tags]
    match kind.split("::")[1]:
        case "EC2":
            ec2 = request.connect("ec2")
            # The physical id of an address is the address, and its tags hang on its allocation.
            tagged = str(attributes.get("AllocationId", physical_id))
            ec2.create_tags(Resources=[tagged], Tags=tags)
            if gone:
                ec2.delete_tags(Resources=[tagged], Tags=[{"Key": key} for key in gone])
        case "ElasticLoadBalancingV2":
            _retag(request.connect("elbv2"), ("add_tags", "remove_tags"), {"ResourceArns": [physical_id]}, tags, gone)
        case "ECS":
            if kind == "AWS::ECS::CapacityProvider":
                listed = request.connect("ecs").describe_capacity_providers(capacityProviders=[physical_id])
                arn = listed["capacityProviders"][0]["capacityProviderArn"]
            _retag_small(request.connect("ecs"), {"resourceArn": arn}, small, gone)
        case "ECR":
            arn_of, names = {"resourceArn": arn}, [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags]
            _retag_small(request.connect("ecr"), arn_of, names, gone)
        case "Logs":
            _retag_small(
                request.connect("logs"),
                {"resourceArn": arn.removesuffix(":*")},
                {tag["Key"]: tag["Value"] for tag in tags},
                gone,
            )
        case "IAM":
            _retag(request.connect("iam"), ("tag_role", "untag_role"), {"RoleName": physical_id}, tags, gone)
        case other:
            raise ValueError(f"tags of {other} cannot be changed: {', '.join(SERVED)} can")


def _retag(client: Any, calls: tuple[str, str], what: Mapping[str, Any], tags: Any, gone: Sequence[str]) -> None:
    if tags:
        getattr(client, calls[0])(**what, Tags=tags)
    if gone:
        getattr(client, calls[1])(**what, TagKeys=gone)


def _retag_small(client: Any, what: Mapping[str, Any], tags: Any, gone: Sequence[str]) -> None:
    if tags:
        client.tag_resource(**what, tags=tags)
    if gone:
        client.untag_resource(**what, tagKeys=gone)
