"""What a rule says of protocol and ports, in the terms of the packets' headers."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from natless.cloud import Icmp, Ports
from natless.finding import Gap
from natless.lab.fabric.boxes import Span

Layer: TypeAlias = Literal["tcp", "udp", "icmp", "protocols"]
"""What a span counts: ports of TCP or UDP, ICMP's type and code as one number, or protocols as a whole."""

EVERY_PORT: Span = (0, 65535)
EVERY_PROTOCOL: Span = (0, 255)
_ICMP = 1
_BYTE = 255
_NAMES = {"all": "-1", "6": "tcp", "17": "udp", "1": "icmp", "icmpv6": "58"}


class Traffic(msgspec.Struct, frozen=True):
    """Packets whose number, in this layer, lies in the span."""

    layer: Layer
    span: Span


def of(protocol: str | Gap, ports: Ports | Gap, icmp: Icmp | Gap | None) -> Traffic | str:
    """Read a rule's protocol, and its ports or ICMP type, or say what of them is not known."""
    if isinstance(protocol, Gap):
        return "protocol"
    name = _NAMES.get(protocol, protocol)
    match name:
        case "-1":
            return Traffic("protocols", EVERY_PROTOCOL)
        case "tcp" | "udp":
            return "ports" if isinstance(ports, Gap) else Traffic(name, (ports.first, ports.last))
        case "icmp":
            return _icmp(icmp)
        case _:
            known = name.isdecimal() and int(name) <= _BYTE
            return Traffic("protocols", (int(name), int(name))) if known else "protocol"


def _icmp(icmp: Icmp | Gap | None) -> Traffic | str:
    match icmp:
        case None:
            return Traffic("protocols", (_ICMP, _ICMP))
        case Icmp(kind, -1) if kind in range(_BYTE + 1):
            return Traffic("icmp", (kind << 8, kind << 8 | _BYTE))
        case Icmp(kind, code) if kind in range(_BYTE + 1) and code in range(_BYTE + 1):
            return Traffic("icmp", (kind << 8 | code, kind << 8 | code))
        case _:
            return "ICMP type"


def matching(traffic: Traffic) -> str:
    """Give the match of an nft rule: "" for all traffic."""
    first, last = traffic.span
    match traffic.layer:
        case "protocols":
            return "" if traffic.span == EVERY_PROTOCOL else f"meta l4proto {spanned(traffic.span)}"
        case "tcp" | "udp" as protocol:
            if traffic.span == EVERY_PORT:
                return f"meta l4proto {protocol}"
            return f"{protocol} dport {spanned(traffic.span)}"
        case "icmp":
            codes = (first & _BYTE, last & _BYTE)
            code = "" if codes == (0, _BYTE) else f" icmp code {spanned(codes)}"
            return f"icmp type {first >> 8}{code}"


def spanned(span: Span) -> str:
    """Give a span as nft writes it."""
    first, last = span
    return str(first) if first == last else f"{first}-{last}"
