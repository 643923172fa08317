"""HTTPS by a certificate of ACM on a real lab, made of a stack that served by HTTP, and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_https.py")
    return found


def test_the_page_is_served_by_https_and_http_leads_there(seen: dict[str, Any]) -> None:
    assert (seen["plain"], seen["code"]) == (0, 0), seen.get("said")
    assert seen["https"] == [200, "ok", "TLSv1.3"]
    assert seen["http"] == [301, "https://shop.example:443/healthz"]
    assert seen["url"] == "https"


def test_the_proof_says_so(seen: dict[str, Any]) -> None:
    assert seen["check"] == [0, "reachable", "reachable"]


def test_what_autoscaling_aims_at_stands_and_all_goes_back(seen: dict[str, Any]) -> None:
    assert seen["policies"] == ["hello-web-memory", "hello-web-requests"]
    assert seen["back"] == [0, "ok"]
    assert seen["destroyed"] == 0
