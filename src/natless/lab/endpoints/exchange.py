"""HTTP/1.1 on one connection, each request given to a WSGI application (PEP 3333).

Bodies stream both ways, so that a layer of hundreds of megabytes never lies in memory; connections are kept alive.
"""

from __future__ import annotations

import contextlib
import http.server
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException
from werkzeug.serving import DechunkedInput
from werkzeug.wsgi import LimitedStream

WsgiApplication: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Choose: TypeAlias = Callable[[str], WsgiApplication]
"""Gives the application that answers for a host; one that refuses, where nothing does."""

_DRAINED = 1024 * 1024
_PART = 64 * 1024
_IDLE_SECONDS = 75
_LINGER_SECONDS = 2.0
_BODILESS = (204, 304)


class Exchange(http.server.BaseHTTPRequestHandler):
    """The requests of one connection. Constructing it serves them all."""

    protocol_version = "HTTP/1.1"
    server_version = "natless-lab"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    wbufsize = _PART

    def __init__(self, connection: socket.socket, client: Any, choose: Choose, facts: Mapping[str, Any]) -> None:
        """Serve `connection`; `facts` are added to every request's WSGI environment."""
        self._choose = choose
        self._facts = facts
        super().__init__(connection, client, None)  # type: ignore[arg-type] # no server stands behind it, none is used

    def handle_one_request(self) -> None:
        """Read one request, answer it, and say whether the connection can take another."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                self.wfile.flush()
                return
            self._answer()
            self.wfile.flush()
        except (TimeoutError, ConnectionError, BrokenPipeError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Tell a client that waits with its body to send it, at once: SDKs upload to S3 so."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
        """Say nothing of requests that went well; errors are printed where they happen."""

    def _answer(self) -> None:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0].lower()
        body, drained = self._body()
        reply = _Reply(self)
        try:
            parts = self._choose(host)(self._environment(host, body), reply.start)
            try:
                for part in parts:
                    reply.write(part)
                reply.finish()
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # noqa: BLE001 - an application's fault is its own; the server goes on
            traceback.print_exc()
            reply.fail()
        if not drained():
            self.close_connection = True
            self._linger()

    def _linger(self) -> None:
        """End our side and take what still comes for a while: a reset would take the answer from the client."""
        self.wfile.flush()
        until = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            while time.monotonic() < until and self.connection.recv(_PART):
                continue

    def _body(self) -> tuple[Any, Callable[[], bool]]:
        """Give the request's body as a stream that ends with it, and what reads the rest of it away."""
        stream: Any
        source: Any = self.rfile  # typed narrower by the standard library than werkzeug asks for
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            stream = DechunkedInput(source)
        else:
            length = self.headers.get("Content-Length") or "0"
            stream = LimitedStream(source, int(length) if length.isdecimal() else 0)

        def drained() -> bool:
            left = _DRAINED
            # werkzeug raises its own exception where a client left before the end of its body.
            with contextlib.suppress(OSError, HTTPException):
                while left > 0:
                    part = stream.read(_PART)
                    if not part:
                        return True
                    left -= len(part)
            return False

        return stream, drained

    def _environment(self, host: str, body: Any) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        address, port = self.connection.getsockname()[:2]
        environment: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "REQUEST_URI": self.path,
            "SERVER_NAME": host or address,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environment[key] = f"{environment[key]},{value}" if key in environment else value
        environment.update(self._facts)
        return environment


class _Reply:
    """One answer on its way out: headers with the first part of the body, then the rest."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._sent = False
        self._chunked = False
        self._bodiless = False

    def start(self, status: str, headers: list[tuple[str, str]], failure: Any = None) -> Callable[[bytes], None]:
        """Take the application's status and headers (PEP 3333's start_response)."""
        if failure is not None and self._sent:
            raise failure[1].with_traceback(failure[2])
        self._status, self._headers = status, list(headers)
        return self.write

    def write(self, part: bytes) -> None:
        """Send a part of the body."""
        if not part:
            return
        if not self._sent:
            self._send_headers(known_length=None)
        if self._bodiless:
            return
        out = self._exchange.wfile
        out.write(b"%x\r\n%s\r\n" % (len(part), part) if self._chunked else part)
        out.flush()

    def finish(self) -> None:
        """Send what marks the end."""
        if not self._sent:
            self._send_headers(known_length=0)
        if self._chunked and not self._bodiless:
            self._exchange.wfile.write(b"0\r\n\r\n")

    def fail(self) -> None:
        """Answer 500 where nothing was answered yet; else break off, so that the client sees a broken body."""
        self._exchange.close_connection = True
        if not self._sent:
            self._status, self._headers = "500 Internal Server Error", [("Content-Type", "text/plain")]
            self.write(b"the lab failed to answer; its log says why\n")
            self.finish()

    def _send_headers(self, known_length: int | None) -> None:
        exchange = self._exchange
        code, _, words = self._status.partition(" ")
        names = {name.lower() for name, _ in self._headers}
        self._sent = True
        self._bodiless = exchange.command == "HEAD" or int(code) in _BODILESS
        # werkzeug writes `403 FORBIDDEN`; AWS's servers, and so ECS's texts, `403 Forbidden`.
        exchange.send_response_only(int(code), exchange.responses.get(int(code), (words, ""))[0])
        if "date" not in names:
            exchange.send_header("Date", exchange.date_time_string())
        for name, value in self._headers:
            exchange.send_header(name, value)
        if "content-length" not in names and int(code) not in _BODILESS:
            if known_length is not None and exchange.command != "HEAD":
                exchange.send_header("Content-Length", str(known_length))
            elif exchange.request_version == "HTTP/1.1" and exchange.command != "HEAD":
                self._chunked = True
                exchange.send_header("Transfer-Encoding", "chunked")
            else:
                exchange.close_connection = True
        if exchange.close_connection:
            exchange.send_header("Connection", "close")
        exchange.end_headers()
