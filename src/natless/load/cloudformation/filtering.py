"""AWS::EC2: security groups and network ACLs.

Defaults: "AWS::EC2::SecurityGroup" (one allow-all egress rule, taken away when one or more egress rules are named
inline; a standalone rule does not take it away), "AWS::EC2::SecurityGroupIngress" (IpProtocol -1: all ports),
"AWS::EC2::NetworkAclEntry" (Egress false), CloudFormation template reference, read 2026-11.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from natless.cloud import (
    AclEntry,
    CidrPeer,
    GroupPeer,
    GroupRule,
    Icmp,
    NetworkAcl,
    Peer,
    Ports,
    PrefixListPeer,
    SecurityGroup,
)
from natless.finding import Gap, Origin
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.template import Resource

ANYWHERE = IPv4Network("0.0.0.0/0")
ALL_PORTS = Ports()
_PROTOCOLS = {
    "-1": "all",
    "all": "all",
    "6": "tcp",
    "tcp": "tcp",
    "17": "udp",
    "udp": "udp",
    "1": "icmp",
    "icmp": "icmp",
}
_WITH_PORTS = frozenset({"tcp", "udp"})
_LAST_PORT = 65535


def group(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::SecurityGroup, with its inline rules, its standalone ones, and the default egress where it is left."""
    fields = draft.fields(resource)
    doubt: tuple[Gap, ...] = (fields.maybe,) if fields.maybe else ()
    egress = _inline(fields, "SecurityGroupEgress", egress=True)
    if not fields.objects("SecurityGroupEgress"):
        egress = (_default_egress(resource.id, fields.origin),)
    name = fields.text("GroupName")
    draft.security_groups[resource.id] = SecurityGroup(
        resource.id,
        fields.origin,
        vpc=fields.id_of("VpcId")
        or fields.gap("VpcId", "the group names no VPC: it lies in the account's default one"),
        ingress=(*_inline(fields, "SecurityGroupIngress", egress=False), *draft.ingress.pop(resource.id, ()), *doubt),
        egress=(*egress, *draft.egress.pop(resource.id, ()), *doubt),
        name=name if isinstance(name, str) else "",
    )


def default_group(vpc: str, origin: Origin) -> SecurityGroup:
    """Give a VPC's own security group: in from its members, out to anywhere ("Default security groups", VPC guide)."""
    name = f"{vpc}.DefaultSecurityGroup"
    own = GroupRule(f"{name}.Ingress", origin, "all", ALL_PORTS, GroupPeer(name))
    return SecurityGroup(name, origin, vpc, (own,), (_default_egress(name, origin),), "default")


def outside_group(name: str, draft: Draft, origin: Origin) -> SecurityGroup:
    """Give a group that lies outside the template but has rules in it: there may be more of them."""
    gap = Gap(name, origin, f"the security group {name} is not in this template: only rules that stand here are known")
    return SecurityGroup(name, origin, gap, (*draft.ingress.pop(name, ()), gap), (*draft.egress.pop(name, ()), gap))


def _default_egress(owner: str, origin: Origin) -> GroupRule:
    return GroupRule(f"{owner}.DefaultEgress", origin, "all", ALL_PORTS, CidrPeer(ANYWHERE))


