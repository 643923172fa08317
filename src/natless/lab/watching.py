"""One thread that waits for many sockets, in whatever namespaces they were made."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import traceback
from collections.abc import Callable


class Watcher:
    """Calls back when a socket has something to read. Sockets may come and go from any thread."""

    def __init__(self, name: str) -> None:
        """Start the thread, called `name`."""
        self._selector = selectors.DefaultSelector()
        threading.Thread(target=self._watch, name=name, daemon=True).start()

    def add(self, watched: socket.socket, ready: Callable[[socket.socket], None]) -> None:
        """Call `ready(watched)`, in the watcher's thread, whenever `watched` is readable. It must not block."""
        watched.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._selector.register(watched, selectors.EVENT_READ, ready)

    def remove(self, watched: socket.socket) -> None:
        """Forget a socket, and close it."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(watched)
        watched.close()

    def _watch(self) -> None:
        while True:
            for key, _ in self._selector.select(timeout=1.0):
                try:
                    key.data(key.fileobj)
                except (BlockingIOError, ConnectionError):
                    continue  # the other end left, or another wake-up took it
                except Exception:  # noqa: BLE001 - one bad request must not end the service of all
                    traceback.print_exc()
