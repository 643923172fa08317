"""Which requests an endpoint's policy refuses where packets pass: asked of the lab's own evaluation of policies.

That shares nothing with the prover's (import-linter holds it). What a start asks is written from AWS's documents:
Amazon ECR user guide ("Amazon ECR interface VPC endpoints", the S3 gateway's least policy), Amazon ECS developer guide
("Task execution IAM role", "Container instance IAM role").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import documents
from networks import ACCOUNT, REGION, VPC

from natless.lab.access import Policies, Principal, Request, decide, parse
from natless.lab.access.conditions import Context

_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
ASKED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ecr.api": (("ecr:GetAuthorizationToken", "*"),),
    "ecr.dkr": (("ecr:BatchGetImage", documents.REPOSITORY), ("ecr:GetDownloadUrlForLayer", documents.REPOSITORY)),
    "s3-layers": (("s3:GetObject", f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/a-layer"),),
    "logs": (
        ("logs:CreateLogStream", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/hello:log-stream:web/web/1"),
        ("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/hello:log-stream:web/web/1"),
    ),
    "secretsmanager": (("secretsmanager:GetSecretValue", documents.SECRET),),
    "ecs": (
        ("ecs:DiscoverPollEndpoint", "*"),
        ("ecs:RegisterContainerInstance", f"{_ECS}:cluster/Cluster"),
        ("ecs:SubmitTaskStateChange", f"{_ECS}:cluster/Cluster"),
    ),
}


def refused(need: str, document: documents.Document, endpoint: str) -> bool:
    """Say whether the policy of the endpoint by which a need is asked refuses one of its requests."""
    policy = parse(json.dumps(documents.written(document, VPC)))
    by_aws = need == "s3-layers"
    policies = Policies(identity=(_EVERYTHING,), endpoint=policy, bare_endpoint=by_aws)
    for action, resource in ASKED[need]:
        # ECR signs the address of a layer as itself: whoever holds it, no account or role of ours asks.
        principal = _AWS if by_aws else _role("HostRole" if need == "ecs" else "Role")
        request = Request(principal, action, resource, Context(_keys(principal, endpoint, by_aws=by_aws)))
        denial = decide(request, policies)
        assert denial is None or not denial.unknown, denial
        if denial is not None:
            assert denial.kind == "endpoint", denial
            return True
    return False


_EVERYTHING = parse(json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
# ECR's own account, which is not ours.
_AWS = Principal(
    "arn:aws:iam::999999999999:role/ecr", "arn:aws:iam::999999999999:role/ecr", "999999999999", "x", "role"
)


def _role(name: str) -> Principal:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session"
    return Principal(session, f"arn:aws:iam::{ACCOUNT}:role/{name}", ACCOUNT, "AROA:session", "role")


def _keys(principal: Principal, endpoint: str, *, by_aws: bool) -> dict[str, Any]:
    who: dict[str, tuple[str, ...]] = {"aws:principalaccount": (), "aws:principalarn": ()}
    if not by_aws:
        who = {"aws:principalaccount": (principal.account,), "aws:principalarn": (principal.issuer,)}
    return {**who, "aws:sourcevpc": (VPC,), "aws:sourcevpce": (endpoint,), "aws:securetransport": ("true",)}
