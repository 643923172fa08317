"""The DNS servers: in each VPC's router at its base + 2 and at 169.254.169.253, by UDP and TCP.

Groups and network ACLs do not apply there (Route 53 Resolver, "Amazon DNS server"): the router answers itself.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import dnslib

from natless.cloud import Cloud
from natless.finding import Gap
from natless.lab.fabric import Fabric
from natless.lab.fabric.plan import RESOLVER
from natless.lab.names.view import answers, resolve
from natless.lab.watching import Watcher

_PORT = 53
_TTL = 60
_TCP_SECONDS = 5.0
_LARGEST = 4096

_DNS: Any = dnslib  # it ships no types


Private = Callable[[str, str], tuple[IPv4Address, ...] | None]


class Names:
    """Keeps a DNS server in every VPC of the Cloud."""

    def __init__(self, fabric: Fabric, private: Private | None = None) -> None:
        """Serve in the routers of `fabric`; nothing is served before the first `apply`.

        `private` gives the addresses of a VPC's private names that are no endpoint's, or None.
        """
        self._fabric = fabric
        self._private = private
        self._cloud = Cloud(source="")
        self._watcher = Watcher("names")
        self._sockets: dict[tuple[str, str, int], list[socket.socket]] = {}

    def apply(self, cloud: Cloud) -> None:
        """Answer from `cloud` from now on. Give it to the fabric first: the servers stand in its routers."""
        self._cloud = cloud
        wanted = {
            (vpc.id, str(address), self._fabric.identity(vpc.id))
            for vpc in cloud.vpcs.values()
            if not isinstance(vpc.cidrs, Gap) and vpc.cidrs
            for address in (vpc.cidrs[0].network_address + 2, RESOLVER)
        }
        for gone in set(self._sockets) - wanted:
            for each in self._sockets.pop(gone):
                self._watcher.remove(each)
        for place in wanted - set(self._sockets):
            self._sockets[place] = self._open(place[0], place[1])

    def answer(self, vpc: str, query: bytes) -> bytes | None:
        """Give the answer to a DNS message asked in `vpc`; None is silence."""
        place = self._cloud.vpcs.get(vpc)
        if place is None or not answers(place):
            return None
        try:
            asked = _DNS.DNSRecord.parse(query)
        except dnslib.DNSError:
            return None
        reply = asked.reply(aa=0)
        host = str(asked.q.qname)
        private = self._private(vpc, host) if self._private is not None else None
        found = private or resolve(self._cloud, vpc, host)
        if found is None:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        elif asked.q.qtype == dnslib.QTYPE.A:
            # Any of several addresses may come first, as with AWS.
            for address in random.sample(found, len(found)):
                reply.add_answer(_DNS.RR(asked.q.qname, dnslib.QTYPE.A, rdata=_DNS.A(str(address)), ttl=_TTL))
        packed: bytes = reply.pack()
        return packed

    def _open(self, vpc: str, address: str) -> list[socket.socket]:
        datagrams = self._fabric.socket(vpc, socket.SOCK_DGRAM)
        datagrams.bind((address, _PORT))
        streams = self._fabric.socket(vpc, socket.SOCK_STREAM)
        streams.bind((address, _PORT))
        streams.listen(64)
        self._watcher.add(datagrams, self._datagram(vpc))
        self._watcher.add(streams, self._stream(vpc))
        return [datagrams, streams]

    def _datagram(self, vpc: str) -> Callable[[socket.socket], None]:
        def ready(server: socket.socket) -> None:
            query, client = server.recvfrom(_LARGEST)
            reply = self.answer(vpc, query)
            if reply is not None:
                server.sendto(reply, client)

        return ready

    def _stream(self, vpc: str) -> Callable[[socket.socket], None]:
        def ready(server: socket.socket) -> None:
            connection, _ = server.accept()
            threading.Thread(target=self._converse, args=(vpc, connection), name="names-tcp", daemon=True).start()

        return ready

    def _converse(self, vpc: str, connection: socket.socket) -> None:
        """Answer one question after the other, each with its length before it (RFC 1035, 4.2.2)."""
        connection.settimeout(_TCP_SECONDS)
        with connection, contextlib.suppress(OSError, struct.error), connection.makefile("rb") as stream:
            while True:
                (length,) = struct.unpack(">H", stream.read(2))
                reply = self.answer(vpc, stream.read(length))
                if reply is None:
                    return
                connection.sendall(struct.pack(">H", len(reply)) + reply)
