"""What a task may use at most, so that one that misbehaves hurts neither the lab nor its neighbours.

Some are AWS's (memory, ephemeral storage, open files), some the lab's own, since here tasks share one kernel. A limit
of processes binds a container whose user namespace is its own (an ordinary user's lab); the kernel exempts the host's
root from it, so a lab of root's bounds the container's process ids, from Linux 6.14, and otherwise counts and kills
(`meter`). Control groups are left out: they need delegation, which few machines give.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from natless.catalog import containers
from natless.lab.kernel import syscalls

PROCESSES = 4096
"""Processes and threads that one container may have: the lab's own bound, a microVM's memory is Fargate's."""
TOO_MANY = 4000
"""With so many a container is ended, before it takes everybody's time only to hit the bound."""

LEAST_NUMBERS = 301
"""The least that the kernel takes as the number of process ids (RESERVED_PIDS, and one)."""

_MEBI = 1 << 20
_GIBI = 1 << 30
_LEAST_STORAGE = 64 * _MEBI
_SHARE = 8
"""A task's files live in memory, and it may fill this part of what is free when it starts."""
_BYTES_A_FILE = 16384
_ULIMITS = frozenset(
    "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio sigpending stack".split()  # noqa: SIM905 - as the API reference lists them
)


class Bounds(msgspec.Struct, frozen=True):
    """Bytes of memory that a container may use (None: only its task's), and its processes and threads."""

    memory: int | None = None
    processes: int = PROCESSES


def container_bounds(container: Mapping[str, Any]) -> Bounds:
    """Read a container definition's hard limit of memory (MiB) and its limit of processes."""
    memory = container.get("memory")
    given = [int(each["hardLimit"]) for each in container.get("ulimits") or [] if each.get("name") == "nproc"]
    return Bounds(int(memory) * _MEBI if memory else None, min([PROCESSES, *[each for each in given if each > 0]]))


def task_memory(definition: Mapping[str, Any]) -> int | None:
    """Read a task definition's memory, in bytes; None where it names none."""
    text = str(definition.get("memory") or "")
    return int(text) * _MEBI if text.isdigit() else None


def ulimits(container: Mapping[str, Any]) -> tuple[str, ...]:
    """Give prlimit's options for a container definition's `ulimits`; a limit of this process's own is not exceeded."""
    wanted = {"nofile": (containers.OPEN_FILES.value,) * 2, "core": (0, 0)}
    for each in container.get("ulimits") or []:
        if each.get("name") in _ULIMITS - {"nproc"}:
            wanted[each["name"]] = (int(each["softLimit"]), int(each["hardLimit"]))
    return tuple(f"--{name}={_at_most(name, *limits)}" for name, limits in wanted.items())


def _at_most(name: str, soft: int, hard: int) -> str:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    own = resource.RLIM_INFINITY if number is None else resource.getrlimit(number)[1]
    words = ["unlimited" if each < 0 else str(each) for each in (_less(soft, own), _less(hard, own))]
    return ":".join(words)


def _less(first: int, second: int) -> int:
    """Give the lesser of two limits; -1 is none."""
    given = [each for each in (first, second) if each >= 0]
    return min(given) if given else -1


def hold(pid: int, bounds: Bounds) -> None:
    """Bind a process that has not begun: how many it may start, and that it goes first where memory runs out."""
    with contextlib.suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_NPROC, (bounds.processes, bounds.processes))
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")


def numbers_are_the_containers_own() -> bool:
    """Say whether `kernel.pid_max` is each pid namespace's own: from Linux 6.14; before, it is the whole machine's."""
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return found is not None and (int(found[1]), int(found[2])) >= (6, 14)


def storage(definition: Mapping[str, Any]) -> int:
    """Give the bytes that a task may write: its ephemeral storage, as far as this machine's memory goes."""
    given = int((definition.get("ephemeralStorage") or {}).get("sizeInGiB") or 0) * _GIBI
    return min(given or containers.EPHEMERAL_STORAGE.value, max(_available() // _SHARE, _LEAST_STORAGE))


def make_storage(folder: Path, size: int) -> None:
    """Make `folder` a file system of its own, of `size` bytes at most."""
    folder.mkdir(parents=True)
    options = f"mode=755,size={size},nr_inodes={max(size // _BYTES_A_FILE, 4096)}"
    syscalls.mount("tmpfs", str(folder), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)


def drop_storage(folder: Path) -> None:
    """Take it away with everything in it, however deep that lies. Nothing happens where there is none."""
    with contextlib.suppress(OSError):
        syscalls.unmount(str(folder))
    with contextlib.suppress(OSError):
        folder.rmdir()


def _available() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def least(limits: Iterable[int | None]) -> int | None:
    """Give the least of the limits that are given."""
    return min((each for each in limits if each is not None), default=None)
