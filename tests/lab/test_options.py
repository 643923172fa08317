"""The options of the format, each deployed on a real lab and fetched from: NAT, the groups, who may come in, Spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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


@pytest.mark.parametrize("network_mode", ["awsvpc", "bridge", "host"])
def test_tasks_on_instances_serve_in_each_network_mode(seen: dict[str, Any], network_mode: str) -> None:
    found = dict(seen[network_mode])
    assert found.pop("instances") >= 1
    assert found == {"code": 0, "page": "ok", "check": 0, "task->internet": "blocked"}
    assert seen["left"] == 0
