"""`natless status`: what stands."""

from __future__ import annotations

import sys

import msgspec

from natless.cli.arguments import Arguments, Command
from natless.cli.ending import paint_for_output
from natless.cli.saying import say
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_options, world_of
from natless.report.status_text import status_json, status_text


def _takes(arguments: Arguments) -> None:
    arguments.path()
    to_options(arguments)
    arguments.flag("--json", "The answer as JSON.", dest="as_json")


def status(path: str, to: str, profile: str | None, region: str | None, *, as_json: bool) -> None:
    """Show the stack, tasks and targets of PATH, a natless.toml or its folder, as they stand."""
    from natless.deploy import status as read_status  # noqa: PLC0415 - boto3 costs a fifth of a second

    spec = spec_of(path)
    where = world_of(spec, to, profile, region)
    with failures_in_words():
        found = read_status(where.connect, spec.name)
        if where.lab and found.url:
            found = msgspec.structs.replace(found, url=_page(found.url))
    if as_json:
        say(status_json(found))
    else:
        say(status_text(found, paint_for_output()))
    sys.exit(0 if found.state else 4)


command = Command(status, _takes)


def _page(url: str) -> str:
    """Give the page of this host that leads to a load balancer of the lab, else the name that only the lab knows."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    pages: dict[str, str] = control.ask("status")["pages"]
    scheme, _, name = url.rstrip("/").partition("://")
    return pages.get(f"{name}:443" if scheme == "https" else name, url)
