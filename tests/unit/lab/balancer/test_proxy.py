"""Health as ALB counts it, and the proxy's configuration as text (ELBv2 user guide and API reference)."""

import pytest

from natless.lab.balancer import configuration, pages, streams
from natless.lab.balancer.balancer import routable
from natless.lab.balancer.facts import (
    Certificate,
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
    Tls,
)
from natless.lab.balancer.health import CHECKING, HEALTHY, Tally, Verdict, matches, together
from natless.lab.balancer.written import server_name

CHECK = Check("/", None, "HTTP", codes="200", interval=5, timeout=2, rise=3, fall=2)
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


def text(*rules: Rule, protocol: str = "HTTP", tls: Tls | None = None) -> list[str]:
    facts = LoadBalancerFacts("lb", "application", (("eni-1", "a"),), (Listener(80, protocol, rules, tls),))
    groups = {WEB.arn: WEB, API.arn: API}
    written = configuration.write(facts, groups, "10.0.0.4", "/f", {WEB.name: ["x 10.0.10.4:8080"]})
    return [line.strip() for line in written.text.splitlines()]


def rule(field: str, *values: str, name: str = "", pairs: tuple[tuple[str | None, str], ...] = ()) -> Rule:
    return Rule((Condition(field, values, name, pairs),), Forward(((WEB.arn, 1),)))


def picked(*rules: Rule) -> str:
    (line,) = [line for line in text(*rules) if "set-var(txn.rule)" in line]
    return line


def test_patterns_are_expressions_and_never_configuration() -> None:
    found = picked(rule("path-pattern", "/a*.?'x", "/b c"))
    assert r"""{ path -m reg '^/a.*\..'\''x$' '^/b\ c$' }""" in found


@pytest.mark.parametrize(
    ("asked", "test"),
    [
        (rule("host-header", "*.x.io"), r"{ req.hdr(host),host_only -m reg -i '^.*\.x\.io$' }"),
        (rule("http-header", "a?", name="X-A"), """{ 'req.fhdr("X-A")' -m reg -i '^a.$' }"""),
        (rule("http-request-method", "PUT"), "{ method -m str 'PUT' }"),
        (rule("source-ip", "10.0.0.0/8"), "{ src '10.0.0.0/8' }"),
        (rule("query-string", pairs=(("k", "v*"),)), "{ query -m reg -i '(^|&)k=v[^&]*(&|$)' }"),
        (rule("query-string", pairs=((None, r"\*?"),)), r"{ query -m reg -i '(^|&)[^&=]*=\*[^&](&|$)' }"),
    ],
)
def test_conditions(asked: Rule, test: str) -> None:
    """Case and wildcards as RuleCondition (ELBv2 API reference) says for each field."""
    assert picked(asked).endswith(test)


@pytest.mark.parametrize(
    "asked",
    [rule("path-pattern", "/a\nbind :1"), rule("path-pattern", "/a\x00"), rule("query-string", pairs=((None, "a\n"),))],
)
def test_a_control_character_is_refused(asked: Rule) -> None:
    with pytest.raises(ValueError, match="control character"):
        text(asked)


@pytest.mark.parametrize(
    "asked", [rule("http-header", "a", name='X") or ('), rule("http-header", "a"), rule("moon", "a")]
)
def test_a_condition_that_cannot_be_asked_is_refused(asked: Rule) -> None:
    with pytest.raises(ValueError, match=r"no name of a header|asks for moon"):
        text(asked)


def test_a_rule_without_conditions_is_the_default() -> None:
    lines = text(Rule((), Forward(((WEB.arn, 1),))))
    assert "http-request set-var(txn.rule) str(r0) if !{ var(txn.rule) -m found }" in lines
    assert "use_backend web-0123 if { var(txn.rule) -m str r0 }" in lines
    assert "default_backend none" in lines
    assert "server x 10.0.10.4:8080" in lines


def test_weights() -> None:
    lines = text(Rule((), Forward(((WEB.arn, 3), (API.arn, 1)))))
    chosen = "if { var(txn.rule) -m str r0 }"
    assert f"use_backend web-0123 {chosen} {{ rand(4) lt 3 }}" in lines
    assert f"use_backend api-4567 {chosen}" in lines


