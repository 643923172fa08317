"""A command on a terminal of its own in a running container, led over a socket to whoever opened it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import termios
import threading

from natless.lab.tasks.runner import Container
from natless.lab.tasks.visit import enter

_KIND = {"TERM": "xterm-256color"}
"""What Session Manager's plugin takes a terminal for."""
_PART = 65536


class Terminal:
    """Runs `command` until it ends or the socket is closed. It is begun in a thread that lives as long."""

    def __init__(
        self, container: Container, command: tuple[str, ...], link: socket.socket, size: tuple[int, int]
    ) -> None:
        """Take the container, the command's words, the socket (which is closed at the end), and rows and columns."""
        self._link = link
        self._inner, outer = os.openpty()
        self._open = True
        self._lock = threading.Lock()
        try:
            self.resize(*size)
            self._process = enter(container, command, terminal=outer, environment=_KIND)
        finally:
            os.close(outer)
        threading.Thread(target=self._take, name="terminal-keys", daemon=True).start()

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        with self._lock:
            if self._open:
                fcntl.ioctl(self._inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def run(self) -> None:
        """Send what the command writes, to its end; then nothing of it is left."""
        try:
            # The outer end's last holder is gone: EIO, where other files would give nothing.
            with contextlib.suppress(OSError):
                while part := os.read(self._inner, _PART):
                    self._link.sendall(part)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            with self._lock:
                self._open = False
                os.close(self._inner)
            with contextlib.suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)
            self._link.close()

    def _take(self) -> None:
        """Hand on what is typed; who is gone takes the command along, as a terminal that is hung up does."""
        with contextlib.suppress(OSError):
            while part := self._link.recv(_PART):
                with self._lock:
                    if not self._open:
                        return
                    os.write(self._inner, part)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
