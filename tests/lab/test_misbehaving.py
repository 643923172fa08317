"""Hostile images and tasks that misbehave do not hurt the lab: it answers, and hello serves, all the while.

Words: ECS developer guide, "CannotPullContainer task errors", "Troubleshooting Amazon ECS OutOfMemoryError errors" and
"Amazon ECS stopped tasks error messages"; exit codes: 128 and the signal's number. Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

EXITED = ("EssentialContainerExited", "Essential container in task exited")
PARTS = ("forks", "disk", "memory", "flood", "stubborn", "grandchildren", "closed", "at_once")


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_misbehaving.py")
    return found


@pytest.mark.parametrize("part", PARTS)
def test_meanwhile_the_lab_answers_and_hello_serves(seen: dict[str, Any], part: str) -> None:
    assert seen[part]["meanwhile"] == {"served": [True, True], "problems": []}


def end(seen: dict[str, Any], part: str) -> tuple[tuple[str, str], int | None, str | None]:
    ended = seen[part]["ended"]
    return (ended["code"], ended["reason"]), ended["exit"], ended["container"]


def test_forks_without_end(seen: dict[str, Any]) -> None:
    killed = (EXITED, 137, "natless lab: killed with more than 4000 processes and threads")
    if seen["root"]:
        assert end(seen, "forks") == killed
    else:
        # The kernel's own limit may hold them until somebody stops the task.
        assert end(seen, "forks") == killed or end(seen, "forks")[0] == ("UserInitiated", "seen")


def test_a_disk_that_is_filled(seen: dict[str, Any]) -> None:
    assert end(seen, "disk") == (EXITED, 6, None)
    assert seen["disk"]["ended"]["full"]


def test_more_memory_than_the_task_has(seen: dict[str, Any]) -> None:
    assert end(seen, "memory") == (EXITED, 137, "OutOfMemoryError: Container killed due to memory usage")


def test_a_flood_of_lines(seen: dict[str, Any]) -> None:
    assert end(seen, "flood") == (("UserInitiated", "seen"), 137, None)
    assert seen["flood"]["ended"]["some"]
    assert seen["flood"]["ended"]["memory"], "what waits, and what the account keeps, is bounded"


def test_sigterm_ignored(seen: dict[str, Any]) -> None:
    assert end(seen, "stubborn") == (("UserInitiated", "seen"), 137, None)
    assert seen["stubborn"]["ended"]["seconds"] >= 3, "its stopTimeout"


def test_grandchildren_end_with_the_container(seen: dict[str, Any]) -> None:
    assert end(seen, "grandchildren") == (EXITED, 3, None)
    assert seen["grandchildren"]["ended"]["left"] == []


def test_streams_closed_and_an_end_at_once(seen: dict[str, Any]) -> None:
    assert end(seen, "closed") == (EXITED, 4, None)
    assert end(seen, "at_once") == (EXITED, 0, None)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("traversal", r"\"\.\./\S+/tmp/natless-escaped\" is outside of the image's root"),
        ("hard link", r"\"\.\./\S+/etc/passwd\" is outside of the image's root"),
        ("deep", r"\"d/d/\S+\.\.\.\": file name too long"),
        ("links in circles", r"\"a\": too many levels of symbolic links"),
        ("no archive", r"archive/tar: invalid tar header: .*"),
    ],
)
def test_hostile_images_are_refused_in_ecs_words(seen: dict[str, Any], image: str, said: str) -> None:
    code, reason = seen["hostile"][image]
    assert code == "TaskFailedToStart"
    pulled = r"CannotPullContainerError: ref pull has been retried 1 time\(s\): "
    assert re.fullmatch(f"{pulled}failed to extract layer sha256:[0-9a-f]{{64}}: {said}", reason), reason


def test_of_hostile_images_nothing_is_left_and_nothing_went_out(seen: dict[str, Any]) -> None:
    assert seen["hostile"]["left"] == [1, []], "hello's image alone"
    assert seen["hostile"]["pulls"] == []
    assert seen["hostile"]["outside"] == []
