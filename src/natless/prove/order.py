"""Order: what CloudFormation must have completed before it starts a service, and whether the template says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from natless.catalog.refusals import TARGET_GROUP_WITHOUT_BALANCER
from natless.cloud import EcsService, Route
from natless.finding import Finding, Gap, Hop
from natless.finding.rules import START_BEFORE_ENDPOINT, START_BEFORE_LISTENER, START_BEFORE_RULE, Rule
from natless.prove.answers import Answer, Mend, Yes
from natless.prove.balancers import fronts
from natless.prove.fixes import fix
from natless.prove.places import hosts
from natless.prove.world import World


def races(world: World, service: EcsService, answers: Sequence[tuple[str, Answer]]) -> Iterator[Finding]:
    """Give what the service leans on and does not wait for. Only what stands on a reachable path is judged."""
    if service.after is None:
        return
    yield from _listeners(world, service, service.after)
    endpoints: dict[str, str] = {}
    rules: dict[str, str] = {}
    for need, answer in answers:
        if not isinstance(answer, Yes) or need in _NOT_AWAITED:
            continue
        for hop in (hop for path in (answer.path, *answer.others) for hop in (*path.forward, *path.back)):
            if hop.element in world.cloud.interface_endpoints or hop.element in world.cloud.gateway_endpoints:
                endpoints.setdefault(hop.element, need)
            elif hop.kind.startswith("security-group") and _late_rule(world, hop, service.after):
                rules.setdefault(hop.detail, need)
            elif hop.kind == "route" and hop.detail != "local":
                if gateway := _gateway_of(world, hop.detail):
                    endpoints.setdefault(gateway, need)
                for part in _table_parts(world, service, hop):
                    rules.setdefault(part, need)
    yield from _late(service, endpoints, START_BEFORE_ENDPOINT, "endpoint")
    yield from _late(service, rules, START_BEFORE_RULE, "group rule or route")


_NOT_AWAITED = frozenset({"task->internet", "internet->alb", "ecs", "ecs-agent", "ecs-telemetry"})
"""The last three: the agent of an instance asks until it is answered, and tasks wait for a place until then."""


def _table_parts(world: World, service: EcsService, hop: Hop) -> Iterator[str]:
    """Give the resources that put a route table before the service's subnets, and the routes that it has of them."""
    table = world.cloud.route_tables.get(hop.element)
    if table is None:
        return
    own = () if isinstance(service.subnets, Gap) else service.subnets
    groups = (place.group for place in hosts(world, service))
    subnets = {*own, *(subnet for group in groups if group is not None for subnet in group.subnets)}
    yield from (name for subnet, name in table.associations.items() if subnet in subnets)
    for route in table.routes:
        # A route that is a resource of its own; one that an account lists is called by its table and destination.
        if isinstance(route, Route) and " " not in route.id and f"{route.destination} to " in f"{hop.detail} ":
            yield route.id


def _gateway_of(world: World, detail: str) -> str:
    """Give the gateway endpoint that a route hop leads to, or ""."""
    name = detail.rpartition(" to ")[2]
    return name if name in world.cloud.gateway_endpoints else ""


def _standalone(world: World, rule: str) -> bool:
    """Say whether a rule is a resource of its own; inline ones (`Group.SecurityGroupEgress[0]`) come with it."""
    return bool(rule) and "." not in rule and rule not in world.cloud.security_groups


def _late_rule(world: World, hop: Hop, after: frozenset[str]) -> bool:
    """Say whether no rule that lets a packet through is there in time: one of several is enough."""
    in_time = any(rule in after or not _standalone(world, rule) for rule in hop.instead)
    return _standalone(world, hop.detail) and not in_time


def _late(service: EcsService, found: dict[str, str], rule: Rule, what: str) -> Iterator[Finding]:
    """Give one finding for all that is not waited for, so that one change mends it."""
    late = {element: need for element, need in found.items() if element not in (service.after or frozenset())}
    if not late:
        return
    named = ", ".join(f"{element} ({need})" for element, need in late.items())
    message = f"{service.id} does not wait for {what}{'s' if len(late) > 1 else ''} that its tasks need: {named}"
    mend = fix(_wait(service, *late), service.origin)
    yield rule.finding(service.id, service.origin, message, _SYMPTOM, mend)


_SYMPTOM = (
    "ResourceInitializationError for the first tasks of a new stack, then, with a circuit breaker, a rollback; the next"
    " deployment works."
)


_REFUSED = TARGET_GROUP_WITHOUT_BALANCER.say(target_group="<target group>")


def _wait(service: EcsService, *elements: str) -> Mend:
    """Give the edges to add to the service's own."""
    return Mend({service.id: {"Type": "AWS::ECS::Service", "DependsOn": list(elements)}})


def _listeners(world: World, service: EcsService, after: frozenset[str]) -> Iterator[Finding]:
    """ECS refuses a target group that no load balancer uses yet."""
    for target in service.targets:
        if isinstance(target.target_group, Gap):
            continue
        known, hidden = fronts(world, target.target_group)
        attached = {front.listener.id for front in known} | {
            rule.id for rule in world.cloud.listener_rules.values() if target.target_group in rule.target_groups
        }
        if not known or hidden or attached & after:
            continue
        listener = min(attached)
        message = f"{service.id} does not wait for {listener}, the listener of {target.target_group}"
        symptom = _REFUSED
        mend = fix(_wait(service, listener), service.origin)
        yield START_BEFORE_LISTENER.finding(service.id, service.origin, message, symptom, mend)
