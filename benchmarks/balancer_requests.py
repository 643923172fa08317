"""Requests a second through the lab's network and load balancer, against the same proxy on loopback."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.fabric import table


def run() -> None:
    """Measure and print."""
    print("\n## load balancer: requests a second")
    command = [sys.executable, "-m", "benchmarks.balancer_inside"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    table(found, dict.fromkeys(found, "bare proxy, loopback"), "x bare proxy")
