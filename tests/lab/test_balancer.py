"""Load balancers, whole. Words and behaviour: ELBv2 user guide (target health, fail-open, X-Forwarded headers)."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(apart: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = apart("scenario_balancer.py")
    return found


def test_without_targets_the_balancer_answers_503_itself(seen: dict[str, Any]) -> None:
    for status, headers, text in [*seen["empty"], seen["no targets"]]:
        assert status == 503
        assert headers["server"] == "awselb/2.0"
        assert "<h1>503 Service Temporarily Unavailable</h1>" in text


def test_targets_become_healthy_and_all_get_requests(seen: dict[str, Any]) -> None:
    assert seen["healthy"] == [["healthy", "", ""]] * 2
    assert seen["rollout"] == "COMPLETED", "ECS waits for target health"
    assert seen["pages"] == [f"ip-10-0-1{number}-4.ap-northeast-2.compute.internal\n" for number in (0, 1)]


def test_the_target_sees_the_clients_address(seen: dict[str, Any]) -> None:
    environment = dict(line.partition("=")[::2] for line in seen["environment"])
    assert environment["HTTP_X_FORWARDED_FOR"] == "169.254.77.1"
    assert environment["HTTP_X_FORWARDED_PROTO"] == "http"
    assert environment["HTTP_X_FORWARDED_PORT"] == "80"
    assert environment["HTTP_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert environment["HTTP_HOST"] == "shop.example"


def test_rules_are_tried_in_the_order_of_their_priority(seen: dict[str, Any]) -> None:
    assert (seen["fixed"][0], seen["fixed"][2]) == (418, "it's a 100% pot")
    assert seen["redirect"][0] == 301
    assert seen["redirect"][1]["location"] == "https://shop.example:443/old/a?b=c"


def test_ill_targets_say_why_and_get_requests_where_none_is_healthy(seen: dict[str, Any]) -> None:
    assert seen["ill"] == [
        ["unhealthy", "Target.FailedHealthChecks", "Health checks failed"],
        ["unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]"],
    ]
    # One target answers 404, the other takes no connection: a 502 of the balancer's own.
    assert seen["fail-open"] == [404, 502]


def test_a_change_of_rules_refuses_no_connection(seen: dict[str, Any]) -> None:
    changes = seen["while rules changed"]
    assert list(changes["statuses"]) == ["200"]
    assert len(changes["within each"]) == 3
    assert all(answered >= 5 for answered in changes["within each"])


def test_scaling_in_loses_no_request(seen: dict[str, Any]) -> None:
    assert seen["after scaling in"] == [200]
    assert seen["left"] == 1
