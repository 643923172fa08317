"""This terminal, led into a container of the lab: the side of a session that a person sits at."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios
import tty
from collections.abc import Iterator

from natless.lab import control

_PART = 65536
_END_OF_INPUT = b"\x04"
"""What a terminal takes for the end of what is typed (Ctrl-D)."""
_SIZE = (24, 80)
"""Rows and columns where standard output is no terminal."""


def visit(session: str, token: str) -> None:
    """Lead standard input and output to a session that ExecuteCommand has opened, until it ends; raises LabError."""
    here, there = socket.socketpair()
    with here:
        rows, columns = _size()
        with there:
            control.ask("session", session=session, token=token, rows=rows, columns=columns, sockets=[there])
        with _raw(), _resized(session):
            _lead(here)


def _lead(link: socket.socket) -> None:
    typed = [sys.stdin.fileno()]
    while True:
        ready, _, _ = select.select([link, *typed], [], [])
        if link in ready:
            part = link.recv(_PART)
            if not part:
                return
            _write(part)
        if typed and typed[0] in ready:
            keys = os.read(typed[0], _PART)
            with contextlib.suppress(OSError):  # the session ends: what it still said is read above
                link.sendall(keys or _END_OF_INPUT)
            typed = typed if keys else []


def _write(part: bytes) -> None:
    while part:
        part = part[os.write(sys.stdout.fileno(), part) :]


def _size() -> tuple[int, int]:
    try:
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return _SIZE
    return (rows, columns) if rows and columns else _SIZE


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Have this terminal hand on each key as it is, Ctrl-C too; no terminal, nothing to do."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin.fileno())
    tty.setraw(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resized(session: str) -> Iterator[None]:
    """Have the session's terminal follow this one's size."""

    def follow(_number: int, _frame: object) -> None:
        rows, columns = _size()
        with contextlib.suppress(control.LabError):
            control.ask("resize", session=session, rows=rows, columns=columns)

    before = signal.signal(signal.SIGWINCH, follow)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
