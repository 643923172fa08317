"""The proxy's configuration for one node of an application load balancer: haproxy's text, from facts. Pure.

Listener rules become a chain that picks the first match, then what each does. What ALB adds and answers itself is
here: X-Forwarded headers, a trace id, its error pages. ELB user guide, "HTTP headers and Application Load Balancers",
"Troubleshoot your Application Load Balancers", "Rule action types". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from natless.lab.balancer import pages
from natless.lab.balancer.conditions import quoted, test
from natless.lab.balancer.facts import Fixed, Forward, Group, Headers, Listener, LoadBalancerFacts, Redirect, Rule
from natless.lab.balancer.written import Folder, Written, bind, first_lines

_CONNECT_SECONDS = 10
"""ALB gives a target ten seconds to take a connection (user guide, "HTTP 504")."""

_SERVED = ("HTTP", "HTTPS")
_OWN = f"hdr Server {pages.SERVER}"

# A target that takes no connection is a 502 to ALB, one that does not answer the attempt at all a 504; both are a 503
# to haproxy, and only the time that has gone by tells them apart.
_SLOW = f"date(0,ms),sub(txn.began),div({_CONNECT_SECONDS * 1000 - 500}),bool"
_FAILED = pages.body(f"%[{_SLOW},iif(504 {pages.REASONS[504]},502 {pages.REASONS[502]})]")


def write(
    facts: LoadBalancerFacts, groups: Mapping[str, Group], address: str, path: str, servers: Mapping[str, list[str]]
) -> Written:
    """Give the configuration for the node at `address`, whose files lie in the folder `path`.

    `servers` holds the server lines of each backend by its name: they are added and taken away while the proxy runs,
    so they are only written so that a restart begins with them.
    """
    folder = Folder(path)
    lines = [*first_lines(path), *_defaults(facts, folder)]
    for listener in facts.listeners:
        if listener.protocol in _SERVED:
            lines += _frontend(listener, facts, groups, address, folder)
    for arn in facts.groups:
        if arn in groups:
            lines += _backend(groups[arn], folder)
            lines += [f"  server {each}" for each in servers.get(groups[arn].name, [])]
    lines += ["backend none", *_unavailable(folder, "")]
    return Written("\n".join([*lines, ""]), folder.files)


def _defaults(facts: LoadBalancerFacts, folder: Folder) -> Iterator[str]:
    yield from (
        "defaults",
        "  mode http",
        "  retries 0",
        f"  timeout connect {_CONNECT_SECONDS}s",
        f"  timeout client {facts.idle}s",
        f"  timeout server {facts.idle}s",
        f"  timeout http-request {facts.idle}s",
        f"  timeout http-keep-alive {facts.idle}s",
    )
    for status in pages.ERRORS:
        if status != 503:  # noqa: PLR2004  # a target's refusal, which the next line answers
            yield f"  errorfile {status} {folder.keep(pages.answer(status), 'http')}"
    yield f"  http-error status 503 content-type text/html lf-file {folder.keep(_FAILED, 'html')} {_OWN}"


def _unavailable(folder: Folder, condition: str) -> tuple[str, str]:
    """Give the lines that answer that a group has nobody to answer."""
    page = folder.keep(pages.titled(503), "html")
    return (
        f"  http-request set-var(txn.answered) bool(true){condition}",
        f"  http-request return status 503 content-type text/html file {page} {_OWN}{condition}",
    )


def _frontend(
    listener: Listener, facts: LoadBalancerFacts, groups: Mapping[str, Group], address: str, folder: Folder
) -> Iterator[str]:
    yield f"frontend port-{listener.port}"
    yield bind(listener, address, folder, alpn="h2,http/1.1" if facts.http2 else "http/1.1")
    yield "  http-request set-var(txn.began) date(0,ms)"
    for number, rule in enumerate(listener.rules):
        conditions = " ".join(["!{ var(txn.rule) -m found }", *[test(each) for each in rule.conditions]])
        yield f"  http-request set-var(txn.rule) str(r{number}) if {conditions}"
    for number, rule in enumerate(listener.rules):
        yield from _answer(rule, listener, folder, _picked(number))
    yield from _headers(listener, facts.headers)
    for number, rule in enumerate(listener.rules):
        yield from _forward(rule, groups, _picked(number))
    yield "  default_backend none"
    yield from _after(listener)


def _after(listener: Listener) -> Iterator[str]:
    """Give the lines that put right what the proxy answers by itself."""
    yield "  http-response set-var(txn.answered) bool(true)"
    for number, rule in enumerate(listener.rules):
        if isinstance(rule.action, Fixed) and not rule.action.body:
            yield f"  http-after-response set-header Content-Type {_kind(rule.action)} if {_picked(number)}"
    failed = "{ status 503 } !{ var(txn.answered) -m found }"
    yield f"  http-after-response set-status 504 reason '{pages.REASONS[504]}' if {failed} {{ {_SLOW} }}"
    yield f"  http-after-response set-status 502 reason '{pages.REASONS[502]}' if {failed}"
    own = f"{{ status 503 }} {{ res.hdr(server) -m str {pages.SERVER} }}"
    yield f"  http-after-response set-status 503 reason '{pages.REASONS[503]}' if {own}"
    yield "  http-after-response set-header Date %[date,http_date] if !{ res.hdr(date) -m found }"


def _picked(number: int) -> str:
    return f"{{ var(txn.rule) -m str r{number} }}"


def _headers(listener: Listener, headers: Headers) -> Iterator[str]:
    """Give the lines that change a request's headers on its way to a target."""
    if headers.drop_invalid:
        yield "  http-request del-header '[^-A-Za-z0-9]' -m reg"
    client = "%[src]:%[src_port]" if headers.client_port else "%[src]"
    name = "X-Forwarded-For"
    match headers.forwarded:
        case "append":
            before = f"{{ req.fhdr({name}) -m found }}"
            yield f"  http-request set-var(txn.append) bool(true) if {before}"
            yield f"  http-request set-header {name} '%[req.fhdr({name})], {client}' if {before}"
            yield f"  http-request set-header {name} '{client}' if !{{ var(txn.append) -m found }}"
        case "remove":
            yield f"  http-request del-header {name}"
        case "preserve":
            pass
    yield f"  http-request set-header X-Forwarded-Proto {listener.protocol.lower()}"
    yield f"  http-request set-header X-Forwarded-Port {listener.port}"
    # A trace that comes with the request goes on, and is told of the load balancer's part.
    trace, traced = "1-%{+X}Ts-%[uuid,regsub(-,,g),bytes(0,24)]", "{ req.hdr(X-Amzn-Trace-Id) -m sub Root= }"
    yield f"  http-request set-var-fmt(txn.trace) 'Root={trace}' if !{traced}"
    yield f"  http-request set-var-fmt(txn.trace) 'Self={trace};%[req.hdr(X-Amzn-Trace-Id)]' if {traced}"
    yield "  http-request set-header X-Amzn-Trace-Id %[var(txn.trace)]"
    if headers.tls_details and listener.tls is not None:
        yield "  http-request set-header X-Amzn-Tls-Version %[ssl_fc_protocol]"
        yield "  http-request set-header X-Amzn-Tls-Cipher-Suite %[ssl_fc_cipher]"


