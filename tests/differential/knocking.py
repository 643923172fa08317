"""Many questions to the network at once: each a packet, and what became of it.

A refusal or an answer is a way that is open; a drop record names the gate; what stays silent without a record is asked
again, at the end by the fabric's own patient probe. Each knock of a round has a port of its own, so that a record
is told by ports alone: translation changes addresses and keeps ports.
"""

from __future__ import annotations

import errno
import itertools
import select
import socket
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

import msgspec

from natless.lab.fabric import INTERNET, Drop, Fabric

_ROUND = 120  # knocks at once: the kernel's log holds some 250 records until they are read
_QUIET_SECONDS = 0.06
_LONGEST_SECONDS = 0.5
_ROUNDS = 3
EDGE = 40000
"""The only port that rules here cut what Linux draws from (32768-60999) at: a knock may come from either side."""


class Knock(msgspec.Struct, frozen=True):
    """One question: from `where` (an ENI, or the internet by `source`) to an address and port.

    `listener` is where a datagram is answered: an ENI, or the internet. `high` asks from a port above the edge.
    """

    where: str
    address: IPv4Address
    port: int
    protocol: str = "tcp"
    listener: str = INTERNET
    source: IPv4Address | None = None
    high: bool = False


class Met(msgspec.Struct, frozen=True):
    """What a knock met: it was answered, or it died at a gate ("" where nobody said which)."""

    open: bool
    gate: str = ""


def knock(fabric: Fabric, knocks: Sequence[Knock]) -> dict[Knock, Met]:
    """Ask all of them, each once however often it is listed."""
    found: dict[Knock, Met] = {}
    left = list(dict.fromkeys(knocks))
    ports = itertools.cycle(range(7000))
    for _ in range(_ROUNDS):
        for start in range(0, len(left), _ROUND):
            found |= _Round(fabric, left[start : start + _ROUND], ports).ask()
        left = [each for each in left if not found[each].open and not found[each].gate]
        if not left:
            break
    return found


class _Round:
    """One round: all knocks go out, then all that comes back is read."""

    def __init__(self, fabric: Fabric, knocks: Sequence[Knock], ports: Iterable[int]) -> None:
        self._fabric = fabric
        self._start = time.time()
        numbers = iter(ports)
        # From the edge away: the first knocks of a round ask at the very edge.
        self._ports = {each: EDGE + 1 + next(numbers) if each.high else EDGE - next(numbers) for each in knocks}
        self._open: dict[Knock, socket.socket] = {}
        self._servers: dict[tuple[str, IPv4Address | None, int], socket.socket] = {}
        self._met: dict[Knock, Met] = {}

    def ask(self) -> dict[Knock, Met]:
        try:
            self._serve()
            for each, port in self._ports.items():
                self._send(each, port)
            self._listen()
        finally:
            for one in (*self._open.values(), *self._servers.values()):
                one.close()
        return {each: self._met.get(each, Met(open=False)) for each in self._ports}

    def _serve(self) -> None:
        """Put an echo where datagrams are to be answered; TCP needs none, a reset is answer enough."""
        for each in self._ports:
            if each.protocol != "udp":
                continue
            outside = each.address if each.listener == INTERNET else None
            key = (each.listener, outside, each.port)
            if key not in self._servers:
                server = self._fabric.socket(each.listener, socket.SOCK_DGRAM)
                server.setblocking(False)  # noqa: FBT003 - the standard library's signature
                server.bind((str(outside or "0.0.0.0"), each.port))  # noqa: S104 - inside an ENI's namespace
                self._servers[key] = server

    def _send(self, each: Knock, port: int) -> None:
        kind = socket.SOCK_STREAM if each.protocol == "tcp" else socket.SOCK_DGRAM
        one = self._fabric.socket(each.where, kind)
        self._open[each] = one
        one.setblocking(False)  # noqa: FBT003 - as above
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((str(each.source or "0.0.0.0"), port))  # noqa: S104 - as above
        state = one.connect_ex((str(each.address), each.port))
        if each.protocol == "udp" and state == 0:
            one.send(b"?")
        elif state not in (0, errno.EINPROGRESS):
            self._settle(each, state)

    def _settle(self, each: Knock, state: int) -> None:
        if state in (0, errno.ECONNREFUSED):
            self._met[each] = Met(open=True)

    def _listen(self) -> None:
        poll = select.poll()
        by_number = {one.fileno(): each for each, one in self._open.items()}
        servers = {one.fileno(): one for one in self._servers.values()}
        for each, one in self._open.items():
            wanted = select.POLLOUT if each.protocol == "tcp" else select.POLLIN
            poll.register(one, wanted | select.POLLERR | select.POLLHUP)
        for server in servers.values():
            poll.register(server, select.POLLIN)
        last = time.time()
        while len(self._met) < len(self._ports):
            now = time.time()
            if now > last + _QUIET_SECONDS or now > self._start + _LONGEST_SECONDS:
                return
            ready = poll.poll(2)
            for number, _ in ready:
                if number in servers:
                    _echo(servers[number])
                else:
                    poll.unregister(number)
                    self._hear(by_number[number])
            if ready or self._read_drops():
                last = time.time()

    def _hear(self, each: Knock) -> None:
        one = self._open[each]
        if each.protocol == "tcp":
            self._settle(each, one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            return
        try:
            one.recv(16)
        except OSError:
            return
        self._met[each] = Met(open=True)

    def _read_drops(self) -> bool:
        waiting = {frozenset((port, each.port)): each for each, port in self._ports.items() if each not in self._met}
        found = False
        for drop in self._fabric.drops(self._start):
            each = waiting.pop(frozenset((drop.source_port, drop.port)), None)
            if each is not None:
                self._met[each] = Met(open=False, gate=gate_of(drop))
                found = True
        return found


def _echo(server: socket.socket) -> None:
    try:
        data, client = server.recvfrom(16)
        server.sendto(data, client)
    except OSError:
        return


def gate_of(drop: Drop) -> str:
    """Give a record's gate as text: its kind and its element."""
    return f"{drop.gate} {drop.element}".rstrip()
