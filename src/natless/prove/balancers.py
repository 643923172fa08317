"""Load balancers: from the internet to them, and from them to the tasks."""

from __future__ import annotations

import msgspec

from natless.catalog.prefix_lists import CLOUDFRONT
from natless.cloud import EcsService, Listener, LoadBalancer, ServiceTarget, TargetGroup, TaskDefinition
from natless.finding import Gap, Gate, Hop, Path
from natless.finding.rules import (
    BALANCER_DEGRADED,
    BALANCER_WITHOUT_LISTENER,
    TARGET_GROUP_UNATTACHED,
    TARGET_PORT_MISMATCH,
    TARGET_TYPE_MISMATCH,
    Rule,
)
from natless.finding.verdict import GateKind
from natless.prove import flows
from natless.prove.absence import Thing, absence
from natless.prove.answers import Answer, Mend, No, Yes, sequence
from natless.prove.ends import End
from natless.prove.places import OWN_NETWORK, Place
from natless.prove.target_ports import closed, dynamic_ports, target_port
from natless.prove.tasks import worst
from natless.prove.truth import Maybe, distinct
from natless.prove.world import Who, World

_WALKED = ("HTTP", "HTTPS", "TCP", "TLS")
"""The protocols of listeners that are connections of TCP."""


class Front(msgspec.Struct, frozen=True):
    """A load balancer that forwards to a target group, by one of its listeners."""

    balancer: LoadBalancer
    listener: Listener


class Registered(msgspec.Struct, frozen=True):
    """A task definition's registration with a target group."""

    task: TaskDefinition
    target: ServiceTarget
    group: TargetGroup


def fronts(world: World, target_group: str) -> tuple[tuple[Front, ...], tuple[Gap, ...]]:
    """Give the listeners that forward to a target group, and the gaps that may hide one."""
    cloud = world.cloud
    gaps: list[Gap] = list(absence(cloud, Thing.LISTENER))
    found: dict[str, Front] = {}
    by_rule = [(rule.listener, rule.target_groups) for rule in cloud.listener_rules.values()]
    by_default = [(listener.id, listener.target_groups) for listener in cloud.listeners.values()]
    for identifier, groups in (*by_default, *by_rule):
        gaps.extend(group for group in groups if isinstance(group, Gap))
        if target_group not in groups:
            continue
        listener = cloud.listeners.get(identifier) if isinstance(identifier, str) else None
        if listener is None:
            gaps.append(world.outside(identifier, "listener"))
            continue
        balancer = cloud.load_balancers.get(listener.load_balancer) if isinstance(listener.load_balancer, str) else None
        if balancer is None:
            gaps.append(world.outside(listener.load_balancer, "load balancer"))
        else:
            found.setdefault(listener.id, Front(balancer, listener))
    return tuple(found.values()), distinct(gaps)


def balanced(
    world: World, task: TaskDefinition, service: EcsService, spots: tuple[Place, ...]
) -> list[tuple[str, Answer]]:
    """Give internet->alb and alb->task for each registration of a service."""
    found: list[tuple[str, Answer]] = []
    for target in service.targets:
        group = _target_group(world, target)
        if isinstance(group, Gap):
            found.append(("alb->task", Maybe((group,))))
            continue
        known, hidden = fronts(world, group.id)
        if not known:
            found.extend(_unattached(world, service, group, hidden))
            continue
        public = [front for front in known if front.balancer.internet_facing is not False]
        if public:
            found.append(("internet->alb", _best([_public(world, front) for front in public])))
        checks = _registration(task, service, target, group)
        registered = Registered(task, target, group)
        ways = [_to_task(world, front, registered, spot) for front in known for spot in spots]
        found.append(("alb->task", sequence(checks, worst(ways))))
    return found


def _target_group(world: World, target: ServiceTarget) -> TargetGroup | Gap:
    if isinstance(target.target_group, Gap):
        return target.target_group
    found = world.cloud.target_groups.get(target.target_group)
    return world.outside(target.target_group, "target group") if found is None else found


def _no(kind: GateKind, at: TargetGroup | LoadBalancer | EcsService, rule: Rule, reason: str, mend: Mend) -> No:
    hop = Hop(kind, at.id, reason, at.origin)
    return No(Path((hop,)), Gate(kind, at.id, at.origin), rule, reason, mend)


