"""What can be set in a network namespace, a record each: as `ip` writes it, and as rtnetlink takes it.

See linux/rtnetlink.h, linux/if_link.h, linux/neighbour.h and linux/fib_rules.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, TypeAlias

import msgspec

Verb: TypeAlias = Literal["add", "del"]
IndexOf: TypeAlias = Callable[[str], int]
"""Gives the index of a link by its name."""

ADDRESS, LOCAL_TABLE, MAIN_TABLE = 20, 255, 254
_NEW_LINK, _NEW_ROUTE, _NEW_NEIGHBOUR, _NEW_RULE = 16, 24, 28, 32
_UP = 1
_NESTED = 0x8000
_TABLES = {LOCAL_TABLE: "local", MAIN_TABLE: "main"}


class Message(msgspec.Struct, frozen=True):
    """A message without its header; `kind` is rtnetlink's RTM_NEW..., and the next one takes the thing away.

    `alters` is of something that stands, and makes nothing.
    """

    kind: int
    body: bytes
    alters: bool = False


class Veth(msgspec.Struct, frozen=True):
    """A pair of links: `name` here, and `peer` here too or in another namespace."""

    name: str
    peer: str
    mtu: int
    mac: str = ""
    peer_mac: str = ""
    peer_namespace: str = ""

    def text(self, verb: Verb) -> str:
        """Give what `ip` calls it."""
        if verb == "del":
            return f"link del {self.name}"
        near = f" address {self.mac}" if self.mac else ""
        far = f" address {self.peer_mac}" if self.peer_mac else ""
        where = f" netns {self.peer_namespace}" if self.peer_namespace else ""
        ends = f"type veth peer name {self.peer} mtu {self.mtu}{far}{where}"
        return f"link add {self.name} mtu {self.mtu}{near} {ends}"

    def message(self, verb: Verb, index_of: IndexOf, peer_namespace: int = -1) -> Message:
        """Give the message; `peer_namespace` is a descriptor of the peer's."""
        if verb == "del":
            return Message(_NEW_LINK, _link(index_of(self.name)))
        far = _link() + _named(self.peer, self.mtu, self.peer_mac)
        if peer_namespace >= 0:
            far += attribute(28, struct.pack("=I", peer_namespace))
        data = attribute(1, b"veth\0") + attribute(2 | _NESTED, attribute(1 | _NESTED, far))
        return Message(_NEW_LINK, _link() + _named(self.name, self.mtu, self.mac) + attribute(18 | _NESTED, data))


class Up(msgspec.Struct, frozen=True):
    """A link that is up, until it goes: there is no change that takes this away."""

    name: str

    def text(self, verb: Verb) -> str:  # noqa: ARG002 - it only ever goes with its link
        """Give what `ip` calls it."""
        return f"link set {self.name} up"

    def message(self, verb: Verb, index_of: IndexOf) -> Message:  # noqa: ARG002 - it only ever goes with its link
        """Give the message."""
        return Message(_NEW_LINK, _link(index_of(self.name), _UP, _UP), alters=True)


class Grouped(msgspec.Struct, frozen=True):
    """A link that is in a group; to take a group away is to take away all links in it."""

    name: str
    group: int

    def text(self, verb: Verb) -> str:
        """Give what `ip` calls it."""
        return f"link set {self.name} group {self.group}" if verb == "add" else f"link del group {self.group}"

    def message(self, verb: Verb, index_of: IndexOf) -> Message:
        """Give the message."""
        index = index_of(self.name) if verb == "add" else 0
        return Message(_NEW_LINK, _link(index) + attribute(27, struct.pack("=I", self.group)), alters=True)


class Address(msgspec.Struct, frozen=True):
    """An address of a link; `alone` makes no route of its prefix."""

    address: IPv4Address
    length: int
    link: str
    alone: bool = False

    def text(self, verb: Verb) -> str:
        """Give what `ip` calls it."""
        route = " noprefixroute" if self.alone and verb == "add" else ""
        return f"address {verb} {self.address}/{self.length} dev {self.link}{route}"

    def message(self, verb: Verb, index_of: IndexOf) -> Message:  # noqa: ARG002 - what takes away is what adds
        """Give the message."""
        body = struct.pack("=BBBBI", socket.AF_INET, self.length, 0, 0, index_of(self.link))
        body += attribute(2, self.address.packed) + attribute(1, self.address.packed)
        return Message(ADDRESS, body + (attribute(8, struct.pack("=I", 0x200)) if self.alone else b""))


class Neighbour(msgspec.Struct, frozen=True):
    """Who has an address on a link, for good: nothing is asked by ARP."""

    address: IPv4Address
    mac: str
    link: str

    def text(self, verb: Verb) -> str:
        """Give what `ip` calls it."""
        return f"neighbour {verb} {self.address} lladdr {self.mac} dev {self.link} nud permanent"

    def message(self, verb: Verb, index_of: IndexOf) -> Message:  # noqa: ARG002 - what takes away is what adds
        """Give the message."""
        body = struct.pack("=BxxxiHBB", socket.AF_INET, index_of(self.link), 0x80, 0, 0)
        return Message(_NEW_NEIGHBOUR, body + attribute(1, self.address.packed) + attribute(2, _bytes_of(self.mac)))


