"""ECS Exec: what a person sees, and what ECS says.

Texts: fabfuel/ecs-deploy #193 (not enabled), aws-containers/amazon-ecs-exec-checker #43 (not connected), boto/boto3
#3173 (RunTask without a role). That the agent needs the four actions and the endpoint: ECS developer guide, "Monitor
Amazon ECS containers with ECS Exec".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

REFUSED = (
    "An error occurred (InvalidParameterException) when calling the {call} operation: The execute command failed"
    " because"
)
NOT_ENABLED = REFUSED.format(call="ExecuteCommand") + (
    " execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try"  # noqa: RUF001 - as ECS writes it
    " again or run a new task with execute command enabled and try again."
)
NOT_CONNECTED = (
    "An error occurred (TargetNotConnectedException) when calling the ExecuteCommand operation: The execute command"
    " failed due to an internal error. Try again later."
)
TASK_WITHOUT_ROLE = REFUSED.format(call="RunTask") + (
    " a valid task role is not being used. Specify a valid task role in your task definition or as a task override and"
    " try again."
)


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_exec.py")
    return found


def test_a_task_that_was_started_without_it_says_what_to_write(seen: dict[str, Any]) -> None:
    assert (seen["deploy without"], seen["deploy"]) == (0, 0)
    code, said = seen["off"]
    assert code == 4
    assert "was started without ECS Exec" in said
    assert "exec = true under [services.web]" in said
    assert seen["off, by the API"] == NOT_ENABLED


def test_a_command_runs_in_the_container(seen: dict[str, Any]) -> None:
    assert seen["agents"] == ["ExecuteCommandAgent RUNNING"]
    code, said = seen["command"]
    assert code == 0, said
    host = f"ip-{seen['address'].replace('.', '-')}.ap-northeast-2.compute.internal"
    assert said.splitlines()[-3:] == ["hello there", host, "uid=0 gid=0"]


def test_a_one_off_task_has_it_where_it_is_asked_for(seen: dict[str, Any]) -> None:
    assert seen["one-off"] == {"said": "", "without a role": TASK_WITHOUT_ROLE}


def test_the_printed_role_opens_sessions_and_no_more(seen: dict[str, Any]) -> None:
    said = seen["by a role"]
    assert said["opened"] == said["running"]
    assert "is not authorized to perform: ecs:StopTask" in said["stop"]


def test_a_program_that_is_not_there(seen: dict[str, Any]) -> None:
    assert "Unable to start command: Failed to start pty: fork/exec /none: no such file or directory" in seen["none"][1]


def test_at_a_terminal(seen: dict[str, Any]) -> None:
    terminal = seen["terminal"]
    assert terminal["code"] == 0
    assert terminal["first"] == "40 120\r\n"
    assert "\r\n50 132\r\n" in terminal["said"], "the other size has come"
    assert terminal["restored"], "this terminal is as it was"


def test_who_leaves_takes_the_command_along(seen: dict[str, Any]) -> None:
    assert seen["hung up"] == []


def test_what_is_not_there_or_not_served(seen: dict[str, Any]) -> None:
    refused = seen["refused"]
    assert "The referenced task was not found." in refused["a task that is none"]
    assert "Interactive is the only mode supported currently." in refused["not interactive"]
    assert refused["another service"][1].endswith("the deployment hello has no service api: it has web\n")
    assert "has no running task 000" in refused["another task"][1]


@pytest.mark.parametrize(("taken", "gate"), [("no endpoint", "vpce-"), ("denied", "WebTaskRole")])
def test_what_the_agent_needs_is_met_and_proved(seen: dict[str, Any], taken: str, gate: str) -> None:
    assert seen[taken]["said"] == NOT_CONNECTED
    assert seen[taken]["verdict"] == "blocked"
    assert gate in seen[taken]["gate"]


def test_what_is_typed_then_says_where_to_look(seen: dict[str, Any]) -> None:
    code, said = seen["no endpoint"]["typed"]
    assert code == 4
    assert "TargetNotConnectedException: The execute command failed due to an internal error" in said
    assert "no connection to ssmmessages" in said
    assert (seen["mended"]["said"], seen["mended"]["verdict"]) == ("", "reachable")