def _unattached(
    world: World, service: EcsService, group: TargetGroup, hidden: tuple[Gap, ...]
) -> list[tuple[str, Answer]]:
    """Nothing forwards to the group: ECS refuses to make the service."""
    if hidden:
        return [("alb->task", Maybe(hidden))]
    reason = f"no listener forwards to {group.id}, with which {service.id} registers"
    no = _no("listener", group, TARGET_GROUP_UNATTACHED, reason, Mend(words=_LISTENER.format(group.id)))
    deaf = [
        balancer
        for balancer in world.cloud.load_balancers.values()
        if balancer.internet_facing is True
        and not any(listener.load_balancer == balancer.id for listener in world.cloud.listeners.values())
    ]
    if not deaf:
        return [("alb->task", no)]
    why = f"{deaf[0].id} has no listener, so nothing answers there"
    mend = Mend(words=_LISTENER.format(group.id))
    return [
        ("internet->alb", _no("listener", deaf[0], BALANCER_WITHOUT_LISTENER, why, mend)),
        ("alb->task", no),
    ]


_LISTENER = (
    "Add an AWS::ElasticLoadBalancingV2::Listener whose DefaultActions forward to {}, and let the service wait for it."
)


def _public(world: World, front: Front) -> Answer:
    """Say whether the internet reaches a load balancer's listener: on all, some or none of its subnets."""
    balancer, listener = front.balancer, front.listener
    if isinstance(balancer.internet_facing, Gap):
        return Maybe((balancer.internet_facing,))
    if isinstance(listener.port, Gap):
        return Maybe((listener.port,))
    if listener.protocol not in _WALKED:
        unread = listener.protocol
        why = "listeners of this protocol are not walked"
        return Maybe((unread if isinstance(unread, Gap) else Gap(f"{listener.id} ({unread})", listener.origin, why),))
    answers: list[Answer] = []
    only = ""
    for node in _nodes(world, balancer):
        direct, by_cloudfront = _visits(world, node, listener.port)
        answers.append(_best([direct, by_cloudfront]))
        if isinstance(by_cloudfront, Yes) and not isinstance(direct, Yes):
            only = ": only CloudFront is let in, and visitors by it"
    hop = Hop("listener", listener.id, f"{listener.protocol} {listener.port}{only}", listener.origin)
    bad = [answer for answer in answers if isinstance(answer, No)]
    if bad and len(bad) < len(answers):
        # DNS gives every address: a client that is given a dead one waits, so half a front is no front.
        said = f"only some addresses of {balancer.id} answer: {bad[0].reason}"
        return msgspec.structs.replace(bad[0], rule=BALANCER_DEGRADED, reason=said)
    return sequence(worst(answers), Yes(Path((hop,))))


def _visits(world: World, node: End | Gap, port: int) -> tuple[Answer, Answer]:
    """Say whether visitors reach a node by themselves, and whether CloudFront does, which asks for its visitors.

    CloudFront may ask from any of its servers, so all of its addresses must pass.
    """
    if isinstance(node, Gap):
        return Maybe((node,)), Maybe((node,))
    direct = flows.inward(world, world.internet_end(), node, port)
    return direct, flows.inward(world, world.service_end(CLOUDFRONT), node, port)


def _best(answers: list[Answer]) -> Answer:
    """Give the answer where one way is enough."""
    gaps: list[Gap] = []
    first: No | None = None
    for answer in answers:
        match answer:
            case Yes():
                return answer
            case Maybe(more):
                gaps.extend(more)
            case No():
                first = first or answer
    if gaps or first is None:
        return Maybe(distinct(gaps))
    return first


def _nodes(world: World, balancer: LoadBalancer) -> list[End | Gap]:
    """Give the load balancer's interfaces, one a subnet."""
    found: list[End | Gap] = []
    for subnet in balancer.subnets:
        label = f"{balancer.id} in {subnet}" if isinstance(subnet, str) else balancer.id
        who = Who("balancer", balancer.id, label, balancer.origin, public_ip=balancer.internet_facing)
        node = world.end(who, subnet, balancer.groups, "all")
        if balancer.kind != "application" and not balancer.groups and isinstance(node, End):
            # Only an ALB without a named group gets the VPC's default one: a network load balancer then has none,
            # and nothing filters it (Elastic Load Balancing, 'Update the security groups for your NLB').
            node = msgspec.structs.replace(node, groups=None)
        found.append(node)
    if not found:
        found.append(Gap(f"{balancer.id}.Subnets", balancer.origin, "no subnet of it was read"))
    return found


