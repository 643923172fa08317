"""Containers by themselves, in a network namespace with nothing in it; prints what was seen (test_containers.py)."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import stat
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from confined import see

from natless.lab.kernel import confinement, namespaces
from natless.lab.tasks.bounds import Bounds, drop_storage, make_storage
from natless.lab.tasks.health import Probe
from natless.lab.tasks.meter import Meter
from natless.lab.tasks.process import Process
from natless.lab.tasks.runner import Container, Mount, Place
from natless.lab.tasks.traits import HealthCheck
from natless.lab.tasks.words import StartError

SCRATCH = Path(confinement.SCRATCH)
PATH = "/bin:/sbin"


def program(number: int, argument: int) -> bytes:
    """Give a program of one system call, whose exit code is that call's error number (0 where it succeeded).

    Encodings: Intel's manual, volume 2, and Arm's reference manual, A64. The ELF header is of the least that runs.
    """
    if platform.machine() == "x86_64":
        call = b"\xb8" + struct.pack("<I", number) + b"\xbf" + struct.pack("<I", argument)
        code = call + b"\x31\xf6\x31\xd2\x4d\x31\xd2\x4d\x31\xc0\x0f\x05"
        code += b"\xf7\xd8\x79\x02\x31\xc0\x89\xc7\xb8\x3c\x00\x00\x00\x0f\x05"
        machine = 62
    else:
        high, low = argument >> 16, argument & 0xFFFF
        lines = [0xD2800000 | number << 5 | 8, 0xD2800000 | low << 5, 0xF2A00000 | high << 5]
        lines += [0xD2800000 | register for register in range(1, 6)]
        lines += [0xD4000001, 0xCB0003E0, 0xD2800000 | 93 << 5 | 8, 0xD4000001]
        code, machine = struct.pack(f"<{len(lines)}I", *lines), 183
    address, size = 0x400000, 64 + 56 + len(code)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, address + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, address, address, size, size, 0x1000) + code


CALLS = {
    # Numbers: unistd_64.h (x86-64) and asm-generic/unistd.h (arm64).
    "keyctl": ((250, 219), 0),
    "mount": ((165, 40), 0),
    "bpf": ((321, 280), 0),
    "unshare": ((272, 97), 0x10000000),
    "clone with a namespace": ((56, 220), 0x10000000),
    "clone3": ((435, 435), 0),
    "io_uring_setup": ((425, 425), 1),
    "perf_event_open": ((298, 241), 0),
    "getppid": ((110, 173), 0),
}


class Stage:
    """A root to run in, and what makes containers of it."""

    def __init__(self) -> None:
        namespaces.make("eni")
        self.root = SCRATCH / "image"
        for folder in ("bin", "etc", "data"):
            (self.root / folder).mkdir(parents=True)
        busybox = shutil.which("busybox")
        assert busybox is not None, "busybox is needed: tools/packages run"
        shutil.copy(busybox, self.root / "bin/busybox")
        for name in ("sh", "cat", "sleep", "ls", "id", "dd", "touch", "test", "ps", "setsid", "yes", "chown"):
            (self.root / "bin" / name).symlink_to("busybox")
        self.ca = SCRATCH / "ca.pem"
        self.ca.write_text("ca\n")
        self.count = 0

    def place(self, root: Path | None = None, *mounts: Mount) -> Place:
        self.count += 1
        folder = SCRATCH / f"container-{self.count}"
        make_storage(folder, 64 << 20)
        where = namespaces.path("eni")
        return Place(folder, root or self.root, where, "host", "10.0.0.9", ("10.0.0.2",), str(self.ca), mounts)

    def begin(self, script: str, place: Place | None = None, **changes: Any) -> Container:
        process = Process(("/bin/sh", "-c", script), {"PATH": PATH}, "/", 0, 0)
        return Container(msgspec.structs.replace(process, **changes), place or self.place())

    def run(self, script: str, place: Place | None = None, **changes: Any) -> tuple[int | None, str]:
        """Run a script to its end; give its exit code and what it said."""
        container = self.begin(script, place, **changes)
        with os.fdopen(container.output, "rb") as output:
            said = output.read().decode(errors="replace")
        return container.wait(400.0), said


def system_calls(stage: Stage) -> dict[str, Any]:
    column = 0 if platform.machine() == "x86_64" else 1
    seen = {}
    for name, (numbers, argument) in CALLS.items():
        file = stage.root / "bin" / "probe"
        file.write_bytes(program(numbers[column], argument))
        file.chmod(0o755)
        code, said = stage.run("", arguments=("/bin/probe",))
        seen[name] = errno.errorcode.get(code or 0, said)
    return seen


def links_that_lead_out(stage: Stage) -> dict[str, Any]:
    """Run images whose own folders are links to where the runner mounts from."""
    outside = SCRATCH / "outside"
    outside.mkdir()
    seen = {}
    for name in ("etc", "dev", "proc", "tmp", "etc/resolv.conf", "etc/natless", "data"):
        root = SCRATCH / f"linked-{name.replace('/', '-')}"
        shutil.copytree(stage.root, root, symlinks=True)
        place = root / name
        if place.is_dir():
            shutil.rmtree(place)
        place.symlink_to(f"/oldroot{outside}")
        share = SCRATCH / f"share-{name.replace('/', '-')}"
        share.mkdir()
        try:
            code, said = stage.run(
                "touch /data/written; cat /etc/resolv.conf", stage.place(root, Mount(share, "/data"))
            )
        except StartError as error:
            code, said = None, str(error)
        seen[name] = [code, said]
    return {"outside": [each.name for each in outside.iterdir()], "seen": seen}


def entered_by(stage: Stage) -> str:
    """Try to change the program that a container was entered by, in the least way that its mount has to allow.

    Opened for writing it would be busy (ETXTBSY) for as long as any container of this machine is entered.
    """
    container = stage.begin("sleep 30")
    program = os.open(f"/proc/{container._bubblewrap.pid}/exe", os.O_PATH)
    container.kill()
    os.close(container.output)
    try:
        os.chmod(f"/proc/self/fd/{program}", stat.S_IMODE(os.fstat(program).st_mode))  # noqa: PTH101 - a descriptor's
    except OSError as refusal:
        return errno.errorcode[refusal.errno or 0]
    return "written"


def devices(stage: Stage) -> dict[str, Any]:
    return {
        "shared memory": stage.run("dd if=/dev/zero of=/dev/shm/x bs=1M count=100 2>&1 | cat; ls -l /dev/shm")[1],
        "beside": stage.run("echo x > /dev/x; echo $?")[1],
        "null": stage.run("echo x > /dev/null; echo $?")[1],
        "disk": stage.run("dd if=/dev/zero of=/x bs=1M count=100 2>&1 | cat")[1],
        "read only": stage.run("echo x > /x; echo $?", read_only=True)[1],
    }


def processes(stage: Stage) -> dict[str, Any]:
    """Start more than there may be, and count."""
    container = stage.begin("f() { f | f & }; f; sleep 60", bounds=Bounds(processes=100))
    meter, most, until = Meter(), 0, time.monotonic() + 1.0
    while time.monotonic() < until and most <= 2000:
        most = max(most, meter.usage(container.pid).processes)
        time.sleep(0.05)
    code = container.kill()
    os.close(container.output)
    return {"most": most, "code": code, "left": Meter().usage(container.pid).processes}


def stopping(stage: Stage) -> dict[str, Any]:
    def stop(script: str, *, seconds: float = 400.0, **changes: Any) -> tuple[int, bool]:
        """Stop it when it is ready; give its code, and whether that took all of the time that it had."""
        container = stage.begin(script, **changes)
        with os.fdopen(container.output, "rb", buffering=0) as output:
            output.read(6)  # it is ready
            began = time.monotonic()
            return container.stop(seconds), time.monotonic() - began >= seconds

    ready = "echo ready; exec sleep 60"
    turning = "echo ready; while :; do sleep 0.1; done"
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "heard": (f'trap "exit 7" TERM; {turning}', {}),
        "heard and ignored": (f'trap ":" TERM; {turning}', {"seconds": 3.0}),
        "deaf": (ready, {}),
        "ignored": (f'trap "" TERM; {ready}', {}),
        "with an init": (ready, {"init": True}),
        "another signal": (f'trap "exit 8" QUIT; {turning}', {"stop_signal": 3}),
    }
    # A container ends with the thread that began it, so each is begun and stopped by the same.
    with ThreadPoolExecutor(len(cases)) as threads:
        waited = {name: threads.submit(stop, script, **changes) for name, (script, changes) in cases.items()}
    return {name: each.result() for name, each in waited.items()}


def leaving(stage: Stage) -> dict[str, Any]:
    return {
        "grandchildren": stage.run("(setsid sleep 31337 &); exit 3")[0],
        "left": [each for each in Path("/proc").glob("[0-9]*/cmdline") if b"31337" in each.read_bytes()],
        "closed": stage.run("exec >&- 2>&-; sleep 0.2; exit 4"),
        "volumes": volumes(stage),
        "users": [stage.run("id -u; cat /proc/self/uid_map | wc -l", user=1000, group=1000)[1].split()[0]],
    }


def volumes(stage: Stage) -> list[str]:
    share = SCRATCH / "share"
    share.mkdir()
    written = stage.run("echo from one > /data/file", stage.place(None, Mount(share, "/data")))
    read = stage.run(
        "cat /mnt/deep/file; echo x > /mnt/deep/file", stage.place(None, Mount(share, "/mnt/deep", read_only=True))
    )
    return [*written[1].split(), *read[1].splitlines()]


def until_it_runs(container: Container, name: str) -> None:
    """Wait until a container is past its preparations: a check that finds no file system yet fails, as it should."""
    until = time.monotonic() + 400.0
    while Path(f"/proc/{container.pid}/comm").read_text().strip() != name and time.monotonic() < until:
        time.sleep(0.01)


def checks(stage: Stage) -> dict[str, Any]:
    """Check a container's health, by commands that show what they may do."""
    container = stage.begin("sleep 3600", user=1000, group=1000, environment={"PATH": PATH, "MARK": "mine"})
    until_it_runs(container, "sleep")

    def answer(*command: str, timeout: float = 240.0) -> str:
        probe = Probe(HealthCheck(command, 1.0, timeout, 1), container, 0.0)
        until = time.monotonic() + 400.0
        while probe.health == "UNKNOWN" and time.monotonic() < until:
            probe.step()
            time.sleep(0.01)
        probe.close()
        return probe.health

    shell = ("/bin/sh", "-c")
    seen = {
        "good": answer(*shell, "exit 0"),
        "bad": answer(*shell, "exit 1"),
        "missing": answer("/none"),
        "by PATH": answer("id"),
        "late": answer(*shell, "sleep 30", timeout=0.3),
        "variables": answer(*shell, '[ "$MARK" = mine ]'),
        "user": answer(*shell, '[ "$(id -u)" = 1000 ]'),
        "processes": answer(*shell, 'ps | grep -q "sleep 3600"'),
        "first process": answer(*shell, "[ $(cat /proc/1/comm) = sleep ]"),
        "no capability": answer(*shell, "grep -q 'CapEff:\t0000000000000000' /proc/self/status"),
        "no new privileges": answer("/bin/busybox", "grep", "-q", "NoNewPrivs:\t1", "/proc/self/status"),
        "filtered": answer("/bin/busybox", "grep", "-q", "Seccomp:\t2", "/proc/self/status"),
    }
    container.kill()
    os.close(container.output)
    return seen


def scenario() -> dict[str, Any]:
    parts: dict[str, Callable[[Stage], Any]] = {
        "calls": system_calls,
        "links": links_that_lead_out,
        "entered by": entered_by,
        "devices": devices,
        "processes": processes,
        "stopping": stopping,
        "leaving": leaving,
        "checks": checks,
    }
    stage = Stage()
    seen = {name: part(stage) for name, part in parts.items()}
    for number in range(stage.count):
        drop_storage(SCRATCH / f"container-{number + 1}")
    left = [each.name for each in SCRATCH.iterdir() if each.name.startswith("container-")]
    return {
        **seen,
        "root": os.geteuid() == 0 and "4294967295" in Path("/proc/self/uid_map").read_text(),
        "left over": left,
    }


if __name__ == "__main__":
    see(scenario)
