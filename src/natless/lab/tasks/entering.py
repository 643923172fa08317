"""Runs a command in a container that runs already, as `docker exec` does: the script of a process of its own.

It joins the container's namespaces, becomes the container's user, keeps no more than the container has (capabilities,
system calls, no new privileges) and executes. What to do comes as JSON on standard input, since variables may be
secrets. With a `terminal` (a descriptor of its outer end) it runs there, in a session of its own, else its streams lead
nowhere. Standard library only, all of it imported before the file system changes: nothing of the image's is loaded.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import sys
import termios
from pathlib import Path
from typing import Any, NoReturn

_SPACES = {"mnt": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "pid": 0x20000000, "net": 0x40000000}
_USER = 0x10000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITIES = 64
_CAPABILITY_VERSION = 0x20080522
_NOT_FOUND = 127
_UNABLE = "----------ERROR-------\nUnable to start command: Failed to start pty: fork/exec "
"""How the agent of ECS Exec begins what it says of a program that is not there (aws/containers-roadmap #187)."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def main() -> NoReturn:
    """Do what standard input says, and end as the command does."""
    asked = json.load(sys.stdin)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    _join(asked["pid"])
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # what runs in the container already shall not look into this process
    child = os.fork()  # a process is in the pid namespace only if it is born there
    if child == 0:
        try:
            if asked["terminal"] is not None:
                _sit_at(asked["terminal"])
            _become(asked)
            os.chdir(asked["directory"])
            os.execvpe(asked["arguments"][0], asked["arguments"], asked["environment"])  # noqa: S606 - an argument list
        except BaseException as problem:  # noqa: BLE001 - a fork must never return into the caller's stack
            said = (
                os.strerror(problem.errno).lower() if isinstance(problem, OSError) and problem.errno else str(problem)
            )
            os.write(1, f"{_UNABLE}{asked['arguments'][0]}: {said}\n".encode())
            os._exit(_NOT_FOUND)
    if asked["terminal"] is not None:
        os.close(asked["terminal"])
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)


def _sit_at(terminal: int) -> None:
    """Take a terminal as the controlling one of a session of one's own, and for all three streams."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(terminal, number)
    os.close(terminal)


def _join(pid: int) -> None:
    """Enter the namespaces of a process, its user namespace last: before, this one's rights are the wider."""
    kinds = {name: flag for name, flag in _SPACES.items() if not _same(pid, name)}
    opened = {os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY): flag for name, flag in kinds.items()}
    user = None if _same(pid, "user") else os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    for descriptor, flag in opened.items():
        _call(_libc.setns(descriptor, flag), "setns")
    if user is not None:
        _call(_libc.setns(user, _USER), "setns")


def _same(pid: int, name: str) -> bool:
    return Path(f"/proc/{pid}/ns/{name}").stat().st_ino == Path(f"/proc/self/ns/{name}").stat().st_ino


def _become(asked: dict[str, Any]) -> None:
    """Take the container's user and give up what it does not have."""
    resource.setrlimit(resource.RLIMIT_NPROC, (asked["processes"], asked["processes"]))
    kept = set(asked["capabilities"])
    for number in range(_CAPABILITIES):
        if number not in kept:
            _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    os.setresgid(asked["group"], asked["group"], asked["group"])
    os.setresuid(asked["user"], asked["user"], asked["user"])
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # another user begins without one
    bits = sum(1 << number for number in kept)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    body = (ctypes.c_uint32 * 6)(low, low, low, high, high, high)
    _call(_libc.capset(head, body), "capset")
    _call(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    refused = bytes.fromhex(asked["filter"])
    if refused:
        program = _Filter(len(refused) // 8, refused)
        _call(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0), "seccomp")


def _call(answer: int, name: str) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), name)


if __name__ == "__main__":
    main()
