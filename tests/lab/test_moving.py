"""Load balancers that change groups and subnets where they stand, with packets of a visitor from the host.

Expected: ELBv2 API reference (SetSecurityGroups, SetSubnets), network load balancer guide (one made without groups
filters nothing, health checks come from its own addresses).
"""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_moving.py")
    return found


def test_http_and_https_have_pages_on_the_host(seen: dict[str, Any]) -> None:
    assert (seen["open"], seen["https"]) == ("here\n", "here\n")
    assert len(seen["pages"]) == 2
    assert seen["pages"][1] == f"{seen['pages'][0]}:443"
    assert seen["names"] == ["shop.example"]


def test_groups_are_changed_where_it_stands(seen: dict[str, Any]) -> None:
    assert (seen["closed"], seen["open again"]) == ("silence", "here\n")


def test_it_moves_and_its_page_follows(seen: dict[str, Any]) -> None:
    assert seen["moved to"] == [1, 2]
    assert seen["moved"] == "here\n"


def test_a_network_one_without_groups_is_closed_only_where_its_targets_are(seen: dict[str, Any]) -> None:
    assert seen["by the network one"] == "here\n"
    assert seen["its target closed"] == "silence"
    assert seen["reasons"] == ["Target.Timeout"]
