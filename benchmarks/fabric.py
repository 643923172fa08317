"""The lab's network: interfaces up and down, connects a second over rules, and the throughput of one flow."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence


def run() -> None:
    """Measure and print. The goals: connects flat over rules, and 0.8 of the bare pair's throughput."""
    print("\n## fabric: interfaces up and down, seconds")
    times = _measured("up")
    table(times, {name: name.replace("by ip -batch", "natless") for name in times}, "x natless")
    print("\n## fabric: connects a second, over rules of each group")
    rates = _measured("rules")
    table(rates, {name: f"0 rules, {name.partition(', ')[2]}" for name in rates}, "x no rules")
    print("\n## fabric: one flow, gigabits a second")
    flows = _measured("flow")
    table(flows, dict.fromkeys(flows, "bare veth pair"), "x bare veth pair")


def _measured(kind: str) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "benchmarks.fabric_inside", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def table(found: Mapping[str, Sequence[float]], against: Mapping[str, str], title: str) -> None:
    """Print each with the median of its ratios, run by run, to what it is measured against."""
    print(f"{'':42} {'min':>9} {'median':>9} {'max':>9}   {title}")
    for name, taken in found.items():
        ratio = statistics.median(mine / other for mine, other in zip(taken, found[against[name]], strict=True))
        print(f"{name:42} {min(taken):9.3f} {statistics.median(taken):9.3f} {max(taken):9.3f}   {ratio:.2f}")
    print(f"{min(map(len, found.values()))} runs or more in turn, {os.cpu_count()} cores")
