"""What a task must reach to start, by what it uses: the endpoints, and the actions asked for there.

`design` makes exactly the endpoints that are listed here for the features a spec uses; `prove` demands them.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from natless.catalog.source import Source

_ECR = Source("Amazon ECR User Guide, 'Amazon ECR interface VPC endpoints (AWS PrivateLink)'", "2026-11")
_EXECUTION_ROLE = Source("Amazon ECS Developer Guide, 'Amazon ECS task execution IAM role'", "2026-11")
_EXEC = Source("Amazon ECS Developer Guide, 'Monitor Amazon ECS containers with ECS Exec'", "2026-11")
_ECS_ENDPOINTS = Source("Amazon ECS Developer Guide, 'Amazon ECS interface VPC endpoints (AWS PrivateLink)'", "2026-11")
# Which endpoints: the ECS endpoints' page; which actions: this one, and the service authorization reference for ECS
# (RegisterContainerInstance and Submit* on the cluster, Poll and StartTelemetrySession on the container instance).
_INSTANCE_ROLE = Source("Amazon ECS Developer Guide, 'Amazon ECS container instance IAM role'", "2026-11")
_LOGS = Source("Amazon CloudWatch Logs User Guide, 'Using CloudWatch Logs with interface VPC endpoints'", "2026-11")


class Feature(enum.StrEnum):
    """What a task definition or service uses that reaches an AWS service while a Fargate task starts or runs."""

    ECR_IMAGE = "an image in private ECR"
    AWSLOGS = "the awslogs log driver"
    SECRETSMANAGER_SECRET = "a Secrets Manager secret"  # noqa: S105 - the feature's name
    SSM_PARAMETER = "an SSM parameter"
    EXEC = "ECS Exec"
    EXEC_KEY = "a KMS key for ECS Exec's sessions"
    REGISTRY_CREDENTIALS = "credentials of a private registry"
    ENVIRONMENT_FILE = "an environment file in S3"
    SERVICE_CONNECT = "Service Connect"
    CONTAINER_INSTANCE = "the EC2 launch type"


class Need(msgspec.Struct, frozen=True):
    """One endpoint that a feature needs.

    `endpoint` is the short name AWS gives after the region in the service name (`ecr.api`). `anywhere` are the
    actions that know no resource (IAM must allow them on `*`), `named` those on the used resource. `why` is the
    reason in words, as endpoint tags and verdicts show it.
    """

    feature: Feature
    endpoint: str
    kind: Literal["interface", "gateway"]
    why: str
    source: Source
    anywhere: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    # Without which of these actions the need fails at this endpoint; None for all of them. The pull's actions are
    # granted to both ECR endpoints, but the token is asked at one of them and the image at the other, and a pull does
    # not ask BatchCheckLayerAvailability (AWS managed policy AmazonEC2ContainerRegistryPullOnly does without it).
    demanded: tuple[str, ...] | None = None
    asked_by: Literal["execution role", "task role", "instance role", "AWS", "nobody"] = "execution role"
    # Whether the container itself makes the calls, where tasks run on instances: else the agent and the Docker daemon
    # make them, from the instance's own network.
    by_container: bool = False

    def demands(self, action: str) -> bool:
        """Say whether the need fails without `action`."""
        return self.demanded is None or action in self.demanded


PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What pulling an image asks of its repository (Amazon ECS Developer Guide, task execution role)."""

