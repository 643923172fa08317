"""`natless destroy`: take a deployment away, and keep what holds data unless asked."""

from __future__ import annotations

import sys

from natless.cli.arguments import Arguments, Command
from natless.cli.ending import FINDINGS, paint_for_output
from natless.cli.saying import agreed, say
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, must_be_agreed, to_options, world_of
from natless.report.progress_text import progress_lines


def _takes(arguments: Arguments) -> None:
    arguments.path()
    to_options(arguments)
    arguments.flag("--images", "Delete the images and their repositories too.")
    arguments.flag("--logs", "Delete the log groups too.")
    arguments.flag("--yes", "Do not ask; on AWS needed where there is no terminal.")


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
        if not agreed(f"delete {spec.name}{also} in {where.region}?"):
            sys.exit(FINDINGS)
    paint = paint_for_output()
    with failures_in_words(changing=True):
        pace = Pace(every=0.1) if where.lab else Pace()
        for event in take_away(where.connect, spec.name, images=images, logs=logs, pace=pace):
            for line in progress_lines(event, paint):
                say(line)


command = Command(destroy, _takes)
