"""Plan → the text that `nft -f` reads: one table for each router.

The order of a packet, which is AWS's: source groups (new flows only) → network ACL out → route → network ACL in →
destination groups (new flows only). Network ACLs see replies too, and nothing between two ENIs of one subnet. Each
choice is one look-up, in a map by interface or mark or in a set by protocol, port and address, so a packet's cost
grows neither with the number of ENIs nor with that of group rules.

Every drop is logged with a label that names the gate's kind and element.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, collapse_addresses

import msgspec

from natless.catalog.tracking import AUTOMATIC_GATEWAY_SERVICES
from natless.cloud import Cloud
from natless.finding import Gap
from natless.lab.fabric import acls, groups
from natless.lab.fabric.blocks import Block, chain, table_map, table_set
from natless.lab.fabric.drops import DropKind
from natless.lab.fabric.ledger import Ledger, name
from natless.lab.fabric.plan import Attachment, VpcPlan

__all__ = ["HOOKED", "TRANSLATION", "Rules", "name", "rules"]


class Rules(msgspec.Struct, frozen=True):
    """A router's rules. `blocks` may be loaded in parts, in this order; `hooks` last, when all they lead to is there.

    `labels` gives the gate (kind, element) that a log prefix stands for.
    """

    blocks: tuple[Block, ...]
    hooks: str
    labels: Mapping[str, tuple[DropKind, str]]
    notes: tuple[str, ...]

    def text(self) -> str:
        """Give all of it as a person reads it."""
        return "table ip natless {\n" + "".join(block.text() for block in self.blocks) + self.hooks + "}\n"


def rules(cloud: Cloud, vpc: VpcPlan) -> Rules:
    """Give the rules of the router of `vpc`."""
    ledger = Ledger()
    lists = sorted({each.groups for each in vpc.attachments if each.groups})
    numbers = {listed: number for number, listed in enumerate(lists, 1)}
    blocks = [*_untracked(cloud, vpc)]
    for listed, number in numbers.items():
        blocks += groups.blocks(cloud, ledger, vpc.attachments, listed, number)
    for acl in sorted({each.acl for each in vpc.segments if each.acl is not None}):
        blocks += acls.blocks(cloud, ledger, acl)
    blocks += [chain(f"route-{name(table.id)}", [ledger.drop("route", table.id)]) for table in vpc.tables]
    hooks = _HOOKS.format(
        nobody=ledger.drop("no-interface", ""),
        lost=ledger.drop("route", ""),
        spoofed=ledger.drop("source-check", ""),
        endpoints=vpc.links.endpoints,
    )
    return Rules((*blocks, *_maps(vpc, numbers)), hooks, ledger.labels, tuple(ledger.notes))


def _untracked(cloud: Cloud, vpc: VpcPlan) -> Iterator[Block]:
    """Give the chains that mark a new flow as one that AWS does not track, at the end where groups let it through."""
    services = [each for each in cloud.prefix_lists.values() if each.service in AUTOMATIC_GATEWAY_SERVICES]
    cidrs = [cidr for each in services if not isinstance(each.cidrs, Gap) for cidr in each.cidrs]
    yield table_set("tracking", "ifname", [f'"{each.link}"' for each in vpc.attachments if each.tracked])
    yield _cidr_set("tracking-services", cidrs)
    for way, bit in (("out", "0x1"), ("in", "0x2")):
        rules = [
            "ct state != new return",
            "ct mark & 0x4 != 0x0 return",
            "iifname @tracking return",
            "oifname @tracking return",
            'oifname "gwe" ip daddr @tracking-services return',
            f"ct mark set ct mark | {bit}",
        ]
        yield chain(f"untracked-{way}", rules)


def _cidr_set(title: str, cidrs: Iterable[IPv4Network]) -> Block:
    return table_set(title, "ipv4_addr", [str(each) for each in collapse_addresses(cidrs)], interval=True)


def _maps(vpc: VpcPlan, numbers: Mapping[tuple[str, ...], int]) -> list[Block]:
    """Give the look-ups: what is asked of a packet, by the interface it comes and goes by."""
    grouped = [each for each in vpc.attachments if each.groups]
    own = [each for each in vpc.attachments if not each.translates]
    doors = [each.link for each in vpc.attachments if each.translates]
    pairs = [(address, each.public) for each in vpc.attachments for address in each.addresses[:1] if each.public]
    subnets = {segment.mark: segment.acl for segment in vpc.segments if segment.acl is not None}
    tables = {segment.mark: segment.table for segment in vpc.segments}
    return [
        table_map("subnet-of", "ifname : mark", [f'"{e.link}" : {e.segment.mark:#x}' for e in vpc.attachments]),
        table_map("groups-out", "ifname : verdict", _leads(grouped, "groups-out", numbers)),
        table_map("groups-in", "ifname : verdict", _leads(grouped, "groups-in", numbers)),
        table_map("acl-out", "mark : verdict", [f"{m:#x} : jump acl-out-{name(a)}" for m, a in subnets.items()]),
        table_map(
            "acl-in",
            "ifname : verdict",
            [f'"{e.link}" : jump acl-in-{name(e.segment.acl)}' for e in vpc.attachments if e.segment.acl is not None],
        ),
        table_map("no-route", "mark : verdict", [f"{m:#x} : jump route-{name(t)}" for m, t in tables.items()]),
        table_map("to-private", "ipv4_addr : ipv4_addr", [f"{public} : {private}" for private, public in pairs]),
        table_map("to-public", "ipv4_addr : ipv4_addr", [f"{private} : {public}" for private, public in pairs]),
        table_set("with-public", "ipv4_addr", [str(private) for private, _ in pairs]),
        table_set("neighbours", "mark . ifname", [f'{e.segment.mark:#x} . "{e.link}"' for e in vpc.attachments]),
        table_set("translators", "ifname", [f'"{link}"' for link in doors]),
        table_set("circles", "ifname . ifname", [f'"{link}" . "{link}"' for link in doors]),
        table_set("guarded", "ifname", [f'"{each.link}"' for each in own]),
        table_set("sources", "ifname . ipv4_addr", [f'"{e.link}" . {a}' for e in own for a in e.addresses]),
        _cidr_set("cidrs", vpc.cidrs),
    ]


def _leads(found: Iterable[Attachment], prefix: str, numbers: Mapping[tuple[str, ...], int]) -> list[str]:
    return [f'"{each.link}" : jump {prefix}-{numbers[each.groups]}' for each in found]


_HOOKS = """\
  chain nowhere {{
    ip daddr @cidrs {nobody}
    meta mark vmap @no-route
    {lost}
  }}
  chain lost-answer {{
    meta mark vmap @acl-out
    goto nowhere
  }}
  chain deliver {{
    ct state new ct mark & 0x4 == 0x0 oifname vmap @groups-in
    ct mark & 0x3 != 0x0 jump ask-again-in
    # A flow of UDP is new until it is answered, and is tracked from its first packet that arrives.
    ct state new meta l4proto != tcp ct mark set ct mark | 0x4
    accept
  }}
  # A flow's mark: 0x1, AWS does not track it where it begins; 0x2, where it ends; 0x4, it was let through before.
  chain ask-again-out {{
    ct state related return
    ct state new ct mark & 0x4 == 0x0 return
    ct direction original ct mark & 0x1 != 0x0 iifname vmap @groups-out
    ct direction reply ct mark & 0x2 != 0x0 iifname vmap @groups-out
  }}
  chain ask-again-in {{
    ct state related return
    ct state new ct mark & 0x4 == 0x0 return
    ct direction original ct mark & 0x2 != 0x0 oifname vmap @groups-in
    ct direction reply ct mark & 0x1 != 0x0 oifname vmap @groups-in
  }}
  chain from-subnet {{
    type filter hook prerouting priority mangle; policy accept;
    iifname @guarded iifname . ip saddr != @sources {spoofed}
    meta mark set iifname map @subnet-of
  }}
  chain arrive {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname "igw" dnat to ip daddr map @to-private
  }}
  chain packets {{
    # The last rule decides, and no policy: when a table is replaced, the kernel empties this before it unhooks it.
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ct state new ct mark & 0x4 == 0x0 iifname vmap @groups-out
    ct mark & 0x3 != 0x0 jump ask-again-out
    # A NAT gateway whose own subnet's route leads back to it, and one that an answer to the internet is sent to.
    iifname . oifname @circles goto nowhere
    ct direction reply ct status dnat oifname @translators goto lost-answer
    meta mark . oifname @neighbours goto deliver
    meta mark vmap @acl-out
    oifname "void" goto nowhere
    # Gateway endpoints take TCP and ICMP only (Reachability Analyzer, VPCE_GATEWAY_PROTOCOL_RESTRICTION).
    oifname "gwe" meta l4proto != {{ tcp, icmp }} goto nowhere
    # An internet gateway translates only addresses that have a public one.
    oifname "igw" ip saddr != @with-public goto nowhere
    oifname vmap @acl-in
    goto deliver
  }}
  chain leave {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "igw" snat to ip saddr map @to-public
    oifname "gwe" snat to {endpoints}
  }}
  chain resolver {{
    # AmazonProvidedDNS is filtered by neither groups nor network ACLs; nothing else answers at its addresses.
    type filter hook input priority filter; policy accept;
    iifname {{ "igw", "gwe" }} drop
    meta l4proto {{ tcp, udp }} th dport 53 accept
    drop
  }}
  chain silent {{
    # AWS's routers say nothing of what they drop.
    type filter hook output priority filter; policy accept;
    icmp type {{ destination-unreachable, time-exceeded, redirect }} drop
  }}
"""

HOOKED = ("from-subnet", "arrive", "packets", "leave", "resolver", "silent")
"""The chains that packets come to by themselves."""

TRANSLATION = """\
table ip natless {
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    masquerade
  }
  chain through {
    type filter hook forward priority filter; policy drop;
    meta l4proto { tcp, udp, icmp } accept
  }
  chain unasked {
    # Nothing gets in by itself, and nothing is said to who tries.
    type filter hook input priority filter; policy drop;
  }
}
"""
"""The rules inside a NAT gateway's own namespace (VPC user guide, "NAT gateway basics")."""
