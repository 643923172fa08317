"""`natless template`: the artefact that is proved and deployed."""

from __future__ import annotations

import click

from natless import design
from natless.cli.source import spec_of


@click.command(short_help="print the CloudFormation template that deploy uses")
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--images", is_flag=True, help="The NAME-images stack (repositories) instead of the main one.")
def template(path: str, *, images: bool) -> None:
    """Print the CloudFormation template that `deploy` uses for PATH, a natless.toml or its folder."""
    spec = spec_of(path)
    designed = design.write(spec)
    wanted = designed.images if images else designed.main
    if wanted is None:
        raise click.UsageError(
            f"{spec.source} makes no repository, so there is no stack {design.images_stack(spec)}: its image is given"
        )
    click.echo(design.text(wanted))
