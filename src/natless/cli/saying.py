"""Words to a person: an answer on standard output, what happens on standard error, and a question."""

from __future__ import annotations

import sys


def say(text: str, *, aside: bool = False, end: str = "\n") -> None:
    """Write an answer to standard output, or to standard error what is said `aside`; at once, whoever reads."""
    stream = sys.stderr if aside else sys.stdout
    if stream is not None:  # None where who started the command closed it
        stream.write(text + end)
        stream.flush()


def agreed(question: str) -> bool:
    """Ask on standard error until somebody answers yes or no; an empty answer, or none at all, is no."""
    while True:
        say(f"{question} [y/N]: ", aside=True, end="")
        answer = sys.stdin.readline() if sys.stdin is not None else ""
        if not answer:
            say("", aside=True)
        match answer.strip().lower():
            case "y" | "yes":
                return True
            case "" | "n" | "no":
                return False
            case _:
                say("answer y or n", aside=True)
