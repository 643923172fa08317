"""What `natless lab rules` shows as `ip` and `nft` text is what stands in the kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_fabric_text.py")
    return found


@pytest.mark.parametrize(("state", "routes"), [("stands", 64), ("left", 16)])
def test_messages_and_text_make_the_same_network(seen: dict[str, Any], state: str, routes: int) -> None:
    made, expected = seen["by messages"][state], seen["by text"][state]
    assert sum(len(shown["route show table all"]) for shown in expected.values()) == routes
    for place in expected:
        for what in expected[place]:
            assert made[place][what] == expected[place][what], (place, what)


def test_the_rules_that_are_shown_are_those_that_stand(seen: dict[str, Any]) -> None:
    stands, shown = seen["rules"]["stands"], seen["rules"]["shown"]
    assert len(stands["set out-3-ports"]) > 250
    assert stands == shown


def test_a_refusal_names_the_line(seen: dict[str, Any]) -> None:
    assert seen["refused"] == "ip rule add pref 7 lookup 100 in small: File exists"
    assert seen["no link"] == "small has no link nowhere"
