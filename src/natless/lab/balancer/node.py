"""One node of a load balancer: haproxy in the namespace of one of its ENIs.

Targets come and go through the proxy's admin socket; only listeners and rules need a new process, which takes the old
one's listening sockets over, so that no connection is refused meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from natless.lab import programs
from natless.lab.balancer import configuration, streams
from natless.lab.balancer.facts import Group, LoadBalancerFacts, Target
from natless.lab.balancer.written import Written, server, server_name

Server = tuple[str, str]
"""A backend's name and a server's."""


class ProxyError(Exception):
    """haproxy could not be started, or did not take a configuration; the text is its own."""


class Node:
    """The proxy of one ENI."""

    def __init__(self, namespace: str, address: str, folder: Path) -> None:
        """Take the ENI's namespace and address, and a folder for the proxy's files. Nothing runs yet."""
        self._namespace = namespace
        self._address = address
        self._folder = folder
        self._written = ""
        self._servers: dict[Server, tuple[Target, bool]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def apply(
        self, facts: LoadBalancerFacts, groups: Mapping[str, Group], open_to: Mapping[str, frozenset[Target]]
    ) -> None:
        """Bring the proxy to the facts; `open_to` holds the targets of each group that may get requests, by ARN."""
        wanted = {
            (group.name, server_name(target)): (target, target in open_to[arn])
            for arn, group in groups.items()
            for target in group.targets
        }
        write = configuration.write if facts.kind == "application" else streams.write
        text = write(facts, groups, self._address, str(self._folder), {}).text
        running = self._process is not None and self._process.poll() is None
        named = {group.name: group for group in groups.values()}
        if running and text == self._written:
            self._change_servers(wanted, named)
            return
        servers: dict[str, list[str]] = {}
        for (backend, _), (target, ready) in wanted.items():
            servers.setdefault(backend, []).append(f"{server(named[backend], target)}{'' if ready else ' disabled'}")
        self._restart(write(facts, groups, self._address, str(self._folder), servers), running=running)
        self._written, self._servers = text, wanted

    def close(self) -> None:
        """Stop the proxy, letting requests end, and take its files away."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(10)  # SIGUSR1: no new connections, end with the last request
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _change_servers(self, wanted: Mapping[Server, tuple[Target, bool]], groups: Mapping[str, Group]) -> None:
        for key in [key for key in self._servers if key not in wanted]:
            place = "/".join(key)
            self._ask(f"set server {place} state maint; shutdown sessions server {place}")
            # A server with a connection that is just ending cannot be deleted yet: it stays for the next look.
            if "eleted" in (said := self._ask(f"del server {place}")) or "No such" in said:
                del self._servers[key]
        for key, (target, ready) in wanted.items():
            place = "/".join(key)
            if key not in self._servers:
                self._ask(f"add server {key[0]}/{server(groups[key[0]], target)}")
            elif self._servers[key] == (target, ready):
                continue
            self._ask(f"set server {place} state {'ready' if ready else 'drain'}")
            self._servers[key] = (target, ready)

    def _restart(self, written: Written, *, running: bool) -> None:
        """Start a proxy anew; a running one hands its listening sockets over and leaves when it is done."""
        configured = self._folder / "haproxy.cfg"
        for name, content in {configured.name: written.text, **written.files}.items():
            (self._folder / name).write_text(content, newline="")
        log = self._folder / "haproxy.log"
        command = [
            _program("nsenter"),
            f"--net={self._namespace}",
            _program("haproxy"),
            "-db",
            "-f",
            str(configured),
        ]
        admin = self._folder / "admin.sock"
        old = self._process
        if running and old is not None:
            command += ["-x", str(admin), "-sf", str(old.pid)]
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={"PATH": os.defpath}
            )
        until = time.monotonic() + 5.0
        while time.monotonic() < until:
            if self._process.poll() is not None:
                said = log.read_text(errors="replace")[-2000:]
                self._process = old
                raise ProxyError(said)
            if (running or admin.exists()) and f" {self._process.pid}" in f" {self._pid_said()}":
                break
            time.sleep(0.01)
        if old is not None and not running:
            old.wait()

    def _pid_said(self) -> str:
        """Ask whoever answers at the admin socket for its pid."""
        with contextlib.suppress(OSError):
            lines = self._ask("show info").splitlines()
            return next((line.removeprefix("Pid: ") for line in lines if line.startswith("Pid: ")), "")
        return ""

    def _ask(self, text: str) -> str:
        """Send commands to the proxy's admin socket and give what it says."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(2.0)
            link.connect(str(self._folder / "admin.sock"))
            link.sendall(f"{text}\n".encode())
            said = b""
            while part := link.recv(65536):
                said += part
        return said.decode(errors="replace")


def _program(name: str) -> str:
    found = programs.find(name)
    if found is None:
        message = f"{name} is not installed on this machine"
        raise ProxyError(message)
    return found
