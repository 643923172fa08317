"""The page of what tasks have met: its fragments are tasks of an account in which the small template stands."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fragments import PAGES, base, cloud

from natless import load
from natless.finding import Severity, Unknown
from natless.prove import Proof, prove
from natless.report.check_json import overall

FENCE = re.compile(r"^```json (?P<kind>bad|good)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

# Texts from public threads (doctorray117/minecraft-ondemand #12; containerd's own for a layer), as Go's net/http ends
# them where the connection was made.
LOGS_TIMED_OUT = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to "
    "create Cloudwatch log stream: RequestError: send request failed caused by: Post "
    '"https://logs.eu-west-1.amazonaws.com/": net/http: timeout awaiting response headers : exit status 1'
)
LAYER_TIMED_OUT = (
    "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: "
    'failed to do request: Get "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x": '
    "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
)

TIMED_OUT = "cannot pull registry auth from Amazon ECR: net/http: timeout awaiting response headers"


def fragment(kind: str) -> dict[str, Any]:
    text = (PAGES / "NL408.md").read_text(encoding="utf-8")
    [found] = [each for each in FENCE.finditer(text) if each["kind"] == kind]
    tasks: dict[str, Any] = json.loads(found["text"])
    return tasks


def proof(tasks: dict[str, Any]) -> Proof:
    """Prove the small template as it stands in an account, where its task definition has a family and a revision."""
    whole = cloud(base())
    ((_, task),) = whole.task_definitions.items()
    standing = msgspec.structs.replace(
        whole,
        task_definitions={"web:3": msgspec.structs.replace(task, id="web:3")},
        services={k: msgspec.structs.replace(v, task_definition="web:3") for k, v in whole.services.items()},
        failed_starts=load.describe(tasks, "account").failed_starts,
    )
    return prove(standing)


def with_reason(reason: str, **more: Any) -> dict[str, Any]:
    [task] = fragment("bad")["StoppedTasks"]
    return {"StoppedTasks": [{**task, "stoppedReason": reason, **more}]}


def test_a_task_that_got_no_answer_leaves_its_need_open() -> None:
    found = proof(fragment("bad"))
    [finding] = found.findings
    assert (finding.rule, finding.subject, finding.severity) == ("NL408", "EcrApiEndpoint", Severity.WARNING)
    assert "stopped at 2026-11-26 08:00:00 UTC" in finding.message
    assert finding.symptom.endswith("timeout awaiting response headers")
    said = {verdict.need: verdict.outcome for verdict in found.verdicts}
    assert [need for need, outcome in said.items() if isinstance(outcome, Unknown)] == ["ecr.api"]
    assert overall(found.verdicts) == "unknown"


def test_a_task_that_started_since_takes_it_away() -> None:
    found = proof({**fragment("bad"), **fragment("good")})
    assert found.findings == ()
    assert overall(found.verdicts) == "reachable"


@pytest.mark.parametrize(
    ("reason", "need", "subject"),
    [
        (LOGS_TIMED_OUT, "logs", "LogsEndpoint"),
        (LAYER_TIMED_OUT, "s3-layers", "S3Endpoint"),
    ],
)
def test_the_text_says_which_need(reason: str, need: str, subject: str) -> None:
    found = proof(with_reason(reason))
    assert [finding.subject for finding in found.findings] == [subject]
    assert {verdict.need for verdict in found.verdicts if isinstance(verdict.outcome, Unknown)} == {need}


@pytest.mark.parametrize(
    "tasks",
    [
        # The application's own end, a refusal, another family, and a task whose start is not known to have failed.
        with_reason("Essential container in task exited"),
        with_reason("ResourceInitializationError: unable to retrieve ecr registry auth: AccessDeniedException: no"),
        with_reason(TIMED_OUT, taskDefinitionArn="arn:aws:ecs:eu-west-1:123456789012:task-definition/other:3"),
        with_reason(TIMED_OUT, startedAt=1764144000.0),
        with_reason(TIMED_OUT, stoppedAt=None),
        # A connection that was not made: it died at a gate that is open by now.
        with_reason("cannot pull registry auth from Amazon ECR: dial tcp 10.0.1.7:443: i/o timeout"),
    ],
)
def test_other_ends_say_nothing_of_the_network(tasks: dict[str, Any]) -> None:
    assert proof(tasks).findings == ()


def test_moments_are_read_as_boto3_and_as_the_cli_give_them() -> None:
    [task] = fragment("bad")["StoppedTasks"]
    for moment in (datetime(2026, 11, 26, 8, tzinfo=UTC), "2026-11-26T09:00:00+01:00", 1795680000.0):
        [start] = load.describe({"StoppedTasks": [{**task, "stoppedAt": moment}]}, "account").failed_starts.values()
        assert start.at == "2026-11-26 08:00:00 UTC"


def test_a_gate_that_is_closed_stays_the_cause() -> None:
    whole = base()
    del whole["Resources"]["EcrApiEndpoint"]
    facts = cloud(whole)
    ((_, task),) = facts.task_definitions.items()
    standing = msgspec.structs.replace(
        facts,
        task_definitions={"web:3": msgspec.structs.replace(task, id="web:3")},
        services={k: msgspec.structs.replace(v, task_definition="web:3") for k, v in facts.services.items()},
        failed_starts=load.describe(fragment("bad"), "account").failed_starts,
    )
    assert {finding.rule for finding in prove(standing).findings} == {"NL401"}
