"""Managed prefix lists: the ids of AWS's own lists, region by region, and who stands behind the addresses in them.

An id is no attribute of the gateway endpoint, so no template can ask for it. Lists found in public contradict each
other, so `deploy` always looks the id up; these values only serve `check`, which asks no account.
"""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class PrefixListId(msgspec.Struct, frozen=True):
    """The id of one of AWS's prefix lists in a region, and who says so."""

    region: str
    id: str
    source: Source


_AGREED = Source("two or more independent published infrastructure repositories agree", "2026-11")
_SINGLE = Source("one published list, which agrees with the agreed ids where they overlap", "2026-11")

S3_PREFIX_LISTS: tuple[PrefixListId, ...] = (
    PrefixListId("ap-northeast-1", "pl-61a54008", _SINGLE),
    PrefixListId("ap-northeast-2", "pl-78a54011", _AGREED),
    PrefixListId("ap-south-1", "pl-78a54011", _SINGLE),
    PrefixListId("ap-southeast-1", "pl-6fa54006", _SINGLE),
    PrefixListId("ap-southeast-2", "pl-6ca54005", _SINGLE),
    PrefixListId("eu-central-1", "pl-6ea54007", _SINGLE),
    PrefixListId("eu-west-1", "pl-6da54004", _SINGLE),
    PrefixListId("sa-east-1", "pl-6aa54003", _SINGLE),
    PrefixListId("us-east-1", "pl-63a5400a", _AGREED),
    PrefixListId("us-east-2", "pl-7ba54012", _SINGLE),
    PrefixListId("us-west-1", "pl-6ba54002", _SINGLE),
    PrefixListId("us-west-2", "pl-68a54001", _SINGLE),
)


S3_PREFIX_LIST_UNKNOWN = "${S3PrefixListId}"
"""Stands for the id of S3's list where the region is not known or has no entry. It means S3's list and nothing else."""

DYNAMODB_PREFIX_LIST_UNKNOWN = "${DynamodbPrefixListId}"
"""Stands for the id of DynamoDB's list, which no table here holds: public lists of these ids contradict each other."""

PREFIX_LISTS_UNKNOWN = {"s3": S3_PREFIX_LIST_UNKNOWN, "dynamodb": DYNAMODB_PREFIX_LIST_UNKNOWN}
"""By the short name of a gateway endpoint's service, what stands for the id of its list."""

GATEWAY_NAMES = {"s3": "S3", "dynamodb": "DynamoDB"}
"""The services of gateway endpoints as people call them."""

_S3_IDS = frozenset(entry.id for entry in S3_PREFIX_LISTS) | {S3_PREFIX_LIST_UNKNOWN}


def s3_prefix_list(region: str) -> str | None:
    """Give the id of S3's prefix list in `region`, or None where no source is held."""
    for entry in S3_PREFIX_LISTS:
        if entry.region == region:
            return entry.id
    return None


def is_s3_prefix_list(id_: str) -> bool:
    """Say whether an id (or the text that stands for it) is known to be that of S3's list in some region."""
    return id_ in _S3_IDS


CLOUDFRONT = "cloudfront.origin-facing"
"""What the list `com.amazonaws.global.cloudfront.origin-facing` stands for: the servers by which CloudFront asks an
origin for its visitors. Of all of AWS's lists it is the only one behind which visitors of the internet stand.

Source: Amazon VPC user guide, "AWS-managed prefix lists" (CloudFront, DynamoDB, EC2 Instance Connect, Ground Station,
Route 53 health checks, S3, S3 Express, VPC Lattice: "IP address ranges for AWS services"); Amazon CloudFront developer
guide, "Use the CloudFront managed prefix list". Read 2026-11.
"""

_CLOUDFRONT_SAID = Source("AWS samples (vscode-on-ec2) and two independent published repositories agree", "2026-11")
CLOUDFRONT_PREFIX_LISTS: tuple[PrefixListId, ...] = tuple(
    PrefixListId(region, identifier, _CLOUDFRONT_SAID)
    for region, identifier in (
        ("ap-northeast-1", "pl-58a04531"),
        ("ap-northeast-2", "pl-22a6434b"),
        ("ap-south-1", "pl-9aa247f3"),
        ("ap-southeast-1", "pl-31a34658"),
        ("ap-southeast-2", "pl-b8a742d1"),
        ("ca-central-1", "pl-38a64351"),
        ("eu-central-1", "pl-a3a144ca"),
        ("eu-north-1", "pl-fab65393"),
        ("eu-west-1", "pl-4fa04526"),
        ("eu-west-2", "pl-93a247fa"),
        ("eu-west-3", "pl-75b1541c"),
        ("sa-east-1", "pl-5da64334"),
        ("us-east-1", "pl-3b927c52"),
        ("us-east-2", "pl-b6a144df"),
        ("us-west-1", "pl-4ea04527"),
        ("us-west-2", "pl-82a045eb"),
    )
)
_CLOUDFRONT_IDS = frozenset(entry.id for entry in CLOUDFRONT_PREFIX_LISTS)


def is_cloudfront_prefix_list(id_: str) -> bool:
    """Say whether an id is known to be that of CloudFront's list in some region."""
    return id_ in _CLOUDFRONT_IDS
