"""The command line: which commands there are, and how each ends."""

from __future__ import annotations

import gc
import io
import sys
from importlib import import_module

from natless.cli.arguments import Command, Group, run
from natless.version import __version__

COMMANDS = {
    "init": "write a natless.toml for a folder with a Dockerfile",
    "check": "prove that every task can start and be reached, before anything is deployed",
    "cost": "say what it costs by the month, resource by resource",
    "template": "print the CloudFormation template that deploy uses",
    "plan": "show what deploy would change, and what becomes reachable or blocked",
    "deploy": "build, push and deploy, on AWS or on the lab",
    "status": "show the stack, tasks and targets as they stand",
    "run": "start one more task of a service, and say what becomes of it",
    "exec": "a command or a shell in a running task",
    "logs": "show what the containers wrote",
    "rollback": "go back to an earlier image, or list the releases",
    "destroy": "delete what deploy made; images and logs only when asked",
    "lab": "run an AWS for private ECS on this Linux machine",
    "explain": "explain a rule, or an ECS error text pasted whole",
}
"""Name and one line, in the order of the work. Each stands in the module of its name, as `command`."""


def _opened(name: str) -> Command | Group:
    """Import a command only when it is run: `check` must not wait for what `lab` needs."""
    found = import_module(f"natless.cli.{name}").command
    assert isinstance(found, Command | Group)  # noqa: S101 - each command's module is ours
    return found


natless = Group(
    "Put a container on AWS ECS in private subnets, with no NAT gateway.\n\n"
    "Exit codes: 0 proven or done, 1 findings, 2 usage or spec, 3 unknown remains, 4 the world failed.",
    COMMANDS,
    _opened,
    version=f"natless, version {__version__}",
)


def main() -> None:
    """Run the command line; every expected failure ends in words and an exit code, never in a traceback."""
    # A command makes ten thousand small things and ends: sweeping for circles among them is a twentieth of `check`.
    gc.set_threshold(50_000)
    _read_structs()
    from natless.cli.ending import ending  # noqa: PLC0415 - the map of failures reads rooms that --version need not

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or pipe of another encoding gets a question mark for an arrow, and no traceback.
            stream.reconfigure(errors="replace")
    try:
        with ending():
            run("natless", natless, sys.argv[1:])
    finally:
        # The process ends here, and the interpreter's last sweeps would go through all of it: a tenth of `check`.
        gc.freeze()


def _read_structs() -> None:
    """Import msgspec without typing_extensions, which it takes where another package has brought it.

    It looks there for types that nothing here uses, and finding the module costs a tenth of `check`.
    """
    absent = "typing_extensions"
    if absent in sys.modules:
        return
    # None is how the import system marks a module that is not there.
    sys.modules[absent] = None  # type: ignore[assignment]
    try:
        import_module("msgspec")
    finally:
        del sys.modules[absent]


if __name__ == "__main__":
    main()
