"""Progress on a terminal and in a log."""

from __future__ import annotations

import io

import pytest

from natless.cli.telling import Teller
from natless.deploy.progress import Said, Underway
from natless.report.paint import Paint
from natless.report.progress_text import to_go

PLAIN = Paint(on=False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_at_the_bottom_that_is_rewritten() -> None:
    screen = Terminal()
    teller = Teller(PLAIN, screen)
    teller.tell(Underway("hello", 1, 5, 100))
    teller.tell(Underway("hello", 1, 5, 101))
    teller.tell(Said("made"))
    teller.tell(Underway("hello", 2, 5, 90))
    teller.clear()
    assert screen.getvalue() == (
        "hello: 1 of 5 done, about 100 s to go\r\x1b[2Kmade\nhello: 2 of 5 done, about 90 s to go\r\x1b[2K"
    )


def test_a_log_has_a_line_now_and_then() -> None:
    log, clock = io.StringIO(), iter((0.0, 10.0, 31.0, 31.0, 40.0))
    teller = Teller(PLAIN, log, lambda: next(clock))
    for done in range(3):
        teller.tell(Underway("hello", done, 5, 100))
    teller.clear()
    assert log.getvalue() == "hello: 1 of 5 done, about 100 s to go\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "almost there"),
        (3, "about 10 s to go"),
        (84, "about 80 s to go"),
        (125, "about 2 min to go"),
        (215, "about 3.5 min to go"),
    ],
)
def test_a_time_is_said_no_more_exactly_than_it_is_known(seconds: float, words: str) -> None:
    assert to_go(seconds) == words