class Route(msgspec.Struct, frozen=True):
    """A route; `here` is one to this namespace itself, in the local table."""

    destination: IPv4Network
    link: str
    via: IPv4Address | None = None
    table: int = MAIN_TABLE
    source: IPv4Address | None = None
    metric: int = 0
    here: bool = False

    def text(self, verb: Verb) -> str:
        """Give what `ip` calls it."""
        whole = self.destination.prefixlen == 32  # noqa: PLR2004 - an address, not a network
        to = str(self.destination.network_address) if whole else str(self.destination)
        parts = [
            f"route {verb}",
            "local" if self.here else "",
            to if self.destination.prefixlen else "default",
            f"via {self.via}" if self.via is not None else "",
            f"dev {self.link}",
            "onlink" if self.via is not None else "",
            f"src {self.source}" if self.source is not None else "",
            f"metric {self.metric}" if self.metric else "",
            f"table {self.table}" if self.table != MAIN_TABLE else "",
        ]
        return " ".join(part for part in parts if part)

    def message(self, verb: Verb, index_of: IndexOf) -> Message:
        """Give the message; every way that leads through a gateway takes its word that it is on the link."""
        table = LOCAL_TABLE if self.here else self.table
        kind = 2 if self.here else 1
        scope = 255 if verb == "del" else 254 if self.here else 0 if self.via is not None else 253
        flags = 4 if self.via is not None else 0
        length = self.destination.prefixlen
        body = struct.pack("=BBBBBBBBI", socket.AF_INET, length, 0, 0, min(table, 252), 3, scope, kind, flags)
        body += attribute(15, struct.pack("=I", table)) + attribute(4, struct.pack("=I", index_of(self.link)))
        if length:
            body += attribute(1, self.destination.network_address.packed)
        body += attribute(5, self.via.packed) if self.via is not None else b""
        body += attribute(7, self.source.packed) if self.source is not None else b""
        body += attribute(6, struct.pack("=I", self.metric)) if self.metric else b""
        return Message(_NEW_ROUTE, body)


class Rule(msgspec.Struct, frozen=True):
    """Which table is asked, for all packets, or those to a network, or those with a mark."""

    priority: int
    table: int
    to: IPv4Network | None = None
    mark: int = 0

    def text(self, verb: Verb) -> str:
        """Give what `ip` calls it."""
        to = f" to {self.to}" if self.to is not None else ""
        mark = f" fwmark {self.mark:#x}" if self.mark else ""
        return f"rule {verb} pref {self.priority}{to}{mark} lookup {_TABLES.get(self.table, self.table)}"

    def message(self, verb: Verb, index_of: IndexOf) -> Message:  # noqa: ARG002 - nothing of a rule is a link
        """Give the message."""
        length = self.to.prefixlen if self.to is not None else 0
        body = struct.pack("=BBBBBBBBI", socket.AF_INET, length, 0, 0, min(self.table, 252), 0, 0, 1, 0)
        body += attribute(6, struct.pack("=I", self.priority)) + attribute(15, struct.pack("=I", self.table))
        body += attribute(1, self.to.network_address.packed) if self.to is not None and length else b""
        body += attribute(10, struct.pack("=I", self.mark)) if self.mark else b""
        return Message(_NEW_RULE, body)


Setting: TypeAlias = Veth | Up | Grouped | Address | Neighbour | Route | Rule


class Change(msgspec.Struct, frozen=True):
    """A thing to be added, or taken away."""

    verb: Verb
    setting: Setting

    def text(self) -> str:
        """Give the line that `ip -batch` would read."""
        return self.setting.text(self.verb)


def additions(settings: Sequence[Setting]) -> list[Change]:
    """Give the changes that add all of these."""
    return [Change("add", each) for each in settings]


def attribute(kind: int, payload: bytes) -> bytes:
    """Give a netlink attribute, padded."""
    return struct.pack("=HH", 4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def attributes(data: bytes) -> dict[int, bytes]:
    """Read netlink attributes by their kind."""
    found = {}
    while len(data) >= 4:  # noqa: PLR2004 - an attribute header's length
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[max(4, length + 3 & ~3) :]
    return found


def _link(index: int = 0, flags: int = 0, changed: int = 0) -> bytes:
    return struct.pack("=BxHiII", 0, 0, index, flags, changed)


def _named(name: str, mtu: int, mac: str) -> bytes:
    found = attribute(3, name.encode() + b"\0") + attribute(4, struct.pack("=I", mtu))
    return found + (attribute(1, _bytes_of(mac)) if mac else b"")


def _bytes_of(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
