"""What is measured of load balancers, in namespaces of its own: `python -m benchmarks.balancer_inside`, JSON out.

The same client asks the same target on keep-alive connections: by haproxy with nothing but a server, on loopback; by
haproxy as the lab's application load balancer sets it up, on loopback; and by that one through the lab's network, so
that client, load balancer and target each stand in a namespace of their own behind groups and network ACLs.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.fabric_network import CLIENT, PORT, address, network
from benchmarks.flows import Make
from natless.cloud import Cloud, GroupPeer, GroupRule, Ports, SecurityGroup
from natless.finding import Origin
from natless.lab import programs
from natless.lab.balancer.facts import Check, Forward, Group, Listener, LoadBalancerFacts, Rule, Target
from natless.lab.balancer.node import Node
from natless.lab.fabric import Fabric
from natless.lab.kernel import confinement, namespaces, rtnetlink
from natless.lab.kernel.network import Up, additions

BALANCER, TARGET = "eni-1", "eni-2"
RUNS, SECONDS, CONNECTIONS = 5, 1.0, 16
_HERE = Origin("benchmark")
_LOOPBACK = "127.0.0.1"
_PROXY = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n"


def _cloud() -> Cloud:
    """Give a client and a target in one subnet, the load balancer in the other, each let in by group."""

    def rule(group: str) -> tuple[GroupRule, ...]:
        return (GroupRule("r", _HERE, "tcp", Ports(PORT, PORT), GroupPeer(group)),)

    groups = {
        own: SecurityGroup(own, _HERE, "vpc-1", rule(other), rule(other))
        for own, other in (("sg-client", "sg-server"), ("sg-server", "sg-client"))
    }
    return msgspec.structs.replace(network(3), security_groups=groups)


def _proxy(place: str, folder: Path, name: str, text: str) -> None:
    """Start haproxy in a namespace; it ends with this process's namespaces."""
    configured = folder / f"{name}.cfg"
    configured.write_text(f"global\n  nbthread 1\n{_PROXY}{text}")
    nsenter, haproxy = programs.find("nsenter"), programs.find("haproxy")
    if nsenter is None or haproxy is None:
        raise RuntimeError("nsenter or haproxy is not installed")
    subprocess.Popen([nsenter, f"--net={place}", haproxy, "-db", "-f", str(configured)])


def _target(place: str, folder: Path, name: str, at: str) -> None:
    answer = "http-request return status 200 content-type text/plain string hello"
    _proxy(place, folder, name, f"frontend target\n  bind {at}\n  {answer}\n")


def _balancer(place: str, folder: Path, at: str, port: int, target: Target) -> None:
    check = Check("/", None, "HTTP", "200", 5, 2, 3, 2)
    group = Group("arn:targetgroup/web/1", tls=False, check=check, targets=(target,))
    listener = Listener(port, "HTTP", (Rule((), Forward(((group.arn, 1),))),))
    facts = LoadBalancerFacts("lb", "application", (("eni", "zone"),), (listener,))
    Node(place, at, folder).apply(facts, {group.arn: group}, {group.arn: frozenset(group.targets)})


def _rate(make: Make, place: tuple[str, int]) -> float:
    """Give requests a second over connections that stay."""
    asked = f"GET / HTTP/1.1\r\nHost: {place[0]}\r\n\r\n".encode()
    links = [make() for _ in range(CONNECTIONS)]
    try:
        for link in links:
            link.connect(place)
        made, began = 0, time.perf_counter()
        while time.perf_counter() < began + SECONDS:
            for link in links:
                link.sendall(asked)
            for link in links:
                if not link.recv(4096).startswith(b"HTTP/1.1 200"):
                    raise RuntimeError("a request was not answered")
            made += len(links)
        return made / (time.perf_counter() - began)
    finally:
        for link in links:
            link.close()


def _until_open(make: Make, place: tuple[str, int]) -> None:
    """Wait until a proxy answers."""
    until = time.monotonic() + 10
    while True:
        with make() as link:
            try:
                link.connect(place)
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return


def _loopback() -> Make:
    namespaces.make("bare")
    rtnetlink.change("bare", additions([Up("lo")]))

    def make() -> socket.socket:
        with namespaces.inside("bare"):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    return make


def measure(folder: Path) -> dict[str, list[float]]:
    """Bring up the three ways and ask by each in turn."""
    fabric, cloud, inside = Fabric(), _cloud(), _loopback()
    fabric.apply(cloud)
    bare, answering, plain, own = namespaces.path("bare"), 8081, 8082, 8083
    _target(bare, folder, "bare-target", f"{_LOOPBACK}:{answering}")
    text = f"listen plain\n  bind {_LOOPBACK}:{plain}\n  server t {_LOOPBACK}:{answering}\n"
    _proxy(bare, folder, "plain", text)
    _target(fabric.namespace(TARGET), folder, "target", f"{address(cloud, TARGET)}:{PORT}")

    def outside() -> socket.socket:
        return fabric.socket(CLIENT)

    _until_open(inside, (_LOOPBACK, answering))
    _balancer(bare, folder / "loopback", _LOOPBACK, own, Target(_LOOPBACK, answering))
    front = address(cloud, BALANCER)
    _balancer(fabric.namespace(BALANCER), folder / "fabric", front, PORT, Target(address(cloud, TARGET), PORT))
    ways = {
        "bare proxy, loopback": (inside, (_LOOPBACK, plain)),
        "load balancer, loopback": (inside, (_LOOPBACK, own)),
        "load balancer, lab's network": (outside, (front, PORT)),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for make, place in ways.values():
        _until_open(make, place)
    for _ in range(RUNS):
        for name, (make, place) in ways.items():
            found[name].append(_rate(make, place))
    return found


def main() -> None:
    """Measure in new namespaces and print."""
    told, tell = os.pipe()

    def inner() -> int:
        with tempfile.TemporaryDirectory() as folder:
            os.write(tell, json.dumps(measure(Path(folder))).encode())
        return 0

    confinement.spawn(inner)
    os.close(tell)
    with os.fdopen(told) as result:
        sys.stdout.write(result.read())


if __name__ == "__main__":
    main()
