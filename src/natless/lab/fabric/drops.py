"""What the routers dropped, as the kernel tells it (NFLOG), each with the gate that its label names.

A netlink socket belongs to the namespace it was made in, so every router has its own; see linux/nfnetlink_log.h.
"""

from __future__ import annotations

import collections
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Literal, TypeAlias

import msgspec

from natless.finding.verdict import GateKind
from natless.lab.kernel.network import attribute, attributes

DropKind: TypeAlias = GateKind | Literal["no-interface", "source-check"]
"""A gate, or one of two that are no rule of anybody's: no ENI has that address; the ENI does not have that source."""

LOG_GROUP = 1
_KEPT = 10_000
_TURN_SECONDS = 0.5

_NETLINK_NETFILTER = 12
_NLM_F_REQUEST, _NLM_F_ACK = 1, 4
_NLMSG_ERROR = 2
_MSG_PACKET, _MSG_CONFIG = 4 << 8, 4 << 8 | 1
_CFG_CMD, _CFG_MODE, _CFG_QUEUE_THRESHOLD = 1, 2, 5
_CMD_BIND, _COPY_PACKET = 1, 2
_PAYLOAD, _PREFIX = 9, 10
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}


class Drop(msgspec.Struct, frozen=True):
    """A packet that was dropped: when (Unix time, seconds), what, and the gate that dropped it.

    Ports are 0 where the protocol has none. `element` is the ENI's groups joined by commas, the network ACL, or the
    route table.
    """

    time: float
    protocol: str
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    port: int
    gate: DropKind
    element: str


class Drops:
    """The last drops of all routers, and a way to wait for the next."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: collections.deque[Drop] = collections.deque(maxlen=_KEPT)
        self._changed = threading.Condition()

    def add(self, drop: Drop) -> None:
        """Keep one more."""
        with self._changed:
            self._kept.append(drop)
            self._changed.notify_all()

    def since(self, moment: float) -> list[Drop]:
        """Give those not older than `moment` (Unix time), oldest first."""
        with self._changed:
            return [each for each in self._kept if each.time >= moment]

    def first(self, wanted: Callable[[Drop], bool], moment: float) -> Drop | None:
        """Give the first wanted one not older than `moment`, or None."""
        return next((each for each in self.since(moment) if wanted(each)), None)


class Listener:
    """Reads the log of one router. Make it in the router's namespace; it reads in a thread of its own."""

    def __init__(self, drops: Drops) -> None:
        """Bind to the log group. Raises OSError where the kernel has no NFLOG for us."""
        self.labels: Mapping[str, tuple[DropKind, str]] = {}
        self._drops = drops
        self._ended = False
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._socket.settimeout(_TURN_SECONDS)
        self._socket.bind((0, 0))
        self._configure(attribute(_CFG_CMD, struct.pack("B", _CMD_BIND)))
        self._configure(attribute(_CFG_MODE, struct.pack(">IBB", 0xFFFF, _COPY_PACKET, 0)))
        self._configure(attribute(_CFG_QUEUE_THRESHOLD, struct.pack(">I", 1)))  # else the kernel waits for a second
        threading.Thread(target=self._read, name="drops", daemon=True).start()

    def close(self) -> None:
        """Stop reading, within half a second."""
        self._ended = True

    def _configure(self, attribute: bytes) -> None:
        body = struct.pack(">BBH", 0, 0, LOG_GROUP) + attribute
        header = struct.pack("=IHHII", 16 + len(body), _MSG_CONFIG, _NLM_F_REQUEST | _NLM_F_ACK, 0, 0)
        self._socket.send(header + body)
        answer = self._socket.recv(4096)
        kind, error = struct.unpack_from("=4xH10xi", answer)
        if kind == _NLMSG_ERROR and error:
            raise OSError(-error, "the kernel's packet log (NFLOG) is not to be had")

    def _read(self) -> None:
        with self._socket:
            while not self._ended:
                # ENOBUFS: more was dropped than the buffer holds; what is lost of the log is not lost of the drops.
                with contextlib.suppress(TimeoutError, OSError):
                    self._take(self._socket.recv(65536))

    def _take(self, data: bytes) -> None:
        while len(data) >= 16:  # noqa: PLR2004 - a netlink header's length
            length, kind = struct.unpack_from("=IH", data)
            if kind == _MSG_PACKET:
                drop = self._drop(attributes(data[20:length]))
                if drop is not None:
                    self._drops.add(drop)
            data = data[max(16, length + 3 & ~3) :]

    def _drop(self, attributes: Mapping[int, bytes]) -> Drop | None:
        label = attributes.get(_PREFIX, b"").rstrip(b"\0").decode(errors="replace").strip()
        packet = attributes.get(_PAYLOAD, b"")
        if label not in self.labels or len(packet) < 20:  # noqa: PLR2004 - an IPv4 header's least length
            return None
        kind, element = self.labels[label]
        start = (packet[0] & 15) * 4
        number = packet[9]
        ports = struct.unpack_from(">HH", packet, start) if number in (6, 17) and len(packet) >= start + 4 else (0, 0)
        protocol = _PROTOCOLS.get(number, str(number))
        source, destination = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        return Drop(time.time(), protocol, source, ports[0], destination, ports[1], kind, element)
