"""What load balancers are told to do, as frozen facts: listeners, rules, groups, targets.

Words as in the ELBv2 API reference (RuleCondition, Action, TargetGroup).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A registered target; a draining one gets no new requests.

    `zone` is the availability zone that its address lies in, "" where it lies in none of the account's subnets.
    """

    address: str
    port: int
    draining: bool = False
    zone: str = ""


class Check(msgspec.Struct, frozen=True):
    """A target group's health check. `port` None is the target's own; `codes` as written ("200-299,404")."""

    path: str
    port: int | None
    protocol: Literal["HTTP", "HTTPS", "TCP"]
    codes: str
    interval: float
    timeout: float
    rise: int
    fall: int


class Group(msgspec.Struct, frozen=True):
    """A target group.

    `tls` says that its targets speak TLS, `http2` that they speak HTTP/2. `across` says that nodes send to targets of
    all zones, and not of their own only. `announces` says that targets are told the client's address by the PROXY
    protocol. `cookie` is for how many seconds a client stays with a target by a cookie (None: it does not), `sticks`
    that it does by its address.
    """

    arn: str
    tls: bool
    check: Check
    targets: tuple[Target, ...]
    http2: bool = False
    across: bool = True
    announces: bool = False
    cookie: int | None = None
    sticks: bool = False

    @property
    def name(self) -> str:
        """A name for the proxy's configuration: NAME-ID from the ARN."""
        return "-".join(self.arn.rsplit("/", 2)[1:])


class Forward(msgspec.Struct, frozen=True):
    """Send to target groups by weight; `stay` is for how many seconds a client stays with its group (None: not)."""

    groups: tuple[tuple[str, int], ...]
    stay: int | None = None


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
    """One condition of a rule: any of `values` must match `field`. `name` is the header that `http-header` looks at.

    `pairs` are what `query-string` looks for: a key (None: any) and a value.
    """

    field: str
    values: tuple[str, ...] = ()
    name: str = ""
    pairs: tuple[tuple[str | None, str], ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A listener's rule; one without conditions is the default."""

    conditions: tuple[Condition, ...]
    action: Action


class Certificate(msgspec.Struct, frozen=True):
    """A certificate of a listener: its ARN, and certificate, chain and key in PEM."""

    arn: str
    pem: str


class Tls(msgspec.Struct, frozen=True):
    """How a listener does TLS: certificates (the default first), and what its security policy allows."""

    certificates: tuple[Certificate, ...]
    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]


class Listener(msgspec.Struct, frozen=True):
    """A listener with its rules in the order they are tried, the default last. `idle` (NLB) is in seconds."""

    port: int
    protocol: str
    rules: tuple[Rule, ...]
    tls: Tls | None = None
    idle: int = 350


Forwarded: TypeAlias = Literal["append", "preserve", "remove"]


class Headers(msgspec.Struct, frozen=True):
    """What an application load balancer's attributes say of headers (API reference, LoadBalancerAttribute)."""

    forwarded: Forwarded = "append"
    client_port: bool = False
    drop_invalid: bool = False
    tls_details: bool = False


class LoadBalancerFacts(msgspec.Struct, frozen=True):
    """An active load balancer.

    `interfaces` are the ids of its ENIs with their zones, `idle` is in seconds. `across` says that a node sends to
    targets of all zones, where a target group does not say otherwise.
    """

    arn: str
    kind: Literal["application", "network"]
    interfaces: tuple[tuple[str, str], ...]
    listeners: tuple[Listener, ...]
    idle: int = 60
    http2: bool = True
    across: bool = True
    headers: Headers = Headers()

    @property
    def groups(self) -> tuple[str, ...]:
        """The ARNs of the target groups that its rules lead to."""
        actions = [rule.action for listener in self.listeners for rule in listener.rules]
        found = [arn for action in actions if isinstance(action, Forward) for arn, _ in action.groups]
        return tuple(dict.fromkeys(found))


class Facts(msgspec.Struct, frozen=True):
    """Everything, with the target groups that some listener leads to by their ARNs.

    `unmodelled` says what the account holds that no proxy here does.
    """

    balancers: tuple[LoadBalancerFacts, ...]
    groups: Mapping[str, Group]
    unmodelled: tuple[str, ...] = ()
