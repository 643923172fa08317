"""Reads load balancers out of the account's ELBv2, ACM and IAM as frozen facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.elbv2.models import elbv2_backends

from natless.lab.balancer.facts import (
    Action,
    Certificate,
    Check,
    Condition,
    Facts,
    Fixed,
    Forward,
    Group,
    Headers,
    Listener,
    LoadBalancerFacts,
    Redirect,
    Rule,
    Target,
    Tls,
)
from natless.lab.balancer.streams import SERVED
from natless.lab.services.certificates import pem_of
from natless.lab.services.elbv2_attributes import number, truth
from natless.lab.services.elbv2_targets import DRAINING, address_of, zone_of
from natless.lab.services.elbv2_tls import policy
from natless.lab.services.ledger import LEDGER

_TLS = ("HTTPS", "TLS")


def read(account: str, region: str) -> Facts:
    """Read the account's ELBv2 as it is now."""
    with LEDGER.lock:
        backend: Any = elbv2_backends[account][region]
        active = [each for each in backend.load_balancers.values() if each.state == "active"]
        balancers = tuple(_balancer(backend, each) for each in active if each.type in {"application", "network"})
        across = {arn: each.across for each in balancers for arn in each.groups}
        groups = {
            arn: _group(backend, each, across[arn]) for arn, each in backend.target_groups.items() if arn in across
        }
        return Facts(balancers, groups, tuple(_unmodelled(active, [backend.target_groups[arn] for arn in groups])))


def _balancer(backend: Any, record: Any) -> LoadBalancerFacts:
    attributes = record.attrs
    application = record.type == "application"
    enis = backend.ec2_backend.enis
    return LoadBalancerFacts(
        arn=record.arn,
        kind="application" if application else "network",
        interfaces=tuple((eni, str(enis[eni].subnet.availability_zone)) for eni in record.interfaces),
        listeners=tuple(_listener(backend, each) for each in record.listeners.values()),
        idle=number(attributes, "idle_timeout.timeout_seconds", 60) if application else 350,
        http2=truth(attributes, "routing.http2.enabled"),
        across=truth(attributes, "load_balancing.cross_zone.enabled"),
        headers=_headers(attributes),
    )


