"""The proxy's configuration for one load balancer node: haproxy's text, from facts. Pure.

Listener rules become a chain that picks the first match, then what each does. What ALB adds and answers itself is
here: X-Forwarded headers, a trace id, and its own 502, 503 and 504.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import assert_never

from natless.lab.balancer.facts import (
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

_CONNECT_SECONDS = 10
"""ALB gives a target ten seconds to take a connection (user guide, "HTTP 504")."""

_REASONS = {
    400: "Bad Request",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def page(status: int) -> str:
    """Give the whole answer that ALB makes itself for a status, as haproxy's `errorfile` takes it."""
    title = f"{status} {_REASONS[status]}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    head = f"HTTP/1.1 {title}\r\nServer: awselb/2.0\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: keep-alive\r\n\r\n{body}"


PAGES = tuple(_REASONS)
"""The statuses that have a page, each to be written as STATUS.http in the configuration's folder."""


def server_name(target: Target) -> str:
    """Give the proxy's name for a target."""
    return f"t{target.address.replace('.', '-')}-{target.port}"


def write(
    facts: LoadBalancerFacts, groups: Mapping[str, Group], address: str, folder: str, servers: Mapping[str, list[str]]
) -> str:
    """Give the text for the node at `address`.

    `servers` holds the server lines of each backend by its name: they are added and taken away while the proxy runs,
    so they are only written so that a restart begins with them.
    """
    lines = list(_first_lines(facts, folder))
    for listener in facts.listeners:
        if listener.protocol == "HTTP":
            lines += _frontend(listener, groups, address)
    used = {arn for listener in facts.listeners for rule in listener.rules for arn, _ in _targets(rule)}
    for arn in sorted(used & set(groups)):
        lines += _backend(groups[arn], folder)
        lines += [f"  {line}" for line in servers.get(groups[arn].name, [])]
    return "\n".join([*lines, "backend none", f"  http-request return status 503 errorfile {folder}/503.http", ""])


def _first_lines(facts: LoadBalancerFacts, folder: str) -> Iterator[str]:
    yield from (
        "global",
        "  maxconn 4000",
        "  nbthread 1",
        f"  stats socket {folder}/admin.sock mode 600 level admin expose-fd listeners",
        "  hard-stop-after 30s",
        "defaults",
        "  mode http",
        "  option forwardfor",
        "  retries 0",
        f"  timeout connect {_CONNECT_SECONDS}s",
        f"  timeout client {facts.idle}s",
        f"  timeout server {facts.idle}s",
        f"  timeout http-keep-alive {facts.idle}s",
        f"  errorfile 400 {folder}/400.http",
        f"  errorfile 502 {folder}/502.http",
        f"  errorfile 503 {folder}/502.http",  # to haproxy a target that takes no connection is a 503, to ALB a 502
        f"  errorfile 504 {folder}/504.http",
    )


def _targets(rule: Rule) -> tuple[tuple[str, int], ...]:
    return rule.action.groups if isinstance(rule.action, Forward) else ()


def _frontend(listener: Listener, groups: Mapping[str, Group], address: str) -> Iterator[str]:
    yield f"frontend port-{listener.port}"
    yield f"  bind {address}:{listener.port}"
    yield "  http-request set-header X-Forwarded-Proto http"
    yield f"  http-request set-header X-Forwarded-Port {listener.port}"
    trace = "Root=1-%[uuid,bytes(0,8)]-%[uuid,regsub(-,,g),bytes(0,24)]"
    yield f"  http-request set-header X-Amzn-Trace-Id {trace} if !{{ req.hdr(X-Amzn-Trace-Id) -m found }}"
    yield "  http-request set-var(txn.began) date(0,ms)"
    for number, rule in enumerate(listener.rules):
        yield from _match(number, rule)
    for number, rule in enumerate(listener.rules):
        yield from _answer(number, rule)
    for number, rule in enumerate(listener.rules):
        yield from _forward(number, rule, groups)
    yield "  default_backend none"


def _match(number: int, rule: Rule) -> Iterator[str]:
    """Give the lines that pick rule `number`, where no earlier one was picked."""
    tests = [_test(condition) for condition in rule.conditions]
    if rule.action is None or any(test is None for test in tests):
        return
    conditions = " ".join(["!{ var(txn.rule) -m found }", *[test for test in tests if test is not None]])
    yield f"  http-request set-var(txn.rule) str(r{number}) if {conditions}"


