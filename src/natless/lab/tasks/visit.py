"""Starts a command in a container that runs already, as `docker exec` does; `entering` is the process that goes in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from natless.lab.tasks import seccomp
from natless.lab.tasks.runner import CAPABILITY_NUMBERS, Container, in_memory, shielded

_LIBRARIES = {name: text for name, text in os.environ.items() if name == "LD_LIBRARY_PATH"}
"""What Python itself may need to start where it was moved to."""
_ENTERING = str(Path(__file__).with_name("entering.py"))


def enter(
    container: Container,
    command: Sequence[str],
    *,
    terminal: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` as the container's user, with its environment and what `environment` adds.

    `terminal` is a descriptor of a terminal's outer end; without one the command's streams lead nowhere.
    """
    process = container.process
    asked = {
        "pid": container.pid,
        "arguments": list(command),
        "environment": {**process.environment, **(environment or {})},
        "directory": process.directory,
        "user": process.user,
        "group": process.group,
        "capabilities": [] if process.user else list(CAPABILITY_NUMBERS),
        "processes": process.bounds.processes,
        "filter": seccomp.profile().hex() if seccomp.supported() else "",
        "terminal": terminal,
    }
    told = in_memory(json.dumps(asked).encode())
    try:
        return subprocess.Popen(
            [shielded(sys.executable), "-I", "-S", _ENTERING],
            stdin=told,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_LIBRARIES,
            pass_fds=[] if terminal is None else [terminal],
            start_new_session=True,
        )
    finally:
        os.close(told)
