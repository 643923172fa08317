"""How other processes talk to the lab: an abstract socket, one JSON line each way.

The socket is named by the user's id and lives in the kernel, so there is no state file to go stale: it is gone when
the lab is. Both ends check the other's user id (SO_PEERCRED). A request may carry listening sockets (SCM_RIGHTS),
which is how a port of the host gets into a lab that is already running.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

_LIMIT = 16 * 1024 * 1024
_MAX_DESCRIPTORS = 8
_ANSWER_SECONDS = 120.0


class LabError(Exception):
    """The lab said no, or cannot be reached; the text is for the person who asked."""


class LabNotRunning(LabError):  # noqa: N818 - the state, not the fault: callers read `except LabNotRunning`
    """No lab of this user is running."""


class Contact(msgspec.Struct, frozen=True):
    """How to reach a running lab.

    `api` is the URL that answers AWS calls signed with the key; `pid` is the lab's first process: when it ends,
    all of the lab ends. `info` is what the lab's main said when it became ready ({} until then).
    """

    api: str
    access_key_id: str
    secret_access_key: str
    pid: int
    state: str
    info: Mapping[str, Any] = {}


def address(uid: int | None = None) -> str:
    """Give the abstract address of the lab of user `uid` (default: this process's).

    NATLESS_LAB in the environment names a lab of its own, beside the user's usual one: tests run in such.
    """
    name = os.environ.get("NATLESS_LAB", "")
    return f"\0natless-lab-{os.geteuid() if uid is None else uid}{f'-{name}' if name else ''}"


def peer(connection: socket.socket) -> tuple[int, int]:
    """Give pid and uid of the process at the other end; for a listening socket's, of who called listen()."""
    size = struct.calcsize("3i")
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return pid, uid


def find() -> Contact | None:
    """Give the contact of this user's running lab, or None. Raises LabError where somebody else holds its name."""
    try:
        facts, pid = _exchange("contact", {}, ())
    except LabNotRunning:
        return None
    return msgspec.convert({**facts, "pid": pid}, Contact)


def ask(command: str, *, sockets: Sequence[socket.socket] = (), **arguments: Any) -> Any:
    """Have the lab answer `command`; `sockets` are handed over. Raises LabNotRunning, LabError."""
    return _exchange(command, arguments, sockets)[0]


def _exchange(command: str, arguments: Mapping[str, Any], sockets: Sequence[socket.socket]) -> tuple[Any, int]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(address())
        except (ConnectionRefusedError, FileNotFoundError):
            raise LabNotRunning("no lab is running: start one with `natless lab up`") from None
        pid, uid = peer(connection)
        if uid != os.geteuid():
            raise LabError(
                f"the lab's name is held by process {pid} of another user (uid {uid}): refused to talk to it"
            )
        if pid == 0:
            # The kernel shows 0 for a process of a process namespace that cannot be seen from here.
            raise LabError(
                "a lab of this name runs outside of this container, whose network it shares: "
                "name another one by NATLESS_LAB=... in the environment"
            )
        request = msgspec.json.encode({"command": command, "arguments": arguments}) + b"\n"
        descriptors = [each.fileno() for each in sockets]
        try:
            sent = socket.send_fds(connection, [request], descriptors) if descriptors else connection.send(request)
            # The lab may have answered and gone by now: a further call, even with nothing to send, would be refused.
            if sent < len(request):
                connection.sendall(request[sent:])
            answer = _read_line(connection, b"")
        except (ConnectionError, TimeoutError) as problem:
            raise LabNotRunning(f"the lab ended, or did not answer `{command}`: {problem}") from None
    if not answer:
        raise LabNotRunning(f"the lab ended while it answered `{command}`")
    reply = msgspec.json.decode(answer)
    if "error" in reply:
        raise LabError(reply["error"])
    return reply["answer"], pid


def _read_line(connection: socket.socket, start: bytes) -> bytes:
    text = bytearray(start)
    while not text.endswith(b"\n") and len(text) <= _LIMIT:
        part = connection.recv(65536)
        if not part:
            return b""
        text += part
    return bytes(text)


Command = Callable[..., Any]


class Control:
    """The lab's end: answers requests with the commands that were registered, each request in a thread of its own."""

    def __init__(self, listener: socket.socket) -> None:
        """Serve on `listener`, a bound abstract socket on which listen() was called."""
        self._listener = listener
        self._commands: dict[str, Command] = {}

    def register(self, name: str, command: Command) -> None:
        """Answer requests for `name` by `command(**arguments)`; its result must be JSON-able (structs are).

        Where a request carries sockets, `command` gets them as `sockets: list[socket.socket]` and owns them.
        An exception of type LabError is shown to the asker as it is, any other with its type.
        """
        self._commands[name] = command

    def serve(self) -> None:
        """Start to answer, in daemon threads."""
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="control-request", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_ANSWER_SECONDS)
            # Inside a user namespace the owner's uid reads as 0 and everybody else's as another number.
            if peer(connection)[1] != os.geteuid():
                return
            first, descriptors, _, _ = socket.recv_fds(connection, 65536, _MAX_DESCRIPTORS)
            sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
            line = first if first.endswith(b"\n") else _read_line(connection, first)
            if line:
                connection.sendall(self._answer(line, sockets) + b"\n")

    def _unknown(self, **_arguments: Any) -> NoReturn:
        raise LabError(f"the lab has no such command; it has {', '.join(sorted(self._commands))}")

    def _answer(self, line: bytes, sockets: list[socket.socket]) -> bytes:
        try:
            request = msgspec.json.decode(line)
            command: Command = self._commands.get(request["command"], self._unknown)
            arguments = dict(request.get("arguments", {}))
            if sockets:
                arguments["sockets"] = sockets
            return msgspec.json.encode({"answer": command(**arguments)})
        except LabError as refusal:
            return msgspec.json.encode({"error": str(refusal)})
        except Exception as problem:  # noqa: BLE001 - a failing command must not end the lab; the asker is told
            traceback.print_exc()
            return msgspec.json.encode({"error": f"{type(problem).__name__}: {problem}"})
