"""Environment files. Rules: ECS developer guide, "Use a file to pass environment variables to a container"."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from natless.lab.tasks.calls import Caller, CallError
from natless.lab.tasks.environment_files import fetch_environment, read_environment
from natless.lab.tasks.words import StartError

FILE = b"""# a comment
PLAIN=value

QUOTED="value with 'quotes'"
  SPACED = two words
EQUALS=a=b
PLAIN=again
EMPTY=
not a variable
=nameless
"""


def test_what_a_line_means() -> None:
    assert read_environment(FILE) == {
        "PLAIN": "value",
        "QUOTED": "\"value with 'quotes'\"",
        "SPACED": " two words",
        "EQUALS": "a=b",
    }


def test_files_as_other_systems_write_them() -> None:
    assert read_environment(b"\xef\xbb\xbfA=1\r\nB=2\r\n") == {"A": "1", "B": "2"}


class S3:
    """Answers for the objects that it has, and notes what it was asked for."""

    def __init__(self, **objects: bytes | CallError) -> None:
        self.objects = objects
        self.asked: list[tuple[str, str]] = []
        self.way = SimpleNamespace(patience=SimpleNamespace(retries=2, pause=0.0))

    def object(self, bucket: str, key: str, most: int) -> bytes:
        self.asked.append((bucket, key))
        found = self.objects[key.rpartition("/")[2].removesuffix(".env")]
        if isinstance(found, CallError):
            raise found
        return found[:most]


def fetched(s3: S3, *names: str) -> dict[str, str]:
    files: list[dict[str, Any]] = [{"type": "s3", "value": f"arn:aws:s3:::bucket/a/{name}.env"} for name in names]
    return fetch_environment(cast("Caller", s3), files)


def test_the_first_of_several_files_wins() -> None:
    s3 = S3(one=b"A=1\nB=1\n", two=b"B=2\nC=2\n")
    assert fetched(s3, "one", "two") == {"A": "1", "B": "1", "C": "2"}
    assert s3.asked == [("bucket", "a/one.env"), ("bucket", "a/two.env")]


START = "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "


@pytest.mark.parametrize(
    ("error", "said", "tries"),
    [
        # aws/aws-cdk #12720, aws/aws-cli #6470.
        (
            CallError("RequestError: ... dial tcp 3.5.1.1:443: i/o timeout", connection=True),
            "RequestCanceled: request context canceled caused by: context deadline exceeded",
            3,
        ),
        (
            CallError("AccessDenied: Access Denied status code: 403", connection=False),
            "AccessDenied: Access Denied status code: 403",
            1,
        ),
    ],
)
def test_a_file_that_does_not_come_stops_the_task(error: CallError, said: str, tries: int) -> None:
    s3 = S3(one=error)
    with pytest.raises(StartError) as failed:
        fetched(s3, "one")
    assert str(failed.value) == START + said
    assert len(s3.asked) == tries
