"""What a scenario script needs: to run in new namespaces, and to print what it saw."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from natless.lab.kernel import confinement

_LONGEST_SECONDS = 800


def see(scenario: Callable[[], Any]) -> None:
    """Run `scenario` as root of new namespaces; print its result as JSON, or fail with its traceback."""
    told, tell = os.pipe()

    def inner() -> int:
        signal.alarm(_LONGEST_SECONDS)
        try:
            text = json.dumps(scenario())
        except Exception:  # noqa: BLE001 - told to the process outside, which fails with it
            os.write(tell, b"!" + traceback.format_exc().encode())
            return 1
        _write(tell, text.encode())
        return 0

    confinement.spawn(inner)
    os.close(tell)
    with os.fdopen(told, "rb") as result:
        text = result.read().decode()
    if text.startswith("!") or not text:
        sys.exit(text or "the scenario ended without a word")
    sys.stdout.write(text)


def _write(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
