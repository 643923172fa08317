"""An internal load balancer and flow logs on a real lab: a stack that faced the internet is updated to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_internal.py")
    return found


def test_a_load_balancer_that_faced_the_internet_becomes_internal(seen: dict[str, Any]) -> None:
    internal = seen["internal"]
    assert (seen["public"], internal["code"], internal["check"]) == (0, 0, 0), internal
    assert "internet->alb" not in internal["needs"]
    assert (internal["needs"]["alb->task"], internal["needs"]["task->internet"]) == ("reachable", "blocked")
    assert internal["said"][0].startswith("http://internal-") or internal["said"][1].startswith("http://internal-")


def test_who_is_in_the_vpc_and_let_out_gets_the_page_and_nobody_else(seen: dict[str, Any]) -> None:
    code, text = seen["inside"]
    assert (code, text.splitlines()[0].split()[1], text.splitlines()[-1]) == (0, "200", "ok"), text
    code, text = seen["not let out"]
    assert code != 0
    assert "200" not in text


def test_flow_logs_and_tags_are_there_and_all_goes(seen: dict[str, Any]) -> None:
    assert seen["flow log"] == ["ACTIVE", "SUCCESS", True]
    assert seen["tags"] == {"natless": "hello", "team": "shop"}
    assert (seen["logs"], seen["destroyed"], seen["left"]) == (0, 0, [])
