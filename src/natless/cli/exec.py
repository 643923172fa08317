"""`natless exec`: a command, or a shell, in a task that runs."""

from __future__ import annotations

import sys

from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.ending import FINDINGS
from natless.cli.saying import say
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_options, world_of


def _takes(arguments: Arguments) -> None:
    arguments.add_argument("service")
    arguments.path()
    to_options(arguments)
    arguments.add_argument("--command", default="/bin/sh", metavar="COMMAND", help="What to run there [%(default)s].")
    arguments.add_argument("--task", default="", metavar="ID", help="Which task [the one that started last].")


def exec(  # noqa: A001 - the command's name is the function's
    service: str, path: str, to: str, profile: str | None, region: str | None, *, command: str, task: str
) -> None:
    """Run a command in a running task of SERVICE, at this terminal (ECS Exec).

    The command is split as a shell does, but run without one. It needs `exec = true` in natless.toml since the task was
    started, and on AWS the Session Manager plugin. ECS tells no exit code of it.
    """
    from natless.deploy import Pace, sessions  # noqa: PLC0415 - boto3 costs a fifth of a second

    if not command.strip():
        raise UsageError("--command is empty")
    spec = spec_of(path)
    with failures_in_words():
        program = "" if to == "lab" else sessions.plugin()
    where = world_of(spec, to, profile, region)
    with failures_in_words():
        pace = Pace(every=0.2) if where.lab else Pace()
        session = sessions.open_session(where.connect, spec.name, service, command, task=task, pace=pace)
        say(f"task {session.task}, container {session.container}", aside=True)
        if where.lab:
            from natless.lab.visiting import visit  # noqa: PLC0415 - the lab's room is read only where it is meant

            visit(session.id, session.token)
            return
        endpoint = str(where.connect("ecs").meta.endpoint_url)
        ended = sessions.carry(program, session, where.region, endpoint, profile or "")
    sys.exit(FINDINGS if ended else 0)


command = Command(exec, _takes)
