"""What somebody types, run in this process: the tests that put something in a command's place need it here."""

from __future__ import annotations

import contextlib
import io
from typing import NamedTuple
from unittest import mock

from natless.cli.arguments import run
from natless.cli.ending import ending
from natless.cli.main import natless


class Done(NamedTuple):
    """How a command ended, and what it said."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Give all that it said."""
        return self.stdout + self.stderr


def typed(*words: str) -> Done:
    """Run `natless WORDS...`, with nothing on its standard input."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch("sys.stdin", io.StringIO()):
        try:
            with ending():
                run("natless", natless, words)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())
