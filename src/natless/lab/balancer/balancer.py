"""Application load balancers: a proxy at each of their interfaces, and the health of their targets."""

from __future__ import annotations

import functools
from pathlib import Path

from natless.cloud import Cloud
from natless.lab.balancer.facts import Facts, Group, Target, read
from natless.lab.balancer.health import HEALTHY, Checker, Verdict, together
from natless.lab.balancer.node import Node, ProxyError
from natless.lab.services.elbv2 import set_target_health
from natless.lab.services.ledger import LEDGER
from natless.lab.tasks.ports import House

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
            eni: str(cloud.network_interfaces[eni].addresses[0])
            for balancer in self._facts.balancers
            for eni in balancer.interfaces
            if eni in cloud.network_interfaces
        }
        self._check(standing)
        health = self._health()
        routable = {arn: _routable(group, health) for arn, group in self._facts.groups.items()}
        wanted = (self._facts, tuple(sorted(standing.items())), tuple(sorted(routable.items(), key=str)))
        if wanted != self._applied:
            self._serve(standing, routable)
            self._applied = wanted
        self._tell(health)

    def stop(self) -> None:
        """Stop every proxy and every check."""
        for checker in self._checkers.values():
            checker.close()
        for node in self._nodes.values():
            node.close()
        self._checkers.clear()
        self._nodes.clear()

    def _serve(self, standing: dict[str, str], routable: dict[str, frozenset[Target]]) -> None:
        for eni in [eni for eni in self._nodes if eni not in standing]:
            self._nodes.pop(eni).close()
        problems = []
        for balancer in self._facts.balancers:
            groups = {arn: self._facts.groups[arn] for arn in balancer.groups if arn in self._facts.groups}
            for eni in balancer.interfaces:
                if eni not in standing:
                    continue
                if eni not in self._nodes:
                    namespace = self._house.network.namespace(eni)
                    self._nodes[eni] = Node(namespace, standing[eni], self._folder / eni)
                try:
                    self._nodes[eni].apply(balancer, groups, routable)
                except (ProxyError, OSError, ValueError) as error:
                    problems.append(f"{balancer.arn} at {standing[eni]}: {error}")
        self.problems = tuple(problems)

    def _check(self, standing: dict[str, str]) -> None:
        """Have a checker for each target at each node, and for nothing else."""
        wanted = {
            (eni, arn, Target(target.address, target.port)): self._facts.groups[arn].check
            for balancer in self._facts.balancers
            for eni in balancer.interfaces
            if eni in standing
            for arn in balancer.groups
            if arn in self._facts.groups
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


def _routable(group: Group, health: dict[tuple[str, Target], Verdict]) -> frozenset[Target]:
    """Give the targets that get requests: the healthy ones, and where none is, all that are unhealthy (fail-open)."""
    staying = [target for target in group.targets if not target.draining]
    states = {target: health[group.arn, target] for target in staying if (group.arn, target) in health}
    healthy = [target for target, verdict in states.items() if verdict == HEALTHY]
    return frozenset(healthy or [target for target, verdict in states.items() if verdict.state == "unhealthy"])
