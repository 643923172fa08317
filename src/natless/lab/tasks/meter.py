"""How many processes a container has and how much memory they use: one look at /proc serves every task.

Resident pages of related processes overlap, so they are only a first measure; where it is over the limit, the shares
that the kernel keeps (`Pss`) decide, which is nearly what a control group would count.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

import msgspec

_PAGE = os.sysconf("SC_PAGE_SIZE")
_AGE = 0.15
"""Seconds for which a look is good."""
_PART = 20
"""A look takes this part of a processor's time at most: with very many processes they become rarer.

On a busy machine a look waits for the processor, and that is no reason to look less: meanwhile tasks grow."""


class Usage(msgspec.Struct, frozen=True):
    """What a tree of processes uses: its members, their processes and threads, their resident bytes."""

    members: tuple[int, ...]
    processes: int
    memory: int


class Meter:
    """Looks at this machine's processes, as far as the lab sees them."""

    def __init__(self) -> None:
        """Nothing is looked at before somebody asks."""
        self._lock = threading.Lock()
        self._good_until = 0.0
        self._rows: dict[int, tuple[int, int]] = {}
        self._children: dict[int, list[int]] = {}

    def usage(self, pid: int) -> Usage:
        """Give what a process and its descendants use."""
        with self._lock:
            if time.monotonic() > self._good_until:
                self._look()
            members, waiting = [], [pid]
            while waiting:
                each = waiting.pop()
                if each in self._rows:
                    members.append(each)
                waiting += self._children.get(each, ())
            rows = [self._rows[each] for each in members]
        return Usage(tuple(members), sum(row[0] for row in rows), sum(row[1] for row in rows))

    def _look(self) -> None:
        began = time.thread_time()
        self._rows, self._children = {}, {}
        for name in os.listdir("/proc"):  # noqa: PTH208 - thousands of names, a few times a second
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    self._add(int(name))
        self._good_until = time.monotonic() + max(_AGE, (time.thread_time() - began) * _PART)

    def _add(self, pid: int) -> None:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
            fields = file.read().rpartition(b")")[2].split()
        # proc_pid_stat(5), fields 4, 20 and 24; the first here is the third there.
        parent, threads, pages = int(fields[1]), int(fields[17]), int(fields[21])
        self._rows[pid] = threads, pages * _PAGE
        self._children.setdefault(parent, []).append(pid)


def shares(members: tuple[int, ...]) -> int:
    """Give the bytes that processes use together, each shared page counted once."""
    return sum(_share(pid) for pid in members)


def _share(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
