"""Rules as boxes of addresses and numbers that do not overlap: what the kernel's interval sets take.

An interval set refuses two elements that overlap, so what a wider CIDR allows already is taken out of the narrower
ones inside it. The numbers are ports, protocols, or ICMP's type and code as one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import TypeAlias

import msgspec

Span: TypeAlias = tuple[int, int]
"""An inclusive range of numbers."""


class Box(msgspec.Struct, frozen=True):
    """All numbers of a span with all addresses of a network."""

    network: IPv4Network
    span: Span


class _Level(msgspec.Struct, frozen=True):
    """A network that is open while those inside it are met, and all that it and those around it allow."""

    network: IPv4Network
    allowed: tuple[Span, ...]


def disjoint(boxes: Iterable[Box]) -> Iterator[Box]:
    """Give boxes that cover the same and do not overlap, in the order of their addresses."""
    by_network: dict[IPv4Network, list[Span]] = {}
    for box in boxes:
        by_network.setdefault(box.network, []).append(box.span)
    around: list[_Level] = []
    # Networks are nested or apart, and a wider one sorts before those inside it.
    for network in sorted(by_network):
        while around and not network.subnet_of(around[-1].network):
            around.pop()
        allowed = around[-1].allowed if around else ()
        own = merged(by_network[network])
        for span in _without(own, allowed):
            yield Box(network, span)
        around.append(_Level(network, merged([*own, *allowed])))


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Give the least spans that cover the same, in order."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _without(spans: tuple[Span, ...], taken: tuple[Span, ...]) -> Iterator[Span]:
    for first, last in spans:
        start = first
        for low, high in taken:
            if high < start or low > last:
                continue
            if low > start:
                yield start, low - 1
            start = high + 1
        if start <= last:
            yield start, last


def by_upper_byte(span: Span) -> Iterator[tuple[int, Span]]:
    """Give a span of two-byte numbers as (upper byte, span of lower bytes)."""
    first, last = span
    for upper in range(first >> 8, (last >> 8) + 1):
        yield upper, (max(first, upper << 8) & 255, min(last, upper << 8 | 255) & 255)
