"""The options of the format, each deployed on a real lab and fetched from: NAT, the groups, who may come in, Spot."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab_at_work import EXAMPLE
from plain_recipe import plain

from natless import design, load
from natless.finding import Severity
from natless.prove import Promises, prove
from natless.spec.read import read

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_options.py")
    return found


def test_nat_gateways_let_tasks_out_and_the_page_is_served(seen: dict[str, Any]) -> None:
    assert seen["nat"] == {"code": 0, "page": "ok", "check": 0, "task->internet": "reachable"}


def test_https_to_anywhere_leads_nowhere_once_the_gateways_are_gone(seen: dict[str, Any]) -> None:
    # The same stack, updated: what let tasks out is deleted, and the page goes on.
    assert seen["https"] == {"code": 0, "page": "ok", "check": 0, "task->internet": "blocked"}


def test_a_single_group_serves_and_spot_runs(seen: dict[str, Any]) -> None:
    assert seen["destroyed"] == 0
    found = dict(seen["single"])
    assert found.pop("providers") == ["FARGATE_SPOT"]
    assert found == {"code": 0, "page": "ok", "check": 0, "task->internet": "blocked"}


def test_the_plain_single_group_does_not_serve_and_the_proof_names_what_it_lacks(seen: dict[str, Any]) -> None:
    found = seen["plain"]
    assert found["stack"] == "UPDATE_COMPLETE"
    # Tasks start: the recipe has what they fetch. But nobody's packet reaches port 80, and none leaves for 8080.
    assert found["run"] == 0
    assert found["visitor"] == "nobody answers"
    assert found["targets"] == ["Target.Timeout"]
    assert (found["check"], found["findings"]) == (1, ["NL306", "NL311"])
    assert found["blocked"] == ["alb->task", "internet->alb", "task->internet"]
    # The same stack with natless's own rules.
    assert found["own"] == {"code": 0, "page": "ok", "check": 0, "task->internet": "blocked"}


def test_the_proof_says_so_of_the_template_before_anything_stands() -> None:
    text = (EXAMPLE / "natless.toml").read_text("utf-8")
    spec = read(f'{text}\n[network]\nsecurity_groups = "single"\n', "natless.toml")
    designed = design.write(spec)
    values = {each.name: each.value for each in designed.parameters}

    def findings(template: dict[str, Any]) -> list[str]:
        cloud = load.cloudformation(json.dumps(template), "t.json", values, "ap-northeast-2", "123456789012")
        found = prove(cloud, Promises(private=True)).findings
        return sorted(each.rule for each in found if each.severity is Severity.ERROR)

    whole = json.loads(design.text(designed.main))
    assert findings(whole) == []
    assert findings(plain(whole)) == ["NL306", "NL311"]


@pytest.mark.parametrize("network_mode", ["awsvpc", "host"])
def test_tasks_on_instances_serve_in_each_network_mode(seen: dict[str, Any], network_mode: str) -> None:
    found = dict(seen[network_mode])
    # A t3.medium has three interfaces, its own and two for tasks: the third task has ECS bring a second instance.
    assert found.pop("instances") == {"awsvpc": 2, "host": 1}[network_mode]
    assert found == {"code": 0, "page": "ok", "check": 0, "task->internet": "blocked"}
    assert seen["left"] == 0


def test_the_example_on_instances_is_deployed_by_what_a_person_types(seen: dict[str, Any]) -> None:
    found = dict(seen["example"])
    page = found.pop("page")
    # Docker's bridge on an instance gives addresses of 172.17.0.0/16.
    assert re.fullmatch(r"Hello from a task on an instance\.\naddress: 172\.17\.[0-9.]+/16", page)
    # Three tasks share one instance: eight fit by memory.
    assert (found.pop("instances"), found.pop("tasks")) == (1, 3)
    assert found == {"check": 0, "deploy": 0, "status": 0, "run": 0, "again": 0, "destroy": 0}
