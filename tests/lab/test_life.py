"""A deployment's life by the commands that a person types: interrupted, run again, changed, rolled back, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_life.py")
    return found


def test_interrupted_in_the_middle_the_next_deploy_waits_and_ends_well(seen: dict[str, Any]) -> None:
    interrupted = seen["interrupted"]
    assert interrupted["code"] == 4
    assert interrupted["said"].startswith("natless: interrupted: what was begun goes on")
    assert interrupted["meanwhile"] == "CREATE_IN_PROGRESS"
    assert interrupted["again"] == [0, True, "ok"]


def test_one_more_task_runs_and_is_stopped(seen: dict[str, Any]) -> None:
    code, said = seen["ran"]["whole"]
    assert code == 0
    assert "RUNNING" in said
    assert said.endswith("it ran, and is stopped again\n")
    # RunTask by the service's capacity provider strategy.
    assert seen["ran"]["last"] == {
        "capacityProviderName": "FARGATE",
        "launchType": "FARGATE",
        "stoppedReason": "natless run has seen it run",
    }


def test_one_more_task_says_what_ecs_says_where_s3_is_away(seen: dict[str, Any]) -> None:
    code, said = seen["ran"]["broken"]
    assert code == 4
    assert "natless: CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy:" in said
    assert said.endswith(":443: i/o timeout\n")
    assert seen["ran"]["mended"][0] == 0


def test_status_gives_the_page_that_this_host_leads_to_it(seen: dict[str, Any]) -> None:
    assert seen["changed"]["url"] == [f"url {seen['changed']['deployed']}"]


def test_a_service_that_is_not_there_is_answered_with_those_that_are(seen: dict[str, Any]) -> None:
    code, said = seen["changed"]["nobody"]
    assert code == 4
    assert "has no service nobody: it has web" in said


def test_an_edited_page_and_another_size_are_deployed_to_the_same_stack(seen: dict[str, Any]) -> None:
    assert seen["changed"]["page"] == [0, "second", "UPDATE_COMPLETE"]
    assert seen["changed"]["size"] == [0, "second", "UPDATE_COMPLETE"]


def test_what_cannot_start_leaves_the_old_tasks_serving(seen: dict[str, Any]) -> None:
    assert seen["changed"]["broken"] == [4, True, "second"]
    assert seen["changed"]["mended"] == [0, "third", "UPDATE_COMPLETE"]


def test_a_creation_that_was_rolled_back_is_cleaned_up_by_the_next(seen: dict[str, Any]) -> None:
    assert seen["destroyed"] == [0, ""]
    assert seen["rolled back"]["before"] == "ROLLBACK_COMPLETE"
    assert seen["rolled back"]["after"] == [0, True, "CREATE_COMPLETE", "DELETE_COMPLETE"]
