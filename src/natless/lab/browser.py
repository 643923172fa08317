"""A port of the host that leads to a load balancer in the lab, through everything a visitor's packets meet.

A connection to the port is made again from the internet namespace to the load balancer's public address: through the
internet gateway, the routes, the network ACLs and the groups. Where those say no, the visitor waits, as on AWS.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from ipaddress import IPv4Address

from natless.lab.fabric import INTERNET, Fabric
from natless.lab.watching import Watcher

_CONNECT_SECONDS = 10.0
_PART = 64 * 1024


class Gateway:
    """Leads ports of the host to addresses of the lab's internet."""

    def __init__(self, fabric: Fabric) -> None:
        """Make the way out of `fabric`'s internet namespace."""
        self._fabric = fabric
        self._watcher = Watcher("browser")

    def publish(self, listener: socket.socket, address: IPv4Address, port: int) -> None:
        """Lead `listener` (born on the host, listening) to `address`:`port`. The listener belongs to the gateway."""

        def ready(server: socket.socket) -> None:
            visitor, _ = server.accept()
            visitor.setblocking(True)  # noqa: FBT003 - the standard library's signature
            threading.Thread(target=self._lead, args=(visitor, address, port), name="browser", daemon=True).start()

        self._watcher.add(listener, ready)

    def withdraw(self, listener: socket.socket) -> None:
        """Lead a published port nowhere, and close it. Connections that stand are finished."""
        self._watcher.remove(listener)

    def _lead(self, visitor: socket.socket, address: IPv4Address, port: int) -> None:
        # Either end may leave at any time; the other is then told by an end of file.
        with visitor, self._fabric.socket(INTERNET) as inside, contextlib.suppress(OSError):
            inside.settimeout(_CONNECT_SECONDS)
            inside.connect((str(address), port))
            inside.settimeout(None)
            back = threading.Thread(target=_pump, args=(inside, visitor), name="browser-back", daemon=True)
            back.start()
            _pump(visitor, inside)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_PART):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
