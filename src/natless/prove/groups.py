"""Security groups: stateful, allow-only; the union of the rules of all groups of an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from natless.cloud import CidrPeer, GroupPeer, GroupRule, PrefixList, PrefixListPeer, SecurityGroup
from natless.finding import Gap
from natless.prove.addresses import NOWHERE, Ranges, meet, network_range, of, union
from natless.prove.ends import Coverage, End
from natless.prove.truth import Maybe, Truth, every, some

ListOf = Callable[[str], PrefixList | Gap]
"""Gives what is known of a prefix list by its id."""

_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1"}


def admitted(
    groups: tuple[SecurityGroup | Gap, ...], remote: End, protocol: str, port: int, *, ingress: bool, lists: ListOf
) -> Coverage:
    """Give the addresses of `remote` that the groups let in (ingress) or let one reach (egress) on a port."""
    sure, possible = NOWHERE, NOWHERE
    gaps: list[Gap] = []
    detail = ""
    alone: list[str] = []
    for group in groups:
        if isinstance(group, Gap):
            possible, gaps = remote.ranges, [*gaps, group]
            continue
        for rule in group.ingress if ingress else group.egress:
            if isinstance(rule, Gap):
                possible, gaps = remote.ranges, [*gaps, rule]
                continue
            fits = every((_protocol_fits(rule, protocol), _port_fits(rule, protocol, port)))
            if fits is False:
                continue
            covered, open_, open_gaps = _peer_ranges(rule, remote, lists)
            if isinstance(fits, Maybe):
                covered, open_, open_gaps = NOWHERE, union(covered, open_), (*fits.gaps, *open_gaps)
            if covered:
                sure, detail = union(sure, covered), detail or rule.id
            if covered == remote.ranges:
                alone.append(rule.id)
            if open_:
                possible = union(possible, open_)
                gaps.extend(open_gaps)
    return Coverage(sure, union(sure, possible), tuple(gaps), detail, instead=tuple(alone))


def _protocol_fits(rule: GroupRule, protocol: str) -> Truth:
    if isinstance(rule.protocol, Gap):
        return Maybe((rule.protocol,))
    return rule.protocol in {protocol, _NUMBERS.get(protocol, protocol), "all", "-1"}


def _port_fits(rule: GroupRule, protocol: str, port: int) -> Truth:
    if protocol not in {"tcp", "udp"} or rule.protocol in {"all", "-1"}:
        return True
    if isinstance(rule.ports, Gap):
        return Maybe((rule.ports,))
    if isinstance(rule.protocol, Gap) and port not in rule.ports:
        # It may be "all", for which ports do not count.
        return Maybe((rule.protocol,))
    return port in rule.ports


def _peer_ranges(rule: GroupRule, remote: End, lists: ListOf) -> tuple[Ranges, Ranges, tuple[Gap, ...]]:
    """Give the remote addresses a rule's peer names: for sure, possibly, and why only possibly."""
    match rule.peer:
        case Gap() as gap:
            return NOWHERE, remote.ranges, (gap,)
        case CidrPeer(network):
            return meet((network_range(network),), remote.ranges), NOWHERE, ()
        case GroupPeer(group):
            match _member(remote, group):
                case Maybe(gaps):
                    return NOWHERE, remote.ranges, gaps
                case True:
                    return remote.ranges, NOWHERE, ()
                case _:
                    return NOWHERE, NOWHERE, ()
        case PrefixListPeer(identifier):
            return _list_ranges(lists(identifier), remote)
        case _:
            assert_never(rule.peer)


def _member(remote: End, group: str) -> Truth:
    return some(Maybe((have,)) if isinstance(have, Gap) else have.id == group for have in remote.groups or ())


def _list_ranges(known: PrefixList | Gap, remote: End) -> tuple[Ranges, Ranges, tuple[Gap, ...]]:
    if isinstance(known, Gap):
        # A list that cannot be identified may hold any public address, but no member of this VPC is in AWS's lists.
        return NOWHERE, (remote.ranges if remote.subnet is None else NOWHERE), (known,)
    if known.service and known.service == remote.service:
        return remote.ranges, NOWHERE, ()
    if isinstance(known.cidrs, Gap):
        # The list of another AWS service: its addresses are not those of this remote, nor the internet at large.
        return (NOWHERE, NOWHERE, ()) if known.service else (NOWHERE, remote.ranges, (known.cidrs,))
    return meet(of(known.cidrs), remote.ranges), NOWHERE, ()
