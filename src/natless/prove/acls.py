"""Network ACLs: stateless, ordered by number, first match wins, deny at the end."""

from __future__ import annotations

from typing import TypeAlias

from natless.cloud import AclEntry, NetworkAcl, Ports
from natless.finding import Gap
from natless.prove.addresses import NOWHERE, Ranges, minus, network_range, union
from natless.prove.ends import Coverage
from natless.prove.truth import Maybe, Truth, every

EPHEMERAL = Ports(1024, 65535)
"""What Amazon's VPC guide asks a network ACL to open for answers ('Ephemeral ports')."""

LINUX_EPHEMERAL = Ports(32768, 60999)
"""What Linux draws from (net.ipv4.ip_local_port_range): where one of these is closed, connections die."""

_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1"}


class _Piece:
    """A rectangle of addresses and ports that no entry has decided yet; `doubts` are entries that may have."""

    __slots__ = ("addresses", "doubts", "ports")

    def __init__(
        self, addresses: tuple[int, int], ports: tuple[int, int], doubts: tuple[tuple[bool, Gap], ...]
    ) -> None:
        self.addresses = addresses
        self.ports = ports
        self.doubts = doubts


_Pieces: TypeAlias = list[_Piece]


def let_through(acl: NetworkAcl, ranges: Ranges, protocol: str, ports: Ports, *, egress: bool) -> Coverage:
    """Give the addresses of `ranges` with which every port of `ports` passes the ACL in one direction."""
    unread = tuple(entry for entry in acl.entries if isinstance(entry, Gap))
    if unread:
        # It may stand before any other entry, so nothing is allowed or denied for sure.
        return Coverage(NOWHERE, ranges, unread, denier=acl.origin)
    entries = [entry for entry in acl.entries if isinstance(entry, AclEntry) and entry.egress == egress]
    gaps: list[Gap] = []
    denied: list[tuple[int, int]] = []
    unsure: list[tuple[int, int]] = []
    denier, detail = acl.origin, ""
    left: _Pieces = [_Piece(pair, (ports.first, ports.last), ()) for pair in ranges]
    for entry in sorted(entries, key=lambda entry: entry.number):
        fits = _fits(entry, protocol)
        if fits is False or not left:
            continue
        hit, left = _cut(left, entry, fits)
        for piece in hit:
            detail = detail or f"rule {entry.number}"
            _decide(piece, allow=entry.allow, denied=denied, unsure=unsure, gaps=gaps)
            if not entry.allow and denier is acl.origin:
                denier = entry.origin
    for piece in left:
        _decide(piece, allow=False, denied=denied, unsure=unsure, gaps=gaps)
    possible = minus(ranges, union(tuple(denied)))
    return Coverage(minus(possible, union(tuple(unsure))), possible, tuple(gaps), detail, denier)


def _decide(
    piece: _Piece, *, allow: bool, denied: list[tuple[int, int]], unsure: list[tuple[int, int]], gaps: list[Gap]
) -> None:
    other = [gap for verdict, gap in piece.doubts if verdict != allow]
    if other:
        unsure.append(piece.addresses)
        gaps.extend(other)
    elif not allow:
        denied.append(piece.addresses)


def _fits(entry: AclEntry, protocol: str) -> Truth:
    if isinstance(entry.protocol, Gap):
        return Maybe((entry.protocol,))
    return entry.protocol in {protocol, _NUMBERS.get(protocol, protocol), "all", "-1"}


def _cut(pieces: _Pieces, entry: AclEntry, fits: Truth) -> tuple[_Pieces, _Pieces]:
    """Split pieces into those that the entry decides, and those that go on (with a doubt where it may have)."""
    open_ = [gap for gap in (entry.cidr, entry.ports, entry.protocol) if isinstance(gap, Gap)]
    addresses = (0, 2**32 - 1) if isinstance(entry.cidr, Gap) else network_range(entry.cidr)
    # An unread protocol may be "all", for which ports do not count.
    all_ports = isinstance(entry.protocol, Gap) or isinstance(entry.ports, Gap) or entry.protocol in {"all", "-1"}
    ports = (0, 65535) if all_ports or isinstance(entry.ports, Gap) else (entry.ports.first, entry.ports.last)
    hit: _Pieces = []
    left: _Pieces = []
    for piece in pieces:
        inside, outside = _overlap(piece, addresses, ports)
        left.extend(outside)
        if inside is None:
            continue
        if every((fits, not open_)) is True:
            hit.append(inside)
        else:
            left.append(
                _Piece(inside.addresses, inside.ports, (*inside.doubts, *((entry.allow, gap) for gap in open_)))
            )
    return hit, left


def _overlap(piece: _Piece, addresses: tuple[int, int], ports: tuple[int, int]) -> tuple[_Piece | None, _Pieces]:
    """Give the part of a piece inside a rectangle, and the parts outside it."""
    (a, b), (p, q) = piece.addresses, piece.ports
    first, last = max(a, addresses[0]), min(b, addresses[1])
    low, high = max(p, ports[0]), min(q, ports[1])
    if first > last or low > high:
        return None, [piece]
    outside = []
    if a < first:
        outside.append(_Piece((a, first - 1), (p, q), piece.doubts))
    if b > last:
        outside.append(_Piece((last + 1, b), (p, q), piece.doubts))
    if p < low:
        outside.append(_Piece((first, last), (p, low - 1), piece.doubts))
    if q > high:
        outside.append(_Piece((first, last), (high + 1, q), piece.doubts))
    return _Piece((first, last), (low, high), piece.doubts), outside
