"""Many listening sockets, one thread that accepts, a thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from natless.lab.endpoints.exchange import Exchange, WsgiApplication
from natless.lab.watching import Watcher

Route: TypeAlias = Callable[[str], WsgiApplication | None]
"""Gives the WSGI application that answers for a host name, or None."""

Facts: TypeAlias = Callable[[str], Mapping[str, Any]]
"""Gives what is added to the WSGI environment, by the client's address."""

_HANDSHAKE_SECONDS = 10.0


class Server:
    """Serves WSGI applications over HTTP, or HTTPS where a context is given, on any number of sockets."""

    def __init__(self, name: str) -> None:
        """Start the accepting thread, called `name`."""
        self._name = name
        self._watcher = Watcher(name)

    def listen(
        self,
        listener: socket.socket,
        route: Route,
        context: ssl.SSLContext | None = None,
        facts: Facts = lambda _client: {},
    ) -> None:
        """Answer on `listener`, a bound socket that listens already; it belongs to the server from now on."""

        def ready(server: socket.socket) -> None:
            connection, client = server.accept()
            arguments = (connection, client, route, context, facts)
            threading.Thread(target=_serve, args=arguments, name=f"{self._name}-request", daemon=True).start()

        self._watcher.add(listener, ready)

    def close(self, listener: socket.socket) -> None:
        """Stop serving on a socket, and close it. Connections that stand are finished."""
        self._watcher.remove(listener)


def _serve(connection: socket.socket, client: Any, route: Route, context: ssl.SSLContext | None, facts: Facts) -> None:
    scheme = "http" if context is None else "https"
    # A client that leaves in the middle of anything is no event.
    with contextlib.suppress(OSError):
        connection.settimeout(_HANDSHAKE_SECONDS)
        with contextlib.ExitStack() as opened:
            opened.enter_context(connection)
            if context is not None:
                connection = opened.enter_context(context.wrap_socket(connection, server_side=True))
            added = {"wsgi.url_scheme": scheme, **facts(client[0])}
            Exchange(connection, client, lambda host: route(host) or _nobody, added)


def _nobody(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer for a host that nothing in the lab stands for."""
    text = f"the lab has no service at {environment['SERVER_NAME']}\n".encode()
    start("503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
