"""How an API call becomes an IAM action on resources, service by service: the tables where names alone do not say it.

A call's action is the service's prefix and the operation's name, but where `renamed` says otherwise. Its resource is
the first of `resources` whose `{Parameter}`s the call has; `{region}`, `{account}` and `{partition}` are the account's.
A parameter that holds an ARN already is that ARN. A list names several resources.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from natless.catalog.source import Source


class Authorization(msgspec.Struct, frozen=True):
    """One service. `otherwise` is the resource of calls that name none; `only` the one resource of an operation.

    `code` and `status` are what its protocol answers to who may not; `shown` is the action as its messages write it,
    where that differs from IAM's name. `free` are operations that need no permission.
    """

    prefix: str
    resources: tuple[str, ...]
    otherwise: str
    source: Source
    only: Mapping[str, str] = {}
    renamed: Mapping[str, tuple[str, ...]] = {}
    free: frozenset[str] = frozenset()
    operations: tuple[str, ...] = ()
    """Beginnings of the operations that the table speaks of; () for all."""
    unknown: frozenset[str] = frozenset()
    """Operations that need more than the table can say."""
    each: Mapping[str, tuple[str, ...]] = {}
    """By operation, all resources that it is asked on, in place of the first of `resources`."""
    tagging: str = ""
    tagged: Mapping[str, str] = {}
    """The action that a call asks besides where it brings tags, and on what, by operation (`*`: any)."""
    code: str = "AccessDeniedException"
    status: int = 400
    shown: str = ""
    lower: bool = False


def _reference(service: str) -> Source:
    return Source(f"Service Authorization Reference, 'Actions, resources, and condition keys for {service}'", "2026-11")


_ECR = "arn:{partition}:ecr:{region}:{account}:repository"
_LOGS = "arn:{partition}:logs:{region}:{account}:log-group"
_ECS = "arn:{partition}:ecs:{region}:{account}"
_DYNAMODB = "arn:{partition}:dynamodb:{region}:{account}:table"
_SNS = "arn:{partition}:sns:{region}:{account}"

AUTHORIZATIONS: Mapping[str, Authorization] = {
    "ecr": Authorization(
        "ecr",
        (f"{_ECR}/{{repositoryName}}", f"{_ECR}/{{repositoryNames}}", "{resourceArn}"),
        f"{_ECR}/*",
        _reference("Amazon Elastic Container Registry"),
        only=dict.fromkeys(
            (
                "GetAuthorizationToken",
                "DescribeRegistry",
                "GetRegistryPolicy",
                "PutRegistryPolicy",
                "DeleteRegistryPolicy",
                "GetRegistryScanningConfiguration",
                "PutRegistryScanningConfiguration",
                "PutReplicationConfiguration",
                "GetAccountSetting",
                "PutAccountSetting",
                "DescribePullThroughCacheRules",
            ),
            "*",
        ),
    ),
    # The stream stands in every resource, empty where the call names none: so AccessDenied messages in accounts show it
    # (`...:log-group:/ecs/x:log-stream:` for CreateLogGroup, `...:log-group::log-stream:` for DescribeLogGroups).
    "logs": Authorization(
        "logs",
        (
            f"{_LOGS}:{{logGroupName}}:log-stream:{{logStreamName}}",
            f"{_LOGS}:{{logGroupName}}:log-stream:",
            f"{_LOGS}:{{logGroupIdentifier}}:log-stream:",
            f"{_LOGS}:{{logGroupNames}}:log-stream:",
            f"{_LOGS}:{{logGroupIdentifiers}}:log-stream:",
            "{resourceArn}",
        ),
        f"{_LOGS}::log-stream:",
        _reference("Amazon CloudWatch Logs"),
    ),
    "secretsmanager": Authorization(
        "secretsmanager",
        (
            "arn:{partition}:secretsmanager:{region}:{account}:secret:{SecretId}",
            "arn:{partition}:secretsmanager:{region}:{account}:secret:{Name}",
        ),
        "*",
        _reference("AWS Secrets Manager"),
        # It needs GetSecretValue on every secret that its filters find.
        unknown=frozenset({"BatchGetSecretValue"}),
    ),
    "ssm": Authorization(
        "ssm",
        (
            "arn:{partition}:ssm:{region}:{account}:parameter{Names}",
            "arn:{partition}:ssm:{region}:{account}:parameter{Name}",
            "arn:{partition}:ssm:{region}:{account}:parameter{Path}",
        ),
        "arn:{partition}:ssm:{region}:{account}:*",
        _reference("AWS Systems Manager"),
        operations=(
            "GetParameter",
            "PutParameter",
            "DeleteParameter",
            "DescribeParameters",
            "LabelParameterVersion",
            "UnlabelParameterVersion",
        ),
    ),
    "sts": Authorization(
        "sts",
        ("{RoleArn}",),
        "*",
        _reference("AWS Security Token Service"),
        # API reference, GetCallerIdentity: "No permissions are required to perform this operation."
        free=frozenset({"GetCallerIdentity"}),
        operations=("AssumeRole", "GetCallerIdentity", "GetAccessKeyInfo", "DecodeAuthorizationMessage"),
        code="AccessDenied",
        status=403,
    ),
    "dynamodb": Authorization(
        "dynamodb",
        (
            f"{_DYNAMODB}/{{TableName}}/index/{{IndexName}}",
            f"{_DYNAMODB}/{{TableName}}",
            f"{_DYNAMODB}/{{RequestItems}}",
            "{ResourceArn}",
            "{TableArn}",
        ),
        f"{_DYNAMODB}/*",
        _reference("Amazon DynamoDB"),
        only={"ListTables": "*", "DescribeLimits": "*", "DescribeEndpoints": "*"},
        operations=(
            "BatchGetItem",
            "BatchWriteItem",
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "Describe",
            "GetItem",
            "List",
            "PutItem",
            "Query",
            "Scan",
            "TagResource",
            "TransactGetItems",
            "TransactWriteItems",
            "UntagResource",
            "Update",
        ),
    ),
    "sqs": Authorization(
        "sqs",
        (
            "arn:{partition}:sqs:{region}:{account}:{QueueUrl}",
            "arn:{partition}:sqs:{region}:{account}:{QueueName}",
            "{SourceArn}",
        ),
        "arn:{partition}:sqs:{region}:{account}:",
        _reference("Amazon SQS"),
        renamed={
            "SendMessageBatch": ("SendMessage",),
            "DeleteMessageBatch": ("DeleteMessage",),
            "ChangeMessageVisibilityBatch": ("ChangeMessageVisibility",),
        },
        code="AccessDenied",
        status=403,
        lower=True,
    ),
    "sns": Authorization(
        "sns",
        ("{TopicArn}", "{TargetArn}", "{ResourceArn}", f"{_SNS}:{{Name}}", "{SubscriptionArn}"),
        "*",
        _reference("Amazon SNS"),
        only={"ListTopics": "*", "ListSubscriptions": "*"},
        renamed={"PublishBatch": ("Publish",)},
        code="AuthorizationError",
        status=403,
        shown="SNS",
    ),
    "kms": Authorization(
        "kms",
        (
            "arn:{partition}:kms:{region}:{account}:key/{KeyId}",
            "arn:{partition}:kms:{region}:{account}:key/{TargetKeyId}",
            "arn:{partition}:kms:{region}:{account}:key/{CiphertextBlob}",
        ),
        "*",
        _reference("AWS Key Management Service"),
        operations=(
            "Decrypt",
            "DescribeKey",
            "Encrypt",
            "GenerateDataKey",
            "GenerateMac",
            "GenerateRandom",
            "GetKeyPolicy",
            "GetKeyRotationStatus",
            "GetPublicKey",
            "List",
            "Sign",
            "Verify",
        ),
    ),
    "ssmmessages": Authorization("ssmmessages", (), "*", _reference("Amazon Session Manager Message Gateway Service")),
    "ecs": Authorization(
        "ecs",
        (
            f"{_ECS}:task/{{cluster}}/{{tasks}}",
            f"{_ECS}:task/{{cluster}}/{{task}}",
            f"{_ECS}:container-instance/{{cluster}}/{{containerInstances}}",
            f"{_ECS}:container-instance/{{cluster}}/{{containerInstance}}",
            f"{_ECS}:service/{{cluster}}/{{services}}",
            f"{_ECS}:service/{{cluster}}/{{service}}",
            f"{_ECS}:service/{{cluster}}/{{serviceName}}",
            f"{_ECS}:task-definition/{{taskDefinition}}",
            "{resourceArn}",
            f"{_ECS}:cluster/{{clusters}}",
            f"{_ECS}:cluster/{{clusterName}}",
            f"{_ECS}:cluster/{{cluster}}",
        ),
        "*",
        _reference("Amazon Elastic Container Service"),
        each={
            "CreateCapacityProvider": (f"{_ECS}:capacity-provider/{{name}}",),
            "DeleteCapacityProvider": (f"{_ECS}:capacity-provider/{{capacityProvider}}",),
            "DescribeCapacityProviders": (f"{_ECS}:capacity-provider/{{capacityProviders}}",),
            "RunTask": (f"{_ECS}:task-definition/{{taskDefinition}}",),
        },
        only=dict.fromkeys(
            (
                "DeregisterTaskDefinition",
                "RegisterTaskDefinition",
                "DescribeTaskDefinition",
                "ListTaskDefinitions",
                "ListTaskDefinitionFamilies",
                "ListServices",
                "ListTasks",
                "ListClusters",
                "DiscoverPollEndpoint",
            ),
            "*",
        ),
    ),
}
"""By the service's name in a signature (botocore's `signing_name`)."""


class S3Action(msgspec.Struct, frozen=True):
    """An S3 operation: its actions, on `object`s, on the `bucket` or on `all` buckets."""

    actions: tuple[str, ...]
    on: str


def _on(kind: str, **operations: str) -> dict[str, S3Action]:
    return {operation: S3Action(tuple(actions.split()), kind) for operation, actions in operations.items()}


S3_SOURCE = Source("S3 user guide, 'Required permissions for Amazon S3 API operations'", "2026-11")

S3_ACTIONS: Mapping[str, S3Action] = {
    **_on("all", ListBuckets="ListAllMyBuckets"),
    **_on(
        "object",
        GetObject="GetObject",
        HeadObject="GetObject",
        PutObject="PutObject",
        DeleteObject="DeleteObject",
        DeleteObjects="DeleteObject",
        CopyObject="PutObject",
        CreateMultipartUpload="PutObject",
        UploadPart="PutObject",
        UploadPartCopy="PutObject",
        CompleteMultipartUpload="PutObject",
        AbortMultipartUpload="AbortMultipartUpload",
        ListParts="ListMultipartUploadParts",
        GetObjectAcl="GetObjectAcl",
        PutObjectAcl="PutObjectAcl",
        GetObjectAttributes="GetObject",
        GetObjectTagging="GetObjectTagging",
        PutObjectTagging="PutObjectTagging",
        DeleteObjectTagging="DeleteObjectTagging",
    ),
    **_on(
        "bucket",
        ListObjects="ListBucket",
        ListObjectsV2="ListBucket",
        HeadBucket="ListBucket",
        ListObjectVersions="ListBucketVersions",
        ListMultipartUploads="ListBucketMultipartUploads",
        CreateBucket="CreateBucket",
        DeleteBucket="DeleteBucket",
        GetBucketLocation="GetBucketLocation",
        GetBucketVersioning="GetBucketVersioning",
        PutBucketVersioning="PutBucketVersioning",
        GetBucketPolicy="GetBucketPolicy",
        PutBucketPolicy="PutBucketPolicy",
        DeleteBucketPolicy="DeleteBucketPolicy",
        GetBucketTagging="GetBucketTagging",
        PutBucketTagging="PutBucketTagging",
    ),
}
"""By operation. With a version id the action ends in `Version`; DeleteObjects needs DeleteObject on each object."""

REGISTRY_ACTIONS: Mapping[tuple[str, str], str] = {
    ("manifests", "GET"): "BatchGetImage",
    ("manifests", "HEAD"): "BatchGetImage",
    ("manifests", "PUT"): "PutImage",
    ("blobs", "GET"): "GetDownloadUrlForLayer",
    ("blobs", "HEAD"): "BatchCheckLayerAvailability",
    ("uploads", "POST"): "InitiateLayerUpload",
    ("uploads", "PATCH"): "UploadLayerPart",
    ("uploads", "PUT"): "CompleteLayerUpload",
    ("uploads", "GET"): "UploadLayerPart",
    ("uploads", "DELETE"): "UploadLayerPart",
    ("tags", "GET"): "ListImages",
}
"""The action that a call of the registry API needs, by its path and method.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html (push) and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html (pull). Read 2026-11.
"""

LAYER_READER = "arn:{partition}:sts::{owner}:assumed-role/storage-access-role-prod-{region}/layers"
"""Who signs ECR's layer requests to S3: a role of an account of AWS's own, as AccessDenied messages in accounts show it
(User: arn:aws:sts::812812325446:assumed-role/storage-access-role-prod-us-west-2/...). So no condition on one's own
account lets a layer through an S3 endpoint."""
LAYER_OWNER = "812812325446"
LAYER_SOURCE = Source("AccessDenied messages of image pulls behind S3 gateway endpoints, public reports", "2026-11")
