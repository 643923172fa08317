"""Tasks, whole: from the service's desired count to a page, and ECS's words for each leg that is cut.

Expected texts: aws/copilot-cli #5927, doctorray117/minecraft-ondemand #74 and #12, Releem/releem-agent #195,
hashicorp/terraform-provider-aws #33044, deepfence/terraform-aws-cloud-scanner #13, aws/aws-cdk #12720;
the addresses are the stage's.
"""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

PULL = "ResourceInitializationError: unable to pull secrets or registry auth:"
FILES = "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
RETRIEVAL = f"{PULL} execution resource retrieval failed:"
HOST = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"


@pytest.fixture(scope="module")
def seen(apart: Callable[[str], Any]) -> dict[str, Any]:
    """What the scenario saw, in namespaces where the only user is root of none but its own."""
    found: dict[str, Any] = apart("scenario_tasks.py")
    return found


def test_a_service_reaches_its_desired_count_and_answers(seen: dict[str, Any]) -> None:
    healthy = seen["healthy"]
    assert healthy["pages"] == ["page of natless\n"] * 2
    assert healthy["states"] == ["RUNNING", "RUNNING"]
    assert healthy["counts"] == [2, 0, 2]
    assert healthy["rollout"] == "COMPLETED"
    assert healthy["subnets"], "one task in each subnet"
    assert healthy["events"][0] == "(service hello) has reached a steady state."
    assert healthy["events"][-1].startswith("(service hello) has started 2 tasks: (task ")
    assert all("attachment/" in each for each in healthy["descriptions"])


def test_lines_reach_the_log_group_with_the_secret_among_them(seen: dict[str, Any]) -> None:
    lines = seen["healthy"]["lines"]
    assert lines.count("the secret is postgres://x") == 2
    assert "hello from natless on ip-10-0-10-4.ap-northeast-2.compute.internal" in lines


def test_a_file_of_variables_fills_in_what_the_definition_leaves_open(seen: dict[str, Any]) -> None:
    assert seen["healthy"]["lines"].count("the file says this and natless") == 2


def test_a_container_is_kept_to_itself(seen: dict[str, Any]) -> None:
    lines = seen["healthy"]["lines"]
    assert "NoNewPrivs:\t1" in lines
    # chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot, setfcap
    assert "CapEff:\t00000000800405fb" in lines
    assert "3" in lines, "it sees its own three processes and no others"


def test_another_user_than_root(seen: dict[str, Any]) -> None:
    assert seen["deleted"]["user"].startswith("uid=1000 gid=1000")


def test_a_stopped_task_leaves_by_sigterm_and_is_replaced(seen: dict[str, Any]) -> None:
    assert seen["stopped"] == {
        "code": "UserInitiated",
        "reason": "tried by hand",
        "exit": 0,
        "said": ["leaving"],
    }


@pytest.mark.parametrize(
    ("leg", "start", "end"),
    [
        (
            "token",
            (
                f"{PULL} The task cannot pull registry auth from Amazon ECR: There is a connection issue between "
                "the task and Amazon ECR. Check your task network configuration. RequestError: send request failed "
                "caused by: Post "
            ),
            '"https://api.ecr.ap-northeast-2.amazonaws.com/": dial tcp 52.95.1.1:443: i/o timeout',
        ),
        (
            "manifest",
            (
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
                f"{HOST}/hello:v1: failed to do request: Head "
            ),
            f'"https://{HOST}/v2/hello/manifests/v1": dial tcp 52.95.1.2:443: i/o timeout',
        ),
        (
            "layers",
            (
                "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed "
                'open: failed to do request: Get "https://prod-ap-northeast-2-starport-layer-bucket.s3.ap-northeast-2'
            ),
            ": dial tcp 3.5.140.1:443: i/o timeout",
        ),
        (
            "logs",
            (
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                "failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post "
            ),
            "dial tcp 52.95.1.3:443: i/o timeout : exit status 1",
        ),
        (
            "asm",
            (
                f"{RETRIEVAL} unable to retrieve secret from asm: service call has been retried 5 time(s): failed to "
                "fetch secret arn:aws:secretsmanager:"
            ),
            "dial tcp 52.95.1.4:443: i/o timeout. Please check your task network configuration.",
        ),
        (
            "ssm",
            f"{RETRIEVAL} unable to retrieve secrets from ssm: service call has been retried 5 time(s): RequestError",
            "dial tcp 52.95.1.5:443: i/o timeout. Please check your task network configuration.",
        ),
        (
            "names",
            f"{PULL} The task cannot pull registry auth from Amazon ECR:",
            "->10.0.0.2:53: i/o timeout",
        ),
        ("no key", f"{RETRIEVAL} unable to retrieve secret from asm:", ")"),
        ("no parameter", f"{RETRIEVAL} unable to retrieve secrets from ssm:", "invalid parameters: /none"),
        ("files", FILES, "RequestCanceled: request context canceled caused by: context deadline exceeded"),
        ("closed file", f"{FILES}AccessDenied: ", ""),
        # S3 says that an object is not there only to who may list the bucket.
        ("no file", f"{FILES}AccessDenied: ", ""),
        (
            "no group",
            (
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does "
                "not exist"
            ),
            ": exit status 1",
        ),
        ("no tag", "CannotPullContainerError: ", f"{HOST}/hello:none: not found"),
        ("no repository", "CannotPullContainerError: ", f"{HOST}/none:v1: not found"),
        (
            "public image",
            (
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
                "docker.io/library/nginx:latest: "
            ),
            "no such host",
        ),
        ("no command", "CannotStartContainerError: ", "executable file not found in $PATH: unknown"),
        ("exits", "Essential container in task exited", "Essential container in task exited"),
    ],
)
def test_what_ecs_says_of_a_broken_leg(seen: dict[str, Any], leg: str, start: str, end: str) -> None:
    reason = seen["failures"][leg]
    assert reason.startswith(start)
    assert reason.endswith(end)


def test_a_one_off_task_runs_to_its_end(seen: dict[str, Any]) -> None:
    assert seen["one-off"] == {
        "first": "PROVISIONING",
        "group": "family:hello",
        "exit": 7,
        "code": "EssentialContainerExited",
        "said": ["once"],
    }


def test_the_circuit_breaker_opens_at_three(seen: dict[str, Any]) -> None:
    breaker = seen["breaker"]
    assert breaker["reason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert breaker["failed"] >= 3
    assert breaker["event"].endswith("deployment failed: tasks failed to start.")


def test_a_deleted_service_leaves_nothing(seen: dict[str, Any]) -> None:
    deleted = seen["deleted"]
    assert deleted["inactive"]
    assert (deleted["interfaces"], deleted["folders"], deleted["pulls"]) == (0, [], [])
