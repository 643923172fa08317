"""The ports at which a load balancer finds a task: the container's own, or those that an instance maps to it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from natless.catalog.instances import DYNAMIC_PORTS, DYNAMIC_PORTS_ASKED
from natless.cloud import Ports, ServiceTarget, TaskDefinition
from natless.finding import Gap
from natless.finding.rules import BALANCER_EGRESS_MISSING, DYNAMIC_PORTS_CLOSED, SELF_RULE_MISSING, TASK_INGRESS_MISSING
from natless.prove import mends
from natless.prove.answers import No
from natless.prove.ends import End
from natless.prove.places import Place
from natless.prove.world import World

_GROUP_RULES = frozenset({TASK_INGRESS_MISSING, BALANCER_EGRESS_MISSING, SELF_RULE_MISSING})


def target_port(task: TaskDefinition, target: ServiceTarget, spot: Place) -> int | Gap | None:
    """Give the port that is registered for a task, None where Docker gives one out."""
    if isinstance(target.port, Gap) or spot.group is None or task.network_mode == "host":
        return target.port
    containers = () if isinstance(task.containers, Gap) else task.containers
    return next((one.host_ports.get(target.port) for one in containers if one.name == target.container), None)


def dynamic_ports(world: World, node: End, end: End) -> list[int]:
    """Give ports enough to decide for all that Docker may give out: the edges of every rule and ACL entry in them."""
    first, last = DYNAMIC_PORTS
    edges = {first, last, *(port for ports in _ruled(world, node, end) for port in (ports.first, ports.last + 1))}
    return sorted(port for port in edges if first <= port <= last)


def _ruled(world: World, *ends: End) -> Iterator[Ports]:
    for end in ends:
        for group in end.groups or ():
            for rule in () if isinstance(group, Gap) else (*group.ingress, *group.egress):
                if not isinstance(rule, Gap) and not isinstance(rule.ports, Gap):
                    yield rule.ports
        acl = world.acl(end.subnet) if end.subnet is not None else None
        for entry in () if acl is None or isinstance(acl, Gap) else acl.entries:
            if not isinstance(entry, Gap) and not isinstance(entry.ports, Gap):
                yield entry.ports


def closed(world: World, no: No, node: End, end: End) -> No:
    """Give a refusal of one dynamic port as what it is: one of many that must be open."""
    if no.rule not in _GROUP_RULES:
        return no
    first, last = DYNAMIC_PORTS_ASKED
    ingress = no.gate.kind == "security-group-ingress"
    owner, remote = (end, node) if ingress else (node, end)
    group = next(known for known in owner.groups or () if not isinstance(known, Gap))
    mend = mends.open_group(world, group, remote, "tcp", first, ingress=ingress, last=last)
    reason = f"{no.reason}, and Docker gives out host ports {DYNAMIC_PORTS[0]}-{DYNAMIC_PORTS[1]}"
    return msgspec.structs.replace(no, rule=DYNAMIC_PORTS_CLOSED, reason=reason, mend=mend)
