"""boto3 in a task, by its role and past endpoints with policies; and tasks that a role or an endpoint lets not start.

Expected texts: IAM user guide, "Troubleshoot access denied error messages"; ECS's around them as in test_tasks.py, and
"ECS was unable to assume the role" from the ECS developer guide, service event messages. A pull without
ecr:BatchCheckLayerAvailability starts: AWS's managed policy AmazonEC2ContainerRegistryPullOnly does without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

REGION, ACCOUNT = "ap-northeast-2", "123456789012"
PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed:"
REGISTRY = f"{PULL} unable to retrieve ecr registry auth: service call has been retried 1 time(s):"
MANIFEST = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref"
LAYER = "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open:"
LOGS = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times:"
ASSUME = f"ECS was unable to assume the role 'arn:aws:iam::{ACCOUNT}:role/"


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_access.py")
    return found


@pytest.fixture
def calls(seen: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = seen["calls"]
    return found


def refusal(calls: dict[str, Any], action: str, resource: str, end: str) -> str:
    return f"User: {calls['who']} is not authorized to perform: {action} on resource: {resource} {end}"


def test_what_the_role_allows_works(calls: dict[str, Any]) -> None:
    task = calls["arn"].rpartition("/")[2]
    assert calls["who"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/task/{task}"
    assert (calls["put"], calls["get"], calls["list"]) == (True, 100_000, True)
    assert (calls["send"], calls["item"], calls["back"]) == (True, True, {"id": {"S": "1"}})
    assert (calls["secret"], calls["parameter"]) == ("the secret", "the value")
    assert calls["tasks"] == [calls["arn"]], "allowed to who comes by the VPC's endpoint"


@pytest.mark.parametrize(
    ("asked", "code", "action", "resource"),
    [
        ("send elsewhere", "AccessDenied", "sqs:sendmessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:others"),
        (
            "delete",
            "AccessDeniedException",
            "dynamodb:DeleteTable",
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders",
        ),
        ("publish", "AuthorizationError", "SNS:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:news"),
        ("keys", "AccessDeniedException", "kms:ListKeys", "*"),
        (
            "groups",
            "AccessDeniedException",
            "logs:DescribeLogGroups",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group::log-stream:",
        ),
    ],
)
def test_what_the_role_does_not_allow_is_denied_by_name(
    calls: dict[str, Any], asked: str, code: str, action: str, resource: str
) -> None:
    end = f"because no identity-based policy allows the {action} action"
    assert calls[asked] == [code, refusal(calls, action, resource, end)]


def test_what_an_endpoint_does_not_allow_is_denied_by_its_policy(calls: dict[str, Any]) -> None:
    end = "because no VPC endpoint policy allows the {} action"
    queue, bucket = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs", '"arn:aws:s3:::orders-others/a"'
    action = "sqs:receivemessage"
    assert calls["receive"] == ["AccessDenied", refusal(calls, action, queue, end.format(action))]
    action = "s3:GetObject"
    assert calls["other bucket"] == ["AccessDenied", refusal(calls, action, bucket, end.format(action))]


def test_a_service_without_an_endpoint_is_silence(calls: dict[str, Any]) -> None:
    assert calls["no endpoint"].startswith("ConnectTimeoutError")


def test_a_task_knows_itself_and_no_other(calls: dict[str, Any]) -> None:
    assert calls["given"] == [
        "AWS_CA_BUNDLE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "ECS_CONTAINER_METADATA_URI_V4",
    ]
    task, container = calls["task"], calls["container"]
    assert (task["TaskARN"], task["Family"], task["Revision"]) == (calls["arn"], "calls", "1")
    assert task["Limits"] == {"CPU": 0.25, "Memory": 512}
    assert (task["KnownStatus"], task["LaunchType"], task["VPCID"]) == ("RUNNING", "FARGATE", calls["vpc"])
    assert task["Containers"] == [container]
    assert (container["Name"], container["KnownStatus"], container["LogDriver"]) == ("web", "RUNNING", "awslogs")
    assert container["Networks"][0]["NetworkMode"] == "awsvpc"
    assert container["Networks"][0]["IPv4SubnetCIDRBlock"] == "10.0.1.0/24"
    code, said = calls["another's credentials"]
    assert (code, said["code"]) == (400, "InvalidIdInRequest")
    assert calls["another's container"][0] == 404


@pytest.mark.parametrize(
    ("start", "begins", "ends"),
    [
        (
            "role without ecr:GetAuthorizationToken",
            f"{REGISTRY} AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/without-0/",
            "on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
        ),
        ("role without ecr:BatchGetImage", MANIFEST, ": 403 Forbidden"),
        (
            "role without ecr:GetDownloadUrlForLayer",
            f"{LAYER} unexpected status code https://{ACCOUNT}.dkr",
            ": 403 Forbidden",
        ),
        (
            "role without logs:CreateLogStream",
            f"{LOGS} failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:",
            "because no identity-based policy allows the logs:CreateLogStream action",
        ),
        ("role without ecr:BatchCheckLayerAvailability", "RUNNING", "RUNNING"),
        ("execution role untrusted", f"{ASSUME}untrusted' that was provided for this task.", "pass this role."),
        ("task role missing", f"{ASSUME}none' that was provided for this task.", "pass this role."),
        (
            "endpoint ecr.api",
            f"{REGISTRY} AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/execution/",
            "because no VPC endpoint policy allows the ecr:GetAuthorizationToken action",
        ),
        ("endpoint ecr.dkr", MANIFEST, ": 403 Forbidden"),
        (
            "endpoint s3",
            f"{LAYER} unexpected status code https://prod-{REGION}-starport-layer-bucket.s3",
            ": 403 Forbidden",
        ),
        (
            "endpoint logs",
            f"{LOGS} failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:",
            "because no VPC endpoint policy allows the logs:CreateLogStream action",
        ),
    ],
)
def test_why_a_task_did_not_start(seen: dict[str, Any], start: str, begins: str, ends: str) -> None:
    said = seen["starts"][start]
    assert said.startswith(begins)
    assert said.removesuffix(" : exit status 1").partition(" status code: 400, request id: ")[0].endswith(ends)


def test_no_key_is_told_in_any_log(seen: dict[str, Any]) -> None:
    assert seen["secrets in the logs"] == []
