"""examples/jobs on a real lab: a job goes from the page through the queue to the table, and no role may do more.

Codes and words: IAM user guide, "Troubleshoot access denied error messages"; each service's own form of them as in
test_access.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_jobs.py")
    return found


def test_a_job_goes_from_the_page_through_the_queue_to_the_table(seen: dict[str, Any]) -> None:
    assert (seen["check"], seen["deploy"]) == (0, 0), seen.get("said")
    assert "<td>four words are &lt;here&gt;<td>4" in seen["page"]
    sent, done = (next(line for line in seen["logs"].splitlines() if f" {word} " in line) for word in ("sent", "done"))
    assert "web/" in sent
    assert "worker/" in done
    assert sent.rsplit(maxsplit=1)[-1] == done.rsplit(maxsplit=1)[-1]


def test_the_worker_may_do_what_it_uses_and_nothing_else(seen: dict[str, Any]) -> None:
    refused = [line for line in seen["forbidden"].splitlines() if line.startswith(("refused", "allowed"))]
    here = "arn:aws:{}:ap-northeast-2:123456789012:{}"
    expected = [
        ("AccessDenied", "sqs:sendmessage", here.format("sqs", "jobs")),
        ("AccessDenied", "sqs:getqueueurl", here.format("sqs", "others")),
        ("AccessDeniedException", "dynamodb:Scan", here.format("dynamodb", "table/jobs-done")),
        ("AccessDeniedException", "dynamodb:DeleteTable", here.format("dynamodb", "table/jobs-done")),
    ]
    assert len(refused) == len(expected), seen["forbidden"]
    for line, (code, action, resource) in zip(refused, expected, strict=True):
        assert line.startswith(f"refused {code} User: arn:aws:sts::123456789012:assumed-role/jobs-WorkerTaskRole")
        assert f"is not authorized to perform: {action} on resource: {resource} because" in line


def test_what_stands_is_proved_queue_and_table_too(seen: dict[str, Any]) -> None:
    found = {(task.split(":")[0], need): verdict for task, need, verdict in seen["verdicts"]}
    for task in ("jobs-web", "jobs-worker"):
        assert (found[task, "sqs"], found[task, "dynamodb"]) == ("reachable", "reachable")


def test_the_table_outlives_what_used_it(seen: dict[str, Any]) -> None:
    assert seen["destroyed"] == 0
    assert seen["left"] == ["jobs-done"]
