"""Packets while the network changes under them; prints what was sent and what arrived as JSON (test_fabric_reapply.py).

Two networks in turn. Each denies the same packets, but by another gate; each allows the same others.
"""

from __future__ import annotations

import mmap
import os
import select
import socket
import time
from typing import Any

import small_network as net
from confined import see
from packets_fabric import payload
from small_network import allow, cloud, group, named

from natless.cloud import Cloud, Route, RouteTable
from natless.lab.fabric import INTERNET, Fabric

TURNS = 12
LEAST = 5
"""How many packets of each kind are sent before each change and after it, at least; others are on their way in it."""

NEVER, ALWAYS = 7, 8
ANYBODY, TASK, ENDPOINT = "203.0.113.99", "10.0.11.5", "10.0.12.5"
UDP = 17


def network(*, first: bool) -> Cloud:
    """Give one of two networks, whose groups have many rules, so that they take a while to load."""
    many = tuple(allow(f"11.{number // 250}.{number % 250}.0/24", 1 + number) for number in range(3000))
    always, never = (allow("10.0.0.0/16", port, port, "udp") for port in (ALWAYS, NEVER))
    open_, shut = (always, never, *many), (always, *many)
    anywhere = (allow("0.0.0.0/0", 0, 65535, "all"),)
    out = Route("out", net.HERE, net.ANYWHERE, "internet-gateway", "igw-1")
    public = RouteTable("rtb-public", net.HERE, "vpc-1", () if first else (out,), ("subnet-public",))
    groups = named(
        group("sg-task", (), open_ if first else shut),
        group("sg-endpoint", shut if first else open_),
        group("sg-alb", (), anywhere if first else ()),
    )
    return cloud(security_groups=groups, route_tables=net.tables() | named(public))


def flood(fabric: Fabric, count: mmap.mmap, stop: int, tell: int) -> None:
    """Send packets of ever new flows until told to stop; tell how many were sent, and how many arrived of each kind.

    How many were sent so far stands in `count` all the while.
    """
    raw = socket.SOCK_RAW
    task, alb = fabric.socket("eni-task", raw, UDP), fabric.socket("eni-alb", raw, UDP)
    endpoint, internet = fabric.socket("eni-ecr", raw, UDP), fabric.socket(INTERNET, raw, UDP)
    sent = 0
    arrived = {ALWAYS: 0, NEVER: 0}

    def read(seconds: float) -> None:
        while found := select.select([endpoint, internet], [], [], seconds)[0]:
            for each in found:
                port = int.from_bytes(each.recv(200)[22:24], "big")
                arrived[port] = arrived.get(port, 0) + 1

    while not select.select([stop], [], [], 0)[0]:
        task.sendto(payload(UDP, ALWAYS, 1024 + sent % 60000), (ENDPOINT, 0))
        task.sendto(payload(UDP, NEVER, 1024 + sent % 60000), (ENDPOINT, 0))
        alb.sendto(payload(UDP, NEVER, 1024 + sent % 60000), (ANYBODY, 0))
        sent += 1
        count[:8] = sent.to_bytes(8, "big")
        read(0.0002)
    until = time.monotonic() + 240
    while arrived[ALWAYS] < sent and time.monotonic() < until:
        read(0.3)
    read(0.3)
    os.write(tell, f"{sent} {arrived[ALWAYS]} {arrived[NEVER]}".encode())


def so_far(count: mmap.mmap) -> int:
    return int.from_bytes(count[:8], "big")


def await_more(count: mmap.mmap, before: int) -> None:
    """Wait until some more of each kind were sent."""
    until = time.monotonic() + 240
    while so_far(count) < before + LEAST and time.monotonic() < until:
        time.sleep(0.001)


def scenario() -> dict[str, Any]:
    fabric = Fabric()
    fabric.apply(network(first=True))
    stop, stopping = os.pipe()
    told, tell = os.pipe()
    count = mmap.mmap(-1, 8)
    child = os.fork()
    if child == 0:
        flood(fabric, count, stop, tell)
        os._exit(0)
    inode = fabric.identity("eni-task")
    within = []
    for turn in range(TURNS):
        before = so_far(count)
        await_more(count, before)
        fabric.apply(network(first=bool(turn % 2)))
        await_more(count, so_far(count))
        within.append(so_far(count) - before)
    os.write(stopping, b"!")
    sent, always, never = map(int, os.read(told, 100).split())
    os.waitpid(child, 0)
    return {
        "within": within,
        "sent": sent,
        "always": always,
        "never": never,
        "kept": fabric.identity("eni-task") == inode,
    }


if __name__ == "__main__":
    see(scenario)
