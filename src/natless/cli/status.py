"""`natless status`: what stands."""

from __future__ import annotations

import sys

import click
import msgspec

from natless.cli.ending import paint_for_output
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_option, world_of
from natless.report.status_text import status_json, status_text


@click.command(short_help="show the stack, tasks and targets as they stand")
@click.argument("path", default=".", metavar="[PATH]")
@to_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
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
        click.echo(status_json(found))
    else:
        click.echo(status_text(found, paint_for_output()))
    sys.exit(0 if found.state else 4)


def _page(url: str) -> str:
    """Give the page of this host that leads to a load balancer of the lab, else the name that only the lab knows."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    pages: dict[str, str] = control.ask("status")["pages"]
    return pages.get(url.removeprefix("http://").rstrip("/"), url)
