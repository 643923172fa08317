"""Whole processes, in turn, so that a machine whose speed drifts treats each alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence


def wall_seconds(command: Sequence[str], exits: frozenset[int]) -> float:
    """Run a command once with its output thrown away and give its wall time; raises where it exits otherwise."""
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    took = time.perf_counter() - started
    if done.returncode not in exits:
        raise RuntimeError(f"{command[0]} exited {done.returncode}")
    return took


def in_turn(
    commands: Mapping[str, Sequence[str]], runs: int, exits: frozenset[int] = frozenset({0})
) -> dict[str, list[float]]:
    """Run every command `runs` times, A B C A B C ..., after one warm-up each."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for name in commands:
        wall_seconds(commands[name], exits)
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(wall_seconds(command, exits))
    return times


def table(times: Mapping[str, Sequence[float]], against: str) -> None:
    """Print minimum, median and maximum, and the median of the ratios run by run to `against`."""
    print(f"{'':42} {'min':>8} {'median':>8} {'max':>8}   x {against}")
    for name, taken in times.items():
        ratio = statistics.median(mine / other for mine, other in zip(taken, times[against], strict=True))
        print(f"{name:42} {min(taken):8.3f} {statistics.median(taken):8.3f} {max(taken):8.3f}   {ratio:.2f}")
    print(f"seconds, wall, {len(next(iter(times.values())))} runs in turn, {os.cpu_count()} cores")
