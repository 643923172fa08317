"""From nothing to the first page on the lab, by stage: what a user waits for between typing and seeing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.check_whole_process import ROOT
from benchmarks.processes import table

STAGES = ("lab up", "deploy, image built", "deploy again, nothing to do", "first page", "lab down")


def run(runs: int = 3) -> None:
    """Measure and print."""
    natless = Path(sys.executable).parent / "natless"
    times: dict[str, list[float]] = {stage: [] for stage in STAGES}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "hello"
        shutil.copytree(ROOT / "examples" / "hello", folder)
        busybox = shutil.which("busybox")
        if busybox is None:
            raise RuntimeError("busybox-static is missing: tools/packages run")
        shutil.copy(busybox, folder / "busybox")

        def timed(stage: str, *arguments: str) -> str:
            started = time.perf_counter()
            done = subprocess.run([natless, *arguments], cwd=folder, capture_output=True, text=True, check=True)
            times[stage].append(time.perf_counter() - started)
            return done.stdout

        for _ in range(runs):
            timed("lab up", "lab", "up")
            try:
                url = timed("deploy, image built", "deploy", "--to", "lab").strip()
                started = time.perf_counter()
                with urllib.request.urlopen(url, timeout=10) as answer:
                    answer.read()
                times["first page"].append(time.perf_counter() - started)
                timed("deploy again, nothing to do", "deploy", "--to", "lab")
            finally:
                timed("lab down", "lab", "down")
    print("\n## the lab, from nothing to the first page")
    table(times, "lab up")
