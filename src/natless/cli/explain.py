"""`natless explain`: a rule, or an error text as ECS wrote it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from natless import prove
from natless.cli.arguments import Arguments, Command
from natless.cli.ending import FINDINGS
from natless.cli.saying import say
from natless.report.explanation import explanation_text


def _takes(arguments: Arguments) -> None:
    arguments.add_argument("words", nargs="*", metavar="CODE | NAME | ERROR TEXT")


def explain(words: Sequence[str]) -> None:
    """Explain a rule by code (NL201) or name (route-missing), an ECS error text, or a Reachability Analyzer code.

    Without words, or with `-`, the text is read from standard input.
    """
    text = " ".join(words)
    if text in {"", "-"}:
        # Bytes, since what people paste may be cut in the middle of a letter; none where standard input is closed.
        text = sys.stdin.buffer.read().decode(errors="replace") if sys.stdin is not None else ""
    found = prove.explain(text)
    if found is None:
        say(
            "natless: nothing is known of this text. `natless explain` takes a rule's code or name, the stoppedReason"
            " of an ECS task pasted whole, or an explanation code of VPC Reachability Analyzer.",
            aside=True,
        )
        sys.exit(FINDINGS)
    say(explanation_text(found))


command = Command(explain, _takes)
