"""Environment files of a container, read from S3 before it starts.

Format: ECS developer guide, "Use a file to pass environment variables to a container" (one VARIABLE=VALUE a line, lines
that begin with # and empty ones are left out, quotes and spaces are part of a value, the first of several files wins).
That a variable without a value is left out on Fargate: aws/containers-roadmap #2466. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from natless.lab.tasks import words
from natless.lab.tasks.calls import Caller, CallError, retried

_LARGEST = 1 << 20
"""Bytes that are read of one file: the lab's own bound, far beyond what a process takes as its environment."""


def fetch_environment(caller: Caller, files: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Give the variables of a container's files (`{"type": "s3", "value": ARN}`); raises words.StartError."""
    found: dict[str, str] = {}
    for each in files:
        bucket, _, key = each["value"].rpartition(":::")[2].partition("/")
        try:
            text = retried(caller, lambda bucket=bucket, key=key: caller.object(bucket, key, _LARGEST))  # type: ignore[misc]  # the default binds the loop's value
        except CallError as error:
            raise words.environment_file(error) from error
        found = read_environment(text) | found
    return found


def read_environment(text: bytes) -> dict[str, str]:
    """Read a file's variables; a line that is none is left out, as ECS leaves it out."""
    found: dict[str, str] = {}
    for line in text.decode("utf-8-sig", errors="replace").splitlines():
        name, sign, value = line.partition("=")
        if name.strip() and sign and value and not name.startswith("#"):
            found.setdefault(name.strip(), value)
    return found
