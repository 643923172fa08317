"""Plan → the text that `nft -f` reads: one table for each router.

The order of a packet, which is AWS's: source groups (new flows only) → network ACL out → route → network ACL in →
destination groups (new flows only). Network ACLs see replies too, and nothing between two ENIs of one subnet. Each
choice is one look-up in a map by interface or mark, so a packet's cost does not grow with the number of ENIs.

Every drop is logged with a label that names the gate's kind and element.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, collapse_addresses

import msgspec

from natless.cloud import AclEntry, CidrPeer, Cloud, GroupPeer, GroupRule, Peer, Ports, PrefixListPeer, SecurityGroup
from natless.finding import Gap
from natless.lab.fabric.blocks import Block, chain, table_map, table_set
from natless.lab.fabric.drops import LOG_GROUP, DropKind
from natless.lab.fabric.plan import Attachment, VpcPlan

_LABEL_LENGTH = 110  # the kernel keeps 127 bytes of a log prefix
_SNAP = 64  # bytes of a dropped packet that are logged: its headers


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
    return _Writer(cloud, vpc).write()


def name(identifier: str) -> str:
    """Give `identifier` as nft takes names (letters, digits, `_`, `.`, `-`)."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", identifier)


class _Writer:
    """Collects the blocks, labels and notes of one router."""

    def __init__(self, cloud: Cloud, vpc: VpcPlan) -> None:
        self.cloud = cloud
        self.vpc = vpc
        self.sets: dict[str, Block] = {}
        self.chains: list[Block] = []
        self.labels: dict[str, tuple[DropKind, str]] = {}
        self.notes: list[str] = []

    def write(self) -> Rules:
        lists = sorted({each.groups for each in self.vpc.attachments if each.groups})
        numbers = {groups: number for number, groups in enumerate(lists, 1)}
        for groups, number in numbers.items():
            self.chains.append(self.of_groups(groups, number, egress=True))
            self.chains.append(self.of_groups(groups, number, egress=False))
        for acl in sorted({each.acl for each in self.vpc.segments if each.acl is not None}):
            self.chains.append(self.of_acl(acl, egress=True))
            self.chains.append(self.of_acl(acl, egress=False))
        for table in self.vpc.tables:
            self.chains.append(chain(f"route-{name(table.id)}", [self.drop("route", table.id)]))
        maps = self.maps(numbers)
        hooks = _HOOKS.format(
            nobody=self.drop("no-interface", ""),
            lost=self.drop("route", ""),
            spoofed=self.drop("source-check", ""),
            endpoints=self.vpc.links.endpoints,
        )
        return Rules((*self.sets.values(), *self.chains, *maps), hooks, self.labels, tuple(dict.fromkeys(self.notes)))

    def drop(self, kind: DropKind, element: str) -> str:
        """Give the statement that drops and logs, with a label for this gate."""
        label = f"{kind} {element}".strip()
        if len(label) > _LABEL_LENGTH:
            label = f"{kind} #{zlib.crc32(element.encode()):08x}"
        self.labels[label] = (kind, element)
        return f'log prefix "{label}" group {LOG_GROUP} snaplen {_SNAP} drop'

    def of_groups(self, groups: tuple[str, ...], number: int, *, egress: bool) -> Block:
        """Give the chain of one list of groups in one direction: what a rule matches returns, the rest is dropped."""
        kind: DropKind = "security-group-egress" if egress else "security-group-ingress"
        lines: list[str] = []
        for identifier in groups:
            group = self.cloud.security_groups.get(identifier)
            if group is None:
                self.notes.append(f"{identifier}: this security group is not known, it allows nothing")
                continue
            lines += self.group_rules(group, egress=egress)
        title = f"# {', '.join(groups)}: {'egress' if egress else 'ingress'}"
        side = "out" if egress else "in"
        return chain(f"groups-{side}-{number}", [title, *dict.fromkeys(lines), self.drop(kind, ",".join(groups))])

    def group_rules(self, group: SecurityGroup, *, egress: bool) -> Iterable[str]:
        for rule in group.egress if egress else group.ingress:
            if isinstance(rule, Gap) or isinstance(rule.peer, Gap):
                self.notes.append(f"{group.id}: a rule is not known, it allows nothing")
                continue
            traffic = self.group_traffic(rule)
            if traffic is not None:
                yield " ".join(part for part in (self.peer(rule.peer, egress=egress), traffic, "return") if part)

    def group_traffic(self, rule: GroupRule) -> str | None:
        match rule.protocol, rule.ports:
            case Gap(), _:
                self.notes.append(f"{rule.id}: its protocol is not known, it allows nothing")
                return None
            case protocol, ports:
                return self.traffic(rule.id, protocol, ports)

    def traffic(self, owner: str, protocol: str, ports: Ports | Gap) -> str | None:
        """Give the match on protocol and ports: "" matches all traffic, None means that the rule cannot be built."""
        known = {"6": "tcp", "17": "udp", "1": "icmp", "-1": "all"}.get(protocol, protocol)
        match known:
            case "all":
                return ""
            case "tcp" | "udp":
                if isinstance(ports, Gap):
                    self.notes.append(f"{owner}: its ports are not known, it matches nothing")
                    return None
                if (ports.first, ports.last) == (0, 65535):
                    return f"meta l4proto {known}"
                span = str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"
                return f"{known} dport {span}"
            case _:
                return f"meta l4proto {known}"

    def peer(self, peer: Peer, *, egress: bool) -> str:
        """Give the match on the other end's address: "" for everybody."""
        field = "ip daddr" if egress else "ip saddr"
        match peer:
            case CidrPeer(network):
                return f"{field} {network}" if network.prefixlen else ""
            case GroupPeer(group):
                return f"{field} @{self.members(group)}"
            case PrefixListPeer(prefix_list):
                return f"{field} @{self.prefix_list(prefix_list)}"
            case Gap():
                return f"{field} @{self.define('nobody', 'ipv4_addr', ())}"

    def members(self, group: str) -> str:
        """Define the set of the private addresses of a group's members, which is what a reference means."""
        enis = self.cloud.network_interfaces.values()
        addresses = {address for eni in enis if group in eni.groups for address in eni.addresses}
        return self.define(f"members-{name(group)}", "ipv4_addr", [str(each) for each in sorted(addresses)])

    def prefix_list(self, identifier: str) -> str:
        found = self.cloud.prefix_lists.get(identifier)
        cidrs: tuple[IPv4Network, ...] = ()
        if found is None or isinstance(found.cidrs, Gap):
            self.notes.append(f"{identifier}: this prefix list is not known, rules that name it match nothing")
        else:
            cidrs = found.cidrs
        # An interval set refuses any overlap.
        elements = [str(each) for each in collapse_addresses(cidrs)]
        return self.define(f"list-{name(identifier)}", "ipv4_addr", elements, interval=True)

    def of_acl(self, identifier: str, *, egress: bool) -> Block:
        """Give a network ACL's entries of one direction in their order; the last word is its `*` entry's, deny."""
        kind: DropKind = "network-acl-out" if egress else "network-acl-in"
        refusal = self.drop(kind, identifier)
        lines: list[str] = []
        known = [each for each in self.cloud.network_acls[identifier].entries if not isinstance(each, Gap)]
        if len(known) < len(self.cloud.network_acls[identifier].entries):
            self.notes.append(f"{identifier}: an entry is not known, it is left out")
        for entry in sorted(known, key=lambda each: each.number):
            if entry.egress == egress:
                lines += self.acl_entry(entry, "return" if entry.allow else refusal)
        return chain(f"acl-{'out' if egress else 'in'}-{name(identifier)}", [*lines, refusal])

    def acl_entry(self, entry: AclEntry, verdict: str) -> list[str]:
        if isinstance(entry.cidr, Gap) or isinstance(entry.protocol, Gap):
            self.notes.append(f"{entry.id}: its CIDR or protocol is not known, it is left out")
            return []
        traffic = self.traffic(entry.id, entry.protocol, entry.ports)
        if traffic is None:
            return []
        peer = self.peer(CidrPeer(entry.cidr), egress=entry.egress)
        return [" ".join(part for part in (peer, traffic, verdict) if part)]

    def define(self, title: str, kind: str, elements: Sequence[str], *, interval: bool = False) -> str:
        """Define a set once, and give its name."""
        self.sets[title] = table_set(title, kind, elements, interval=interval)
        return title

    def maps(self, numbers: Mapping[tuple[str, ...], int]) -> list[Block]:
        """Give the look-ups: what is asked of a packet, by the interface it comes and goes by."""
        vpc = self.vpc
        grouped = [each for each in vpc.attachments if each.groups]
        own = [each for each in vpc.attachments if not each.translates]
        doors = [each.link for each in vpc.attachments if each.translates]
        pairs = [(address, each.public) for each in vpc.attachments for address in each.addresses[:1] if each.public]
        acls = {segment.mark: segment.acl for segment in vpc.segments if segment.acl is not None}
        tables = {segment.mark: segment.table for segment in vpc.segments}
        return [
            table_map("subnet-of", "ifname : mark", [f'"{e.link}" : {e.segment.mark:#x}' for e in vpc.attachments]),
            table_map("groups-out", "ifname : verdict", _leads(grouped, "groups-out", numbers)),
            table_map("groups-in", "ifname : verdict", _leads(grouped, "groups-in", numbers)),
            table_map("acl-out", "mark : verdict", [f"{m:#x} : jump acl-out-{name(a)}" for m, a in acls.items()]),
            table_map(
                "acl-in",
                "ifname : verdict",
                [
                    f'"{e.link}" : jump acl-in-{name(e.segment.acl)}'
                    for e in vpc.attachments
                    if e.segment.acl is not None
                ],
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
            table_set("cidrs", "ipv4_addr", [str(each) for each in collapse_addresses(vpc.cidrs)], interval=True),
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
    ct state new oifname vmap @groups-in
    accept
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
    type filter hook forward priority filter; policy drop;
    ct state invalid drop
    ct state new iifname vmap @groups-out
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
    type filter hook input priority filter; policy drop;
    iifname {{ "igw", "gwe" }} drop
    meta l4proto {{ tcp, udp }} th dport 53 accept
  }}
  chain silent {{
    # AWS's routers say nothing of what they drop.
    type filter hook output priority filter; policy accept;
    icmp type {{ destination-unreachable, time-exceeded, redirect }} drop
  }}
"""

TRANSLATION = """\
table ip natless {
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    masquerade
  }
}
"""
"""The rules inside a NAT gateway's own namespace."""
