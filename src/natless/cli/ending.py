"""How a command ends: words on standard error, and the exit code that design section 9 gives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from natless.finding import Finding
from natless.load import LoadError
from natless.report.check_text import finding_lines
from natless.report.paint import Paint
from natless.spec.read import SpecError

FINDINGS = 1
USAGE = 2
UNKNOWN = 3
WORLD = 4


@contextmanager
def ending() -> Iterator[None]:
    """Turn the failures that bad input causes into findings with their places, and exit 2."""
    try:
        yield
    except (SpecError, LoadError) as error:
        refuse(error.findings)
    except BrokenPipeError:
        # Who reads has gone (`natless ... | head`); what was not written is not missed.
        sys.stderr.close()
        sys.exit(0)


def refuse(findings: tuple[Finding, ...], code: int = USAGE) -> NoReturn:
    """Print every finding on standard error, and exit: 2 for input that cannot be used, 1 for what would not work."""
    paint = Paint(on=sys.stderr.isatty())
    for finding in findings:
        click.echo("\n".join(finding_lines(finding, paint)), err=True)
    sys.exit(code)


def world_failed(cause: str) -> NoReturn:
    """Say in words what in the world failed (an account, the lab, this machine), and exit 4."""
    click.echo(f"natless: {cause}", err=True)
    sys.exit(WORLD)


def paint_for_output() -> Paint:
    """Colour standard output only where a terminal shows it."""
    return Paint(on=sys.stdout.isatty())
