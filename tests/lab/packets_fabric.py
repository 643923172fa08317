"""Single packets of any protocol through a fabric, and what became of each, in a table's words."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
import time
from ipaddress import IPv4Address
from typing import NamedTuple, Self

from natless.lab.fabric import Fabric

_WAIT_SECONDS = 240.0
"""What nothing is waited for longer; where silence is what is expected, a second (`SILENCE_SECONDS`)."""

SILENCE_SECONDS = 1.0
_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17}


class Ends(NamedTuple):
    """The ENI a packet leaves, the place that should see it, and the address by which that is known."""

    source: str = "eni-task"
    target: str = "eni-ecr"
    address: str = "10.0.12.5"


_flows = itertools.count(1)


def verdict(
    fabric: Fabric, ends: Ends, protocol: str, number: int, flow: int = 0, *, seconds: float = _WAIT_SECONDS
) -> str:
    """Send one packet and give "arrives" or what dropped it.

    It is of the flow with this number (UDP's source port, ICMP's identifier), without one of a new flow.
    `number` is the port, ICMP's type and code as TYPE * 256 + CODE, or not used. TCP is a whole handshake or refusal.
    """
    if protocol == "tcp":
        found = fabric.probe(ends.source, IPv4Address(ends.address), number)
        drop = found.drop
        return "arrives" if found.outcome != "silent" else f"{drop.gate} {drop.element}".strip() if drop else "silent"
    kind = _NUMBERS.get(protocol, int(protocol) if protocol.isdecimal() else 0)
    raw = socket.SOCK_RAW
    with fabric.socket(ends.target, raw, kind) as end, fabric.socket(ends.source, raw, kind) as start:
        began = time.time()
        sent = payload(kind, number, flow or 20000 + next(_flows))
        start.sendto(sent, (ends.address, 0))
        return _became(fabric, end, sent, (kind, began, began + seconds))


def payload(kind: int, number: int, flow: int) -> bytes:
    """Give what follows the IP header."""
    match kind:
        case 17:
            return struct.pack(">HHHH", flow, number, 8, 0)
        case 1:
            rest = struct.pack(">BBHHH", number >> 8, number & 255, 0, flow, 1)
            words = sum(struct.unpack(">4H", rest))
            return rest[:2] + struct.pack(">H", ~(words + (words >> 16)) & 0xFFFF) + rest[4:]
        case _:
            return b"anything"


def _became(fabric: Fabric, end: socket.socket, wanted: bytes, asked: tuple[int, float, float]) -> str:
    kind, began, until = asked
    name = {1: "icmp", 17: "udp"}.get(kind, str(kind))
    while time.time() < until:
        # A port that nobody listens on is answered by an ICMP error; only what was sent counts.
        if select.select([end], [], [], 0.002)[0] and end.recv(200)[20 : 20 + len(wanted)] == wanted:
            return "arrives"
        for drop in fabric.drops(began):
            if drop.protocol == name:
                return f"{drop.gate} {drop.element}".strip()
    return "silent"


class Flow:
    """A connection that stands: what the client says, and whether it is heard at the other end."""

    def __init__(self, fabric: Fabric, source: str, target: str, place: tuple[str, int], reach: str = "") -> None:
        """Connect `source` to `place`, which `target` has; `reach` is the address by which the client knows it."""
        self._fabric = fabric
        self._open = contextlib.ExitStack()
        server = self._open.enter_context(fabric.socket(target))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(place)
        server.listen()
        self.client = self._open.enter_context(fabric.socket(source))
        self.client.settimeout(240)
        self.client.connect((reach or place[0], place[1]))
        self.server = self._open.enter_context(server.accept()[0])

    def __enter__(self) -> Self:
        """Keep it open for a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, without a word where it is cut."""
        for each in (self.client, self.server):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._open.close()

    def asks(self) -> str:
        """Say something from the client's end."""
        return self._heard(self.client, self.server)

    def answers(self) -> str:
        """Say something from the server's end."""
        return self._heard(self.server, self.client)

    def _heard(self, start: socket.socket, end: socket.socket) -> str:
        port = self.client.getsockname()[1]
        began = time.time()
        start.sendall(b"?")
        while time.time() < began + _WAIT_SECONDS:
            if select.select([end], [], [], 0.002)[0] and end.recv(1):
                return "passes"
            for drop in self._fabric.drops(began):
                if port in {drop.port, drop.source_port}:
                    return f"{drop.gate} {drop.element}".strip()
        return "silent"
