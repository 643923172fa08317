"""`natless explain`: a rule, or an error text as ECS wrote it."""

from __future__ import annotations

import sys

import click

from natless import prove
from natless.cli.ending import FINDINGS
from natless.report.explanation import explanation_text


@click.command(short_help="explain a rule, or an ECS error text pasted whole")
@click.argument("words", nargs=-1, metavar="CODE | NAME | ERROR TEXT")
def explain(words: tuple[str, ...]) -> None:
    """Explain a rule by code (NL201) or name (route-missing), an ECS error text, or a Reachability Analyzer code.

    Without words, or with `-`, the text is read from standard input.
    """
    text = " ".join(words)
    if text in {"", "-"}:
        # Bytes, since what people paste may be cut in the middle of a letter; none where standard input is closed.
        text = sys.stdin.buffer.read().decode(errors="replace") if sys.stdin is not None else ""
    found = prove.explain(text)
    if found is None:
        click.echo(
            "natless: nothing is known of this text. `natless explain` takes a rule's code or name, the stoppedReason"
            " of an ECS task pasted whole, or an explanation code of VPC Reachability Analyzer.",
            err=True,
        )
        sys.exit(FINDINGS)
    click.echo(explanation_text(found))
