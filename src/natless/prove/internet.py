"""What a task has to do with the internet: whether it reaches it, and whether it is exposed to it."""

from __future__ import annotations

from collections.abc import Iterator

from natless.cloud import CidrPeer, GroupRule, Ports
from natless.finding import Finding, Gap
from natless.finding.rules import RULE_OPEN_TO_ALL, TASK_EXPOSED
from natless.prove import flows
from natless.prove.addresses import INTERNET, meet, network_range
from natless.prove.answers import Answer, No, Yes
from natless.prove.ends import End
from natless.prove.places import Place
from natless.prove.truth import Maybe, distinct
from natless.prove.world import World


def to_internet(world: World, spots: tuple[Place, ...]) -> Answer:
    """Say whether a task reaches any address of the internet, at any port, from any of its places.

    Here a Yes anywhere is a Yes: isolation is promised for every task.
    """
    gaps: list[Gap] = []
    no: No | None = None
    for spot in spots:
        if isinstance(spot.end, Gap):
            gaps.append(spot.end)
            continue
        for protocol, port in _tries(world, spot.end):
            answer = flows.outward(world, spot.end, world.internet_end(), protocol, port)
            if isinstance(answer, Yes):
                return answer
            if isinstance(answer, Maybe):
                gaps.extend(answer.gaps)
            else:
                no = no or answer
    if gaps or no is None:
        return Maybe(distinct(gaps))
    return no


def _tries(world: World, end: End) -> list[tuple[str, int]]:
    """Give ports enough to decide: 443, and the edges of every rule and ACL entry, where answers may change."""
    tries: dict[tuple[str, int], None] = {("tcp", 443): None, ("udp", 443): None}
    for group in end.groups or ():
        for rule in () if isinstance(group, Gap) else group.egress:
            if isinstance(rule, Gap) or isinstance(rule.ports, Gap):
                continue
            for protocol in ("tcp", "udp"):
                tries[protocol, rule.ports.first] = None
    acl = world.acl(end.subnet) if end.subnet is not None else None
    if acl is not None and not isinstance(acl, Gap):
        for entry in acl.entries:
            if not isinstance(entry, Gap) and isinstance(entry.ports, Ports):
                for port in (entry.ports.first, min(entry.ports.last + 1, 65535)):
                    tries["tcp", port] = tries["udp", port] = None
    return list(tries)


def exposure(world: World, spots: tuple[Place, ...]) -> Iterator[Finding]:
    """Give what lets the internet in past the load balancer."""
    for spot in spots:
        if isinstance(spot.end, Gap):
            continue
        for group in spot.end.groups or ():
            for rule in () if isinstance(group, Gap) else group.ingress:
                if not isinstance(rule, Gap) and not isinstance(group, Gap) and _public(rule) and _concerns(rule, spot):
                    yield _exposed(world, spot, spot.end, group.id, rule)


def _public(rule: GroupRule) -> bool:
    return isinstance(rule.peer, CidrPeer) and bool(meet((network_range(rule.peer.network),), INTERNET))


def _concerns(rule: GroupRule, spot: Place) -> bool:
    """Say whether a rule is about the task: on an instance's interface other things answer as well."""
    if spot.group is None or isinstance(rule.ports, Gap) or rule.protocol in {"all", "-1"}:
        return True
    return any(ports.first <= rule.ports.last and rule.ports.first <= ports.last for ports in spot.ports)


def _exposed(world: World, spot: Place, end: End, group: str, rule: GroupRule) -> Finding:
    port = 443 if isinstance(rule.ports, Gap) or rule.protocol in {"all", "-1"} else rule.ports.first
    protocol = rule.protocol if rule.protocol in {"tcp", "udp"} else "tcp"
    answer = flows.inward(world, world.internet_end(), end, port, str(protocol))
    if isinstance(answer, Yes):
        message = f"{end.label} has a public address, and {rule.id} of {group} lets the internet in at port {port}"
        where = "the task's own" if spot.group is None else "its instance's"
        return TASK_EXPOSED.finding(group, rule.origin, message, f"The container answers at {where} public IP.")
    peer = rule.peer.network if isinstance(rule.peer, CidrPeer) else ""
    message = f"{rule.id} of {group} lets {peer} in; only the network around {spot.service.id} keeps the internet out"
    return RULE_OPEN_TO_ALL.finding(group, rule.origin, message)
