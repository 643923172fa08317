"""Security groups, network ACLs and prefix lists from EC2's describe JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

from natless.cloud import (
    AclEntry,
    CidrPeer,
    GroupPeer,
    GroupRule,
    Icmp,
    NetworkAcl,
    Peer,
    Ports,
    PrefixList,
    PrefixListPeer,
    SecurityGroup,
)
from natless.finding import Gap
from natless.load.describe.item import Item, networks
from natless.load.describe.sections import Sections

_PROTOCOLS = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "icmpv6": "58"}
_WITH_PORTS = {"tcp", "udp"}
_LAST_ENTRY = 32767  # the implied deny, which AWS lists and the Cloud does not

_AWS_LIST = re.compile(r"com\.amazonaws\.(?:global|[a-z]{2}(?:-[a-z]+)+-\d+)\.(.+)")


def security_groups(sections: Sections) -> dict[str, SecurityGroup]:
    """Read groups. Rules come from SecurityGroupRules, which have ids, else from the group's own permissions."""
    rules: dict[str, list[Item]] = {}
    for item in sections.items("SecurityGroupRules"):
        rules.setdefault(item.maybe_text("GroupId") or "", []).append(item)
    if "SecurityGroupRules" in sections.denied:
        rules = {}  # perhaps not whole, while the groups' own permissions are

    def group(item: Item) -> SecurityGroup:
        mine = rules.get(item.id)
        sides = (_listed(mine, egress=side) if mine else _permitted(item, egress=side) for side in (False, True))
        ingress, egress = (tuple(sorted(side, key=lambda rule: rule.id)) for side in sides)
        return SecurityGroup(
            item.id, item.origin, item.text("VpcId"), ingress, egress, item.maybe_text("GroupName") or ""
        )

    return sections.each("SecurityGroups", group)


def _listed(rules: list[Item], *, egress: bool) -> Iterator[GroupRule]:
    """Read rules as DescribeSecurityGroupRules gives them: one peer a rule."""
    for item in rules:
        if item.maybe_flag("IsEgress") is not egress or item.has("CidrIpv6"):
            continue
        peer: Peer
        if item.has("CidrIpv4"):
            peer = _cidr_peer(item, "CidrIpv4")
        elif listed := item.maybe_text("PrefixListId"):
            peer = PrefixListPeer(listed)
        elif group := item.part("ReferencedGroupInfo").maybe_text("GroupId"):
            peer = GroupPeer(group)
        else:
            peer = item.gap("peer", "it names no CIDR, prefix list or group")
        yield _rule(item.id, item, peer)


def _permitted(group: Item, *, egress: bool) -> list[GroupRule]:
    """Read a group's permissions: several peers each, and no ids. Sorted before they are numbered."""
    found: list[tuple[str, Item, Peer]] = []
    for item in group.parts("IpPermissionsEgress" if egress else "IpPermissions"):
        peers: list[Peer] = [_cidr_peer(each, "CidrIp") for each in item.parts("IpRanges")]
        peers += [
            PrefixListPeer(text) for each in item.parts("PrefixListIds") if (text := each.maybe_text("PrefixListId"))
        ]
        peers += [GroupPeer(text) for each in item.parts("UserIdGroupPairs") if (text := each.maybe_text("GroupId"))]
        found += [(f"{_protocol(item)} {_ports(item)} {peer}", item, peer) for peer in peers]
    found.sort(key=lambda rule: rule[0])
    side = "egress" if egress else "ingress"
    return [_rule(f"{group.id}.{side}[{index}]", item, peer) for index, (_, item, peer) in enumerate(found)]


def _rule(identifier: str, item: Item, peer: Peer) -> GroupRule:
    icmp = _icmp(item, "FromPort", "ToPort") if _protocol(item) == "icmp" else None
    return GroupRule(identifier, item.origin, _protocol(item, "IpProtocol"), _ports(item), peer, icmp)


def _cidr_peer(item: Item, key: str) -> Peer:
    network = item.network(key)
    return network if isinstance(network, Gap) else CidrPeer(network)


def _protocol(item: Item, key: str = "IpProtocol") -> str | Gap:
    text = item.text(key)
    return text if isinstance(text, Gap) else _PROTOCOLS.get(text.lower(), text.lower())


def _ports(item: Item) -> Ports | Gap:
    """Read FromPort and ToPort, which only TCP and UDP have as ports: ICMP has its type and code there."""
    protocol = _protocol(item)
    if isinstance(protocol, str) and protocol not in _WITH_PORTS:
        return Ports()
    return _range(item, "FromPort", "ToPort")


def _icmp(item: Item, kind_key: str, code_key: str) -> Icmp | None:
    """Read an ICMP type and code; EC2 has -1 for all of either."""
    kind, code = item.maybe_number(kind_key), item.maybe_number(code_key)
    return None if kind is None or kind == -1 else Icmp(kind, -1 if code is None else code)


def _range(item: Item, first_key: str, last_key: str) -> Ports | Gap:
    first, last = item.number(first_key), item.number(last_key)
    if isinstance(first, Gap):
        return first
    return last if isinstance(last, Gap) else Ports(first, last)


def network_acls(sections: Sections) -> dict[str, NetworkAcl]:
    """Read network ACLs; AWS lists the default ones and all associations."""

    def acl(item: Item) -> NetworkAcl:
        entries = sorted(_entries(item), key=lambda entry: (entry.egress, entry.number))
        subnets = {subnet for each in item.parts("Associations") if (subnet := each.maybe_text("SubnetId"))}
        default = bool(item.maybe_flag("IsDefault"))
        return NetworkAcl(item.id, item.origin, item.text("VpcId"), tuple(entries), tuple(sorted(subnets)), default)

    return sections.each("NetworkAcls", acl)


def _entries(acl: Item) -> Iterator[AclEntry]:
    for item in acl.parts("Entries"):
        number, egress, action = item.number("RuleNumber"), item.flag("Egress"), item.text("RuleAction")
        if isinstance(number, Gap) or isinstance(egress, Gap) or isinstance(action, Gap):
            item.malformed("RuleNumber", "an entry has a RuleNumber, Egress and a RuleAction")
            continue
        if item.has("Ipv6CidrBlock") or number == _LAST_ENTRY:
            continue
        name = f"{acl.id}.{'egress' if egress else 'ingress'}[{number}]"
        yield AclEntry(
            name,
            item.origin,
            number,
            egress,
            action.lower() == "allow",
            _protocol(item, "Protocol"),
            _acl_ports(item),
            item.network("CidrBlock"),
            _icmp(item.part("IcmpTypeCode"), "Type", "Code") if _protocol(item, "Protocol") == "icmp" else None,
        )


def _acl_ports(item: Item) -> Ports | Gap:
    if _protocol(item, "Protocol") not in _WITH_PORTS:
        return Ports()
    return _range(item.part("PortRange"), "From", "To")


def prefix_lists(sections: Sections) -> dict[str, PrefixList]:
    """Read prefix lists. AWS's own for a service is named `com.amazonaws.REGION.SERVICE`, REGION may be `global`."""

    def prefix_list(item: Item) -> PrefixList:
        named = _AWS_LIST.fullmatch(item.maybe_text("PrefixListName") or "")
        cidrs = networks(item.texts("Cidrs"), item, "Cidrs") if item.has("Cidrs") else item.gap("Cidrs")
        return PrefixList(item.id, item.origin, named[1] if named else "", cidrs)

    return sections.each("PrefixLists", prefix_list)
