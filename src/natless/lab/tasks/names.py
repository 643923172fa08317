"""Names, asked of the VPC's DNS server from a task's own address."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import time
from typing import Any

import dnslib

from natless.lab.tasks.ports import Network, Patience

_RECORD: Any = dnslib.DNSRecord  # dnslib ships no types


class LookupFailedError(Exception):
    """A name did not resolve. The text is Go's, as it stands in ECS's messages: `lookup NAME on SERVER:53: ...`."""


def look_up(network: Network, eni: str, servers: tuple[str, ...], host: str, patience: Patience) -> tuple[str, ...]:
    """Give the IPv4 addresses of `host`, asking `servers` in turn; raises LookupFailedError."""
    problem = f"lookup {host}: no such host"
    for server in servers:
        try:
            answer = _ask(network, eni, server, host, patience)
        except (OSError, dnslib.DNSError) as error:
            problem = f"lookup {host} on {server}:53: {error}"
            continue
        addresses = tuple(str(record.rdata) for record in answer.rr if record.rtype == dnslib.QTYPE.A)
        if addresses:
            return tuple(address for address in addresses if _is_address(address))
        words = "server misbehaving" if answer.header.rcode == dnslib.RCODE.SERVFAIL else "no such host"
        raise LookupFailedError(f"lookup {host} on {server}:53: {words}")
    raise LookupFailedError(problem)


def _ask(network: Network, eni: str, server: str, host: str, patience: Patience) -> Any:
    """Ask one server once; what comes late or with another id is not the answer."""
    question = _RECORD.question(host)
    question.header.id = secrets.randbelow(1 << 16)
    with network.socket(eni, socket.SOCK_DGRAM) as link:
        link.connect((server, 53))
        own = "{}:{}".format(*link.getsockname()[:2])
        link.send(question.pack())
        until = time.monotonic() + patience.name
        while (left := until - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                answer = _RECORD.parse(link.recv(4096))
            except TimeoutError:
                break
            if answer.header.id == question.header.id:
                return answer
    message = f"read udp {own}->{server}:53: i/o timeout"
    raise TimeoutError(message)


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
