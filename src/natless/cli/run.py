"""`natless run`: one task of a service, now, and what becomes of it."""

from __future__ import annotations

import click

from natless.cli.ending import paint_for_output
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_option, world_of
from natless.report.progress_text import progress_lines


@click.command(short_help="start one more task of a service, and say what becomes of it")
@click.argument("service")
@click.argument("path", default=".", metavar="[PATH]")
@to_option
def run(service: str, path: str, to: str, profile: str | None, region: str | None) -> None:
    """Start one task of SERVICE as it is deployed, follow it until it runs, and stop it again.

    Says whether a new task can start in the network as it is now. Exit code 4, and ECS's own words, where it cannot.
    """
    from natless.deploy import Pace  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.deploy.run import run as run_task  # noqa: PLC0415 - as above

    spec = spec_of(path)
    where = world_of(spec, to, profile, region)
    paint = paint_for_output()
    with failures_in_words():
        for event in run_task(where.connect, spec.name, service, Pace(every=0.1) if where.lab else Pace()):
            for line in progress_lines(event, paint):
                click.echo(line)
