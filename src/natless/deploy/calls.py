"""How `deploy` reaches AWS, waits, and reads a refusal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec
from botocore.exceptions import ClientError

from natless.catalog.refusal_codes import EXPIRED, NOT_KNOWN, THROTTLED

Connect: TypeAlias = Callable[[str], Any]
"""Gives the boto3 client of a service by its name; AWS's and the lab's are made alike."""


class Pace(msgspec.Struct, frozen=True):
    """How often the account is asked, in seconds.

    `patience` is how long a stack may show no event, `settling` how long tasks may take to be healthy once it stands.
    """

    every: float = 2.0
    patience: float = 1800.0
    settling: float = 600.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def ticks(self) -> Iterator[float]:
        """Give the seconds since the start, again and again, with a pause between two."""
        start = self.now()
        while True:
            yield self.now() - start
            self.sleep(self.every)


def code(error: ClientError) -> str:
    """Give AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def about_who_asks(error: ClientError) -> bool:
    """Say whether AWS refuses whoever asks, or that it is asked so often: no fault of what was asked."""
    return code(error) in EXPIRED | NOT_KNOWN | THROTTLED


def message(error: ClientError) -> str:
    """Give AWS's error text."""
    return str(error.response.get("Error", {}).get("Message", "") or error)


def pages(client: Any, operation: str, result: str, **arguments: Any) -> Iterator[Any]:
    """Give the items of the list `result` of all pages."""
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**arguments).get(result, ())
        return
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(result, ())
