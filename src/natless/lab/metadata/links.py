"""A second link for each task, to where 169.254.170.2 answers.

    namespace of the task's ENI                       namespace of the metadata server
    ecs-eth0  169.254.172.N/32  ───────────────────  tN   (169.254.170.2/32 on lo)

A port of the task's own is no way to do it: containers may listen on every address of port 80. The server's namespace
forwards nothing and takes from each link only its own address, so that no task reaches another, or speaks as another.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from ipaddress import IPv4Address, IPv4Network
from pathlib import PurePath

from natless.lab.kernel import namespaces
from natless.lab.kernel.namespaces import KernelError

ADDRESS = "169.254.170.2"
_PORT = 80
_PLACE = "ecs-metadata"
_RANGE = IPv4Network("169.254.172.0/22")
"""The network that the ECS agent gives its end of the link from (amazon-ecs-cni-plugins)."""
_FIRST = 2


class Links:
    """The links of a lab's tasks, by the task's address on its link."""

    def __init__(self) -> None:
        """Make the server's namespace."""
        self._lock = threading.Lock()
        self._used: set[int] = set()
        self._standing: dict[str, list[str]] = {}
        namespaces.make(_PLACE)
        with namespaces.inside(_PLACE):
            namespaces.write_setting("ipv4/conf/all/rp_filter", "1")
        _ip(_PLACE, [f"addr add {ADDRESS}/32 dev lo"])

    def listener(self) -> socket.socket:
        """Give a socket that listens at the server's address."""
        with namespaces.inside(_PLACE):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, _PORT))
        listener.listen(128)
        return listener

    def join(self, namespace: str) -> str:
        """Link the namespace at a path under /run/netns; give the address that it asks from. Raises KernelError.

        Tasks in one namespace (host mode, on one instance) share its link; each must leave it.
        """
        name = PurePath(namespace).name
        with self._lock:
            for address, users in self._standing.items():
                if name in users:
                    users.append(name)
                    return address
            number = next(each for each in range(_FIRST, _RANGE.num_addresses - 1) if each not in self._used)
            self._used.add(number)
            address = str(IPv4Address(int(_RANGE.network_address) + number))
            self._standing[address] = [name]
        try:
            _ip(
                _PLACE,
                [
                    f"link add t{number} type veth peer name ecs-eth0 netns {name}",
                    f"link set t{number} up",
                    f"route add {address}/32 dev t{number}",
                ],
            )
            _ip(
                name,
                [
                    "link set ecs-eth0 up",
                    f"addr add {address}/32 dev ecs-eth0",
                    f"route add {ADDRESS}/32 dev ecs-eth0 src {address}",
                ],
            )
        except KernelError:
            self.leave(address)
            raise
        return address

    def leave(self, address: str) -> None:
        """Take a link away; one that went with its namespace is none to take."""
        number = int(IPv4Address(address)) - int(_RANGE.network_address)
        with self._lock:
            users = self._standing.get(address, [])
            del users[-1:]
            if users:
                return
            self._standing.pop(address, None)
        with contextlib.suppress(KernelError):
            _ip(_PLACE, [f"link del t{number}"])
        with self._lock:
            self._used.discard(number)


def _ip(place: str, lines: list[str]) -> None:
    namespaces.run(place, ("ip", "-batch", "-"), "\n".join(lines) + "\n")
