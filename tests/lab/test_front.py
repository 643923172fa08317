"""Listeners of every kind: conditions, HTTPS, network load balancers, and what a load balancer answers by itself.

Expected: ELBv2 API reference (RuleCondition, TargetHealth), ELB user guides ("Server certificates", "Security
policies", "Troubleshoot your Application Load Balancers", "Cross-zone load balancing", "Client IP preservation").
"""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab

CLIENT = "169.254.77.1"


@pytest.fixture(scope="module")
def seen(apart: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = apart("scenario_front.py")
    return found


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ("host", "host"),
        ("header", "header"),
        ("method", "method"),
        ("query by key", "query"),
        ("query by value", "query"),
        ("both", "both"),
    ],
)
def test_a_condition_holds_without_regard_to_case_where_it_has_none(
    seen: dict[str, Any], asked: str, rule: str
) -> None:
    assert seen["conditions"][asked] == rule


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ("host without the dot", "host"),
        ("method in lower case", "method"),
        ("query of three", "query"),
        ("path in lower case", "both"),
    ],
)
def test_a_condition_that_nearly_holds_does_not(seen: dict[str, Any], asked: str, rule: str) -> None:
    assert seen["conditions"][asked] != rule


def test_https_ends_at_the_balancer(seen: dict[str, Any]) -> None:
    status, _, text = seen["https"]
    environment = dict(line.partition("=")[::2] for line in text.splitlines())
    assert status == 200
    assert (environment["HTTP_X_FORWARDED_PROTO"], environment["HTTP_X_FORWARDED_PORT"]) == ("https", "443")
    assert environment["HTTP_X_FORWARDED_FOR"] == CLIENT


def test_each_name_gets_its_certificate_and_others_the_default(seen: dict[str, Any]) -> None:
    assert seen["certificates"] == {
        "www.shop.example": ["shop.example", "www.shop.example", "TLSv1.3", "h2"],
        "a.more.example": ["*.more.example", "TLSv1.3", "h2"],
    }
    assert seen["another name"] == ["CERTIFICATE_VERIFY_FAILED"]


def test_the_policy_decides_the_version(seen: dict[str, Any]) -> None:
    assert seen["tls 1.2"] == ["TLSV1_ALERT_PROTOCOL_VERSION"]


def test_a_network_balancer_sends_within_its_zone_under_its_own_address(seen: dict[str, Any]) -> None:
    wire = seen["wire"]
    assert wire["zone"] == "ap-northeast-2a"
    assert wire["pages"] == ["ip-10-0-10-4.ap-northeast-2.compute.internal\n"], "cross-zone is off"
    environment = dict(line.partition("=")[::2] for line in wire["environment"])
    assert environment["REMOTE_ADDR"] == f"[::ffff:{wire['node']}]", "client addresses of ip targets are not kept"
    assert not [name for name in environment if name.startswith("HTTP_X_")]


def test_a_network_balancer_ends_tls(seen: dict[str, Any]) -> None:
    assert seen["wire"]["tls"] == "fine\n"


def test_clients_stay_with_their_group_and_target_and_targets_may_speak_https(seen: dict[str, Any]) -> None:
    """Once forwarded is the group of tasks, twice the one whose HTTPS target is the load balancer again."""
    stay = seen["stay"]
    assert stay["cookies"] == {"1": ["AWSALB", "AWSALBTG"], "2": ["AWSALB", "AWSALBTG"]}
    assert stay["again by"] == {"1": ["1"], "2": ["2"]}


def test_a_network_balancer_made_without_groups_has_none(seen: dict[str, Any]) -> None:
    assert seen["wire"]["groups"] == [[], []]


def test_what_is_not_modelled_is_said(seen: dict[str, Any]) -> None:
    assert seen["wire"]["unmodelled"] == ["wire: its UDP listener on port 53"]


def test_a_target_that_leaves_ends_its_work_and_gets_no_more(seen: dict[str, Any]) -> None:
    assert seen["draining"] == [["draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"]]
    assert (seen["while draining"][0], seen["while draining"][2]) == (200, "done")


def test_a_silent_target_is_a_504_after_the_time_for_connections(seen: dict[str, Any]) -> None:
    assert seen["silent"] == [["unhealthy", "Target.Timeout", "Request timed out"]]
    status, headers, text, seconds = seen["no answer to the attempt"]
    assert (status, headers["server"]) == (504, "awselb/2.0")
    assert "<h1>504 Gateway Time-out</h1>" in text
    assert seconds > 9, "AWS waits ten seconds for a connection"


def test_a_target_that_answers_too_late_is_a_504(seen: dict[str, Any]) -> None:
    status, headers, text = seen["too slow"]
    assert (status, headers["server"]) == (504, "awselb/2.0")
    assert "<h1>504 Gateway Time-out</h1>" in text
