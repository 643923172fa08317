"""How much goes through two sockets' namespaces: connects a second, and bytes a second of one flow."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable

Make = Callable[[], socket.socket]
"""Gives a socket in one end's namespace."""

SECONDS = 1.0
_CHUNK = 1 << 20


def connects(client: Make, server: Make, place: tuple[str, int]) -> float:
    """Give connects a second: a handshake each, ended by a reset, so that no port waits."""
    with server() as listening:
        _listen(listening, place)
        child = os.fork()
        if child == 0:
            _accept(listening)
    reset = struct.pack("ii", 1, 0)
    ends = time.perf_counter() + SECONDS
    made = 0
    while time.perf_counter() < ends:
        with client() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            one.connect(place)
        made += 1
    _end(child)
    return made / SECONDS


def throughput(client: Make, server: Make, place: tuple[str, int]) -> float:
    """Give gigabits a second of one flow of TCP."""
    with server() as listening:
        _listen(listening, place)
        child = os.fork()
        if child == 0:
            _swallow(listening)
    sent = 0
    chunk = memoryview(bytes(_CHUNK))
    with client() as one:
        one.connect(place)
        began = time.perf_counter()
        while time.perf_counter() < began + SECONDS:
            sent += one.send(chunk)
        took = time.perf_counter() - began
    _end(child)
    return sent * 8 / took / 1e9


def _listen(listening: socket.socket, place: tuple[str, int]) -> None:
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(place)
    listening.listen(1024)


def _accept(listening: socket.socket) -> None:
    while True:
        listening.accept()[0].close()


def _swallow(listening: socket.socket) -> None:
    one, _ = listening.accept()
    room = bytearray(_CHUNK)
    while one.recv_into(room):
        pass
    os._exit(0)


def _end(child: int) -> None:
    os.kill(child, 9)
    os.waitpid(child, 0)
