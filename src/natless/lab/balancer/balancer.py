"""Load balancers: a proxy at each of their interfaces, and the health of their targets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import msgspec

from natless.cloud import Cloud
from natless.lab.balancer.facts import Facts, Group, LoadBalancerFacts, Target
from natless.lab.balancer.health import HEALTHY, Checker, Verdict, together
from natless.lab.balancer.node import Node, ProxyError
from natless.lab.balancer.reading import read
from natless.lab.services.elbv2_targets import set_target_health
from natless.lab.services.ledger import LEDGER
from natless.lab.tasks.ports import House


class _Standing(msgspec.Struct, frozen=True):
    """A node that can be served: whose it is, and its interface's zone and address."""

    balancer: LoadBalancerFacts
    zone: str
    address: str


_Checked = tuple[str, str, Target]
"""An ENI, a target group, a target."""


class Balancer:
    """Runs the load balancers of one lab. Call `step` a few times a second with the Cloud that the fabric stands on."""

    def __init__(self, house: House) -> None:
        """Take what the lab shares; nothing runs yet."""
        self._house = house
        self._folder = Path(house.scratch, "balancer")
        self._generation = -1
        self._facts = Facts((), {})
        self._nodes: dict[str, Node] = {}
        self._checkers: dict[_Checked, Checker] = {}
        self._applied: tuple[object, ...] = ()
        self.problems: tuple[str, ...] = ()
        """What kept a node from serving what the account says, one text each; tried again when something changes."""

    def step(self, cloud: Cloud) -> None:
        """Bring proxies and health to what the account says now."""
        if self._generation != (present := LEDGER.generation):
            self._facts, self._generation = read(self._house.account, self._house.region), present
        standing = {
            eni: _Standing(balancer, zone, str(cloud.network_interfaces[eni].addresses[0]))
            for balancer in self._facts.balancers
            for eni, zone in balancer.interfaces
            if eni in cloud.network_interfaces
        }
        self._check(standing)
        health = self._health()
        open_to = {
            eni: {arn: routable(self._facts.groups[arn], each.zone, health) for arn in each.balancer.groups}
            for eni, each in standing.items()
        }
        wanted = (self._facts, standing, open_to)
        if wanted != self._applied:
            self._serve(standing, open_to)
            self._applied = wanted
        self._tell(health)

    @property
    def unmodelled(self) -> tuple[str, ...]:
        """What the account holds that no proxy here does, one text each."""
        return self._facts.unmodelled

    def stop(self) -> None:
        """Stop every proxy and every check."""
        for checker in self._checkers.values():
            checker.close()
        for node in self._nodes.values():
            node.close()
        self._checkers.clear()
        self._nodes.clear()

    def _serve(self, standing: Mapping[str, _Standing], open_to: Mapping[str, Mapping[str, frozenset[Target]]]) -> None:
        for eni in [eni for eni in self._nodes if eni not in standing]:
            self._nodes.pop(eni).close()
        problems = []
        for eni, each in standing.items():
            groups = {arn: self._facts.groups[arn] for arn in each.balancer.groups}
            if eni not in self._nodes:
                self._nodes[eni] = Node(self._house.network.namespace(eni), each.address, self._folder / eni)
            try:
                self._nodes[eni].apply(each.balancer, groups, open_to[eni])
            except (ProxyError, OSError, ValueError) as error:
                problems.append(f"{each.balancer.arn} at {each.address}: {error}")
        self.problems = tuple(problems)

    def _check(self, standing: Mapping[str, _Standing]) -> None:
        """Have a checker for each target at each node, and for nothing else."""
        wanted = {
            (eni, arn, _alone(target)): self._facts.groups[arn].check
            for eni, each in standing.items()
            for arn in each.balancer.groups
            for target in self._facts.groups[arn].targets
            if not target.draining
        }
        for key in [key for key, checker in self._checkers.items() if wanted.get(key) != checker.check]:
            self._checkers.pop(key).close()
        for key, check in wanted.items():
            if key not in self._checkers:
                dial = functools.partial(self._house.network.socket, key[0])
                self._checkers[key] = Checker(dial, check, key[2])

    def _health(self) -> dict[tuple[str, Target], Verdict]:
        """Give the health of each target by its group: what its nodes think, together."""
        opinions: dict[tuple[str, Target], list[Verdict]] = {}
        for (_, arn, target), checker in self._checkers.items():
            opinions.setdefault((arn, target), []).append(checker.verdict)
        return {key: together(verdicts) for key, verdicts in opinions.items()}

    def _tell(self, health: dict[tuple[str, Target], Verdict]) -> None:
        """Write the health of targets into the account, which keeps what has not changed."""
        for (arn, target), verdict in health.items():
            state, reason, description = verdict.state, verdict.reason, verdict.description
            set_target_health(arn, target.address, target.port, state=state, reason=reason, description=description)


def _alone(target: Target) -> Target:
    """Give a target as its health is kept: whatever else is said of it."""
    return Target(target.address, target.port)


def routable(group: Group, zone: str, health: Mapping[tuple[str, Target], Verdict]) -> frozenset[Target]:
    """Give the targets that a node of a zone sends to: the healthy ones that it may send to.

    Where no target of the group is healthy in any zone, all that are unhealthy get requests (fail-open; user guides,
    "Target group health").
    """
    states = {target: found for target in group.targets if (found := health.get((group.arn, _alone(target))))}
    staying = {target: found for target, found in states.items() if not target.draining}
    healthy = {target for target, found in staying.items() if found == HEALTHY}
    chosen = healthy or {target for target, found in staying.items() if found.state == "unhealthy"}
    return frozenset(target for target in chosen if group.across or target.zone in {zone, ""})
