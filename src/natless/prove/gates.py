"""The gates of the fabric, each as one step of a Walk, with the words for its refusal."""

from __future__ import annotations

from natless.cloud import NetworkAcl, Ports, SecurityGroup, Subnet
from natless.finding import Gap, Hop
from natless.finding.rules import (
    ACL_DENIES_REPLY,
    ACL_DENIES_REQUEST,
    ACL_NARROW_EPHEMERAL,
    BALANCER_EGRESS_MISSING,
    BALANCER_INGRESS_MISSING,
    ENDPOINT_INGRESS_MISSING,
    PREFIX_LIST_EGRESS_MISSING,
    SELF_RULE_MISSING,
    TASK_EGRESS_MISSING,
    TASK_INGRESS_MISSING,
    Rule,
)
from natless.finding.verdict import GateKind
from natless.prove import mends
from natless.prove.absence import Thing, absence
from natless.prove.acls import EPHEMERAL, LINUX_EPHEMERAL, let_through
from natless.prove.ends import Coverage, End
from natless.prove.groups import admitted
from natless.prove.walk import Denial, Side, Walk
from natless.prove.world import World


def egress(world: World, walk: Walk) -> None:
    """Pass the source's security groups; they restrict the target."""
    _groups(world, walk, ingress=False)


def ingress(world: World, walk: Walk) -> None:
    """Pass the target's security groups; they restrict the source."""
    _groups(world, walk, ingress=True)


def _groups(world: World, walk: Walk, *, ingress: bool) -> None:
    owner = walk.ends["target" if ingress else "source"]
    side: Side = "source" if ingress else "target"
    remote = walk.ends[side]
    if owner.groups is None or walk.over():
        return
    lists = world.prefix_list
    coverage = admitted(owner.groups, remote, walk.protocol, walk.port, ingress=ingress, lists=lists)
    coverage = _with_hidden_rules(world, coverage, remote)
    known = [group for group in owner.groups if not isinstance(group, Gap)]
    if not known:
        walk.leave_open(*coverage.gaps)
        return
    kind: GateKind = "security-group-ingress" if ingress else "security-group-egress"
    hop = Hop(kind, known[0].id, coverage.detail, known[0].origin, coverage.instead)
    walk.gate(side, coverage, hop, lambda: _closed(world, walk, known[0], ingress=ingress))


def _with_hidden_rules(world: World, coverage: Coverage, remote: End) -> Coverage:
    hidden = absence(world.cloud, Thing.GROUP_RULE)
    if not hidden or coverage.sure == remote.ranges:
        return coverage
    return Coverage(coverage.sure, remote.ranges, (*coverage.gaps, *hidden), coverage.detail)


def _closed(world: World, walk: Walk, group: SecurityGroup, *, ingress: bool) -> Denial:
    owner, remote = walk.ends["target" if ingress else "source"], walk.ends["source" if ingress else "target"]
    verb = "lets in" if ingress else "lets out"
    way = f"{walk.protocol} {walk.port} {'from' if ingress else 'to'} {remote.label}"
    names = ", ".join(known.id for known in owner.groups or () if not isinstance(known, Gap))
    rule = _group_rule(owner, group, remote, ingress=ingress)
    mend = mends.open_group(world, group, remote, walk.protocol, walk.port, ingress=ingress)
    kind: GateKind = "security-group-ingress" if ingress else "security-group-egress"
    return Denial(kind, group.id, group.origin, rule, f"no rule of {names} {verb} {way}", mend)


def _group_rule(  # noqa: PLR0911 - one return a rule
    owner: End, group: SecurityGroup, remote: End, *, ingress: bool
) -> Rule:
    shared = any(not isinstance(other, Gap) and other.id == group.id for other in remote.groups or ())
    match owner.role, remote.role, ingress:
        case "balancer", "internet", True:
            return BALANCER_INGRESS_MISSING
        case _, _, _ if shared:
            return SELF_RULE_MISSING
        case "balancer", _, False:
            return BALANCER_EGRESS_MISSING
        case "endpoint", _, _:
            return ENDPOINT_INGRESS_MISSING
        case _, "service", _ if remote.service in {"s3", "dynamodb"}:
            return PREFIX_LIST_EGRESS_MISSING
        case _, _, True:
            return TASK_INGRESS_MISSING
        case _:
            return TASK_EGRESS_MISSING


def acl(world: World, walk: Walk, subnet: Subnet, side: Side, *, egress: bool, back: bool = False) -> None:
    """Pass a subnet's network ACL in one direction; it restricts the end on the other side of it.

    The answer (`back`) goes to a port that the client's system has chosen.
    """
    if walk.over():
        return
    found = world.acl(subnet)
    if isinstance(found, Gap):
        walk.leave_open(found)
        return
    remote = walk.ends[side]
    ports = LINUX_EPHEMERAL if back else Ports(walk.port, walk.port)
    coverage = let_through(found, remote.ranges, walk.protocol, ports, egress=egress)
    kind: GateKind = "network-acl-out" if egress else "network-acl-in"

    def denial() -> Denial:
        first, last = (EPHEMERAL.first, EPHEMERAL.last) if back else (ports.first, ports.last)
        way = f"{walk.protocol} {first}-{last}" if last > first else f"{walk.protocol} {first}"
        what, direction = "answers" if back else "requests", "to" if egress else "from"
        reason = f"{found.id} stops {what} {direction} {remote.label} ({way}) in {subnet.id}"
        mend = mends.open_acl(found, remote, first, last, egress=egress)
        rule = ACL_DENIES_REPLY if back else ACL_DENIES_REQUEST
        return Denial(kind, found.id, coverage.denier or found.origin, rule, reason, mend)

    walk.gate(side, coverage, Hop(kind, found.id, coverage.detail, found.origin), denial, back=back)
    if back and not walk.over() and not _open_wide(found):
        _note_narrow(walk, found, remote, egress=egress)


def _open_wide(found: NetworkAcl) -> bool:
    """Say whether an ACL is as AWS makes it: one entry a direction, which allows everything."""
    return all(not isinstance(entry, Gap) and entry.allow and entry.protocol == "all" for entry in found.entries)


def _note_narrow(walk: Walk, found: NetworkAcl, remote: End, *, egress: bool) -> None:
    """Warn where an ACL lets the ports of Linux pass, but not all that clients may use."""
    whole = let_through(found, remote.ranges, walk.protocol, EPHEMERAL, egress=egress)
    if whole.possible == remote.ranges:
        return
    way = "out" if egress else "in"
    message = f"{found.id} lets answers {way} on ports 32768-60999, but not on all of 1024-65535"
    walk.remarks.append(ACL_NARROW_EPHEMERAL.finding(found.id, whole.denier or found.origin, message))