def _headers(attributes: Mapping[str, Any]) -> Headers:
    mode = attributes.get("routing.http.xff_header_processing.mode")
    return Headers(
        forwarded="preserve" if mode == "preserve" else "remove" if mode == "remove" else "append",
        client_port=truth(attributes, "routing.http.xff_client_port.enabled"),
        drop_invalid=truth(attributes, "routing.http.drop_invalid_header_fields.enabled"),
        tls_details=truth(attributes, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
    )


def _listener(backend: Any, record: Any) -> Listener:
    default = [rule for rule in record.rules.values() if rule.priority == "default"]
    others = sorted(
        (rule for rule in record.rules.values() if rule.priority != "default"), key=lambda r: int(r.priority)
    )
    rules = [Rule(tuple(_condition(each) for each in rule.conditions), _action(rule.actions)) for rule in others]
    rules += [Rule((), _action(rule.actions)) for rule in default]
    tls = _tls(backend, record) if record.protocol in _TLS else None
    idle = number(record.attributes, "tcp.idle_timeout.seconds", 350)
    return Listener(int(record.port), str(record.protocol), tuple(rules), tls, idle)


def _tls(backend: Any, record: Any) -> Tls:
    known = policy(record.ssl_policy)
    certificates = tuple(
        Certificate(arn, pem_of(backend.account_id, backend.region_name, arn)) for arn in record.certificates
    )
    return Tls(certificates, known.protocols, known.ciphers)


def _condition(record: Mapping[str, Any]) -> Condition:
    field = str(record["Field"])
    parts = "".join(part.capitalize() for part in field.split("-"))
    settings = record.get(f"{parts}Config") or {}
    values = settings.get("Values") or record.get("Values") or []
    if field == "query-string":
        return Condition(field, pairs=tuple((each.get("Key"), str(each["Value"])) for each in values))
    return Condition(field, tuple(str(value) for value in values), str(settings.get("HttpHeaderName", "")))


def _action(records: Sequence[Any]) -> Action:
    """Give the one action of a rule: what the account takes has no other before it."""
    data: Mapping[str, Any] = records[-1].data
    match data["Type"]:
        case "redirect":
            settings = data["RedirectConfig"]
            return Redirect(
                str(settings.get("Protocol", "#{protocol}")),
                str(settings.get("Host", "#{host}")),
                str(settings.get("Port", "#{port}")),
                str(settings.get("Path", "/#{path}")),
                str(settings.get("Query", "#{query}")),
                permanent=settings.get("StatusCode") == "HTTP_301",
            )
        case "fixed-response":
            settings = data["FixedResponseConfig"]
            kind = str(settings.get("ContentType") or "text/plain")
            return Fixed(int(settings["StatusCode"]), kind, str(settings.get("MessageBody") or ""))
        case _:
            config = data.get("ForwardConfig") or {}
            listed = config.get("TargetGroups") or []
            groups = [(str(each["TargetGroupArn"]), int(each.get("Weight", 1))) for each in listed]
            sticky = config.get("TargetGroupStickinessConfig") or {}
            stay = int(sticky.get("DurationSeconds") or 0) if str(sticky.get("Enabled")).lower() == "true" else None
            return Forward(tuple(groups or [(str(data["TargetGroupArn"]), 1)]), stay)


def _group(backend: Any, record: Any, across: bool) -> Group:  # noqa: FBT001  # what the load balancer says, passed on
    attributes = record.attributes
    sticky = attributes.get("stickiness.type") if truth(attributes, "stickiness.enabled") else None
    own = str(attributes.get("load_balancing.cross_zone.enabled"))
    in_zone = {key for key in record.registered if not backend.out_of_zone(record, key)}
    targets = (
        Target(address, key[1], record.seen.get(key) == DRAINING, zone_of(record, address))
        for key in record.registered
        if key in in_zone and (address := address_of(record, key[0])) is not None
    )
    return Group(
        arn=record.arn,
        tls=record.protocol in _TLS,
        check=_check(record),
        targets=tuple(targets),
        http2=record.protocol_version in {"HTTP2", "GRPC"},
        across=own == "true" or (own != "false" and across),
        announces=truth(attributes, "proxy_protocol_v2.enabled"),
        cookie=number(attributes, "stickiness.lb_cookie.duration_seconds", 86400) if sticky == "lb_cookie" else None,
        sticks=sticky == "source_ip",
    )


def _check(record: Any) -> Check:
    port = str(record.health_check_port or "traffic-port")
    protocol = str(record.health_check_protocol)
    return Check(
        path=str(record.health_check_path or "/"),
        port=int(port) if port.isdigit() else None,
        protocol="HTTPS" if protocol == "HTTPS" else "HTTP" if protocol == "HTTP" else "TCP",
        codes=str((getattr(record, "matcher", None) or {}).get("HttpCode") or "200"),
        interval=float(record.health_check_interval_seconds or 30),
        timeout=float(record.health_check_timeout_seconds or 5),
        rise=int(record.healthy_threshold_count or 5),
        fall=int(record.unhealthy_threshold_count or 2),
    )


def _unmodelled(balancers: Sequence[Any], groups: Sequence[Any]) -> Iterator[str]:
    for balancer in balancers:
        if balancer.type == "gateway":
            yield f"{balancer.name}: gateway load balancers"
        for listener in balancer.listeners.values():
            if balancer.type == "network" and listener.protocol not in SERVED:
                yield f"{balancer.name}: its {listener.protocol} listener on port {listener.port}"
    for group in groups:
        if group.protocol_version in {"HTTP2", "GRPC"}:
            yield f"target group {group.name}: health checks by {group.protocol_version} (asked by HTTP/1.1)"
        if truth(group.attributes, "preserve_client_ip.enabled"):
            yield f"target group {group.name}: the client's address towards targets (they see the load balancer's)"