def ingress(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::SecurityGroupIngress."""
    _standalone(draft, draft.ingress, resource, egress=False)


def egress(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::SecurityGroupEgress."""
    _standalone(draft, draft.egress, resource, egress=True)


def _standalone(draft: Draft, rules: dict[str, list[GroupRule | Gap]], resource: Resource, *, egress: bool) -> None:
    fields = draft.fields(resource)
    owner = fields.id_of("GroupId") or fields.id_of("GroupName") or fields.missing("GroupId", "the security group's id")
    found = fields.maybe or _rule(fields, resource.id, egress=egress)
    if found is not None:
        draft.attach(rules, owner, found)


def _inline(fields: Fields, key: str, *, egress: bool) -> tuple[GroupRule | Gap, ...]:
    found = []
    for index, inner in enumerate(fields.objects(key)):
        rule = inner if isinstance(inner, Gap) else _rule(inner, f"{fields.resource.id}.{key}[{index}]", egress=egress)
        if rule is not None:
            found.append(rule)
    return tuple(found)


def _rule(fields: Fields, name: str, *, egress: bool) -> GroupRule | None:
    """Read one rule; None for one of IPv6 alone, which no IPv4 packet meets."""
    peer = _peer(fields, "Destination" if egress else "Source")
    if peer is None:
        return None
    protocol = _protocol(fields, "IpProtocol")
    icmp = _icmp(fields, "FromPort", "ToPort") if protocol == "icmp" else None
    return GroupRule(name, fields.origin, protocol, _ports(fields, protocol), peer, icmp)


def _peer(fields: Fields, side: str) -> Peer | None:
    for key in (f"{side}SecurityGroupId", f"{side}SecurityGroupName"):
        other = fields.id_of(key)
        if other is not None:
            return other if isinstance(other, Gap) else GroupPeer(other)
    listed = fields.id_of(f"{side}PrefixListId")
    if listed is not None:
        return listed if isinstance(listed, Gap) else PrefixListPeer(listed)
    network = fields.network("CidrIp")
    if network is not None:
        return network if isinstance(network, Gap) else CidrPeer(network)
    if fields.has("CidrIpv6"):
        return None
    return fields.missing("CidrIp", f"whom the rule lets through: CidrIp, {side}SecurityGroupId or {side}PrefixListId")


def _protocol(fields: Fields, key: str) -> str | Gap:
    written = fields.plain(key)
    if written is None:
        return fields.missing(key, "tcp, udp, icmp, or -1 for all")
    return written if isinstance(written, Gap) else _PROTOCOLS.get(written.lower(), written.lower())


def _ports(fields: Fields, protocol: str | Gap) -> Ports | Gap:
    if isinstance(protocol, Gap):
        return protocol
    if protocol not in _WITH_PORTS:
        return ALL_PORTS
    return _range(fields, "FromPort", "ToPort")


def _icmp(fields: Fields, kind_key: str, code_key: str) -> Icmp | Gap | None:
    """Read an ICMP type and code; EC2 has -1 for all of either."""
    kind, code = fields.integer(kind_key), fields.integer(code_key)
    if isinstance(kind, Gap):
        return kind
    if isinstance(code, Gap):
        return code
    return None if kind is None or kind == -1 else Icmp(kind, -1 if code is None else code)


def _range(fields: Fields, from_key: str, to_key: str) -> Ports | Gap:
    first, last = fields.integer(from_key), fields.integer(to_key)
    if isinstance(first, Gap) or isinstance(last, Gap):
        return first if isinstance(first, Gap) else last  # type: ignore[return-value] # one of the two is a Gap
    if first is None or last is None:
        return fields.missing(from_key if first is None else to_key, "the first and the last port")
    if first == last == -1:
        return ALL_PORTS
    if not 0 <= first <= last <= _LAST_PORT:
        return fields.malformed(
            from_key, f"{fields.what} has ports {first} to {last}: write 0 to 65535, the lower one first"
        )
    return Ports(first, last)


def entry(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::NetworkAclEntry."""
    fields = draft.fields(resource)
    owner = fields.needed_id("NetworkAclId")
    if fields.has("Ipv6CidrBlock") and not fields.has("CidrBlock"):
        return
    number, outgoing, action = (
        fields.integer("RuleNumber"),
        fields.boolean("Egress", default=False),
        fields.plain("RuleAction"),
    )
    number = fields.missing("RuleNumber", "1 to 32766") if number is None else number
    action = fields.missing("RuleAction", "allow or deny") if action is None else action
    for part in (fields.maybe, number, outgoing, action):
        if isinstance(part, Gap):
            draft.attach(draft.entries, owner, part)
            return
    protocol = _protocol(fields, "Protocol")
    block = fields.network("CidrBlock") or fields.missing("CidrBlock", "an IPv4 CIDR such as 0.0.0.0/0")
    allow = str(action).lower() == "allow"
    ports = _entry_ports(fields, protocol)
    inner = fields.inner("Icmp") if protocol == "icmp" else None
    icmp = _icmp(inner, "Type", "Code") if isinstance(inner, Fields) else inner
    found = AclEntry(resource.id, fields.origin, int(str(number)), bool(outgoing), allow, protocol, ports, block, icmp)
    draft.attach(draft.entries, owner, found)


def _entry_ports(fields: Fields, protocol: str | Gap) -> Ports | Gap:
    if isinstance(protocol, Gap) or protocol not in _WITH_PORTS:
        return protocol if isinstance(protocol, Gap) else ALL_PORTS
    inner = fields.inner("PortRange")
    if inner is None:
        return fields.missing("PortRange", "From and To")
    return inner if isinstance(inner, Gap) else _range(inner, "From", "To")


def acl_association(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::SubnetNetworkAclAssociation. One that may not stand gives the subnet an ACL of unknown entries."""
    fields = draft.fields(resource)
    acl, subnet = fields.needed_id("NetworkAclId"), fields.needed_id("SubnetId")
    if isinstance(subnet, Gap):
        draft.gaps.append(subnet)
        for name, other in draft.template.resources.items():
            if other.kind == "AWS::EC2::VPC":  # which subnet leaves the default ACL is open: all that use it are
                draft.entries[name].append(subnet)
        return
    unknown = fields.maybe or (acl if isinstance(acl, Gap) else None)
    if unknown:
        draft.entries[resource.id].append(unknown)
    draft.acl_subnets[resource.id if unknown or isinstance(acl, Gap) else acl].append(subnet)


def default_acl(vpc: str, origin: Origin, subnets: tuple[str, ...], extra: list[AclEntry | Gap]) -> NetworkAcl:
    """Give a VPC's own ACL, which allows everything (rule 100 each way: "Default network ACL", VPC guide)."""
    entries = tuple(
        AclEntry(f"{vpc}.Default{word}", origin, 100, outgoing, True, "all", ALL_PORTS, ANYWHERE)  # noqa: FBT003
        for word, outgoing in (("Inbound", False), ("Outbound", True))
    )
    return NetworkAcl(vpc, origin, vpc, (*entries, *extra), subnets, default=True)


def acl(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::NetworkAcl. One without entries denies everything."""
    fields = draft.fields(resource)
    doubt: tuple[Gap, ...] = (fields.maybe,) if fields.maybe else ()
    draft.network_acls[resource.id] = NetworkAcl(
        resource.id,
        fields.origin,
        fields.needed_id("VpcId"),
        (*draft.entries.pop(resource.id, ()), *doubt),
        tuple(draft.acl_subnets.pop(resource.id, ())),
    )


def outside_acl(name: str, draft: Draft, origin: Origin) -> NetworkAcl:
    """Give an ACL that lies outside the template, or may not be the subnet's: there may be any entries."""
    gap = Gap(name, origin, f"the network ACL {name} is not in this template: only entries that stand here are known")
    return NetworkAcl(name, origin, gap, (*draft.entries.pop(name, ()), gap), tuple(draft.acl_subnets.pop(name, ())))
