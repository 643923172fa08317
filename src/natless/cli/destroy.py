"""`natless destroy`: take a deployment away, and keep what holds data unless asked."""

from __future__ import annotations

import click

from natless.cli.ending import paint_for_output
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, must_be_agreed, to_option, world_of
from natless.report.progress_text import progress_lines


@click.command(short_help="delete what deploy made; images and logs only when asked")
@click.argument("path", default=".", metavar="[PATH]")
@to_option
@click.option("--images", is_flag=True, help="Delete the images and their repositories too.")
@click.option("--logs", is_flag=True, help="Delete the log groups too.")
@click.option("--yes", is_flag=True, help="Do not ask; on AWS needed where there is no terminal.")
def destroy(
    path: str, to: str, profile: str | None, region: str | None, *, images: bool, logs: bool, yes: bool
) -> None:
    """Delete the stack of PATH. Images and logs are kept unless asked for by name."""
    from natless.deploy import Pace  # noqa: PLC0415 - as above
    from natless.deploy import destroy as take_away  # noqa: PLC0415 - boto3 costs a fifth of a second

    spec = spec_of(path)
    where = world_of(spec, to, profile, region)
    must_be_agreed(where, yes=yes)
    if not yes and not where.lab:
        also = "".join([", its images" if images else "", ", its logs" if logs else ""])
        click.confirm(f"delete {spec.name}{also} in {where.region}?", abort=True, err=True)
    paint = paint_for_output()
    with failures_in_words(changing=True):
        pace = Pace(every=0.1) if where.lab else Pace()
        for event in take_away(where.connect, spec.name, images=images, logs=logs, pace=pace):
            for line in progress_lines(event, paint):
                click.echo(line)
