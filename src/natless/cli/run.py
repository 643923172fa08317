"""`natless run`: one task of a service, now, and what becomes of it."""

from __future__ import annotations

import shlex
import sys

from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.ending import FINDINGS, paint_for_output
from natless.cli.saying import say
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_options, world_of
from natless.report.progress_text import progress_lines


def _takes(arguments: Arguments) -> None:
    arguments.add_argument("service")
    arguments.path()
    to_options(arguments)
    arguments.add_argument("--command", metavar="COMMAND", help="Run this in place of the image's CMD, to its end.")


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
                    say(line)
            for line in progress_lines(event, paint):
                say(line, aside=bool(words))
    sys.exit(FINDINGS if failed else 0)


command = Command(run, _takes)


def _words(command: str | None) -> tuple[str, ...]:
    if command is None:
        return ()
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--command {command!r} cannot be read: {error}") from error
    if not words:
        raise UsageError("--command is empty")
    return words
