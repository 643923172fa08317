"""The prover says what a slow oracle says, which walks one packet at a time and shares no code with it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).parent))

import oracle
import worlds

from natless.cloud import Cloud
from natless.finding import Blocked, Outcome, Reachable, Unknown
from natless.prove import prove


def word(outcome: Outcome) -> str:
    match outcome:
        case Reachable():
            return "reachable"
        case Blocked():
            return "blocked"
        case Unknown():
            return "unknown"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds.clouds())
def test_prover_equals_oracle(cloud: Cloud) -> None:
    proved = {verdict.need: word(verdict.outcome) for verdict in prove(cloud).verdicts}
    assert proved == expected(cloud, oracle.CALLS)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds.clouds_on_instances())
def test_prover_equals_oracle_on_instances(cloud: Cloud) -> None:
    proved = {verdict.need: word(verdict.outcome) for verdict in prove(cloud).verdicts}
    assert proved == expected(cloud, oracle.CALLS | oracle.REGISTRATION)


def expected(cloud: Cloud, needs: Iterable[str]) -> dict[str, oracle.Answer]:
    return {need: oracle.start_need(cloud, need) for need in needs} | {
        "alb->task": oracle.balancer_to_task(cloud),
        "internet->alb": oracle.internet_to_balancer(cloud),
        "task->internet": oracle.task_to_internet(cloud),
        "image-source": "reachable",
    }
