"""Both sides side by side: packets in a process with namespaces of its own, the proof in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from judging import Figures, judge

_HERE = Path(__file__).parent
KEPT = _HERE / "kept.txt"
_SOURCE = _HERE.parents[1] / "src"
_AHEAD = 4
"""How many networks the packets' side may be ahead of the proof: two processors, two sides."""


class Packets:
    """The packets' side."""

    def __init__(self, script: str = "packets.py") -> None:
        """Start it; it makes namespaces of its own."""
        places = os.pathsep.join([str(_SOURCE), sysconfig.get_path("purelib")])
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._lock = threading.Lock()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait(240)

    def _tell(self, job: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the packets' side ended without an answer; its words stand above")
        found: dict[str, Any] = json.loads(line)
        return found

    def see(self, number: int, bug: str = "", *, thorough: bool = False) -> dict[str, Any]:
        """Ask one network."""
        self._tell({"number": number, "bug": bug, "thorough": thorough})
        return self._hear()

    def see_all(self, numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
        """Ask networks one after the other, some ahead of whoever reads."""
        waiting = 0
        for number in numbers:
            self._tell({"number": number, "bug": "", "thorough": False})
            waiting += 1
            if waiting > _AHEAD:
                yield self._hear()
                waiting -= 1
        for _ in range(waiting):
            yield self._hear()


def compare(
    packets: Packets, numbers: Iterable[int], figures: Figures
) -> Iterator[tuple[int, dict[str, Any], list[str]]]:
    """Compare networks; give each with what was seen and the disagreements that stand when it is asked thoroughly."""
    doubtful: list[int] = []
    for seen in packets.see_all(numbers):
        if judge(seen, figures):
            doubtful.append(int(seen["number"]))
        else:
            yield int(seen["number"]), seen, []
    for number in doubtful:
        # Asked again, with every try there is: what was left out, and a packet that was lost, are no disagreement.
        seen = packets.see(number, thorough=True)
        yield number, seen, judge(seen, Figures())


def kept() -> list[int]:
    """Give the numbers of networks on which something disagreed once: they come first in every run."""
    lines = (line.partition("#")[0].strip() for line in KEPT.read_text(encoding="utf-8").splitlines())
    return [int(line) for line in lines if line]


def keep(number: int, why: str) -> None:
    """Keep a number."""
    if number not in kept():
        with KEPT.open("a", encoding="utf-8") as file:
            file.write(f"{number}  # {why}\n")
