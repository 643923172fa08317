"""Sets of IPv4 addresses as sorted, disjoint, inclusive ranges of integers."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

NOWHERE: Ranges = ()
EVERYWHERE: Ranges = ((0, 2**32 - 1),)


def network_range(network: IPv4Network) -> tuple[int, int]:
    """Give the first and last address of a network."""
    first = int(network.network_address)
    return first, first + (1 << (32 - network.prefixlen)) - 1


def of(networks: Iterable[IPv4Network]) -> Ranges:
    """Give the addresses of all `networks`."""
    return union(tuple(network_range(network) for network in networks))


def one(address: IPv4Address) -> Ranges:
    """Give the set of one address."""
    return ((int(address), int(address)),)


def union(*sets: Ranges) -> Ranges:
    """Give the addresses that lie in any of `sets`; the ranges given need not be sorted."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pair for ranges in sets for pair in ranges):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def meet(left: Ranges, right: Ranges) -> Ranges:
    """Give the addresses that lie in both."""
    if right in {left, EVERYWHERE}:
        return left
    if left == EVERYWHERE:
        return right
    return tuple((max(a, c), min(b, d)) for a, b in left for c, d in right if max(a, c) <= min(b, d))


def minus(left: Ranges, right: Ranges) -> Ranges:
    """Give the addresses of `left` that are not in `right`."""
    kept = list(left)
    for first, last in right:
        cut: list[tuple[int, int]] = []
        for a, b in kept:
            if b < first or a > last:
                cut.append((a, b))
                continue
            if a < first:
                cut.append((a, first - 1))
            if b > last:
                cut.append((last + 1, b))
        kept = cut
    return tuple(kept)


def _networks(*texts: str) -> Ranges:
    return of(IPv4Network(text) for text in texts)


# IANA IPv4 Special-Purpose Address Registry: what is not global unicast, and multicast with all above it.
INTERNET: Ranges = minus(
    EVERYWHERE,
    _networks(
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    ),
)
"""Every address that is routed on the internet."""
