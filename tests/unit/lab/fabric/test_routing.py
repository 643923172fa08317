"""What is set in a namespace, in `ip`'s words (ip-route(8), ip-rule(8), ip-link(8)), and the difference of two."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from natless.lab.fabric.routing import change
from natless.lab.kernel.network import Address, Change, Neighbour, Route, Rule, Setting, Up, Veth

ANYWHERE = IPv4Network("0.0.0.0/0")
HERE = IPv4Address("10.0.0.5")
MAC = "02:00:0a:00:00:05"

LINES: list[tuple[Setting, str]] = [
    (Veth("void", "void-end", 9001), "link add void mtu 9001 type veth peer name void-end mtu 9001"),
    (
        Veth("e1", "eth0", 9001, MAC, MAC, "eni-1"),
        f"link add e1 mtu 9001 address {MAC} type veth peer name eth0 mtu 9001 address {MAC} netns eni-1",
    ),
    (Up("e1"), "link set e1 up"),
    (Address(HERE, 24, "eth0", alone=True), "address add 10.0.0.5/24 dev eth0 noprefixroute"),
    (Neighbour(HERE, MAC, "e1"), f"neighbour add 10.0.0.5 lladdr {MAC} dev e1 nud permanent"),
    (Route(ANYWHERE, "void", metric=9), "route add default dev void metric 9"),
    (Route(IPv4Network("10.0.0.5"), "e1"), "route add 10.0.0.5 dev e1"),
    (
        Route(IPv4Network("52.216.0.0/15"), "gwe", IPv4Address("198.19.0.1"), 1001),
        "route add 52.216.0.0/15 via 198.19.0.1 dev gwe onlink table 1001",
    ),
    (Route(IPv4Network("52.216.0.0/15"), "lo", here=True), "route add local 52.216.0.0/15 dev lo"),
    (Route(ANYWHERE, "eth0", HERE, source=HERE), "route add default via 10.0.0.5 dev eth0 onlink src 10.0.0.5"),
    (Rule(1000, 254, to=IPv4Network("10.0.0.0/16")), "rule add pref 1000 to 10.0.0.0/16 lookup main"),
    (Rule(2000, 1001, mark=10), "rule add pref 2000 fwmark 0xa lookup 1001"),
]


@pytest.mark.parametrize(("setting", "line"), LINES, ids=[line for _, line in LINES])
def test_a_setting_is_a_line_of_ip(setting: Setting, line: str) -> None:
    assert setting.text("add") == line


def test_what_goes_is_a_line_too() -> None:
    assert Veth("e1", "eth0", 9001).text("del") == "link del e1"
    assert Address(HERE, 24, "eth0", alone=True).text("del") == "address del 10.0.0.5/24 dev eth0"


def test_a_change_is_the_difference_of_two_networks() -> None:
    old: list[Setting] = [Up("x"), Rule(1, 2), Rule(3, 4)]
    new: list[Setting] = [Rule(1, 2), Up("add")]
    assert change(old, new) == ([Change("del", Up("x")), Change("del", Rule(3, 4))], [Change("add", Up("add"))])