NEEDS: tuple[Need, ...] = (
    Need(
        Feature.ECR_IMAGE,
        "ecr.api",
        "interface",
        "the pull asks ECR for its token here",
        _ECR,
        anywhere=("ecr:GetAuthorizationToken",),
        named=PULL_ACTIONS,
        demanded=("ecr:GetAuthorizationToken",),
    ),
    Need(
        Feature.ECR_IMAGE,
        "ecr.dkr",
        "interface",
        "the image manifest is read here",
        _ECR,
        anywhere=("ecr:GetAuthorizationToken",),
        named=PULL_ACTIONS,
        demanded=("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    ),
    Need(
        Feature.ECR_IMAGE,
        "s3",
        "gateway",
        "ECR keeps image layers in S3",
        _ECR,
        named=("s3:GetObject",),
        # The layer's URL is presigned by ECR: neither role of the task is asked.
        asked_by="AWS",
    ),
    Need(
        Feature.AWSLOGS,
        "logs",
        "interface",
        "the awslogs driver writes here",
        _LOGS,
        named=("logs:CreateLogStream", "logs:PutLogEvents"),
    ),
    Need(
        Feature.SECRETSMANAGER_SECRET,
        "secretsmanager",
        "interface",
        "secrets are fetched here before the container starts",
        _EXECUTION_ROLE,
        named=("secretsmanager:GetSecretValue",),
    ),
    Need(
        Feature.SSM_PARAMETER,
        "ssm",
        "interface",
        "parameters are fetched here before the container starts",
        _EXECUTION_ROLE,
        named=("ssm:GetParameters",),
    ),
    Need(
        Feature.EXEC,
        "ssmmessages",
        "interface",
        "ECS Exec opens its channels here",
        _EXEC,
        anywhere=(
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ),
        asked_by="task role",
        by_container=True,
    ),
    Need(
        Feature.EXEC_KEY,
        "kms",
        "interface",
        "ECS Exec asks for its session's key here",
        _EXEC,
        named=("kms:Decrypt",),
        asked_by="task role",
    ),
    Need(
        Feature.REGISTRY_CREDENTIALS,
        "secretsmanager",
        "interface",
        "the credentials of the private registry are fetched here",
        _EXECUTION_ROLE,
        named=("secretsmanager:GetSecretValue",),
    ),
    Need(
        Feature.ENVIRONMENT_FILE,
        "s3",
        "gateway",
        "environment files are read from S3 before the container starts",
        _EXECUTION_ROLE,
        named=("s3:GetObject",),
    ),
    Need(
        Feature.SERVICE_CONNECT,
        "ecs-agent",
        "interface",
        "Service Connect gets its configuration here, else from the public ecs-sc name (the stricter of two readings)",
        _ECS_ENDPOINTS,
        asked_by="nobody",
    ),
    Need(
        Feature.CONTAINER_INSTANCE,
        "ecs",
        "interface",
        "the container instance registers and reports here",
        _INSTANCE_ROLE,
        anywhere=("ecs:DiscoverPollEndpoint",),
        named=(
            "ecs:RegisterContainerInstance",
            "ecs:SubmitAttachmentStateChanges",
            "ecs:SubmitContainerStateChange",
            "ecs:SubmitTaskStateChange",
        ),
        # Attachments are the interfaces of awsvpc tasks: an instance registers without, and hosts other modes.
        demanded=(
            "ecs:DiscoverPollEndpoint",
            "ecs:RegisterContainerInstance",
            "ecs:SubmitContainerStateChange",
            "ecs:SubmitTaskStateChange",
        ),
        asked_by="instance role",
    ),
    Need(
        Feature.CONTAINER_INSTANCE,
        "ecs-agent",
        "interface",
        "the container instance is told here what to run",
        _INSTANCE_ROLE,
        named=("ecs:Poll",),
        asked_by="instance role",
    ),
    Need(
        Feature.CONTAINER_INSTANCE,
        "ecs-telemetry",
        "interface",
        "the container instance sends its metrics and the health of its containers here",
        _INSTANCE_ROLE,
        named=("ecs:StartTelemetrySession",),
        asked_by="instance role",
    ),
)


def needs(features: frozenset[Feature]) -> tuple[Need, ...]:
    """Give the needs of these features, in the catalog's order."""
    return tuple(need for need in NEEDS if need.feature in features)


LAYER_BUCKET = "prod-{region}-starport-layer-bucket"
"""The S3 bucket that holds ECR's image layers in a region (Amazon ECR User Guide, interface VPC endpoints)."""
