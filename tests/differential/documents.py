"""Endpoint policies as people write them, right or wrong, as documents: each side reads them by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from networks import ACCOUNT, REGION, VPC

from natless.cloud import Cloud

Document: TypeAlias = Mapping[str, Any]
Statements: TypeAlias = list[dict[str, Any]]

REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/hello"
LAYERS = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/hello:*"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:key-AbCdEf"
_RIGHT: Mapping[str, tuple[list[str], str]] = {
    "ecr.api": (["ecr:GetAuthorizationToken"], "*"),
    "ecr.dkr": (["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], REPOSITORY),
    "logs": (["logs:CreateLogStream", "logs:PutLogEvents"], GROUP),
    "secretsmanager": (["secretsmanager:GetSecretValue"], SECRET),
    "s3": (["s3:GetObject"], LAYERS),
    "ecs": (["ecs:*"], "*"),
}
"""What a start asks of each (Amazon ECR and ECS guides, as in `refusing.py`)."""


def policies(dice: random.Random, cloud: Cloud) -> Iterator[tuple[str, Document]]:
    """Give documents for some of the endpoints, by their ids."""
    endpoints: list[Any] = [*cloud.interface_endpoints.values(), *cloud.gateway_endpoints.values()]
    for endpoint in endpoints:
        if endpoint.service in _RIGHT and dice.random() < 0.6:
            choices = list(_choices(str(endpoint.service)))
            yield endpoint.id, {"Version": "2012-10-17", "Statement": dice.choice(choices)}


def _choices(service: str) -> Iterator[Statements]:
    """Give statements of every kind; None in one takes an element away."""
    actions, resource = _RIGHT[service]
    prefix, _, last = actions[-1].partition(":")
    every = _allow(["*"], "*")
    yield [_allow(actions, resource)]
    yield [_allow([each.upper() for each in actions], resource)]
    yield [_allow([f"{prefix}:Describe*", "sqs:*"], "*")]
    yield [every, {**every, "Effect": "Deny", "Action": [f"{prefix}:{last[:4]}*"]}]
    yield [every, {**every, "Effect": "Deny", "NotAction": [f"{prefix}:*"], "Action": None}]
    yield [{**every, "Resource": None, "NotResource": [resource]}]
    # Another repository, group or secret: how the stream of a log is called nobody knows beforehand.
    yield [_allow(actions, "arn:aws:s3:::another/*" if service == "s3" else f"{resource[:-7]}x*")]
    yield [{**every, "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}]
    yield [{**every, "Condition": {"StringNotEquals": {"aws:PrincipalAccount": [ACCOUNT, "2" * 12]}}}]
    if service != "ecr.api":  # whether the call for a token has aws:SourceVpc the guides of ECR and ECS say in two ways
        yield [{**every, "Condition": {"StringEquals": {"aws:SourceVpc": {"Ref": VPC}}}}]


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resource}


def written(document: Document, vpc: Any) -> dict[str, Any]:
    """Give a document as it is sent: without what was taken away, and with the VPC named as `vpc`."""

    def filled(value: Any) -> Any:
        match value:
            case {"Ref": "Vpc"}:
                return vpc
            case dict():
                return {key: filled(inner) for key, inner in value.items() if inner is not None}
            case list():
                return [filled(inner) for inner in value]
            case _:
                return value

    found: dict[str, Any] = filled(dict(document))
    return found
