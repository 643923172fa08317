"""`natless run`: one task of a service, now, and what becomes of it."""

from __future__ import annotations

import shlex
import sys

import click

from natless.cli.ending import FINDINGS, paint_for_output
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_option, world_of
from natless.report.progress_text import progress_lines


@click.command(short_help="start one more task of a service, and say what becomes of it")
@click.argument("service")
@click.argument("path", default=".", metavar="[PATH]")
@to_option
@click.option("--command", metavar="COMMAND", help="Run this in place of the image's CMD, to its end.")
def run(service: str, path: str, to: str, profile: str | None, region: str | None, *, command: str | None) -> None:
    """Start one task of SERVICE as it is deployed, follow it until it runs, and stop it again.

    Says whether a new task can start in the network as it is now. Exit code 4, and ECS's own words, where it cannot.

    With --command (split as a shell does, but run without one) the task runs it to its end, with the service's secrets,
    role and network: what it writes goes to standard output, the rest to standard error. Exit code 1 where the command
    fails. An ENTRYPOINT of the image stays in front of it: ECS can override CMD alone.
    """
    from natless.deploy import Pace  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.deploy.progress import Ran  # noqa: PLC0415 - as above
    from natless.deploy.run import run as run_task  # noqa: PLC0415 - as above

    spec = spec_of(path)
    words = _words(command)
    where = world_of(spec, to, profile, region)
    paint = paint_for_output()
    failed = False
    with failures_in_words():
        pace = Pace(every=0.1) if where.lab else Pace()
        for event in run_task(where.connect, spec.name, service, pace, words):
            if isinstance(event, Ran):
                failed = event.code != 0
                for line in event.lines:
                    click.echo(line)
            for line in progress_lines(event, paint):
                click.echo(line, err=bool(words))
    sys.exit(FINDINGS if failed else 0)


def _words(command: str | None) -> tuple[str, ...]:
    if command is None:
        return ()
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise click.BadParameter(f"{command!r} cannot be read: {error}", param_hint="--command") from error
    if not words:
        raise click.BadParameter("it is empty", param_hint="--command")
    return words
