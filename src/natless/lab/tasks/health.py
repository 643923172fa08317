"""A container's health check: a command in the container, every so often, and what its exits come to.

Counting as Docker does it (docs.docker.com, Dockerfile reference, HEALTHCHECK), which ECS takes over: the first check
after one interval; in the start period a failure does not count, and the first success ends that period.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import Literal, TypeAlias

from natless.lab.tasks.runner import Container
from natless.lab.tasks.traits import HealthCheck
from natless.lab.tasks.visit import enter

Health: TypeAlias = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]


class Tally:
    """What a row of checks comes to."""

    def __init__(self, check: HealthCheck) -> None:
        """Begin with nothing known."""
        self._check = check
        self._failures = 0
        self.health: Health = "UNKNOWN"

    def count(self, *, good: bool, early: bool) -> None:
        """Count one check; `early` says that it began in the start period."""
        if good:
            self._failures, self.health = 0, "HEALTHY"
        elif self.health != "UNKNOWN" or not early:
            self._failures += 1
            if self._failures >= self._check.retries:
                self.health = "UNHEALTHY"


class Probe:
    """Checks one container. `step` looks and returns."""

    def __init__(self, check: HealthCheck, container: Container, pace: float) -> None:
        """Take the check and its container; `pace` shortens the pauses, where the lab shall not take AWS's time."""
        self._check = check
        self._container = container
        self._pace = pace
        self._began = time.monotonic()
        self._due = self._began + check.interval * pace
        self._until = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._tally = Tally(check)

    @property
    def health(self) -> Health:
        """What is known of the container's health."""
        return self._tally.health

    def step(self) -> None:
        """Start a check where it is time, count one that ended, end one that takes too long."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._process, self._until = enter(self._container, self._check.command), now + self._check.timeout
            return
        code = self._process.poll()
        if code is None and now < self._until:
            return
        self.close()
        self._due = now + self._check.interval * self._pace
        self._tally.count(good=code == 0, early=now - self._began < self._check.start_period * self._pace)

    def close(self) -> None:
        """End a check that is under way."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