def _test(condition: Condition) -> str | None:
    """Give haproxy's test for a condition, or None where it has none here."""
    match condition.field:
        case "path-pattern":
            return f"{{ path -m reg {_patterns(condition.values)} }}"
        case "host-header":
            return f"{{ req.hdr(host),field(1,:),lower -m reg -i {_patterns(condition.values)} }}"
        case "http-request-method":
            return f"{{ method {' '.join(_quoted(value) for value in condition.values)} }}"
        case "source-ip":
            return f"{{ src {' '.join(_quoted(value) for value in condition.values)} }}"
        case _:
            return None


def _patterns(values: tuple[str, ...]) -> str:
    """Give regular expressions for ALB's patterns: `*` is any text, `?` any one character."""
    expressions = [re.escape(value).replace(r"\*", ".*").replace(r"\?", ".") for value in values]
    return " ".join(_quoted(f"^{expression}$") for expression in expressions)


def _quoted(text: str) -> str:
    """Quote a word so that haproxy takes it as it is; raises ValueError for control characters."""
    if any(ord(character) < ord(" ") for character in text):
        message = f"{text!r} holds a control character"
        raise ValueError(message)
    return "'" + text.replace("'", r"'\''") + "'"


def _answer(number: int, rule: Rule) -> Iterator[str]:
    """Give the line of a rule that the load balancer answers itself."""
    picked = f"if {{ var(txn.rule) -m str r{number} }}"
    match rule.action:
        case Redirect() as redirect:
            code = 301 if redirect.permanent else 302
            if redirect.query == "#{query}":
                asked = f"{picked} {{ query,length gt 0 }}"
                yield f"  http-request redirect code {code} location {_location(redirect, asked=True)} {asked}"
            yield f"  http-request redirect code {code} location {_location(redirect, asked=False)} {picked}"
        case Fixed() as fixed:
            kind = _quoted(fixed.content_type)
            body = fixed.body.replace("\r", "").replace("\n", " ")
            text = f"content-type {kind} string {_quoted(body)} " if body else ""
            yield f"  http-request return status {fixed.status} {text}{picked}"
        case Forward() | None:
            return
        case _ as never:
            assert_never(never)


def _location(redirect: Redirect, *, asked: bool) -> str:
    """Give a redirect's URL in haproxy's log format; `asked` keeps the request's own query."""
    port = redirect.port
    protocol = redirect.protocol.lower()
    usual = {"http": "80", "https": "443"}.get(protocol) == port
    text = f"{protocol}://{redirect.host}{'' if usual else f':{port}'}{redirect.path}"
    text += f"?{redirect.query}" if asked or redirect.query not in ("", "#{query}") else ""
    known = {
        "#{protocol}": "http",
        "#{host}": "%[req.hdr(host),field(1,:)]",
        "#{port}": "%[dst_port]",
        "#{path}": "%[path,regsub(^/,)]",
        "#{query}": "%[query]",
    }
    escaped = text.replace("%", "%%")
    for name, value in known.items():
        escaped = escaped.replace(name, value)
    return _quoted(escaped)


def _forward(number: int, rule: Rule, groups: Mapping[str, Group]) -> Iterator[str]:
    """Give the lines that send a rule's requests to its groups, by weight."""
    weighted = [(groups[arn].name, weight) for arn, weight in _targets(rule) if arn in groups and weight > 0]
    left = sum(weight for _, weight in weighted)
    for name, weight in weighted:
        chance = f" {{ rand({left}) lt {weight} }}" if weight < left else ""
        yield f"  use_backend {name} if {{ var(txn.rule) -m str r{number} }}{chance}"
        left -= weight


def _backend(group: Group, folder: str) -> Iterator[str]:
    yield f"backend {group.name}"
    yield "  balance roundrobin"
    yield f"  http-request return status 503 errorfile {folder}/503.http if {{ nbsrv({group.name}) eq 0 }}"
    # No answer within the connect timeout is a 504 to ALB, and still a 503 (so a 502 above) to haproxy.
    slow = f"{{ date(0,ms),sub(txn.began) ge {_CONNECT_SECONDS * 1000 - 500} }}"
    yield f"  http-after-response set-status 504 reason 'Gateway Time-out' if {{ status 502 }} {slow}"
