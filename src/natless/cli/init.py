"""`natless init`: a natless.toml for what is there."""

from __future__ import annotations

import os
import re

import click
import msgspec

from natless.cli.source import SPEC_NAME, text_of
from natless.spec.schema import schema as json_schema
from natless.spec.starter import starter

DOCKERFILE_LIMIT = 1_000_000


@click.command(short_help="write a natless.toml for a folder with a Dockerfile")
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of natless.toml, for editors, and write nothing.")
@click.option("--name", help="The application's name [the folder's].")
@click.option("--region", help="The region [AWS_REGION, else left to the profile].")
def init(folder: str, name: str | None, region: str | None, *, schema: bool) -> None:
    """Write a natless.toml for FOLDER, from the Dockerfile in it. Nothing that stands is overwritten."""
    if schema:
        click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())
        return
    target = os.path.join(folder, SPEC_NAME)
    dockerfile = os.path.join(folder, "Dockerfile")
    if not os.path.isdir(folder):
        raise click.UsageError(f"{folder} is no folder")
    if os.path.exists(target):
        raise click.UsageError(f"{target} stands already: edit it, or remove it first")
    text = text_of(dockerfile, DOCKERFILE_LIMIT) if os.path.isfile(dockerfile) else None
    chosen = name or name_from(os.path.basename(os.path.abspath(folder)))
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    content = starter(chosen, text, region)
    try:
        with open(target, "x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise click.UsageError(f"{target} cannot be written: {error.strerror}") from error
    click.echo(target)
    if text is None:
        click.echo(f"{dockerfile} does not exist: write one, or give image = in {target}", err=True)
    click.echo(f"next: natless check {folder}", err=True)


def name_from(folder: str) -> str:
    """Give a valid application name that is nearest to a folder's name."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", plain)[:20].strip("-") or "app"
