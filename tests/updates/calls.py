"""Counts the calls of an image-only release on an account without packets, in a process of its own; prints them."""

from __future__ import annotations

import collections
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from quiet_account import REGION, quiet_account

from natless.deploy import Pace, deploy
from natless.design import write
from natless.spec.read import read

TEXT = f'name = "calls"\nregion = "{REGION}"\n[services.web]\nbuild = "."\nport = 8080\npublic = true\n'
LOOK = {
    "DescribeStacks",
    "DescribeStackEvents",
    "DescribeServices",
    "ListTasks",
    "DescribeTasks",
    "DescribeTargetHealth",
}
"""Asked again and again while something is under way: how often depends on how long that takes."""


class Counting:
    """The account's clients, with the calls that this thread makes counted, and not those that a call makes itself."""

    def __init__(self, connect: Any) -> None:
        self._connect = connect
        self._known: set[str] = set()
        self._inside = 0
        self.calls: collections.Counter[str] = collections.Counter()

    def __call__(self, service: str) -> Any:
        client = self._connect(service)
        if service not in self._known:
            self._known.add(service)
            client.meta.events.register_first("before-call", self._begin)
            client.meta.events.register_last("after-call", self._end)
        return client

    def _begin(self, model: Any, **_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self.calls[model.name] += not self._inside
            self._inside += 1

    def _end(self, **_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self._inside -= 1


def main() -> None:
    """Deploy, release another image, and print what the release asked."""
    account = quiet_account(1)
    counting = Counting(account.connect)
    spec = read(TEXT, "natless.toml")
    pace = Pace(every=0.05, patience=60.0, settling=60.0)
    for letter in "ac":
        counting.calls.clear()

        def push(_service: Any, _repository: str, letter: str = letter) -> str:
            return f"sha256:{letter * 64}"

        for _ in deploy(write(spec), spec, counting, push, pace=pace):
            continue
    once = {name: count for name, count in counting.calls.items() if count and name not in LOOK}
    sys.stdout.write(f"calls of an image-only release: {sum(once.values())} of {len(once)} kinds")
    sys.stdout.write(f" ({', '.join(f'{name} {count}' for name, count in sorted(once.items()))})")
    sys.stdout.write("; besides, 7 for each look, one every 2 s\n")


main()
