"""Repair of moto's CloudWatch Logs: a stream keeps its newest events only, for here they live in memory."""

from __future__ import annotations

from typing import Any

from moto.logs.models import LogStream

KEPT_BYTES = 8 << 20
"""Bytes of messages that a stream keeps; AWS keeps all of them."""
KEPT_EVENTS = 50_000


def _put(original: Any) -> Any:
    def put_log_events(self: Any, log_events: list[dict[str, Any]]) -> Any:
        answer = original(self, log_events)
        if self.stored_bytes > KEPT_BYTES or len(self.events) > KEPT_EVENTS:
            _forget(self)
        return answer

    return put_log_events


def _forget(stream: Any) -> None:
    """Take the oldest events away until half of what may be kept is left, so that it is seldom done."""
    kept, size = 0, 0
    for event in reversed(stream.events):
        size += len(event.message)
        if size > KEPT_BYTES // 2 or kept >= KEPT_EVENTS // 2:
            break
        kept += 1
    stream.events = stream.events[len(stream.events) - kept :]
    stream.stored_bytes = sum(len(event.message) for event in stream.events)


def repair() -> None:
    """Put the repaired streams in the place of moto's; once."""
    given: Any = LogStream
    if given.put_log_events.__module__ != __name__:
        given.put_log_events = _put(given.put_log_events)
