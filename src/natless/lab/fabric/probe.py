"""One question to the network: does a TCP connection get there, and if not, which gate dropped it?

No listener is needed: a refusal (RST) proves that both ways are open. Silence with a drop record names the gate;
silence alone is asked again.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Literal

import msgspec

from natless.lab.fabric.drops import Drop, Drops

_TRIES = 3
_TRY_SECONDS = 0.4
_TURN_SECONDS = 0.002


class Probe(msgspec.Struct, frozen=True):
    """The answer: `open` and `refused` both mean reachable. `drop` is the record of a packet of a silent probe."""

    outcome: Literal["open", "refused", "silent"]
    drop: Drop | None = None


def probe(make: Callable[[], socket.socket], drops: Drops, address: IPv4Address, port: int) -> Probe:
    """Connect to `address`:`port` by a socket that `make` gives (new each time, in the namespace asked from)."""
    for _ in range(_TRIES):
        with make() as one:
            found = _once(one, drops, address, port)
        if found.outcome != "silent" or found.drop is not None:
            return found
    return Probe("silent")


def _once(one: socket.socket, drops: Drops, address: IPv4Address, port: int) -> Probe:
    start = time.time()
    one.setblocking(False)  # noqa: FBT003 - the standard library's signature
    one.bind(("0.0.0.0", 0))  # noqa: S104 - to know the port before the first packet leaves
    ends = {one.getsockname()[1], port}
    state = one.connect_ex((str(address), port))
    if state not in (0, errno.EINPROGRESS):
        return _settled(state)
    watch = select.poll()
    watch.register(one, select.POLLOUT | select.POLLERR | select.POLLHUP)
    over = False
    while not over:
        # Asked before the look: who comes late to it, on a busy machine, still sees what came in time.
        over = time.time() >= start + _TRY_SECONDS
        if watch.poll(_TURN_SECONDS * 1000):
            return _settled(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        # Translation on the way changes addresses, never these ports; a reply has them the other way round.
        drop = drops.first(lambda each: {each.source_port, each.port} == ends, start)
        if drop is not None:
            return Probe("silent", drop)
    return Probe("silent")


def _settled(state: int) -> Probe:
    match state:
        case 0:
            return Probe("open")
        case errno.ECONNREFUSED:
            return Probe("refused")
        case _:
            return Probe("silent")
