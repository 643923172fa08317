"""What the account says of load balancers: listeners, rules, groups, targets, as frozen facts.

Conditions and actions as in the ELBv2 API reference (RuleCondition, Action); a rule with a condition that is not
read here never matches, so that nothing is sent where it was not meant to go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from moto.elbv2.models import elbv2_backends

from natless.lab.services.elbv2 import DRAINING, address_of
from natless.lab.services.ledger import LEDGER


class Target(msgspec.Struct, frozen=True):
    """A registered target; a draining one gets no new requests."""

    address: str
    port: int
    draining: bool = False


class Check(msgspec.Struct, frozen=True):
    """A target group's health check. `port` None is the target's own; `codes` as written ("200-299,404")."""

    path: str
    port: int | None
    tls: bool
    codes: str
    interval: float
    timeout: float
    rise: int
    fall: int


class Group(msgspec.Struct, frozen=True):
    """A target group. `tls` says that its targets speak HTTPS."""

    arn: str
    tls: bool
    check: Check
    targets: tuple[Target, ...]

    @property
    def name(self) -> str:
        """A name for the proxy's configuration: NAME-ID from the ARN."""
        return "-".join(self.arn.rsplit("/", 2)[1:])


class Forward(msgspec.Struct, frozen=True):
    """Send to target groups by weight."""

    groups: tuple[tuple[str, int], ...]


class Redirect(msgspec.Struct, frozen=True):
    """Answer with another URL, made of parts that may hold `#{host}` and its like."""

    protocol: str
    host: str
    port: str
    path: str
    query: str
    permanent: bool


class Fixed(msgspec.Struct, frozen=True):
    """Answer with a text."""

    status: int
    content_type: str
    body: str


Action: TypeAlias = Forward | Redirect | Fixed


class Condition(msgspec.Struct, frozen=True):
    """One condition of a rule: any of `values` must match `field`."""

    field: str
    values: tuple[str, ...]


class Rule(msgspec.Struct, frozen=True):
    """A listener's rule; one without conditions is the default."""

    conditions: tuple[Condition, ...]
    action: Action | None


class Listener(msgspec.Struct, frozen=True):
    """A listener with its rules in the order they are tried, the default last."""

    port: int
    protocol: str
    rules: tuple[Rule, ...]


class LoadBalancerFacts(msgspec.Struct, frozen=True):
    """An active application load balancer; `interfaces` are the ids of its ENIs, `idle` is in seconds."""

    arn: str
    interfaces: tuple[str, ...]
    listeners: tuple[Listener, ...]
    idle: int

    @property
    def groups(self) -> tuple[str, ...]:
        """The ARNs of the target groups that its rules lead to."""
        actions = [rule.action for listener in self.listeners for rule in listener.rules]
        found = [arn for action in actions if isinstance(action, Forward) for arn, _ in action.groups]
        return tuple(dict.fromkeys(found))


class Facts(msgspec.Struct, frozen=True):
    """Everything, with the target groups that some listener leads to by their ARNs."""

    balancers: tuple[LoadBalancerFacts, ...]
    groups: Mapping[str, Group]


def read(account: str, region: str) -> Facts:
    """Read the account's ELBv2 as it is now."""
    with LEDGER.lock:
        backend: Any = elbv2_backends[account][region]
        active = [each for each in backend.load_balancers.values() if each.state == "active"]
        balancers = tuple(_balancer(each) for each in active if each.type == "application")
        used = {arn for each in balancers for arn in each.groups}
        groups = {arn: _group(each) for arn, each in backend.target_groups.items() if arn in used}
        return Facts(balancers, groups)


def _balancer(record: Any) -> LoadBalancerFacts:
    return LoadBalancerFacts(
        arn=record.arn,
        interfaces=tuple(record.interfaces),
        listeners=tuple(_listener(each) for each in record.listeners.values()),
        idle=int(record.attrs.get("idle_timeout.timeout_seconds", 60)),
    )


def _listener(record: Any) -> Listener:
    default = [rule for rule in record.rules.values() if rule.priority == "default"]
    others = sorted(
        (rule for rule in record.rules.values() if rule.priority != "default"), key=lambda r: int(r.priority)
    )
    rules = [Rule(tuple(_condition(each) for each in rule.conditions), _action(rule.actions)) for rule in others]
    rules += [Rule((), _action(rule.actions)) for rule in default]
    return Listener(int(record.port), str(record.protocol), tuple(rules))


def _condition(record: Mapping[str, Any]) -> Condition:
    field = str(record["Field"])
    parts = "".join(part.capitalize() for part in field.split("-"))
    settings = record.get(f"{parts}Config") or {}
    values = settings.get("Values") or record.get("Values") or []
    return Condition(field, tuple(str(value) for value in values))


def _action(records: Sequence[Any]) -> Action | None:
    """Give the last action, which is the one that answers; None where it is of a kind not read here."""
    data: Mapping[str, Any] = records[-1].data if records else {}
    match data.get("Type"):
        case "forward":
            listed = (data.get("ForwardConfig") or {}).get("TargetGroups") or []
            groups = [(str(each["TargetGroupArn"]), int(each.get("Weight", 1))) for each in listed]
            return Forward(tuple(groups or [(str(data["TargetGroupArn"]), 1)]))
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
            return None


def _group(record: Any) -> Group:
    check_port = str(record.health_check_port or "traffic-port")
    check = Check(
        path=str(record.health_check_path or "/"),
        port=int(check_port) if check_port.isdigit() else None,
        tls=record.health_check_protocol == "HTTPS",
        codes=str((getattr(record, "matcher", None) or {}).get("HttpCode") or "200"),
        interval=float(record.health_check_interval_seconds or 30),
        timeout=float(record.health_check_timeout_seconds or 5),
        rise=int(record.healthy_threshold_count or 5),
        fall=int(record.unhealthy_threshold_count or 2),
    )
    targets = tuple(
        Target(address_of(record.arn, key[0]), key[1], record.seen.get(key) == DRAINING) for key in record.registered
    )
    return Group(record.arn, record.protocol == "HTTPS", check, targets)
