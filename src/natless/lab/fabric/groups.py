"""A list of security groups → the chain that says what new flows its interfaces may begin, or be sent.

However many rules the groups have, a packet meets a few look-ups: what anybody may, what the addresses of CIDRs and
prefix lists may, and what the members of groups may.

What AWS does not track is marked, so that its later packets are asked again (`catalog/tracking.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address

import msgspec

from natless.catalog.tracking import UNTRACKED_PROTOCOLS
from natless.cloud import CidrPeer, Cloud, GroupPeer, PrefixListPeer
from natless.finding import Gap
from natless.lab.fabric import traffic as traffics
from natless.lab.fabric.blocks import Block, chain, table_map
from natless.lab.fabric.boxes import merged
from natless.lab.fabric.ledger import Ledger
from natless.lab.fabric.lookups import ANYWHERE, Allowed, Lookup, lookups
from natless.lab.fabric.plan import Attachment
from natless.lab.fabric.traffic import EVERY_PORT, EVERY_PROTOCOL, Traffic


class _Reach(msgspec.Struct, frozen=True):
    """What the rules of one direction allow: with anybody, with CIDRs, and with members of groups."""

    anyone: tuple[Traffic, ...]
    networks: tuple[Allowed, ...]
    members: Mapping[str, tuple[Traffic, ...]]


class _Side(msgspec.Struct, frozen=True):
    """One direction of a list of groups: what its names start with, which address is the other end's, how it drops."""

    groups: tuple[str, ...]
    number: int
    egress: bool
    refusal: str

    @property
    def way(self) -> str:
        """Give the direction's word."""
        return "out" if self.egress else "in"

    @property
    def prefix(self) -> str:
        """Give what the names of its sets and chains have in them."""
        return f"{self.way}-{self.number}"

    @property
    def address(self) -> str:
        """Give the field that holds the other end's address."""
        return "ip daddr" if self.egress else "ip saddr"


def blocks(
    cloud: Cloud, ledger: Ledger, attachments: Sequence[Attachment], groups: tuple[str, ...], number: int
) -> Iterator[Block]:
    """Give the chains `groups-out-NUMBER` and `groups-in-NUMBER` of a list of groups, after all that they name.

    `attachments` are those of the VPC: who a reference to a group may mean.
    """
    reach = {egress: _reach(cloud, ledger, groups, egress=egress) for egress in (True, False)}
    for egress in (True, False):
        untracked = tuple(each for each in _open(reach[egress]) if _answered(reach[not egress], each))
        refusal = ledger.drop("security-group-egress" if egress else "security-group-ingress", ",".join(groups))
        side = _Side(groups, number, egress, refusal)
        yield from _chain(side, reach[egress], untracked, attachments)


def _reach(cloud: Cloud, ledger: Ledger, groups: tuple[str, ...], *, egress: bool) -> _Reach:
    anyone: list[Traffic] = []
    networks: list[Allowed] = []
    members: dict[str, list[Traffic]] = {}
    for identifier in groups:
        group = cloud.security_groups.get(identifier)
        if group is None:
            ledger.note(f"{identifier}: this security group is not known, it allows nothing")
            continue
        for rule in group.egress if egress else group.ingress:
            if isinstance(rule, Gap) or isinstance(rule.peer, Gap):
                ledger.note(f"{group.id}: a rule is not known, it allows nothing")
                continue
            traffic = traffics.of(rule.protocol, rule.ports, rule.icmp)
            if isinstance(traffic, str):
                ledger.note(f"{rule.id}: its {traffic} is not known, it allows nothing")
                continue
            match rule.peer:
                case CidrPeer(network) if network == ANYWHERE:
                    anyone.append(traffic)
                case CidrPeer(network):
                    networks.append(Allowed(traffic, network))
                case PrefixListPeer(prefix_list):
                    networks += _listed(cloud, ledger, prefix_list, traffic)
                case GroupPeer(other):
                    members.setdefault(other, []).append(traffic)
    return _Reach(tuple(anyone), tuple(networks), {key: tuple(found) for key, found in members.items()})


def _listed(cloud: Cloud, ledger: Ledger, identifier: str, traffic: Traffic) -> Iterator[Allowed]:
    found = cloud.prefix_lists.get(identifier)
    if found is None or isinstance(found.cidrs, Gap):
        ledger.note(f"{identifier}: this prefix list is not known, rules that name it match nothing")
        return
    for cidr in found.cidrs:
        yield Allowed(traffic, cidr)


def _open(reach: _Reach) -> Iterator[Traffic]:
    """Give the TCP and UDP traffic that is allowed with anybody."""
    for protocol in UNTRACKED_PROTOCOLS:
        whole = any(each == Traffic("protocols", EVERY_PROTOCOL) for each in reach.anyone)
        spans = [EVERY_PORT] if whole else [each.span for each in reach.anyone if each.layer == protocol]
        yield from (Traffic(protocol, span) for span in merged(spans))


def _answered(reach: _Reach, traffic: Traffic) -> bool:
    """Say whether a rule lets all answers to `traffic` through; `reach` is of the other direction."""
    return any(each == Traffic(traffic.layer, EVERY_PORT) for each in _open(reach))


def _chain(
    side: _Side, reach: _Reach, untracked: tuple[Traffic, ...], attachments: Sequence[Attachment]
) -> Iterator[Block]:
    """Give the chain of one direction: what is allowed returns, the rest is dropped."""
    apart = {each.layer for each in untracked}
    tracked = [Allowed(each) for each in reach.anyone if each.layer not in apart]
    asked = [
        *lookups(f"{side.prefix}-untracked", map(Allowed, untracked), f"goto untracked-{side.way}"),
        *lookups(f"{side.prefix}-anyone", tracked, "return"),
        *lookups(side.prefix, reach.networks, "return", side.address),
    ]
    yield from _sets(asked)
    rules = [each.rule for each in asked]
    if reach.members:
        yield from _members(side, reach.members, attachments)
        rules.append(f"{side.address} vmap @{side.prefix}-members")
    title = f"# {', '.join(side.groups)}: {'egress' if side.egress else 'ingress'}"
    yield chain(f"groups-{side.prefix}", [title, *rules, side.refusal])


def _members(
    side: _Side, members: Mapping[str, tuple[Traffic, ...]], attachments: Sequence[Attachment]
) -> Iterator[Block]:
    """Give the map from members' private addresses, which is what a reference means, to what they may."""
    leads: dict[IPv4Address, str] = {}
    chains: dict[tuple[str, ...], str] = {}
    for each in attachments:
        named = tuple(group for group in members if group in each.groups)
        if not named:
            continue
        if named not in chains:
            title = chains[named] = f"{side.prefix}-of-{len(chains) + 1}"
            asked = list(lookups(title, [Allowed(may) for group in named for may in members[group]], "return"))
            yield from _sets(asked)
            yield chain(title, [f"# members of {', '.join(named)}", *(one.rule for one in asked), side.refusal])
        leads |= dict.fromkeys(each.addresses, chains[named])
    elements = [f"{address} : goto {title}" for address, title in leads.items()]
    yield table_map(f"{side.prefix}-members", "ipv4_addr : verdict", elements)


def _sets(asked: Iterable[Lookup]) -> Iterator[Block]:
    for each in asked:
        yield from each.sets
