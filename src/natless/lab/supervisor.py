"""The lab's life: up, ready, down; and nothing left, however it ends.

    up() ── host sockets, log ── fork ── new namespaces ── PID 1 (reaps) ── main(inside)
     │                                                                        │
     └────────────── waits for ready(info), or for the text of the failure ◀──┘

The sockets are opened before the namespaces are made, since a socket stays where it was born: the API's port and the
control socket are the host's. Everything else is born inside and dies with PID 1, by `kill -9` as well.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec

from natless.lab import control, programs
from natless.lab.control import Contact, LabError
from natless.lab.kernel import confinement

_LOG_LIMIT = 4 * 1024 * 1024
_LOG_KEPT = 1024 * 1024
_TAIL = 4000

# What a shell may hold of the real AWS account, and what would send the lab's traffic elsewhere.
_DROPPED_WORDS = ("AWS_", "CA_BUNDLE", "CA_CERTS", "SSL_CERT", "_PROXY")


class Options(msgspec.Struct, frozen=True):
    """How to bring the lab up: `port` of the API on 127.0.0.1 (0: any free one), `wait` seconds until it is ready."""

    port: int = 0
    wait: float = 60.0


class Inside:
    """What the lab's main gets: its sockets, keys and scratch folder, and the way to say that it is ready.

    `api` listens on the host's 127.0.0.1 at `api_url`. `scratch` is a tmpfs. `stopping` is set when the lab shall end:
    main then returns. Register commands on `control` at any time.
    """

    def __init__(self, api: socket.socket, listener: socket.socket, told: int) -> None:
        """Take the sockets born on the host; `told` is where `up` listens."""
        self.api = api
        self.api_url = f"http://127.0.0.1:{api.getsockname()[1]}"
        self.access_key_id = "AKIALAB" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(13))
        self.secret_access_key = secrets.token_urlsafe(30)
        self.scratch = confinement.SCRATCH
        self.stopping = threading.Event()
        self.control = control.Control(listener)
        self._told = told
        self._info: Mapping[str, Any] | None = None
        self.control.register("contact", self._contact)
        self.control.register("log", lambda: read_log(1))
        self.control.register("down", self.stopping.set)

    def ready(self, info: Mapping[str, Any]) -> None:
        """Say that the lab can be used; `info` (JSON-able) becomes `Contact.info`. Lets `up` return."""
        self._info = info
        self._tell({"ready": True})

    def failed(self, reason: str) -> None:
        """Say why the lab cannot be used. Lets `up` raise with `reason`."""
        self._tell({"error": reason})

    def _contact(self) -> dict[str, Any]:
        return {
            "api": self.api_url,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "state": "starting" if self._info is None else "ready",
            "info": self._info or {},
        }

    def _tell(self, message: Mapping[str, Any]) -> None:
        told, self._told = self._told, -1
        if told < 0:
            return
        with contextlib.suppress(OSError):  # up() may have given up waiting
            os.write(told, msgspec.json.encode(message) + b"\n")
        os.close(told)


def up(main: Callable[[Inside], None], options: Options | None = None) -> Contact:
    """Start a lab that runs `main`, and give its contact once main is ready.

    Raises LabError where one is running already, where the kernel refuses, or with main's reason and the log's end.
    """
    wanted = options or Options()
    running = control.find()
    # A lab that was just killed may answer for some milliseconds more: only one that lives on is in the way.
    if running is not None and not _ended(running.pid, 0.25):
        raise LabError(f"a lab is already running (process {running.pid}, {running.api}): `natless lab down` ends it")
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(_bind_control())
        api = opened.enter_context(_bind_api(wanted.port))
        log = os.memfd_create("natless-lab-log")
        opened.callback(os.close, log)
        told, tell = os.pipe()
        opened.callback(os.close, told)
        launcher = os.fork()
        if launcher == 0:
            _launch(main, api, listener, log, tell)
        os.close(tell)
        os.waitpid(launcher, 0)
        listener.close()
        api.close()
        _wait_until_ready(told, log, wanted.wait)
        contact = control.find()
        if contact is None:
            raise LabError(f"the lab ended as soon as it was ready; its log:\n{read_log(log, _TAIL)}")
        return contact


def down(wait: float = 10.0) -> bool:
    """End this user's lab: ask, wait up to `wait` seconds, then kill. Gives whether one was running."""
    contact = control.find()
    if contact is None:
        return False
    with contextlib.suppress(LabError):
        control.ask("down")
    if not _ended(contact.pid, wait):
        with contextlib.suppress(ProcessLookupError):
            os.kill(contact.pid, signal.SIGKILL)
        _ended(contact.pid, wait)
    return True


