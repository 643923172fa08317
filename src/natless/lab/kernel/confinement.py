"""A process in namespaces of its own: user, mount, pid, network, uts and ipc.

Works as root and as an ordinary user, by the same steps. What runs inside is root there, sees only its own
processes and mounts, and owns its network; when its PID 1 ends, the kernel takes everything with it.
"""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from natless.lab.kernel import syscalls

SCRATCH = "/run/natless"
"""Where the lab keeps files: a tmpfs that nobody outside sees and that ends with the lab."""
HOME = f"{SCRATCH}/home"
TEMPORARY = f"{SCRATCH}/temporary"

_OTHER_NAMESPACES = (
    syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC
)


class ConfinementError(Exception):
    """The kernel refused a namespace or a mount; the text says which and where to look."""


def spawn(inner: Callable[[], int], first: Callable[[], None] = lambda: None) -> int:
    """Start `inner` in new namespaces and give the host's pid of their PID 1.

    `inner` runs as PID 1's only child, as root; its result is the exit code. `first` runs in PID 1 before
    anything else (it is where PID 1 closes what only its child shall hold). The caller must be single-threaded,
    since a user namespace cannot be left by one thread alone. Raises ConfinementError.
    """
    told, tell = os.pipe()
    mapped, map_done = os.pipe()
    maps = _maps()
    child = os.fork()
    if child == 0:
        os.close(told)
        os.close(map_done)
        _unshare_and_start(inner, first, tell, mapped)
    os.close(tell)
    os.close(mapped)
    try:
        word = os.read(told, 1024).decode()
        if word == "unshared":
            _write_maps(child, maps)
            os.write(map_done, b"m")
            word = os.read(told, 1024).decode()
    except OSError as refusal:
        raise ConfinementError(f"the kernel refused the user map: {refusal.strerror}") from refusal
    finally:
        os.close(told)
        os.close(map_done)
        os.waitpid(child, 0)
    if not word.isdecimal():
        raise ConfinementError(f"{word or 'a namespace could not be made'}; `natless lab check` says what is missing")
    return int(word)


def _unshare_and_start(inner: Callable[[], int], first: Callable[[], None], tell: int, mapped: int) -> NoReturn:
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        os.write(tell, b"unshared")
        if os.read(mapped, 1) != b"m":
            os._exit(1)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        syscalls.unshare(_OTHER_NAMESPACES)
        pid = os.fork()
        if pid == 0:
            os.close(tell)
            os.close(mapped)
            _be_first_process(inner, first)
        os.write(tell, str(pid).encode())
    except OSError as refusal:
        os.write(tell, f"the kernel refused: {refusal.strerror}".encode())
    os._exit(0)


def _maps() -> tuple[str, str]:
    """Give the uid and gid map: root keeps every id it has, anybody else becomes root with one id."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        return f"0 {uid} 1", f"0 {gid} 1"
    return _whole_map("uid_map"), _whole_map("gid_map")


def _whole_map(name: str) -> str:
    lines = pathlib.Path("/proc/self", name).read_text().splitlines()
    spans = [line.split() for line in lines]
    return "\n".join(f"{inside} {inside} {count}" for inside, _, count in spans)


def _write_maps(pid: int, maps: tuple[str, str]) -> None:
    process = pathlib.Path("/proc", str(pid))
    if os.geteuid() != 0:
        # The kernel lets an ordinary user map a group only after giving up setgroups (user_namespaces(7)).
        (process / "setgroups").write_text("deny")
    (process / "uid_map").write_text(maps[0] + "\n")
    (process / "gid_map").write_text(maps[1] + "\n")


def _be_first_process(inner: Callable[[], int], first: Callable[[], None]) -> NoReturn:
    """Be PID 1: mount, start the one child, reap whatever is orphaned, and end with the child."""
    try:
        syscalls.set_process_name("natless-lab")
        first()
        _mount_own_view()
        child = os.fork()
        if child == 0:
            _run(inner)
        _close_all_but_errors()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda caught, _frame: os.kill(child, caught))
        while True:
            ended, status = os.wait()
            if ended == child:
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    except BaseException as problem:  # noqa: BLE001 - PID 1 must end here, whatever happens, or it runs the caller's code
        sys.stderr.write(f"natless lab: {problem}\n")
        sys.stderr.flush()
        os._exit(1)


def _run(inner: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        code = inner()
    except BaseException:  # noqa: BLE001 - a fork must never return into the caller's stack
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _close_all_but_errors() -> None:
    """Close what PID 1 inherited, so that a socket closed by its child is closed for good."""
    close_descriptors(keep={0, 1, 2})


def close_descriptors(keep: set[int]) -> None:
    """Close every open descriptor that is not in `keep`."""
    for link in list(pathlib.Path("/proc/self/fd").iterdir()):
        descriptor = int(link.name)
        if descriptor not in keep:
            try:
                os.close(descriptor)
            except OSError:
                continue  # the descriptor of the listing itself, gone by now


def _mount_own_view() -> None:
    """Give this mount namespace its own /proc and /run, and name resolution that stays inside."""
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    hardened = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", hardened)
    # The name of the service files is settled before /run is covered: resolv.conf is often a link into it.
    names = {name: os.path.realpath(f"/etc/{name}") for name in ("resolv.conf", "nsswitch.conf")}
    syscalls.mount("tmpfs", "/run", "tmpfs", syscalls.MS_NOSUID, "mode=755")
    for folder in ("/run/netns", SCRATCH, f"{SCRATCH}/etc", TEMPORARY, HOME):
        pathlib.Path(folder).mkdir()
    # moto took 10.4 s to start while it asked the host's resolver, 0.33 s with this.
    texts = {
        "resolv.conf": "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n",
        "nsswitch.conf": "hosts: files dns\n",
    }
    for name, target in names.items():
        own = pathlib.Path(SCRATCH, "etc", name)
        own.write_text(texts[name])
        place = pathlib.Path(target)
        if target.startswith("/run/"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(texts[name])
        elif place.exists():
            syscalls.mount(str(own), target, "", syscalls.MS_BIND)
    socket.sethostname("natless-lab")
