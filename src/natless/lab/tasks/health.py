"""A container's health check: a command in the container, every so often, and what its exits come to.

Counting as Docker does it (docs.docker.com, Dockerfile reference, HEALTHCHECK), which ECS takes over: the first check
after one interval; in the start period a failure does not count, and the first success ends that period.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal, TypeAlias

from natless.lab.tasks import seccomp
from natless.lab.tasks.runner import CAPABILITY_NUMBERS, Container, in_memory, shielded
from natless.lab.tasks.traits import HealthCheck

Health: TypeAlias = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]

_LIBRARIES = {name: text for name, text in os.environ.items() if name == "LD_LIBRARY_PATH"}
"""What Python itself may need to start where it was moved to."""
_ENTERING = str(Path(__file__).with_name("entering.py"))


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
                self._process, self._until = _enter(self._container, self._check.command), now + self._check.timeout
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


def _enter(container: Container, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    process = container.process
    asked = {
        "pid": container.pid,
        "arguments": command,
        "environment": dict(process.environment),
        "directory": process.directory,
        "user": process.user,
        "group": process.group,
        "capabilities": [] if process.user else list(CAPABILITY_NUMBERS),
        "processes": process.bounds.processes,
        "filter": seccomp.profile().hex() if seccomp.supported() else "",
    }
    told = in_memory(json.dumps(asked).encode())
    try:
        return subprocess.Popen(
            [shielded(sys.executable), "-I", "-S", _ENTERING],
            stdin=told,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_LIBRARIES,
            start_new_session=True,
        )
    finally:
        os.close(told)