def _registration(task: TaskDefinition, service: EcsService, target: ServiceTarget, group: TargetGroup) -> Answer:
    """Say whether ECS takes the registration: type of the targets, container and port."""
    return sequence(_target_type(task, service, group), _container(task, service, target, group))


def _target_type(task: TaskDefinition, service: EcsService, group: TargetGroup) -> Answer:
    unread = [part for part in (group.target_type, task.network_mode) if isinstance(part, Gap)]
    if unread:
        return Maybe(tuple(unread))
    own = task.network_mode == OWN_NETWORK or service.launch == "fargate"
    wanted, by = ("ip", "address") if own else ("instance", "instance and port")
    if group.target_type == wanted:
        return Yes()
    mode = OWN_NETWORK if own else task.network_mode
    reason = f"{group.id} has targets of type {group.target_type}, but tasks in {mode} mode register by {by}"
    resource = {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": wanted}}
    words = f"A target group's type cannot be changed: make a new one of type {wanted}."
    return _no("target-group", group, TARGET_TYPE_MISMATCH, reason, Mend({group.id: resource}, (), words))


def _container(task: TaskDefinition, service: EcsService, target: ServiceTarget, group: TargetGroup) -> Answer:
    unread = [part for part in (target.port, task.containers, target.container) if isinstance(part, Gap)]
    if unread:
        return Maybe(tuple(unread))
    if _opens(task, target):
        return Yes(Path((Hop("target-group", group.id, f"registers {target.container}:{target.port}", group.origin),)))
    if not isinstance(task.containers, Gap) and any("${" in one.name for one in task.containers):
        return Maybe((Gap(f"{task.id} container names", task.origin, "they are not resolved"),))
    reason = f"{service.id} registers port {target.port} of container {target.container}, which {task.id} does not have"
    mend = Mend(words=f"Give container {target.container} of {task.id} a port mapping for {target.port}.")
    return _no("target-group", service, TARGET_PORT_MISMATCH, reason, mend)


def _opens(task: TaskDefinition, target: ServiceTarget) -> bool:
    """Say whether the named container has the port, or may have it."""
    containers = () if isinstance(task.containers, Gap) else task.containers
    ports = [port for one in containers if one.name == target.container for port in one.ports]
    return target.port in ports or any(isinstance(port, Gap) for port in ports)


def _to_task(world: World, front: Front, target: Registered, spot: Place) -> Answer:
    """Walk from each of the load balancer's interfaces to a task: traffic, and health checks on a port of their own."""
    bar = Yes() if spot.bar is None else spot.bar
    if isinstance(bar, No):
        return bar
    if front.balancer.kind == "gateway":
        why = "load balancers of this type are not walked"
        return Maybe((Gap(f"{front.balancer.id} ({front.balancer.kind})", front.balancer.origin, why),))
    if front.balancer.kind == "network" and target.group.keeps_client is not False:
        why = "its targets see the clients' addresses: whom their groups let in by that is not walked"
        hidden = Gap(f"{target.group.id} (preserve_client_ip)", target.group.origin, why)
        return Maybe((target.group.keeps_client if isinstance(target.group.keeps_client, Gap) else hidden,))
    if isinstance(spot.end, Gap):
        return Maybe((spot.end,))
    port, health_port = target_port(target.task, target.target, spot), target.group.health_port
    unread = [part for part in (port, health_port) if isinstance(part, Gap)]
    if unread:
        return Maybe(tuple(unread))
    known = () if port is None or isinstance(port, Gap) else (port,)
    health = str(health_port)
    ports = (*known, *((int(health),) if health.isdigit() and int(health) not in known else ()))
    answers: list[Answer] = []
    for node in _nodes(world, front.balancer):
        if isinstance(node, Gap):
            answers.append(Maybe((node,)))
            continue
        answers.extend(flows.inside(world, node, spot.end, "tcp", port) for port in ports)
        if not known:
            answers.extend(_dynamic(world, node, spot.end))
    return sequence(worst(answers), bar)


def _dynamic(world: World, node: End, end: End) -> list[Answer]:
    answers = [flows.inside(world, node, end, "tcp", port) for port in dynamic_ports(world, node, end)]
    return [closed(world, answer, node, end) if isinstance(answer, No) else answer for answer in answers]
