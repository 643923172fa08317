"""A task's way to AWS: HTTPS from its ENI, with errors worded as ECS words them (Go's net and net/http packages)."""

from __future__ import annotations

import errno
import functools
import http.client
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

import msgspec

from natless.lab.tasks.names import LookupFailedError, look_up
from natless.lab.tasks.ports import Network, Patience

HTTPS = 443


class RequestError(Exception):
    """A request got no answer. The text is Go's: `Get "https://...": dial tcp 10.0.1.7:443: i/o timeout`."""


class _DialError(Exception):
    """A connection was not made; the text is Go's, without the request."""


class Answer:
    """An answer whose body is still on the wire. Close it, or use it in a `with` block."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        """Take the connection, which is closed with the answer."""
        self._connection = connection
        self._response = response
        self.status = response.status
        self.reason = response.reason
        self.headers: Mapping[str, str] = {name.lower(): text for name, text in response.headers.items()}

    def read(self, length: int | None = None) -> bytes:
        """Give at most `length` bytes of the body, or all of it; raises OSError where it breaks off."""
        try:
            return self._response.read(length)
        except http.client.HTTPException as error:
            message = "unexpected EOF"
            raise ConnectionError(message) from error

    def __enter__(self) -> Self:
        """Give the answer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._response.close()
        self._connection.close()


class Way(msgspec.Struct, frozen=True):
    """Where requests start: an ENI, the DNS servers its VPC gives it, the CA it trusts."""

    network: Network
    eni: str
    name_servers: tuple[str, ...]
    ca_file: str
    patience: Patience

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send one request and give its answer, redirects included; raises RequestError."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTPS
        place = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection = http.client.HTTPConnection(host, port)
        try:
            connection.sock = self._connect(host, port)
            connection.sock.settimeout(self.patience.answer)
            connection.request(method, place, body or None, {"Host": parts.netloc, **headers})
            return Answer(connection, connection.getresponse())
        except (_DialError, OSError, http.client.HTTPException) as error:
            connection.close()
            raise RequestError(f'{method.capitalize()} "{url}": {_words(error)}') from error

    def _connect(self, host: str, port: int) -> ssl.SSLSocket:
        try:
            addresses = look_up(self.network, self.eni, self.name_servers, host, self.patience)
        except LookupFailedError as error:
            message = f"dial tcp: {error}"
            raise _DialError(message) from error
        link = self._dial(addresses, port)
        try:
            return _trust(self.ca_file).wrap_socket(link, server_hostname=host)
        except TimeoutError as error:
            link.close()
            message = "net/http: TLS handshake timeout"
            raise _DialError(message) from error
        except OSError:
            link.close()
            raise

    def _dial(self, addresses: tuple[str, ...], port: int) -> socket.socket:
        """Try each address in turn; the first one's error is told, as Go does."""
        first: _DialError | None = None
        for address in addresses:
            link = self.network.socket(self.eni)
            link.settimeout(self.patience.connect)
            try:
                link.connect((address, port))
            except OSError as error:
                link.close()
                first = first or _DialError(f"dial tcp {address}:{port}: {_connect_words(error)}")
            else:
                return link
        raise first or _DialError("dial tcp: no address")


@functools.lru_cache(maxsize=8)
def _trust(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _connect_words(error: OSError) -> str:
    if isinstance(error, TimeoutError) or error.errno in (errno.ETIMEDOUT, None):
        return "i/o timeout"
    return f"connect: {os.strerror(error.errno).lower()}"


def _words(error: Exception) -> str:
    match error:
        case _DialError():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"tls: failed to verify certificate: x509: {error.verify_message}"
        case TimeoutError():
            return "net/http: timeout awaiting response headers"
        case ConnectionResetError():
            return "read: connection reset by peer"
        case _:
            return "EOF"
