"""Changes of a namespace's network, given to the kernel as one batch of rtnetlink messages.

`ip -batch` does the same, and costs a process for each namespace: of a thousand namespaces that is most of the time.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterable

from natless.lab.kernel import namespaces
from natless.lab.kernel.namespaces import KernelError
from natless.lab.kernel.network import Change, Grouped, Message, Veth, attributes

_REQUEST, _ACK, _EXCLUSIVE, _CREATE = 1, 4, 0x200, 0x400
_ERROR, _DONE = 2, 3
_GONE = 1  # the group of links that are about to go; all others are in group 0
_DUMP, _GET_LINK = 0x300, 18
_NAME, _OPERATIONAL_STATE, _STATE_UP = 3, 16, b"\6"
_HEADER = struct.Struct("=IHHII")
_LARGEST = 32_768  # bytes of a batch; the kernel takes one as a whole
_LONGEST_SECONDS, _TURN_SECONDS = 5.0, 0.001
_MOST_NAMESPACES = 64  # that a batch holds open: a process may have few descriptors


def change(name: str, changes: Iterable[Change]) -> None:
    """Make the changes in namespace `name`, in their order; raises KernelError with the one that was refused."""
    with namespaces.inside(name), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        batch = _Batch(name, kernel)
        try:
            for each in changes:
                batch.add(each)
            batch.send()
        finally:
            batch.close()


def remove_links(name: str, links: Iterable[str]) -> None:
    """Take these links away, all at once: one by one, the kernel waits after each for what still sends by it."""
    gone = list(links)
    if not gone:
        return
    with namespaces.inside(name), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        batch = _Batch(name, kernel)
        for each in gone:
            batch.add(Change("add", Grouped(each, _GONE)))
        batch.add(Change("del", Grouped("", _GONE)))
        batch.send()


def await_links(name: str, links: Iterable[str]) -> None:
    """Wait until the kernel sends by these links, whose peers are up; raises KernelError where it never does.

    It starts the end that came up first some moments after the other one, and drops in silence until then.
    """
    missing = set(links)
    ends = time.monotonic() + _LONGEST_SECONDS
    with namespaces.inside(name), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        while missing := missing - _sending(kernel):
            if time.monotonic() > ends:
                raise KernelError(f"{name}: {', '.join(sorted(missing))} did not come up")
            time.sleep(_TURN_SECONDS)


def _sending(kernel: socket.socket) -> set[str]:
    kernel.send(_HEADER.pack(_HEADER.size + 16, _GET_LINK, _REQUEST | _DUMP, 0, 0) + bytes(16))
    found: set[str] = set()
    while True:
        data = kernel.recv(1 << 17)
        while len(data) >= _HEADER.size:
            length, kind, _, _, _ = _HEADER.unpack_from(data)
            if kind in {_DONE, _ERROR}:
                return found
            told = attributes(data[_HEADER.size + 16 : length])
            if told.get(_OPERATIONAL_STATE) == _STATE_UP:
                found.add(told[_NAME].rstrip(b"\0").decode())
            data = data[length + 3 & ~3 :]


class _Batch:
    """Messages that wait to be sent, and what they need until then."""

    def __init__(self, name: str, kernel: socket.socket) -> None:
        self._name = name
        self._kernel = kernel
        self._links: dict[str, int] = {}
        self._waiting: list[tuple[Change, Message]] = []
        self._size = 0
        self._open: list[int] = []

    def add(self, each: Change) -> None:
        """Take one more."""
        setting = each.setting
        if isinstance(setting, Veth):
            message = setting.message(each.verb, self._index, self._peer_namespace(setting, each))
        else:
            message = setting.message(each.verb, self._index)
        self._waiting.append((each, message))
        self._size += len(message.body) + _HEADER.size
        gone = isinstance(setting, Veth) and each.verb == "del"
        if gone or self._size > _LARGEST or len(self._open) >= _MOST_NAMESPACES:
            self.send()
        if gone:
            self._links.clear()  # a later link may have the same name

    def send(self) -> None:
        """Send what waits, and hear what became of it: the kernel answers the last, and every one that it refuses."""
        if not self._waiting:
            return
        parts = []
        for number, (each, message) in enumerate(self._waiting):
            makes = each.verb == "add" and not message.alters
            flags = _REQUEST | (_CREATE | _EXCLUSIVE if makes else 0)
            flags |= _ACK if number == len(self._waiting) - 1 else 0
            kind = message.kind if each.verb == "add" else message.kind + 1
            parts.append(_HEADER.pack(_HEADER.size + len(message.body), kind, flags, number, 0) + message.body)
        self._kernel.send(b"".join(parts))
        refused = self._answers(len(parts) - 1)
        waiting, self._waiting, self._size = self._waiting, [], 0
        self.close()
        if refused is not None:
            number, error = refused
            raise KernelError(f"ip {waiting[number][0].text()} in {self._name}: {os.strerror(error)}")

    def close(self) -> None:
        """Let go of the namespaces that messages named."""
        for each in self._open:
            os.close(each)
        self._open.clear()

    def _index(self, link: str) -> int:
        if link not in self._links:
            try:
                self._links[link] = socket.if_nametoindex(link)
            except OSError:
                if not self._waiting:
                    raise KernelError(f"{self._name} has no link {link}") from None
                self.send()  # it may be one that waits to be made
                return self._index(link)
        return self._links[link]

    def _peer_namespace(self, veth: Veth, each: Change) -> int:
        if not veth.peer_namespace or each.verb == "del":
            return -1
        found = os.open(namespaces.path(veth.peer_namespace), os.O_RDONLY | os.O_CLOEXEC)
        self._open.append(found)
        return found

    def _answers(self, last: int) -> tuple[int, int] | None:
        """Read answers up to that of the last message; give the number and error of the first refused."""
        refused = None
        while True:
            data = self._kernel.recv(1 << 17)
            while len(data) >= _HEADER.size:
                length, kind, _, number, _ = _HEADER.unpack_from(data)
                if kind == _ERROR:
                    error = -struct.unpack_from("=i", data, _HEADER.size)[0]
                    refused = refused or ((number, error) if error else None)
                    if number == last:
                        return refused
                data = data[length + 3 & ~3 :]
