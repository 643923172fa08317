"""Which templates the tests of this session read, in whichever process: the differential test asks packets of them.

conftest.py has them written down and puts that test last; it waits for those that run in other processes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from natless import load
from natless.cloud import Cloud

_NO_PROGRESS_SECONDS = 300.0
"""Where no process has ended a test for so long, one of them has died: its tests have failed already."""


class Reading(msgspec.Struct, frozen=True):
    """One template as a test had it read: by which test, and with what."""

    test: str
    text: str
    parameters: Mapping[str, str]
    region: str | None
    account: str | None

    @property
    def file(self) -> str:
        """The test's file."""
        return self.test.partition("::")[0]


_own: dict[bytes, Reading] = {}
_shared: list[Reading] = []


def record() -> None:
    """Have every template written down that is read from now on."""
    real = load.cloudformation

    def read(
        text: str, source: str, parameters: Mapping[str, str], region: str | None, account: str | None = None
    ) -> Cloud:
        # What cannot be read has no network.
        cloud = real(text, source, parameters, region, account)
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        key = msgspec.json.encode([text, dict(parameters), region, account])
        if key not in _own:
            _own[key] = Reading(test, text, dict(parameters), region, account)
            _shared.append(_own[key])
        return cloud

    load.cloudformation = read


def _folder() -> Path | None:
    """Give where the processes of this session meet; None where there is one process."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return Path(tempfile.gettempdir()) / f"natless-readings-{run}" if run else None


def share() -> None:
    """Tell the other processes that a test has ended, and what it had read."""
    folder = _folder()
    if folder is not None:
        folder.mkdir(exist_ok=True)
        with (folder / os.environ["PYTEST_XDIST_WORKER"]).open("ab") as file:
            file.write(msgspec.json.encode(_shared) + b"\n")
    _shared.clear()


def everybodys(tests: int) -> list[Reading]:
    """Give what all `tests` of the session but the last had read, once they have ended."""
    folder = _folder()
    if folder is None:
        return list(_own.values())
    ended, since = -1, time.monotonic()
    while ended < tests - 1 and time.monotonic() < since + _NO_PROGRESS_SECONDS:
        now = sum(len(_lines(file)) for file in folder.glob("*"))
        if now > ended:
            ended, since = now, time.monotonic()
        time.sleep(0.2)
    found = [
        each
        for file in folder.glob("*")
        for line in _lines(file)
        for each in msgspec.json.decode(line, type=list[Reading])
    ]
    shutil.rmtree(folder)
    return found


def _read(line: bytes) -> list[Reading]:
    return msgspec.json.decode(line, type=list[Reading])


def _lines(file: Path) -> list[bytes]:
    """Give the whole lines of a file that somebody may be writing to."""
    return file.read_bytes().split(b"\n")[:-1]
