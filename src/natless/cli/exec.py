"""`natless exec`: refused with its reason, until a spec can ask for it."""

from __future__ import annotations

from collections.abc import Sequence

from natless.cli.arguments import Arguments, Command, UsageError


def _takes(arguments: Arguments) -> None:
    arguments.add_argument("words", nargs="*", metavar="...")


def exec(words: Sequence[str]) -> None:  # noqa: A001 - the command's name is the function's
    """Say why no shell can be opened in a running task, and what can be done instead.

    ECS Exec has to be on before a task starts, and needs more of the network than this version writes.
    """
    del words
    raise UsageError(
        "ECS Exec is not built yet: it must be on before a task starts, and needs an ssmmessages endpoint and a task "
        "role with the four ssmmessages actions, which natless.toml cannot ask for in this version. To run a command "
        "in the service's network, with its secrets: natless run SERVICE --command '...' --to ..."
    )


command = Command(exec, _takes)
