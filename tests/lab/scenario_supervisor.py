"""The lab's life, in a machine of its own: a pid, mount and network namespace in which nothing else runs.

What is left after an end is then all there is to see. Prints what was seen as JSON (read by test_supervisor.py).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from confined import see

from natless.lab import control, supervisor
from natless.lab.control import LabError
from natless.lab.endpoints import Server
from natless.lab.kernel import namespaces, readiness
from natless.lab.supervisor import Inside, Options

LONGEST_SECONDS = 240.0
REAL = {"AWS_SECRET_ACCESS_KEY": "of the real account", "https_proxy": "http://proxy", "AWS_CA_BUNDLE": "/x"}


def house(inside: Inside) -> None:
    """A lab with what labs have: namespaces, mounts, a file, a server, a task that would run for long."""
    namespaces.make("eni-1")
    Path(inside.scratch, "layer").write_text("bytes")
    with namespaces.inside("eni-1"):
        subprocess.Popen(["sleep", "1000"])
    with contextlib.suppress(ChildProcessError):
        orphan()
    Server("api").listen(inside.api, lambda _host: page)
    inside.control.register("look", lambda: look(inside))
    inside.control.register("accept", accept)
    inside.control.register("fail", lambda: 1 // 0)
    sys.stdout.write("the house stands\n")
    inside.ready({"region": "eu-west-1"})
    inside.stopping.wait()


def orphan() -> None:
    """Leave a grandchild to PID 1."""
    subprocess.run(["sh", "-c", "sleep 0.05 & exit 0"], check=True)


def page(_environment: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def look(inside: Inside) -> dict[str, Any]:
    kept = [name for name in os.environ if "AWS" in name or "PROXY" in name.upper() or "CA_BUNDLE" in name]
    return {
        "uid": os.getuid(),
        "environment": sorted(kept),
        "namespaces": names("/run/netns"),
        "scratch": names(inside.scratch),
        "descriptors": [str(Path(f"/proc/self/fd/{number}").readlink()) for number in ("0", "1", "2")],
        "leaked": [link for link in descriptors() if link.startswith("/etc")],
        "zombies": zombies(),
    }


def zombies() -> list[str]:
    """Give the dead that PID 1 leaves lying: those of a moment are none."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while (found := [line for line in processes() if line.endswith(" Z")]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def names(folder: str) -> list[str]:
    return sorted(each.name for each in Path(folder).iterdir())


def descriptors() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(link.readlink()))
    return found


def accept(sockets: list[socket.socket]) -> str:
    connection, _ = sockets[0].accept()
    with connection:
        return connection.recv(10).decode()


def processes() -> list[str]:
    """Give `pid state` of every process but this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) not in (1, os.getpid()):
            with contextlib.suppress(OSError):
                found.append(f"{folder.name} {(folder / 'stat').read_text().rsplit(') ', 1)[1][0]}")
    return found


def left() -> dict[str, int]:
    """Count what of a lab is to be seen from the host: processes, mounts, sockets, namespaces by name."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while processes() and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)  # this scenario is no PID 1, its orphans are PID 1's
        time.sleep(0.005)
    return {
        "processes": len(processes()),
        "mounts": len(Path("/proc/self/mounts").read_text().splitlines()),
        "abstract sockets": Path("/proc/net/unix").read_text().count("@natless"),
        "listening": len([line for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]),
        "named namespaces": len(names("/run/netns")),
        "files": len(names("/run/natless/temporary")),
    }


def refusal(work: Any) -> str:
    try:
        work()
    except LabError as problem:
        return str(problem)
    return "no refusal"


def life(seen: dict[str, Any]) -> None:
    seen["before"] = left()
    seen["none"] = [control.find(), refusal(lambda: control.ask("look")), supervisor.down()]
    os.environ |= REAL
    leaked = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(leaked, True)  # noqa: FBT003 - the standard library's signature
    contact = supervisor.up(house)
    os.close(leaked)
    page_of_api = http.client.HTTPConnection(contact.api.removeprefix("http://"))
    page_of_api.request("GET", "/")
    seen["api"] = page_of_api.getresponse().read().decode()
    page_of_api.close()
    seen["contact"] = [
        contact.state,
        dict(contact.info),
        contact.api.split(":")[1],
        len(contact.secret_access_key) > 30,
    ]
    seen["pid is the first process's"] = Path(f"/proc/{contact.pid}/comm").read_text().strip()
    seen["inside"] = control.ask("look")
    seen["log"] = control.ask("log")
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        port.listen()
        with socket.create_connection(port.getsockname()) as visitor:
            visitor.sendall(b"from host")
            seen["a socket handed over"] = control.ask("accept", sockets=[port])
    seen["refusals"] = [
        refusal(lambda: supervisor.up(house)).split(" (")[0],
        refusal(lambda: control.ask("nonsense")),
        refusal(lambda: control.ask("fail")),
        refusal(lambda: control.ask("accept")).split(":")[0],
    ]
    seen["down"] = supervisor.down()
    seen["after down"] = left()


def killed(seen: dict[str, Any]) -> None:
    contact = supervisor.up(house)
    os.kill(contact.pid, signal.SIGKILL)
    again = supervisor.up(house, Options(port=int(contact.api.rsplit(":", 1)[1])))
    seen["up again at once, on the same port"] = again.api == contact.api and again.pid != contact.pid
    second = Path(f"/proc/{again.pid}/task/{again.pid}/children").read_text().split()[0]
    os.kill(int(second), signal.SIGKILL)
    seen["after kill -9 of the second process"] = left()
    contact = supervisor.up(house)
    os.kill(contact.pid, signal.SIGKILL)
    seen["after kill -9 of the first process"] = left()


def failures(seen: dict[str, Any]) -> None:
    def broken(_inside: Inside) -> None:
        raise ValueError("the account cannot be read")

    def mute(_inside: Inside) -> None:
        os._exit(3)

    def slow(inside: Inside) -> None:
        sys.stdout.write("still busy\n")
        inside.stopping.wait()

    def deaf(inside: Inside) -> None:
        inside.ready({})
        while True:
            time.sleep(10)

    seen["broken"] = refusal(lambda: supervisor.up(broken)).splitlines()[0]
    seen["mute"] = refusal(lambda: supervisor.up(mute))
    seen["slow"] = refusal(lambda: supervisor.up(slow, Options(wait=2.0)))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        seen["taken"] = refusal(lambda: supervisor.up(house, Options(port=number))).replace(str(number), "N")
    supervisor.up(deaf)
    seen["deaf"] = supervisor.down(wait=0.3)
    seen["after failures"] = left()


def check(seen: dict[str, Any]) -> None:
    seen["check"] = {each.name: each.good for each in readiness.probes()}
    # A kernel that gives out no user namespaces: the limit binds what this process starts.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    (bad,) = [each for each in readiness.probes() if not each.good]
    seen["check refused"] = [bad.name, bad.said, bad.line]
    seen["up refused"] = refusal(lambda: supervisor.up(house))


def scenario() -> dict[str, Any]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    seen: dict[str, Any] = {}
    for part in (life, killed, failures, check):
        part(seen)
    return seen


if __name__ == "__main__":
    see(scenario)
