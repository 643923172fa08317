"""The awslogs driver: a container's lines to CloudWatch Logs, by the endpoint, from the task's own address."""

from __future__ import annotations

import collections
import contextlib
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from natless.lab.tasks import words
from natless.lab.tasks.calls import Caller, CallError

_EVENTS = 1000
"""Events a PutLogEvents call carries here; the API takes 10,000."""
_BYTES = 900_000
"""Bytes a call carries; the API takes 1 MiB, and counts 26 bytes an event besides its text."""
_LINE = 250_000
"""Longest event in bytes; the API takes 256 KiB, and longer lines are cut into pieces, as the driver does."""
_KEPT = 20_000
"""Lines that wait at most while CloudWatch Logs cannot be reached; the oldest are lost then."""


class LogTarget(msgspec.Struct, frozen=True):
    """Where a container's lines go."""

    group: str
    stream: str


def log_target(container: Mapping[str, Any], task: str) -> LogTarget | None:
    """Give a container's log stream (`PREFIX/CONTAINER/TASK`); None where it has no awslogs driver."""
    settings = container.get("logConfiguration") or {}
    if settings.get("logDriver") != "awslogs":
        return None
    options = settings.get("options") or {}
    stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{task}"
    return LogTarget(str(options.get("awslogs-group", "")), stream)


def make_stream(caller: Caller, target: LogTarget, *, create_group: bool = False) -> None:
    """Create the log stream (and its group where the task definition says so); raises words.StartError."""
    try:
        if create_group:
            with contextlib.suppress(CallError):
                caller.call("logs", "CreateLogGroup", {"logGroupName": target.group})
        caller.call("logs", "CreateLogStream", {"logGroupName": target.group, "logStreamName": target.stream})
    except CallError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise words.log_stream(error) from error


class LogShipper:
    """Reads a container's output from a pipe and sends it on, in one thread each for reading and sending."""

    def __init__(self, caller: Caller, target: LogTarget | None, pipe: int) -> None:
        """Take the pipe's reading end, which is closed at its end; None as target reads and drops."""
        self._caller = caller
        self._target = target
        self._pipe = pipe
        self._waiting: collections.deque[tuple[int, str]] = collections.deque(maxlen=_KEPT)
        self._more = threading.Event()
        self._ended = False
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._send)]
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float) -> None:
        """Wait until everything is sent, `seconds` at most."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _read(self) -> None:
        rest = b""
        with os.fdopen(self._pipe, "rb", buffering=0) as pipe:
            while chunk := pipe.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                while len(rest) > _LINE:
                    lines.append(rest[:_LINE])
                    rest = rest[_LINE:]
                self._add(lines)
        self._add([rest] if rest else [])
        self._ended = True
        self._more.set()

    def _add(self, lines: list[bytes]) -> None:
        now = int(time.time() * 1000)
        for line in lines:
            pieces = [line[start : start + _LINE] for start in range(0, len(line), _LINE)]
            self._waiting.extend((now, piece.decode(errors="replace").removesuffix("\r")) for piece in pieces)
        if lines:
            self._more.set()

    def _send(self) -> None:
        while not (self._ended and not self._waiting):
            self._more.wait()
            self._more.clear()
            while self._waiting:
                if not self._put(self._batch()):
                    return
            time.sleep(0 if self._ended else 0.05)

    def _batch(self) -> list[tuple[int, str]]:
        batch: list[tuple[int, str]] = []
        size = 0
        while self._waiting and len(batch) < _EVENTS and size < _BYTES - _LINE:
            batch.append(self._waiting.popleft())
            size += len(batch[-1][1].encode()) + 26
        return batch

    def _put(self, batch: list[tuple[int, str]]) -> bool:
        """Send one batch, again while CloudWatch Logs cannot be reached; False where the container ended meanwhile."""
        if self._target is None:
            return True
        events = [{"timestamp": when, "message": text} for when, text in batch if text]
        arguments = {"logGroupName": self._target.group, "logStreamName": self._target.stream, "logEvents": events}
        while events:
            try:
                self._caller.call("logs", "PutLogEvents", arguments)
            except CallError as error:
                if self._ended or not error.connection:
                    return not self._ended
                time.sleep(self._caller.way.patience.backoff)
            else:
                return True
        return True
