"""Health as ALB counts it, and the proxy's configuration as text (ELBv2 user guide and API reference)."""

import pytest

from natless.lab.balancer.configuration import page, server_name, write
from natless.lab.balancer.facts import (
    Check,
    Condition,
    Fixed,
    Forward,
    Group,
    Listener,
    LoadBalancerFacts,
    Redirect,
    Rule,
    Target,
)
from natless.lab.balancer.health import CHECKING, HEALTHY, Tally, Verdict, matches, together

CHECK = Check("/", None, tls=False, codes="200", interval=5, timeout=2, rise=3, fall=2)
FAILURE = Verdict("unhealthy", "Target.Timeout", "Request timed out")
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup"
WEB = Group(f"{ARN}/web/0123", tls=False, check=CHECK, targets=(Target("10.0.10.4", 8080),))
API = Group(f"{ARN}/api/4567", tls=False, check=CHECK, targets=())


@pytest.mark.parametrize(
    ("codes", "status", "expected"),
    [
        ("200", 200, True),
        ("200", 201, False),
        ("200,302", 302, True),
        ("200-299", 204, True),
        ("200-299,404", 404, True),
        ("200-299", 300, False),
    ],
)
def test_matchers(codes: str, status: int, *, expected: bool) -> None:
    assert matches(codes, status) is expected


def test_a_new_target_needs_one_success() -> None:
    tally = Tally(CHECK)
    assert tally.verdict == CHECKING
    assert tally.count(None) == HEALTHY


def test_a_new_target_needs_as_many_failures_as_the_threshold() -> None:
    tally = Tally(CHECK)
    assert tally.count(FAILURE) == CHECKING
    assert tally.count(FAILURE) == FAILURE


def test_an_unhealthy_target_needs_successes_in_a_row() -> None:
    tally = Tally(CHECK)
    for failure in (FAILURE, FAILURE):
        tally.count(failure)
    assert [tally.count(each).state for each in (None, None, FAILURE, None, None, None)] == ["unhealthy"] * 5 + [
        "healthy"
    ]


def test_one_failure_does_not_make_a_healthy_target_ill() -> None:
    tally = Tally(CHECK)
    assert [tally.count(each).state for each in (None, FAILURE, None, FAILURE, FAILURE)] == ["healthy"] * 4 + [
        "unhealthy"
    ]


def test_nodes_that_differ() -> None:
    assert together([HEALTHY, FAILURE, CHECKING]) == FAILURE
    assert together([HEALTHY, CHECKING]) == CHECKING
    assert together([HEALTHY, HEALTHY]) == HEALTHY


def text(*rules: Rule, protocol: str = "HTTP") -> list[str]:
    facts = LoadBalancerFacts("lb", ("eni-1",), (Listener(80, protocol, rules),), 60)
    written = write(facts, {WEB.arn: WEB, API.arn: API}, "10.0.0.4", "/f", {WEB.name: ["server x 10.0.10.4:8080"]})
    return [line.strip() for line in written.splitlines()]


def rule(field: str, *values: str, action: Forward | Redirect | Fixed | None = None) -> Rule:
    return Rule((Condition(field, values),), action or Forward(((WEB.arn, 1),)))


def test_patterns_are_expressions_and_never_configuration() -> None:
    lines = text(rule("path-pattern", "/a*.?'x", "/b c"))
    (picked,) = [line for line in lines if "set-var(txn.rule)" in line]
    assert r"""{ path -m reg '^/a.*\..'\''x$' '^/b\ c$' }""" in picked


@pytest.mark.parametrize("value", ["/a\nbind :1", "/a\x00"])
def test_a_control_character_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        text(rule("path-pattern", value))


def test_a_condition_that_is_not_read_never_matches() -> None:
    assert not [line for line in text(rule("query-string", "a")) if "set-var(txn.rule)" in line]


def test_a_rule_without_conditions_is_the_default() -> None:
    lines = text(Rule((), Forward(((WEB.arn, 1),))))
    assert "http-request set-var(txn.rule) str(r0) if !{ var(txn.rule) -m found }" in lines
    assert "use_backend web-0123 if { var(txn.rule) -m str r0 }" in lines
    assert "default_backend none" in lines
    assert "server x 10.0.10.4:8080" in lines


def test_weights() -> None:
    lines = text(Rule((), Forward(((WEB.arn, 3), (API.arn, 1)))))
    picked = "if { var(txn.rule) -m str r0 }"
    assert f"use_backend web-0123 {picked} {{ rand(4) lt 3 }}" in lines
    assert f"use_backend api-4567 {picked}" in lines


def test_a_redirect_keeps_what_it_does_not_change() -> None:
    redirect = Redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}", permanent=False)
    lines = [line for line in text(Rule((), redirect)) if "redirect" in line]
    place = "https://%[req.hdr(host),field(1,:)]/%[path,regsub(^/,)]"
    picked = "if { var(txn.rule) -m str r0 }"
    assert lines == [
        f"http-request redirect code 302 location '{place}?%[query]' {picked} {{ query,length gt 0 }}",
        f"http-request redirect code 302 location '{place}' {picked}",
    ]


def test_a_listener_of_another_protocol_is_not_served_in_clear() -> None:
    assert not [line for line in text(Rule((), Forward(((WEB.arn, 1),))), protocol="HTTPS") if line.startswith("bind")]


def test_pages_are_whole_answers() -> None:
    head, _, body = page(503).partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 Service Temporarily Unavailable\r\nServer: awselb/2.0\r\n")
    assert f"Content-Length: {len(body)}" in head


def test_server_names_are_words() -> None:
    assert server_name(Target("10.0.10.4", 8080)) == "t10-0-10-4-8080"