def _answer(rule: Rule, listener: Listener, folder: Folder, picked: str) -> Iterator[str]:
    """Give the lines of a rule that the load balancer answers itself."""
    match rule.action:
        case Redirect() as redirect:
            status = 301 if redirect.permanent else 302
            page = folder.keep(pages.titled(status), "html")
            start = f"  http-request return status {status} content-type text/html file {page} {_OWN} hdr Location"
            if redirect.query == "#{query}":
                yield f"{start} {_location(redirect, listener, asked=True)} if {picked} {{ query,length gt 0 }}"
            yield f"{start} {_location(redirect, listener, asked=False)} if {picked}"
        case Fixed() as fixed:
            start = f"  http-request return status {fixed.status} content-type {_kind(fixed)}"
            yield f"{start} file {folder.keep(fixed.body, 'txt')} {_OWN} if {picked}"
        case Forward():
            return
        case _ as never:
            assert_never(never)


def _kind(fixed: Fixed) -> str:
    """Give the content type of a fixed response as it is sent (captures in public repositories)."""
    return quoted(f"{fixed.content_type}; charset=utf-8")


def _location(redirect: Redirect, listener: Listener, *, asked: bool) -> str:
    """Give a redirect's URL in haproxy's log format; `asked` keeps the request's own query.

    ALB names the port always, `https://example.com:443/` too (captures in public repositories).
    """
    text = f"{redirect.protocol.lower()}://{redirect.host}:{redirect.port}{redirect.path}"
    text += f"?{redirect.query}" if asked or redirect.query not in ("", "#{query}") else ""
    known = {
        "#{protocol}": listener.protocol.lower(),
        "#{host}": "%[req.hdr(host),host_only]",
        "#{port}": str(listener.port),
        "#{path}": "%[path,regsub(^/,)]",
        "#{query}": "%[query]",
    }
    escaped = text.replace("%", "%%")
    for name, value in known.items():
        escaped = escaped.replace(name, value)
    return quoted(escaped)


def _forward(rule: Rule, groups: Mapping[str, Group], picked: str) -> Iterator[str]:
    """Give the lines that send a rule's requests to its groups: to the one a client stays with, else by weight."""
    if not isinstance(rule.action, Forward):
        return
    weighted = [(groups[arn].name, weight) for arn, weight in rule.action.groups if arn in groups and weight > 0]
    stay = rule.action.stay
    if stay is not None:
        for name, _ in weighted:
            yield f"  use_backend {name} if {picked} {{ req.cook(AWSALBTG) -m str {name} }}"
        cookie = f"AWSALBTG=%[be_name]; Expires=%[date({stay}),http_date]; Path=/"
        yield f"  http-response add-header Set-Cookie '{cookie}' if {picked}"
    left = sum(weight for _, weight in weighted)
    for name, weight in weighted:
        chance = f" {{ rand({left}) lt {weight} }}" if weight < left else ""
        yield f"  use_backend {name} if {picked}{chance}"
        left -= weight


def _backend(group: Group, folder: Folder) -> Iterator[str]:
    yield f"backend {group.name}"
    yield "  balance roundrobin"
    if group.cookie is not None:
        yield f"  cookie AWSALB insert indirect nocache dynamic maxlife {group.cookie}s"
        yield f"  dynamic-cookie-key {group.name}"
    yield from _unavailable(folder, f" if {{ nbsrv({group.name}) eq 0 }}")
