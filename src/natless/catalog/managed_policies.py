"""AWS managed policies, as far as ECS roles carry them: what each allows.

Only statements that let a task start or run are of use to a proof, so each policy is held whole as (actions,
resources) pairs where it is that simple, and is left out (so: unknown) where it is not.
"""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class ManagedPolicy(msgspec.Struct, frozen=True):
    """One AWS managed policy: `path` stands after `policy/` in its ARN; it allows `actions` on every resource."""

    path: str
    actions: tuple[str, ...]
    source: Source


def _reference(name: str, version: str) -> Source:
    return Source(f"AWS Managed Policy Reference Guide, {name}, version {version}", "2026-11")


_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
)

MANAGED_POLICIES: tuple[ManagedPolicy, ...] = (
    ManagedPolicy(
        "service-role/AmazonECSTaskExecutionRolePolicy",
        (*_PULL, "logs:CreateLogStream", "logs:PutLogEvents"),
        _reference("AmazonECSTaskExecutionRolePolicy", "v1"),
    ),
    ManagedPolicy(
        # Without ecs:TagResource and ecs:ListTagsForResource, which it allows under conditions: no start asks them.
        "service-role/AmazonEC2ContainerServiceforEC2Role",
        (
            *_PULL,
            "ec2:DescribeTags",
            "ecs:CreateCluster",
            "ecs:DeregisterContainerInstance",
            "ecs:DiscoverPollEndpoint",
            "ecs:Poll",
            "ecs:RegisterContainerInstance",
            "ecs:StartTelemetrySession",
            "ecs:Submit*",
            "ecs:UpdateContainerInstancesState",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ),
        _reference("AmazonEC2ContainerServiceforEC2Role", "v10"),
    ),
    ManagedPolicy(
        "AmazonEC2ContainerRegistryReadOnly",
        (
            *_PULL,
            "ecr:DescribeImageScanFindings",
            "ecr:DescribeImages",
            "ecr:DescribeRepositories",
            "ecr:GetLifecyclePolicy",
            "ecr:GetLifecyclePolicyPreview",
            "ecr:GetRepositoryPolicy",
            "ecr:ListImages",
            "ecr:ListTagsForResource",
        ),
        _reference("AmazonEC2ContainerRegistryReadOnly", "v3"),
    ),
    ManagedPolicy(
        # Without ecr:BatchCheckLayerAvailability: a pull does not ask it.
        "AmazonEC2ContainerRegistryPullOnly",
        (
            "ecr:BatchGetImage",
            "ecr:BatchImportUpstreamImage",
            "ecr:GetAuthorizationToken",
            "ecr:GetDownloadUrlForLayer",
        ),
        _reference("AmazonEC2ContainerRegistryPullOnly", "v1"),
    ),
    ManagedPolicy(
        "CloudWatchLogsFullAccess",
        (
            "logs:*",
            "cloudwatch:GenerateQuery",
            "cloudwatch:GenerateQueryResultsSummary",
            "observabilityadmin:GetS3TableIntegration",
            "observabilityadmin:ListS3TableIntegrations",
            "observabilityadmin:ListTelemetryPipelines",
        ),
        _reference("CloudWatchLogsFullAccess", "v8"),
    ),
    ManagedPolicy(
        "AmazonSSMReadOnlyAccess",
        ("ssm:Describe*", "ssm:Get*", "ssm:List*"),
        _reference("AmazonSSMReadOnlyAccess", "v1"),
    ),
    ManagedPolicy(
        "AmazonS3ReadOnlyAccess",
        ("s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"),
        _reference("AmazonS3ReadOnlyAccess", "v3"),
    ),
    ManagedPolicy("AmazonS3FullAccess", ("s3:*", "s3-object-lambda:*"), _reference("AmazonS3FullAccess", "v2")),
    ManagedPolicy("AmazonSQSFullAccess", ("sqs:*",), _reference("AmazonSQSFullAccess", "v1")),
    ManagedPolicy(
        "AWSXRayDaemonWriteAccess",
        (
            "xray:GetSamplingRules",
            "xray:GetSamplingStatisticSummaries",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ),
        _reference("AWSXRayDaemonWriteAccess", "v2"),
    ),
    ManagedPolicy("AdministratorAccess", ("*",), _reference("AdministratorAccess", "v1")),
)

_BY_PATH = {policy.path: policy for policy in MANAGED_POLICIES}


def managed_policy(arn: str) -> ManagedPolicy | None:
    """Give an AWS managed policy by its ARN, in any partition (also `arn:${AWS::Partition}:...`), or None."""
    head, found, path = arn.partition(":iam::aws:policy/")
    return _BY_PATH.get(path) if found and head.startswith("arn:") else None
