"""The lab comes up, answers, and goes without a trace, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_supervisor.py")
    return found


def test_up_gives_a_contact_when_main_is_ready(seen: dict[str, Any]) -> None:
    assert seen["contact"] == ["ready", {"region": "eu-west-1"}, "//127.0.0.1", True]
    assert seen["pid is the first process's"] == "natless-lab"
    assert seen["api"] == "ok"
    assert seen["log"] == "the house stands\n"


def test_inside_nothing_of_the_host_is_inherited(seen: dict[str, Any]) -> None:
    inside = seen["inside"]
    assert inside["uid"] == 0
    assert inside["environment"] == ["AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_SHARED_CREDENTIALS_FILE"]
    assert inside["descriptors"][0] == "/dev/null"
    assert inside["leaked"] == []
    assert inside["zombies"] == []


def test_control_answers_refuses_and_takes_sockets(seen: dict[str, Any]) -> None:
    running, unknown, failing, unfit = seen["refusals"]
    assert running == "a lab is already running"
    assert unknown == "the lab has no such command; it has accept, contact, down, fail, log, look"
    assert failing.startswith("ZeroDivisionError")
    assert unfit == "TypeError"
    assert seen["a socket handed over"] == "from host"


def test_without_a_lab_the_answer_says_how_to_start_one(seen: dict[str, Any]) -> None:
    assert seen["none"] == [None, "no lab is running: start one with `natless lab up`", False]


@pytest.mark.parametrize(
    "end",
    [
        "after down",
        "after kill -9 of the first process",
        "after kill -9 of the second process",
        "after failures",
    ],
)
def test_nothing_is_left(seen: dict[str, Any], end: str) -> None:
    assert seen["before"]["processes"] == seen["before"]["abstract sockets"] == seen["before"]["listening"] == 0
    assert seen[end] == seen["before"]


def test_up_works_again_at_once_after_kill(seen: dict[str, Any]) -> None:
    assert seen["up again at once, on the same port"] is True


def test_a_failed_start_says_why(seen: dict[str, Any]) -> None:
    assert seen["broken"] == "the lab could not start: the account cannot be read"
    assert seen["mute"] == "the lab could not start:\n(it said nothing)"
    assert seen["slow"] == "the lab was not ready after 2 s and was ended; its log:\nstill busy\n"
    assert seen["taken"] == "port N of 127.0.0.1 cannot be had: Address already in use; name another, or none"
    assert seen["deaf"] is True


def test_check_tells_a_kernel_that_serves_from_one_that_refuses(seen: dict[str, Any]) -> None:
    assert all(seen["check"].values()), seen["check"]
    name, said, line = seen["check refused"]
    assert name == "namespaces"
    assert said.startswith("the kernel refused: unshare: No space left on device")
    assert line == "sudo sysctl -w user.max_user_namespaces=15000"
    assert seen["up refused"].startswith("the lab could not start:\nthe kernel refused: unshare:")
