"""The awslogs driver: a container's lines to CloudWatch Logs, by the endpoint, from the task's own address."""

from __future__ import annotations

import collections
import contextlib
import os
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from natless.catalog import containers
from natless.lab.tasks import words
from natless.lab.tasks.calls import Caller, CallError

_EVENTS = 1000
"""Events a PutLogEvents call carries here; the API takes 10,000."""
_BYTES = 900_000
"""Bytes a call carries; the API takes 1 MiB, and counts 26 bytes an event besides its text."""
_LINE = 250_000
"""Longest event in bytes; the API takes 256 KiB, and longer lines are cut into pieces, as the driver does."""
_LINES_A_SECOND = 5000
_BYTES_A_SECOND = 4 << 20
"""What is read of one container: a flood would take everybody's time. The container waits, as at a pipe."""
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class LogTarget(msgspec.Struct, frozen=True):
    """Where a container's lines go."""

    group: str
    stream: str
    blocking: bool = False
    buffer: int = containers.LOG_BUFFER.value


def log_target(container: Mapping[str, Any], task: str) -> LogTarget | None:
    """Give a container's log stream (`PREFIX/CONTAINER/TASK`); None where it has no awslogs driver."""
    settings = container.get("logConfiguration") or {}
    if settings.get("logDriver") != "awslogs":
        return None
    options = settings.get("options") or {}
    stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{task}"
    buffer = _size(str(options.get("max-buffer-size") or ""))
    return LogTarget(str(options.get("awslogs-group", "")), stream, options.get("mode") == "blocking", buffer)


def _size(text: str) -> int:
    """Read a size as Docker writes it (`25m`, `4096`); what is none is the default."""
    found = re.fullmatch(r"(\d+) ?([bkmg]?)b?", text.lower())
    return int(found[1]) * _UNITS[found[2] or "b"] if found else containers.LOG_BUFFER.value


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


class _Waiting:
    """Lines between the container and CloudWatch Logs, bounded in bytes."""

    def __init__(self, target: LogTarget | None) -> None:
        self._size = target.buffer if target else 0
        self._blocking = target is not None and target.blocking
        self._lines: collections.deque[tuple[int, bytes]] = collections.deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self.closed = False

    def add(self, lines: list[bytes]) -> None:
        """Take lines in; where there is no room, wait for it, or lose them."""
        now = int(time.time() * 1000)
        with self._changed:
            for line in lines:
                while self._blocking and self._bytes >= self._size and not self.closed:
                    self._changed.notify_all()
                    self._changed.wait()
                if self._bytes + len(line) <= self._size or (self._blocking and not self.closed):
                    self._lines.append((now, line))
                    self._bytes += len(line)
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more; what waits may still be taken out."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def take(self) -> list[tuple[int, bytes]]:
        """Wait for lines and give what one call carries; nothing at the end."""
        with self._changed:
            while not self._lines and not self.closed:
                self._changed.wait()
            batch: list[tuple[int, bytes]] = []
            size = 0
            while self._lines and len(batch) < _EVENTS and size < _BYTES - _LINE:
                batch.append(self._lines.popleft())
                self._bytes -= len(batch[-1][1])
                size += len(batch[-1][1]) + 26
            self._changed.notify_all()
            return batch


class LogShipper:
    """Reads a container's output from a pipe and sends it on, in one thread each for reading and sending."""

    def __init__(self, caller: Caller, target: LogTarget | None, pipe: int) -> None:
        """Take the pipe's reading end, which is closed at its end; None as target reads and drops."""
        self._caller = caller
        self._target = target
        self._pipe = pipe
        self._waiting = _Waiting(target)
        self._ahead = 0.0
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._send)]
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float) -> None:
        """Wait until everything is sent, `seconds` at most; what is left then is lost."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._waiting.close()

    def _read(self) -> None:
        rest = b""
        with os.fdopen(self._pipe, "rb", buffering=0) as pipe:
            while chunk := pipe.read(65536):
                self._pace(len(chunk), chunk.count(b"\n"))
                if self._target is None:
                    continue
                *lines, rest = (rest + chunk).split(b"\n")
                while len(rest) > _LINE:
                    lines.append(rest[:_LINE])
                    rest = rest[_LINE:]
                self._waiting.add(_pieces(lines))
        self._waiting.add(_pieces([rest]) if rest else [])
        self._waiting.close()

    def _pace(self, length: int, lines: int) -> None:
        """Pause where more has come than a second may bring."""
        now = time.monotonic()
        cost = max(length / _BYTES_A_SECOND, lines / _LINES_A_SECOND)
        self._ahead = max(self._ahead, now - 1.0) + cost
        if self._ahead > now:
            time.sleep(self._ahead - now)

    def _send(self) -> None:
        while batch := self._waiting.take():
            if not self._put(batch):
                return
            time.sleep(0 if self._waiting.closed or len(batch) == _EVENTS else 0.05)

    def _put(self, batch: list[tuple[int, bytes]]) -> bool:
        """Send one batch, again while CloudWatch Logs cannot be reached; False where the container ended meanwhile."""
        if self._target is None:
            return True
        texts = [(when, line.decode(errors="replace").removesuffix("\r")) for when, line in batch]
        events = [{"timestamp": when, "message": text} for when, text in texts if text]
        arguments = {"logGroupName": self._target.group, "logStreamName": self._target.stream, "logEvents": events}
        while events:
            try:
                self._caller.call("logs", "PutLogEvents", arguments)
            except CallError as error:
                if self._waiting.closed or not error.connection:
                    return not self._waiting.closed
                time.sleep(self._caller.way.patience.backoff)
            else:
                return True
        return True


def _pieces(lines: list[bytes]) -> list[bytes]:
    return [line[start : start + _LINE] for line in lines for start in range(0, len(line), _LINE)]
