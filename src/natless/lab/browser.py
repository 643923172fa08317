"""Ports of the host that lead to load balancers in the lab, through everything a visitor's packets meet.

A connection to the port is made again from the internet namespace to the load balancer's public address: through the
internet gateway, the routes, the network ACLs and the groups. Where those say no, the visitor waits, as on AWS.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from ipaddress import IPv4Address
from typing import Literal

import msgspec

from natless.cloud import Cloud
from natless.lab.control import LabError
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


Scheme = Literal["http", "https"]
_SCHEMES: dict[str, Scheme] = {"HTTP": "http", "HTTPS": "https"}


class Door(msgspec.Struct, frozen=True):
    """A port that a load balancer listens on for browsers."""

    scheme: Scheme
    port: int


class Page(msgspec.Struct, frozen=True):
    """A port of the host that leads to a door; `owner` is the load balancer's id, `name` its DNS name."""

    name: str
    owner: str
    door: Door
    listener: socket.socket

    @property
    def url(self) -> str:
        """What a person opens."""
        return f"{self.door.scheme}://127.0.0.1:{self.listener.getsockname()[1]}/"


class Pages:
    """The pages of one lab."""

    def __init__(self, gateway: Gateway) -> None:
        """Lead pages by `gateway`; there are none yet."""
        self._gateway = gateway
        self._pages: list[Page] = []

    @property
    def urls(self) -> dict[str, str]:
        """Each page's URL by its load balancer's name, the port with it where that is not 80."""
        usual = 80
        return {
            each.name if each.door.port == usual else f"{each.name}:{each.door.port}": each.url for each in self._pages
        }

    def publish(self, cloud: Cloud, name: str, sockets: list[socket.socket]) -> str:
        """Lead ports of the host, handed over in `sockets`, to the load balancer of a DNS name; give its first URL.

        There is one page for each of its listeners that browsers speak to, HTTP first, as far as the sockets go. A
        page that stands already stays; sockets that are left over are closed.
        """
        self._withdraw(cloud)
        found = next((each for each in cloud.load_balancers.values() if each.dns_name == name), None)
        if found is None:
            raise LabError(f"no load balancer named {name} stands in the lab")
        interfaces = [each for each in cloud.network_interfaces.values() if each.owner == found.id]
        addresses = [each.public_address for each in interfaces if each.public_address is not None]
        if not addresses:
            raise LabError(f"the load balancer {name} has no public address: it is internal")
        spare = list(sockets)
        for door in doors(cloud, found.id):
            if spare and not any(each.owner == found.id and each.door == door for each in self._pages):
                self._pages.append(Page(name, found.id, door, spare.pop(0)))
                self._gateway.publish(self._pages[-1].listener, min(addresses), door.port)
        for each in spare:
            each.close()
        own = [each.url for each in self._pages if each.owner == found.id]
        if not own:
            raise LabError(f"a listening socket has to be handed over to publish {name}")
        return own[0]

    def _withdraw(self, cloud: Cloud) -> None:
        """Take away the pages of load balancers that are no more."""
        for gone in [each for each in self._pages if each.owner not in cloud.load_balancers]:
            self._gateway.withdraw(gone.listener)
            self._pages.remove(gone)


def doors(cloud: Cloud, balancer: str) -> tuple[Door, ...]:
    """Give the ports that browsers may knock at, HTTP first; a load balancer without listeners has port 80."""
    found = [
        Door(_SCHEMES[str(each.protocol)], each.port)
        for each in cloud.listeners.values()
        if each.load_balancer == balancer and isinstance(each.port, int) and each.protocol in _SCHEMES
    ]
    return tuple(sorted(found, key=lambda door: (door.scheme, door.port))) or (Door("http", 80),)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_PART):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
