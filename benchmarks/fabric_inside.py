"""What is measured of the fabric, in namespaces of its own: `python -m benchmarks.fabric_inside KIND`, JSON out."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from benchmarks import flows
from benchmarks.fabric_network import CLIENT, PORT, SERVER, address, network
from natless.lab.fabric import Fabric
from natless.lab.kernel import confinement, namespaces, rtnetlink
from natless.lab.kernel.network import Address, Change, Route, Setting, Up, Veth, additions

Times = dict[str, list[float]]
COUNTS = (12, 200, 1000)
RULES = (0, 1000, 10_000)
RUNS = 5
FEWER = {200: 3, 1000: 2}
_MTU = 9001


def by_ip(name: str, changes: Iterable[Change]) -> None:
    """Give the same text to `ip -batch`, as a script would."""
    lines = "".join(f"{each.text()}\n" for each in changes)
    if lines:
        namespaces.run(name, ("ip", "-batch", "-"), lines)


def remove_by_ip(name: str, links: Iterable[str]) -> None:
    """Take links away line by line, as a script would."""
    by_ip(name, [Change("del", Veth(link, "", _MTU)) for link in links])


def up() -> Times:
    """Bring interfaces up and down, by own messages and by `ip`."""
    found: Times = {}
    own = rtnetlink.change, rtnetlink.remove_links
    for count in COUNTS:
        for _ in range(FEWER.get(count, RUNS)):
            for title, ways in {"natless": own, "by ip -batch": (by_ip, remove_by_ip)}.items():
                # Measured through the same door.
                rtnetlink.change, rtnetlink.remove_links = ways
                for step, took in zip(("up", "down"), _up_and_down(count), strict=True):
                    found.setdefault(f"{count} ENIs {step}, {title}", []).append(took)
    return found


def _up_and_down(count: int) -> Iterator[float]:
    fabric = Fabric()
    for cloud in (network(count), network(0)):
        began = time.perf_counter()
        fabric.apply(cloud)
        yield time.perf_counter() - began
    namespaces.remove("internet")
    namespaces.remove("vpc-1")


def rules() -> Times:
    """Connect through groups of many rules, and through a router that walks as many in a list."""
    fabric = Fabric()
    lists = {count: _listed_router(count) for count in RULES}
    found: Times = {}
    for _ in range(RUNS):
        for count in RULES:
            cloud = network(2, count)
            fabric.apply(cloud)
            ends = (_maker(fabric, CLIENT), _maker(fabric, SERVER))
            place = (address(cloud, SERVER), PORT)
            found.setdefault(f"{count} rules, natless", []).append(flows.connects(*ends, place))
            walked = flows.connects(*lists[count], ("10.9.1.2", PORT))
            found.setdefault(f"{count} rules, nftables list", []).append(walked)
    return found


def flow() -> Times:
    """Send one flow through the fabric, a router without rules, and a bare pair of links."""
    fabric = Fabric()
    cloud = network()
    fabric.apply(cloud)
    ways = {
        "bare veth pair": (*_pair(), ("10.9.2.2", PORT)),
        "router without rules": (*_router("plain"), ("10.9.1.2", PORT)),
        "natless": (_maker(fabric, CLIENT), _maker(fabric, SERVER), (address(cloud, SERVER), PORT)),
    }
    found: Times = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            found[name].append(flows.throughput(*way))
    return found


def _maker(fabric: Fabric, eni: str) -> flows.Make:
    return lambda: fabric.socket(eni)


def _inside(name: str) -> flows.Make:
    def make() -> socket.socket:
        with namespaces.inside(name):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    return make


def _pair() -> tuple[flows.Make, flows.Make]:
    namespaces.make("near")
    namespaces.make("far")
    rtnetlink.change("near", additions([Veth("one", "two", _MTU, peer_namespace="far")]))
    for name, link, end in (("near", "one", "10.9.2.1"), ("far", "two", "10.9.2.2")):
        rtnetlink.change(name, additions([Up("lo"), Up(link), Address(IPv4Address(end), 24, link)]))
    return _inside("near"), _inside("far")


def _router(name: str) -> tuple[flows.Make, flows.Make]:
    """Make a router between two namespaces that forwards everything."""
    namespaces.make(name)
    with namespaces.inside(name):
        namespaces.write_setting("ipv4/ip_forward", "1")
    for number in (0, 1):
        end = f"{name}-{number}"
        namespaces.make(end)
        ours, theirs = (IPv4Address(f"10.9.{number}.{last}") for last in (1, 2))
        link = f"e{number}"
        joined: list[Setting] = [Veth(link, "eth0", _MTU, peer_namespace=end), Up(link), Address(ours, 24, link)]
        rtnetlink.change(name, additions(joined))
        inner: list[Setting] = [Up("lo"), Up("eth0"), Address(theirs, 24, "eth0")]
        rtnetlink.change(end, additions([*inner, Route(IPv4Network("0.0.0.0/0"), "eth0", ours)]))
    return _inside(f"{name}-0"), _inside(f"{name}-1")


def _listed_router(count: int) -> tuple[flows.Make, flows.Make]:
    ends = _router(f"listed-{count}")
    for first in range(0, count, 200):
        lines = [
            f"ip saddr 11.{n >> 8}.{n & 255}.0/24 tcp dport {1 + n % 7000} return\n" for n in range(first, first + 200)
        ]
        _nft(f"listed-{count}", "chain groups {\n" + "".join(lines) + "}\n")
    rest = f"tcp dport {PORT} return\n drop\n"
    _nft(f"listed-{count}", f"chain groups {{ {rest} }}\n{_HOOK}")
    return ends


_HOOK = """chain packets { type filter hook forward priority filter; policy drop;
  ct state new jump groups
  accept
}
"""


def _nft(name: str, text: str) -> None:
    namespaces.run(name, ("nft", "-f", "-"), f"table ip listed {{\n{text}}}\n")


def main() -> None:
    """Measure one kind in new namespaces and print it."""
    measure: Callable[[], Times] = {"up": up, "rules": rules, "flow": flow}[sys.argv[1]]
    told, tell = os.pipe()

    def inner() -> int:
        os.write(tell, json.dumps(measure()).encode())
        return 0

    confinement.spawn(inner)
    os.close(tell)
    with os.fdopen(told) as result:
        sys.stdout.write(result.read())


if __name__ == "__main__":
    main()
