"""Calls between services: from the tasks of one, by its private name, to the ports of another's.

Who calls whom is read from the security groups: a rule of one end that names the other's group says it. So a call of
which nothing is left in the template is not missed here; `natless.toml` says it, and design writes both rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from natless.cloud import EcsService, GroupPeer, GroupRule, PrivateName, SecurityGroup
from natless.finding import Gap, Gate, Hop, Path
from natless.finding.rules import DNS_HOSTNAMES_OFF, PRIVATE_NAME_ELSEWHERE
from natless.prove import flows, mends, names
from natless.prove.answers import Answer, Mend, No, Yes, sequence
from natless.prove.ends import End
from natless.prove.places import Place, places
from natless.prove.tasks import worst
from natless.prove.truth import Maybe
from natless.prove.world import World

NEED = "calls:"
"""What the need of a call begins with; the called service's label follows."""


def neighbours(world: World, service: EcsService, spots: tuple[Place, ...]) -> list[tuple[str, Answer]]:
    """Give `calls:NAME` for each service with a private name that the tasks of `service` are let to call."""
    found: list[tuple[str, Answer]] = []
    for callee in world.cloud.services.values():
        listed = (each for each in callee.registries if isinstance(each, str))
        known = [world.cloud.private_names[each] for each in listed if each in world.cloud.private_names]
        if callee.id == service.id or not known:
            continue
        there = _there(world, callee)
        for name in known:
            ways = [
                sequence(_named(world, here, name), flows.inside(world, here, end, "tcp", port))
                for here in (spot.end for spot in spots if isinstance(spot.end, End))
                for end, port in there
                if _meant(service, here, end, port)
            ]
            if ways:
                found.append((f"{NEED}{_label(name)}", worst(ways)))
    return found


def _label(name: PrivateName) -> str:
    return name.id if isinstance(name.name, Gap) else name.name.partition(".")[0]


def _there(world: World, callee: EcsService) -> list[tuple[End, int]]:
    """Give where the called tasks stand, with each port of their containers that is known."""
    task = None if isinstance(callee.task_definition, Gap) else world.cloud.task_definitions.get(callee.task_definition)
    if task is None or isinstance(task.containers, Gap):
        return []
    ports = [port for container in task.containers for port in container.ports if isinstance(port, int)]
    ends = [place.end for place in places(world, task, callee) if isinstance(place.end, End)]
    return [(end, port) for end in ends for port in ports]


def _meant(service: EcsService, here: End, there: End, port: int) -> bool:
    """Say whether a rule of either end names the other's group; in a shared one, if the caller waits for it."""
    own, others = _ids(here), _ids(there)
    shared = bool(own & others)
    return any(
        isinstance(rule.peer, GroupPeer)
        and rule.peer.group in wanted
        and (
            not shared or (rule.id in (service.after or ()) and not isinstance(rule.ports, Gap) and port in rule.ports)
        )
        for end, wanted, ingress in ((here, others, False), (there, own, True))
        for rule in _rules(end, ingress=ingress)
    )


def _ids(end: End) -> set[str]:
    return {group.id for group in end.groups or () if isinstance(group, SecurityGroup)}


def _rules(end: End, *, ingress: bool) -> Iterator[GroupRule]:
    for group in end.groups or ():
        if isinstance(group, SecurityGroup):
            rules = group.ingress if ingress else group.egress
            yield from (rule for rule in rules if isinstance(rule, GroupRule))


def _named(world: World, here: End, name: PrivateName) -> Answer:
    """Say whether a private name resolves where a task stands: in the namespace's VPC, with both DNS attributes on.

    Amazon Route 53 developer guide, 'Considerations when working with a private hosted zone'.
    """
    answered = names.answered(world, here)
    subnet = here.subnet
    if isinstance(name.name, Gap) or isinstance(name.vpc, Gap):
        return Maybe(tuple(part for part in (name.name, name.vpc) if isinstance(part, Gap)))
    if subnet is None or isinstance(subnet.vpc, Gap):
        return answered
    if name.vpc != subnet.vpc:
        reason = f"{name.name} resolves in {name.vpc} alone, and {here.label} stands in {subnet.vpc}"
        mend = Mend(
            words=f"Make the namespace of {name.id} in {subnet.vpc}: a namespace keeps the VPC that it began with."
        )
        hop = Hop("name", name.id, reason, name.origin)
        return No(Path((hop,)), Gate("name", name.id, name.origin), PRIVATE_NAME_ELSEWHERE, reason, mend)
    vpc = world.vpc(subnet.vpc)
    if not isinstance(vpc, Gap) and vpc.dns_hostnames is False:
        reason = f"EnableDnsHostnames is off in {vpc.id}, so {name.name} does not resolve"
        hop = Hop("name", vpc.id, reason, vpc.origin)
        return No(Path((hop,)), Gate("name", vpc.id, vpc.origin), DNS_HOSTNAMES_OFF, reason, mends.set_vpc_dns(vpc))
    return sequence(answered, Yes(Path((Hop("name", name.id, str(name.name), name.origin),))))
