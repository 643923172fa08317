"""Pairs of specs on an account: one deployed, changed to the other, and held against a fresh deployment of that."""

from __future__ import annotations

import random
import time
from typing import Any

import reading
from quiet_account import put_image, quiet_account
from spec_texts import spec_text

from natless.deploy import Pace, deploy, destroy, services, stacks
from natless.deploy.progress import Deployed, Kept
from natless.design import write
from natless.spec.read import read

PACE = Pace(every=0.005, patience=60.0, settling=20.0)


class Pairs:
    """An account on which pair after pair is deployed, compared and destroyed."""

    def __init__(self, seed: int) -> None:
        self._connect = quiet_account(seed).connect
        self._empty = reading.read(self._connect)

    def compare(self, number: int) -> list[str]:
        """Give how the pair of that number differs from what it should be; nothing where all is well."""
        chance, name = random.Random(number), f"pair{number}"
        first = spec_text(name, chance)
        second = spec_text(name, chance, first)
        wrong = self._compared(name, first, second)
        if not wrong:
            return []
        return [f"pair {number}", *(f"    {line}" for line in f"{first}\n=>\n{second}".splitlines()), *wrong]

    def _compared(self, name: str, first: str, second: str) -> list[str]:
        self._deploy(first)
        kept = self._deploy(second)
        self._scale()
        changed = reading.read(self._connect, kept)
        wrong = [f"left after the changed one: {line}" for line in self._destroy(name)]
        self._deploy(second)
        self._scale()
        fresh = reading.read(self._connect)
        wrong += [f"left after the fresh one: {line}" for line in self._destroy(name)]
        wrong += [f"changed only: {line}" for line in changed if line not in fresh]
        wrong += [f"fresh only: {line}" for line in fresh if line not in changed]
        return wrong

    def _deploy(self, text: str) -> list[str]:
        """Deploy, and give the names of what it said it left standing, for its data."""
        spec = read(text, "natless.toml")

        def push(_service: Any, repository: str) -> str:
            return put_image(self._connect, repository, "first")

        said = list(deploy(write(spec), spec, self._connect, push, pace=PACE))
        assert isinstance(said[-1], Deployed)
        kept = [event.what.split(",")[0].split()[-1] for event in said if isinstance(event, Kept)]
        held = [each.id for name in kept if name.endswith("-images") for each in stacks.resources(self._connect, name)]
        return [*kept, *held]

    def _scale(self) -> None:
        """Scale in as autoscaling does when nobody asks anything: a count that moves is no template's."""
        ecs, scaling = self._connect("ecs"), self._connect("application-autoscaling")
        for target in scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]:
            _, cluster, service = target["ResourceId"].split("/")
            ecs.update_service(cluster=cluster, service=service, desiredCount=target["MinCapacity"])
            until = time.monotonic() + 60.0
            while not (status := services.read(self._connect, services.ServiceName(cluster, service))) or (
                status.running != target["MinCapacity"] or not status.settled
            ):
                assert time.monotonic() < until, status
                time.sleep(0.01)

    def _destroy(self, name: str) -> list[str]:
        """Destroy all of it, and give what is left."""
        for _ in destroy(self._connect, name, images=True, logs=True, pace=PACE):
            continue
        return [line for line in reading.read(self._connect) if line not in self._empty]
