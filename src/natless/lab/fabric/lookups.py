"""Allowed traffic as look-ups whose cost does not grow with what is allowed.

Traffic of one layer is one interval set, keyed by what its packets carry: `ip daddr . th dport . meta l4proto`. The
kernel narrows its choice field by field, and works through all that are left after each: the address comes first, since
few elements share one, and the protocol, which nearly all share, last (nft_set_pipapo.c; 10,000 rules cost half of
all connects the other way round).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network

import msgspec

from natless.lab.fabric.blocks import Block, table_set
from natless.lab.fabric.boxes import Box, by_upper_byte, disjoint
from natless.lab.fabric.traffic import EVERY_PROTOCOL, Traffic, spanned

ANYWHERE = IPv4Network("0.0.0.0/0")
# A match on all of a one-byte field is none; of a two-byte port, 0-255 is a part.
_WHOLE = frozenset({("meta l4proto", spanned(EVERY_PROTOCOL)), ("icmp code", "0-255")})


class Allowed(msgspec.Struct, frozen=True):
    """Traffic with the addresses of a network."""

    traffic: Traffic
    network: IPv4Network = ANYWHERE


class Lookup(msgspec.Struct, frozen=True):
    """A rule, and the set it looks up, where it is not all in the rule itself."""

    sets: tuple[Block, ...]
    rule: str


class _Key(msgspec.Struct, frozen=True):
    """What of a packet is looked up, and nft's types of it."""

    title: str
    fields: tuple[str, ...]
    types: tuple[str, ...]


_PORTS = _Key("ports", ("th dport", "meta l4proto"), ("inet_service", "inet_proto"))
_PROTOCOLS = _Key("protocols", ("meta l4proto",), ("inet_proto",))
_ICMP = _Key("icmp", ("icmp type", "icmp code"), ("icmp_type", "icmp_code"))


def lookups(prefix: str, allowed: Iterable[Allowed], verdict: str, address: str = "") -> Iterator[Lookup]:
    """Give the look-ups that have `verdict` for what is allowed; names of sets start with `prefix`.

    `address` is the field that the networks are of; "" asks for none, and all of them are ANYWHERE.
    """
    given = list(allowed)
    elements: dict[_Key, Sequence[tuple[str, ...]]] = {
        _PORTS: [(str(b.network), spanned(b.span), kind) for kind in ("tcp", "udp") for b in _boxes(given, kind)],
        _PROTOCOLS: [(str(box.network), spanned(box.span)) for box in _boxes(given, "protocols")],
        _ICMP: [
            (str(box.network), str(kind), spanned(codes))
            for box in _boxes(given, "icmp")
            for kind, codes in by_upper_byte(box.span)
        ],
    }
    for key, found in elements.items():
        if found and address:
            whole = _Key(key.title, (address, *key.fields), ("ipv4_addr", *key.types))
            yield _lookup(prefix, whole, found, verdict)
        elif found:
            yield _lookup(prefix, key, [each[1:] for each in found], verdict)


def _boxes(allowed: Iterable[Allowed], layer: str) -> Iterator[Box]:
    return disjoint(Box(each.network, each.traffic.span) for each in allowed if each.traffic.layer == layer)


def _lookup(prefix: str, key: _Key, elements: Sequence[Sequence[str]], verdict: str) -> Lookup:
    if len(elements) == 1:
        pairs = [pair for pair in zip(key.fields, elements[0], strict=True) if pair not in _WHOLE]
        return Lookup((), " ".join([*(f"{field} {value}" for field, value in pairs), verdict]))
    title = f"{prefix}-{key.title}"
    found = table_set(title, " . ".join(key.types), [" . ".join(each) for each in elements], interval=True)
    return Lookup((found,), f"{' . '.join(key.fields)} @{title} {verdict}")
