"""Several services of one natless.toml on a real lab: requests told apart, a worker that nothing leads to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    program = Path(__file__).with_name("scenario_several.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_stack_of_one_service_takes_two_more_and_tells_requests_apart(seen: dict[str, Any]) -> None:
    assert seen["one"] == 0
    found = seen["three"]
    assert (found["code"], found["site"], found["api"]) == (0, "ok", "the api")
    assert seen["running"] == {"hello-api": 1, "hello-store": 1, "hello-web": 1, "hello-worker": 1}


def test_every_need_of_every_service_is_proved_of_what_stands(seen: dict[str, Any]) -> None:
    found = seen["three"]
    assert found["check"] == 0
    assert found["needs"].pop("task->internet") == ["blocked"]
    assert {tuple(words) for words in found["needs"].values()} == {("reachable",)}


def test_the_worker_works_and_can_be_started_once_more(seen: dict[str, Any]) -> None:
    assert "at work" in seen["logs"]
    assert seen["run"] == 0
    assert seen["plan"] == 0, "nothing is left to do"


def test_a_private_service_answers_whom_it_is_called_by_and_nobody_else(seen: dict[str, Any]) -> None:
    found = seen["calls"]
    code, said = found["caller"]
    assert (code, "kept apart" in said) == (0, True), said
    code, said = found["other"]
    assert code != 0
    assert "kept apart" not in said
    # Its name is no secret in the VPC: the group is what keeps others out.
    [address] = found["addresses"]
    assert address in found["named"]
    assert "calls:store" in seen["checked"]


def test_a_service_that_is_taken_out_goes_and_the_others_stay(seen: dict[str, Any]) -> None:
    assert seen["two"] == 0
    assert seen["then"] == {"hello-api": 1, "hello-store": 1, "hello-web": 1}
    code, said = seen["destroyed"]
    assert code == 0, said
