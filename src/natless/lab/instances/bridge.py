"""Bridge mode: containers behind an instance, as Docker's default bridge has them.

Each task gets a namespace of its own on `docker0` in the instance's namespace. What it sends goes out under the
instance's address; what comes to a host port of the instance goes to the container's. The instance's own groups and
network ACLs have filtered it by then: they stand before its interface.
"""

from __future__ import annotations

import contextlib
import pathlib
import threading
from collections.abc import Mapping
from ipaddress import IPv4Network

from natless.lab.kernel import namespaces
from natless.lab.tasks.ports import House

NETWORK = IPv4Network("172.17.0.0/16")
"""Docker's default bridge network (Docker documentation, "Networking overview")."""

_GATEWAY = NETWORK.network_address + 1
_NAT = f"""
table ip docker {{
  map ports {{ type inet_service : ipv4_addr . inet_service; }}
  chain prerouting {{
    type nat hook prerouting priority -100; policy accept;
    iifname != "docker0" dnat to tcp dport map @ports
  }}
  chain postrouting {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {NETWORK} oifname != "docker0" masquerade
  }}
}}
"""


class Bridged:
    """One task's place on a bridge: `namespace` is the path of its network namespace, `address` its own there."""

    def __init__(self, namespace: str, address: str) -> None:
        """Take where it is."""
        self.namespace = namespace
        self.address = address


class Bridges:
    """The bridges of a lab's instances, each made with the first task that needs it."""

    def __init__(self, house: House) -> None:
        """Take the lab; nothing is made yet."""
        self._house = house
        self._lock = threading.Lock()
        self._standing: dict[str, tuple[int, int]] = {}
        self._tasks: dict[str, tuple[str, str, tuple[int, ...]]] = {}

    def join(self, interface: str, instance: str, task: str, ports: Mapping[int, int]) -> Bridged:
        """Give a task its namespace on an instance's bridge, its `ports` (container to host) mapped."""
        with self._lock:
            path = self._house.network.namespace(interface)
            number = self._next(instance, path)
            name, address = f"bridged-{task[:12]}", str(_GATEWAY + number)
            namespaces.make(name)
            host = pathlib.Path(path).name
            lines = [
                f"link add veth{number} type veth peer name eth0 netns {name}",
                f"link set veth{number} master docker0 up",
            ]
            inner = ["link set lo up", "link set eth0 up", f"addr add {address}/16 dev eth0"]
            namespaces.run(host, ("ip", "-batch", "-"), "\n".join(lines) + "\n")
            namespaces.run(name, ("ip", "-batch", "-"), "\n".join([*inner, f"route add default via {_GATEWAY}"]) + "\n")
            mapped = ", ".join(f"{outer} : {address} . {inside}" for inside, outer in ports.items())
            if mapped:
                namespaces.run(host, ("nft", "-f", "-"), f"add element ip docker ports {{ {mapped} }}\n")
            self._tasks[task] = (name, host, tuple(ports.values()))
            return Bridged(namespaces.path(name), address)

    def leave(self, task: str) -> None:
        """Take a task's namespace and its ports away."""
        with self._lock:
            name, host, ports = self._tasks.pop(task, ("", "", ()))
            if not name:
                return
            with contextlib.suppress(namespaces.KernelError, OSError):  # the instance may have gone before
                if ports:
                    listed = ", ".join(map(str, ports))
                    namespaces.run(host, ("nft", "-f", "-"), f"delete element ip docker ports {{ {listed} }}\n")
            namespaces.remove(name)

    def forget(self, instance: str) -> None:
        """Forget the bridge of an instance that was terminated; it went with the instance's namespace."""
        with self._lock:
            self._standing.pop(instance, None)

    def _next(self, instance: str, path: str) -> int:
        """Give the number of the next container of an instance; make its bridge first."""
        identity = pathlib.Path(path).stat().st_ino
        known, number = self._standing.get(instance, (0, 0))
        if known != identity:
            host = pathlib.Path(path).name
            with namespaces.inside(host):
                namespaces.write_setting("ipv4/ip_forward", "1")
            lines = ["link add docker0 type bridge", f"addr add {_GATEWAY}/16 dev docker0", "link set docker0 up"]
            namespaces.run(host, ("ip", "-batch", "-"), "\n".join(lines) + "\n")
            namespaces.run(host, ("nft", "-f", "-"), _NAT)
            number = 0
        self._standing[instance] = (identity, number + 1)
        return number + 1
