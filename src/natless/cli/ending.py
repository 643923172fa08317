"""How a command ends: words on standard error, and the exit code that design section 9 gives."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TextIO

from natless.cli.arguments import UsageError
from natless.cli.saying import say
from natless.finding import Finding
from natless.load import LoadError
from natless.report.check_text import finding_lines
from natless.report.paint import Paint
from natless.spec.read import SpecError

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT})
"""A disk that is full, a terminal that is gone: what standard output can end in besides a reader that has gone."""

FINDINGS = 1
USAGE = 2
UNKNOWN = 3
WORLD = 4


@contextmanager
def ending() -> Iterator[None]:
    """Turn the failures that bad input causes into findings with their places, and exit 2."""
    try:
        yield
    except UsageError as error:
        say(f"natless: {error}", aside=True)
        sys.exit(USAGE)
    except (SpecError, LoadError) as error:
        refuse(error.findings)
    except KeyboardInterrupt:
        say("\nnatless: interrupted", aside=True)
        sys.exit(WORLD)
    except BrokenPipeError:
        # Who reads has gone (`natless ... | head`); what was not written is not missed.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        with suppress(OSError):
            say(f"natless: the answer cannot be written: {error.strerror}", aside=True)
        # What is left in the buffer would fail once more when Python ends.
        os._exit(WORLD)


def refuse(findings: tuple[Finding, ...], code: int = USAGE) -> NoReturn:
    """Print every finding on standard error, and exit: 2 for input that cannot be used, 1 for what would not work."""
    paint = Paint(on=_is_terminal(sys.stderr))
    for finding in findings:
        say("\n".join(finding_lines(finding, paint)), aside=True)
    sys.exit(code)


def world_failed(cause: str) -> NoReturn:
    """Say in words what in the world failed (an account, the lab, this machine), and exit 4."""
    say(f"natless: {cause}", aside=True)
    sys.exit(WORLD)


def paint_for_output() -> Paint:
    """Colour standard output only where a terminal shows it."""
    return Paint(on=_is_terminal(sys.stdout))


def _is_terminal(stream: TextIO | None) -> bool:
    """Say whether a stream is a terminal; who closes it (`natless check >&-`) leaves Python none at all."""
    return stream is not None and stream.isatty()
