"""What a person reads where an account says no in the middle: the cause, and the way on. Codes: AWS's common errors."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from natless.cli.world import failures_in_words
from natless.deploy import DeployError

WAY_ON = "what was begun goes on or stands; the same command continues from there"
WAYS = (
    "AWS was asked more often than this account may: wait a minute, then run it again",
    "`natless template --role deploy` (push, read) prints the policy that allows what is needed",
)


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("ExpiredToken", "expired"), "AWS credentials have expired (ExpiredToken): run `aws sso login`"),
        (refused("Throttling", "Rate exceeded"), "(Throttling) when calling the DescribeStacks operation"),
        (refused("AccessDenied", "not authorized to perform: x"), "not authorized to perform: x"),
        (EndpointConnectionError(endpoint_url="https://cloudformation"), "AWS does not answer"),
    ],
)
@pytest.mark.parametrize("changing", [True, False])
def test_the_cause_is_first_and_the_way_on_is_said_where_something_was_begun(
    capsys: pytest.CaptureFixture[str], error: Exception, words: str, *, changing: bool
) -> None:
    with pytest.raises(SystemExit) as ended, failures_in_words(changing=changing):
        raise error
    assert ended.value.code == 4
    first, *rest = capsys.readouterr().err.splitlines()
    assert words in first
    assert [line for line in rest if line not in WAYS] == ([WAY_ON] if changing else [])


def test_what_deploy_itself_says_is_said_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), failures_in_words(changing=True):
        raise DeployError("web: tasks cannot start", ("task 1 stopped",), "do this")
    assert capsys.readouterr().err == "natless: web: tasks cannot start\ntask 1 stopped\ndo this\n"


def test_who_interrupts_is_told_the_way_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), failures_in_words():
        raise KeyboardInterrupt
    assert capsys.readouterr().err == f"\nnatless: interrupted: {WAY_ON}\n"
