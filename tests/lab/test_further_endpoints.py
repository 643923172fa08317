"""Each of the EC2 launch type's three further endpoints taken away: what the proof said, and what happens on the lab.

Expected, from amazon-ecs-agent (read 2026-11): `agent/app/agent.go` registers through ecs, then opens the session with
ecs-agent (startACSSession) and that with ecs-telemetry (startAsyncRoutines) apart from each other. So only without ecs
does an instance never register; without ecs-agent it is registered and disconnected, and nothing is placed on it;
without ecs-telemetry tasks run, and nobody hears of their health. `dependsOn` is the agent's own business.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hello_on_instances import on_instances
from hello_without import ACCOUNT, PARAMETERS, REGION, without

from natless import load
from natless.prove import Promises, Proof, prove

pytestmark = pytest.mark.lab

ENDPOINTS = {"ecs": "EcsEndpoint", "ecs-agent": "EcsAgentEndpoint", "ecs-telemetry": "EcsTelemetryEndpoint"}


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_further_endpoints.py")
    assert found["stack"] == ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE"], found
    return found


def proof(label: str) -> Proof:
    text = json.dumps(without(on_instances(), ENDPOINTS[label]))
    return prove(load.cloudformation(text, "hosts.json", PARAMETERS, REGION, ACCOUNT), Promises(private=True))


@pytest.mark.parametrize("label", ENDPOINTS)
def test_the_proof_had_said_it_in_the_agents_own_words(seen: dict[str, Any], label: str) -> None:
    found = proof(label)
    assert [verdict.need for verdict in found.verdicts if not verdict.kept] == [label]
    (finding,) = found.findings
    assert (finding.rule, finding.name) == ("NL401", "endpoint-missing")
    # The endpoint that it prints stands in both subnets that an instance may come up in.
    assert all(f"PrivateSubnet{number}" in str(finding.fix) for number in (1, 2))
    # Up to the host: the proof has a pattern for the sessions' names, and no address.
    words = finding.symptom.partition("ecs")[0]
    assert words
    assert words in seen[label]["line"]


def test_without_ecs_the_instance_never_registers(seen: dict[str, Any]) -> None:
    found = seen["ecs"]
    assert found["instance"] not in found["registered"]
    assert re.search(r"Unable to register as a container instance with ECS: .*i/o timeout$", found["line"])


def test_without_ecs_agent_it_registers_stays_disconnected_and_is_given_nothing(seen: dict[str, Any]) -> None:
    found = seen["ecs-agent"]
    assert found["connected"] == {found["first"]: False, found["instance"]: False}
    assert "was unable to place a task because no container instance met all of its requirements" in found["event"]
    assert "Error connecting to ACS: websocket client: unable to dial ecs-a-" in found["line"]


def test_without_ecs_telemetry_tasks_run_and_their_health_is_not_heard_of(seen: dict[str, Any]) -> None:
    found = seen["ecs-telemetry"]
    assert found["connected"] is True
    # The second container waits for the first to be healthy: the agent knows, and cannot tell.
    assert found["health"] == {"task": "UNKNOWN", "web": "RUNNING", "second": "RUNNING"}
    assert found["health with it"] == "HEALTHY"
    assert "Error connecting to TCS: websocket client: unable to dial ecs-t-" in found["line"]