def test_a_redirect_keeps_what_it_does_not_change() -> None:
    redirect = Redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}", permanent=False)
    lines = [line.partition("Location ")[2] for line in text(Rule((), redirect)) if "Location" in line]
    place = "https://%[req.hdr(host),host_only]:443/%[path,regsub(^/,)]"
    chosen = "if { var(txn.rule) -m str r0 }"
    assert lines == [f"'{place}?%[query]' {chosen} {{ query,length gt 0 }}", f"'{place}' {chosen}"]


def test_a_listener_of_another_protocol_is_not_served_in_clear() -> None:
    assert not [line for line in text(Rule((), Forward(((WEB.arn, 1),))), protocol="UDP") if line.startswith("bind")]


def test_a_policy_becomes_versions_and_ciphers() -> None:
    tls = Tls(
        (Certificate("a", "PEM-A"), Certificate("b", "PEM-B")), ("TLSv1.2", "TLSv1.1", "TLSv1"), ("TLS_X", "ECDHE-Y")
    )
    (bound,) = [
        line for line in text(Rule((), Fixed(200, "text/plain", "")), protocol="HTTPS", tls=tls) if "bind" in line
    ]
    assert "ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.2 ciphersuites TLS_X ciphers ECDHE-Y:@SECLEVEL=0" in bound
    assert bound.endswith("alpn h2,http/1.1")


def test_a_stream_goes_by_port_and_weight_and_udp_nowhere() -> None:
    action = Forward(((WEB.arn, 1), (API.arn, 1)))
    listeners = (Listener(443, "TCP", (Rule((), action),)), Listener(53, "UDP", (Rule((), action),)))
    facts = LoadBalancerFacts("lb", "network", (("eni-1", "a"),), listeners)
    lines = streams.write(facts, {WEB.arn: WEB, API.arn: API}, "10.0.0.4", "/f", {}).text.splitlines()
    assert [line.strip() for line in lines if "bind" in line or "use_backend" in line] == [
        "bind 10.0.0.4:443",
        "use_backend web-0123 if { rand(2) lt 1 }",
        "use_backend api-4567",
    ]


@pytest.mark.parametrize(("status", "length"), [(301, 134), (302, 110), (502, 122), (503, 162)])
def test_pages_are_as_long_as_captured_ones(status: int, length: int) -> None:
    """Content-Length of answers with `Server: awselb/2.0` in public captures (`lab/balancer/pages.py`)."""
    assert len(pages.titled(status)) == length


HERE, THERE = Target("10.0.0.5", 80, zone="a"), Target("10.0.1.5", 80, zone="b")
BOTH = Group(f"{ARN}/both/1", tls=False, check=CHECK, targets=(HERE, THERE))


def standing(here: Verdict, there: Verdict, *, across: bool) -> set[Target]:
    group = Group(BOTH.arn, tls=False, check=CHECK, targets=BOTH.targets, across=across)
    health = {(BOTH.arn, Target(each.address, each.port)): said for each, said in ((HERE, here), (THERE, there))}
    return set(routable(group, "a", health))


@pytest.mark.parametrize(
    ("here", "there", "across", "expected"),
    [
        (HEALTHY, HEALTHY, True, {HERE, THERE}),
        (HEALTHY, FAILURE, True, {HERE}),
        (FAILURE, FAILURE, True, {HERE, THERE}),  # fail-open
        (FAILURE, CHECKING, True, {HERE}),
        (HEALTHY, HEALTHY, False, {HERE}),
        (FAILURE, HEALTHY, False, set()),  # the zone leaves DNS, and the other one serves
        (FAILURE, FAILURE, False, {HERE}),
    ],
)
def test_who_gets_requests(here: Verdict, there: Verdict, *, across: bool, expected: set[Target]) -> None:
    """User guides, "Target group health" and "Cross-zone load balancing"."""
    assert standing(here, there, across=across) == expected


def test_server_names_are_words() -> None:
    assert server_name(Target("10.0.10.4", 8080)) == "t10-0-10-4-8080"
