"""Network namespaces by name, under /run/netns as `ip netns` keeps them, entered by one thread at a time.

A socket stays in the namespace it was made in, so one process can hold sockets in all of them.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
from collections.abc import Iterator, Sequence

from natless.lab import programs
from natless.lab.kernel import syscalls

FOLDER = "/run/netns"
_WORDS = 2000  # characters of a failing program's words that are worth showing; both programs quote their input


class KernelError(Exception):
    """A program that configures the kernel failed; the text holds its words."""


def path(name: str) -> str:
    """Give the file that stands for namespace `name`."""
    return f"{FOLDER}/{name}"


def make(name: str) -> None:
    """Make network namespace `name`, with lo up and the settings every namespace of the lab has."""
    file = pathlib.Path(path(name))
    file.touch(exist_ok=False)
    with _this_thread_back_home():
        syscalls.unshare(syscalls.CLONE_NEWNET)
        syscalls.mount("/proc/thread-self/ns/net", str(file), "", syscalls.MS_BIND)
        for setting, value in _SETTINGS.items():
            write_setting(setting, value)


def remove(name: str) -> None:
    """Take namespace `name` away; it ends when its last process and socket do."""
    syscalls.unmount(path(name))
    pathlib.Path(path(name)).unlink()


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Have this thread in namespace `name` for the length of the block."""
    with _this_thread_back_home():
        target = os.open(path(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscalls.setns(target, syscalls.CLONE_NEWNET)
        finally:
            os.close(target)
        yield


@contextlib.contextmanager
def _this_thread_back_home() -> Iterator[None]:
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        try:
            syscalls.setns(home, syscalls.CLONE_NEWNET)
        finally:
            os.close(home)


# A new namespace inherits the host's rp_filter, which would drop what enters by one interface and leaves by another.
# Unprivileged ports from 0: a container's own user may listen on 80, as on Fargate.
_SETTINGS = {
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/conf/all/accept_redirects": "0",
    "ipv4/ip_unprivileged_port_start": "0",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}


def write_setting(setting: str, value: str) -> None:
    """Write one /proc/sys/net setting of this thread's namespace; a kernel without IPv6 has none of those."""
    with contextlib.suppress(FileNotFoundError):  # to ask first takes as long as to write
        pathlib.Path("/proc/sys/net", setting).write_text(value)


def run(name: str, arguments: Sequence[str], text: str) -> None:
    """Run a program in namespace `name` with `text` on its standard input; raises KernelError with its words."""
    program = programs.find(arguments[0])
    if program is None:
        raise KernelError(f"the program {arguments[0]} is not installed; `natless lab check` gives the line that does")
    with inside(name):
        done = subprocess.run([program, *arguments[1:]], input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise KernelError(f"{' '.join(arguments)} in {name}: {done.stderr.strip()[:_WORDS]}")
