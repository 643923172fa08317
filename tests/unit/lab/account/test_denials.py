"""What a denial says: action, resource and reason, in each service's protocol.

Expected: actions and resources from the Service Authorization Reference; texts from the IAM user guide, "Troubleshoot
access denied error messages", and as they stand in accounts (logs' empty stream, SQS's lower case, SNS's capitals, S3's
quotation marks); error codes from the services' API references.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

REGION, ACCOUNT = "ap-northeast-2", "123456789012"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role"


@pytest.fixture(scope="module")
def nobody(roles: Any) -> Callable[..., Any]:
    """Give clients of a role that may do nothing."""
    roles.make("nobody")
    keys = roles.session("nobody")
    return lambda service, endpoint="": roles.client(keys, service, endpoint)


@pytest.mark.parametrize(
    ("service", "call", "asked", "code", "action", "resource"),
    [
        ("ecr", "get_authorization_token", {}, "AccessDeniedException", "ecr:GetAuthorizationToken", "*"),
        (
            "ecr",
            "batch_get_image",
            {"repositoryName": "hello/web", "imageIds": [{"imageTag": "v1"}]},
            "AccessDeniedException",
            "ecr:BatchGetImage",
            f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/hello/web",
        ),
        (
            "ecr",
            "describe_repositories",
            {},
            "AccessDeniedException",
            "ecr:DescribeRepositories",
            f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*",
        ),
        (
            "logs",
            "create_log_stream",
            {"logGroupName": "/ecs/x", "logStreamName": "web/web/1"},
            "AccessDeniedException",
            "logs:CreateLogStream",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/x:log-stream:web/web/1",
        ),
        (
            "logs",
            "describe_log_groups",
            {},
            "AccessDeniedException",
            "logs:DescribeLogGroups",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group::log-stream:",
        ),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "none"},
            "AccessDeniedException",
            "secretsmanager:GetSecretValue",
            f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:none",
        ),
        (
            "ssm",
            "get_parameters",
            {"Names": ["prod"]},
            "AccessDeniedException",
            "ssm:GetParameters",
            f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/prod",
        ),
        (
            "ssm",
            "get_parameters_by_path",
            {"Path": "/prod"},
            "AccessDeniedException",
            "ssm:GetParametersByPath",
            f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/prod",
        ),
        (
            "sts",
            "assume_role",
            {"RoleArn": f"{ROLE}/none", "RoleSessionName": "s1"},
            "AccessDenied",
            "sts:AssumeRole",
            f"{ROLE}/none",
        ),
        (
            "dynamodb",
            "query",
            {"TableName": "orders", "IndexName": "by-day"},
            "AccessDeniedException",
            "dynamodb:Query",
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/index/by-day",
        ),
        (
            "dynamodb",
            "batch_get_item",
            {"RequestItems": {"orders": {"Keys": [{"id": {"S": "1"}}]}}},
            "AccessDeniedException",
            "dynamodb:BatchGetItem",
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders",
        ),
        (
            "dynamodb",
            "transact_write_items",
            {"TransactItems": [{"Put": {"TableName": "orders", "Item": {"id": {"S": "1"}}}}]},
            "AccessDeniedException",
            "dynamodb:PutItem",
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders",
        ),
        (
            "sqs",
            "send_message_batch",
            {"QueueUrl": f"{QUEUE}/jobs", "Entries": [{"Id": "1", "MessageBody": "x"}]},
            "AccessDenied",
            "sqs:sendmessage",
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs",
        ),
        (
            "sns",
            "publish",
            {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:news", "Message": "x"},
            "AuthorizationError",
            "SNS:Publish",
            f"arn:aws:sns:{REGION}:{ACCOUNT}:news",
        ),
        ("kms", "list_keys", {}, "AccessDeniedException", "kms:ListKeys", "*"),
        (
            "ecs",
            "describe_tasks",
            {"cluster": "lab", "tasks": ["0123"]},
            "AccessDeniedException",
            "ecs:DescribeTasks",
            f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/lab/0123",
        ),
        (
            "ecs",
            "update_service",
            {"service": "hello"},
            "AccessDeniedException",
            "ecs:UpdateService",
            f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/default/hello",
        ),
        (
            "s3",
            "get_object",
            {"Bucket": "orders", "Key": "a/b"},
            "AccessDenied",
            "s3:GetObject",
            '"arn:aws:s3:::orders/a/b"',
        ),
        (
            "s3",
            "get_object",
            {"Bucket": "orders", "Key": "a", "VersionId": "1"},
            "AccessDenied",
            "s3:GetObjectVersion",
            '"arn:aws:s3:::orders/a"',
        ),
        ("s3", "list_objects_v2", {"Bucket": "orders"}, "AccessDenied", "s3:ListBucket", '"arn:aws:s3:::orders"'),
        (
            "s3",
            "delete_objects",
            {"Bucket": "orders", "Delete": {"Objects": [{"Key": "a&b"}]}},
            "AccessDenied",
            "s3:DeleteObject",
            '"arn:aws:s3:::orders/a&b"',
        ),
    ],
)
def test_a_denial_names_the_action_and_the_resource(
    nobody: Any, refusal: Any, *, service: str, call: str, asked: Any, code: str, action: str, resource: str
) -> None:
    said = refusal(getattr(nobody(service), call), **asked)
    kind = "role trust policy" if call == "assume_role" else "identity-based policy"
    end = f"because no {kind} allows the {action} action"
    assert said == (code, f"{WHO}/nobody/s1 is not authorized to perform: {action} on resource: {resource} {end}")


def test_denials_that_name_no_resource_or_say_more(nobody: Any, refusal: Any) -> None:
    code, said = refusal(nobody("s3").list_buckets)
    assert (code, said.partition("perform: ")[2].partition(" because")[0]) == ("AccessDenied", "s3:ListAllMyBuckets")
    code, said = refusal(nobody("ec2").describe_vpcs)
    assert code == "UnauthorizedOperation"
    assert said.startswith("You are not authorized to perform this operation. User: arn:aws:sts::")


@pytest.mark.parametrize(
    ("service", "call", "asked"),
    [
        ("lambda", "list_functions", {}),
        ("ec2", "create_key_pair", {"KeyName": "mine"}),
        ("s3", "get_bucket_acl", {"Bucket": "orders"}),
        ("secretsmanager", "batch_get_secret_value", {"SecretIdList": ["prod"]}),
        ("dynamodb", "execute_statement", {"Statement": "SELECT * FROM orders"}),
    ],
)
def test_what_cannot_be_derived_is_refused_even_to_who_may_do_everything(
    roles: Any, refusal: Any, *, service: str, call: str, asked: Any
) -> None:
    name = f"all-{service}"
    roles.make(name, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    _, said = refusal(getattr(roles.client(roles.session(name), service), call), **asked)
    assert "because the lab cannot tell which resources it needs (docs/coverage.md" in said
