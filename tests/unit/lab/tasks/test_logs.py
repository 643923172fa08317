"""Lines between a container and CloudWatch Logs: bounded, whatever the container writes.

Modes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html ("When the buffer fills up,
further logs cannot be stored. Logs that cannot be stored are lost.")
"""

from __future__ import annotations

import os
import threading
from typing import Any, cast

import pytest

from natless.lab.services import logs as account_logs
from natless.lab.tasks import logs
from natless.lab.tasks.calls import Caller
from natless.lab.tasks.logs import LogShipper, LogTarget

LONGEST = 240.0


class Cloud:
    """CloudWatch Logs, which answers when it is let."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.lines: list[str] = []

    def call(self, _service: str, _operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert self.open.wait(LONGEST)
        self.lines += [event["message"] for event in arguments["logEvents"]]
        return {}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def ship(cloud: Cloud, *, blocking: bool, buffer: int) -> tuple[LogShipper, int]:
    reading, writing = os.pipe()
    return LogShipper(cast("Caller", cloud), LogTarget("/g", "s", blocking, buffer), reading), writing


def write(pipe: int, count: int) -> None:
    with os.fdopen(pipe, "wb") as output:
        for number in range(count):
            output.write(f"line {number:06}\n".encode())


def test_every_line_arrives_in_order(cloud: Cloud) -> None:
    cloud.open.set()
    shipper, pipe = ship(cloud, blocking=False, buffer=1 << 20)
    write(pipe, 3000)
    shipper.finish(LONGEST)
    assert cloud.lines == [f"line {number:06}" for number in range(3000)]


def test_non_blocking_loses_what_finds_the_buffer_full(cloud: Cloud) -> None:
    shipper, pipe = ship(cloud, blocking=False, buffer=1100)
    write(pipe, 4000)  # it does not wait for anybody
    cloud.open.set()
    shipper.finish(LONGEST)
    assert 100 <= len(cloud.lines) < 4000
    assert cloud.lines == sorted(cloud.lines)


def test_blocking_makes_the_container_wait_and_loses_nothing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LINES_A_SECOND", 1_000_000)
    shipper, pipe = ship(cloud, blocking=True, buffer=11_000)
    writer = threading.Thread(target=write, args=(pipe, 20_000))
    writer.start()
    writer.join(0.5)
    assert writer.is_alive(), "what was read must be bounded while nothing is sent"
    cloud.open.set()
    shipper.finish(LONGEST)
    writer.join(LONGEST)
    assert len(cloud.lines) == 20_000


def test_a_line_without_end_is_cut(cloud: Cloud) -> None:
    cloud.open.set()
    shipper, pipe = ship(cloud, blocking=False, buffer=10 << 20)
    with os.fdopen(pipe, "wb") as output:
        output.write(b"x" * 600_000)
    shipper.finish(LONGEST)
    assert [len(line) for line in cloud.lines] == [250_000, 250_000, 100_000]


class Stream:
    """A stream of the account's, as far as it is shortened."""

    def __init__(self, sizes: list[int]) -> None:
        self.events = [type("Event", (), {"message": "x" * size})() for size in sizes]
        self.stored_bytes = sum(sizes)


def test_the_account_keeps_the_newest_events_of_a_stream() -> None:
    stream = Stream([account_logs.KEPT_BYTES] + [1024] * 10)
    account_logs._forget(stream)
    assert [len(event.message) for event in stream.events] == [1024] * 10
    assert stream.stored_bytes == 10 * 1024
    many = Stream([1] * (account_logs.KEPT_EVENTS + 1))
    account_logs._forget(many)
    assert len(many.events) == account_logs.KEPT_EVENTS // 2
