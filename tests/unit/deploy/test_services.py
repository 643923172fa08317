"""Services as ECS describes them, and when their tasks are given up. Texts from aws/copilot-cli #5167 and #5927."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from natless.deploy import services
from natless.deploy.fatal import fatal_start, in_its_own_words
from natless.deploy.services import DeploymentStatus, ServiceName, ServiceStatus, TaskStatus

AT = datetime(2026, 11, 24, tzinfo=UTC)
TIMEOUT = (
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from "
    "Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. "
    'RequestError: send request failed caused by: Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp '
    "10.0.0.7:443: i/o timeout"
)
NOT_FOUND = 'CannotPullContainerError: ref pull has been retried 1 time(s): failed to resolve ref "x": x: not found'


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("arn:aws:ecs:eu-west-1:123456789012:service/hello/web-1", ServiceName("hello", "web-1")),
        ("arn:aws:ecs:eu-west-1:123456789012:service/web-1", ServiceName("given", "web-1")),
        ("web-1", ServiceName("given", "web-1")),
    ],
)
def test_names_of_services(identifier: str, expected: ServiceName) -> None:
    assert services.named(identifier, "given") == expected


def service(*tasks: TaskStatus, deployment: str = "ecs-svc/2") -> ServiceStatus:
    primary = DeploymentStatus(deployment, "PRIMARY", "IN_PROGRESS", "", "web:2", 1, 0, 0)
    return ServiceStatus("hello", "web", "ACTIVE", 1, 0, 0, (primary,), tasks, (), balanced=True, events=())


def stopped(number: int, reason: str, deployment: str = "ecs-svc/2", definition: str = "web:2") -> TaskStatus:
    return TaskStatus(str(number), "STOPPED", "", "10.0.0.9", "", definition, deployment, reason, AT)


def test_one_silence_may_be_too_early_and_two_are_not() -> None:
    assert fatal_start(service(stopped(1, TIMEOUT))) is None
    fatal = fatal_start(service(stopped(1, TIMEOUT), stopped(2, TIMEOUT)))
    assert fatal is not None
    assert (fatal.task, fatal.cause) == ("1", TIMEOUT)


def test_a_refusal_is_fatal_at_once() -> None:
    fatal = fatal_start(service(stopped(1, NOT_FOUND)))
    assert fatal is not None
    assert fatal.meaning.startswith("The registry answered")


def test_tasks_of_other_deployments_do_not_count() -> None:
    old = [stopped(number, TIMEOUT, "ecs-svc/1", "web:1") for number in (1, 2)]
    assert fatal_start(service(*old)) is None
    mine = [stopped(number, TIMEOUT) for number in (1, 2)]
    assert fatal_start(service(*mine), frozenset({"ecs-svc/2"})) is None
    by_definition = [stopped(number, TIMEOUT, "", "web:2") for number in (1, 2)]
    assert fatal_start(service(*by_definition)) is not None


def test_a_scaled_down_task_is_no_failure() -> None:
    reason = "Scaling activity initiated by (deployment ecs-svc/2)"
    assert fatal_start(service(stopped(1, reason), stopped(2, reason))) is None


SICK = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/g/1)"
EXITED = "Essential container in task exited; web exited with 1"
DENIED = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable "
    "to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:x from secrets "
    "manager: AccessDeniedException: User: r is not authorized to perform: secretsmanager:GetSecretValue"
)
PLATFORM = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain "
    "descriptor matching platform 'linux/amd64'"
)


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        (DENIED, "Secrets Manager refused"),
        (PLATFORM, "The image was built for another CPU architecture"),
        (NOT_FOUND, "The registry answered: it has no such image"),
    ],
)
def test_what_waiting_does_not_mend_is_fatal_at_the_first_task(reason: str, meaning: str) -> None:
    fatal = fatal_start(service(stopped(1, reason)))
    assert fatal is not None
    assert fatal.cause == reason
    assert fatal.meaning.startswith(meaning)


def test_one_exit_may_be_an_accident_and_two_are_not() -> None:
    assert fatal_start(service(stopped(1, EXITED))) is None
    fatal = fatal_start(service(stopped(1, EXITED), stopped(2, EXITED)))
    assert fatal is not None
    assert (fatal.stage, fatal.cause) == ("exit", EXITED)


def test_a_wrong_answer_is_fatal_at_once_and_a_silence_at_the_second_task() -> None:
    assert fatal_start(service(stopped(1, SICK))) is None
    silent = fatal_start(service(stopped(1, SICK), stopped(2, SICK)))
    assert silent is not None
    assert (silent.stage, silent.cause) == ("health", SICK)
    said = "Health checks failed with these codes: [500]"
    wrong = fatal_start(service(stopped(1, SICK)), frozenset(), {"10.0.0.9": said})
    assert wrong is not None
    assert wrong.sentence == f"web: tasks do not pass their health checks: {SICK}: {said}"


def test_the_containers_last_words_are_the_cause_and_the_kernels_before_others() -> None:
    fatal = fatal_start(service(stopped(1, EXITED), stopped(2, EXITED)))
    assert fatal is not None
    assert in_its_own_words(fatal, ("a", "no DATABASE_URL")).cause == f"{EXITED}: no DATABASE_URL"
    wrong = in_its_own_words(fatal, ("exec /web: exec format error", "bye"))
    assert wrong.cause == f"{EXITED}: exec /web: exec format error"
    assert wrong.meaning.startswith("The image was built for another CPU architecture")
    assert in_its_own_words(fatal, ()) == fatal


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"stoppedReason": TIMEOUT}, TIMEOUT),
        # The EC2 launch type gives the pull error to the container only.
        ({"stoppedReason": "Task failed to start", "containers": [{"name": "web", "reason": NOT_FOUND}]}, NOT_FOUND),
        (
            {
                "stoppedReason": "Essential container in task exited",
                "containers": [{"name": "web", "exitCode": 137, "reason": "OutOfMemoryError: killed"}],
            },
            "Essential container in task exited; OutOfMemoryError: killed; web exited with 137",
        ),
        ({}, ""),
    ],
)
def test_why_a_task_stopped(task: dict[str, Any], expected: str) -> None:
    assert services.stop_reason(task) == expected


def test_a_service_that_is_gone_is_none(script: Any) -> None:
    script.say("ecs", "describe_services", {"services": [{"status": "INACTIVE"}]})
    assert services.read(script.connect, ServiceName("hello", "web")) is None
