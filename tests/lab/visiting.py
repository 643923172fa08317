"""Somebody who asks for a page again and again, and counts."""

from __future__ import annotations

import threading
import time
import urllib.request
from typing import Self

PAUSE = 0.05
ENOUGH = 5
LONGEST_SECONDS = 400.0


class Load:
    """Asks for `url` without end. `served` are answers that held `text`, `failed` what went wrong."""

    def __init__(self, url: str, text: str) -> None:
        self._url, self._text = url, text
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.served = 0
        self.failed: list[str] = []

    def _ask(self) -> None:
        while not self._end.wait(PAUSE):
            try:
                page = fetch(self._url)
            except OSError as error:
                self.failed.append(str(error))
            else:
                self.served += self._text in page
                if self._text not in page:
                    self.failed.append(page)

    def more(self) -> int:
        """Wait until it was served some more times, or failed; give how often."""
        before, until = self.served, time.monotonic() + LONGEST_SECONDS
        while self.served < before + ENOUGH and not self.failed and time.monotonic() < until:
            time.sleep(0.02)
        return self.served - before

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def fetch(url: str) -> str:
    """Give a page's text."""
    with urllib.request.urlopen(url, timeout=240) as answer:  # noqa: S310 - what `deploy` printed, on loopback
        return str(answer.read().decode())
