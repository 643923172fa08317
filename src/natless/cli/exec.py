"""`natless exec`: refused with its reason, until it opens sessions itself."""

from __future__ import annotations

from collections.abc import Sequence

from natless.cli.arguments import Arguments, Command, UsageError


def _takes(arguments: Arguments) -> None:
    arguments.add_argument("words", nargs="*", metavar="...")


def exec(words: Sequence[str]) -> None:  # noqa: A001 - the command's name is the function's
    """Say why no shell can be opened in a running task, and what can be done instead.

    With `exec = true` in [services.NAME] a deployment is ready for ECS Exec; the session is opened by AWS's own tools.
    """
    del words
    raise UsageError(
        "natless exec is not built yet. With exec = true in [services.NAME] a deployment on AWS is ready for "
        "`aws ecs execute-command`. To run a command in a task of its own, in the service's network and with its "
        "secrets: natless run SERVICE --command '...' --to ..."
    )


command = Command(exec, _takes)