def _ended(pid: int, seconds: float) -> bool:
    """Say whether process `pid` ends within `seconds`."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], seconds)[0])
    finally:
        os.close(process)


def read_log(descriptor: int, length: int = _LOG_KEPT) -> str:
    """Give the last `length` bytes of the log that `descriptor` is open on."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, length, max(0, size - length)).decode(errors="replace")


def _bind_control() -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deadline = time.monotonic() + 3
    while True:
        try:
            listener.bind(control.address())
        except OSError as problem:
            # A lab that was just killed holds its name for some milliseconds more.
            if problem.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                listener.close()
                raise LabError(
                    "another lab of this user is starting or ending, or another program holds its name: try again"
                ) from None
            time.sleep(0.02)
        else:
            return listener


def _bind_api(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as problem:
        listener.close()
        raise LabError(f"port {port} of 127.0.0.1 cannot be had: {problem.strerror}; name another, or none") from None
    listener.listen(128)
    return listener


def _wait_until_ready(told: int, log: int, seconds: float) -> None:
    """Return when main is ready; raise LabError with its reason, or with the log's end where it just ended."""
    deadline = time.monotonic() + seconds
    text = b""
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        readable, _, _ = select.select([told], [], [], max(left, 0))
        if not readable:
            down(wait=0.5)
            raise LabError(f"the lab was not ready after {seconds:g} s and was ended; its log:\n{read_log(log, _TAIL)}")
        part = os.read(told, 65536)
        if not part:
            raise LabError(f"the lab could not start:\n{read_log(log, _TAIL).strip() or '(it said nothing)'}")
        text += part
    message = msgspec.json.decode(text)
    if "error" in message:
        raise LabError(message["error"])


def _launch(
    main: Callable[[Inside], None], api: socket.socket, listener: socket.socket, log: int, tell: int
) -> NoReturn:
    """Be the process between the caller and the lab: leave the terminal, make the namespaces, end."""
    try:
        os.setsid()
        os.chdir("/")
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, descriptor in enumerate((nothing, log, log)):
            os.dup2(descriptor, number)
        confinement.close_descriptors(keep={0, 1, 2, api.fileno(), listener.fileno(), tell})
        # A shell's background job ignores some of these, and containers would inherit it: deaf to their stop signal.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        # The process that calls listen() is the one that SO_PEERCRED names to clients: PID 1, which carries the lab.
        confinement.spawn(lambda: _run_main(main, api, listener, tell), first=lambda: listener.listen(64))
    except BaseException as problem:  # noqa: BLE001 - a fork must never return into the caller's stack
        with contextlib.suppress(OSError):
            os.write(2, f"{problem}\n".encode())
        os._exit(1)
    os._exit(0)


def _run_main(main: Callable[[Inside], None], api: socket.socket, listener: socket.socket, tell: int) -> int:
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    clean_environment()
    inside = Inside(api, listener, tell)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: inside.stopping.set())
    threading.Thread(target=_keep_log_short, name="log", daemon=True).start()
    inside.control.serve()
    try:
        main(inside)
    except Exception as problem:  # noqa: BLE001 - told to whoever called up(), in full in the log
        traceback.print_exc()
        inside.failed(f"the lab could not start: {problem}\n{read_log(1, _TAIL)}")
        return 1
    return 0


def clean_environment() -> None:
    """Keep the host's account, proxies and certificates out of the lab; give it its own home and temporary folder."""
    for name in list(os.environ):
        if any(word in name.upper() for word in _DROPPED_WORDS):
            del os.environ[name]
    os.environ.update(
        PATH=programs.search_path(),
        HOME=confinement.HOME,
        TMPDIR=confinement.TEMPORARY,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )


def _keep_log_short() -> None:
    """Cut the log's head off when it grows long; it lives in memory."""
    while True:
        time.sleep(2)
        if os.fstat(1).st_size > _LOG_LIMIT:
            tail = read_log(1).encode()
            os.ftruncate(1, 0)
            os.write(1, b"(earlier lines dropped)\n" + tail)
