"""`natless cost`: what it costs by the month, resource by resource."""

from __future__ import annotations

import sys

import click
import msgspec

from natless.catalog.prices import HOURS_A_MONTH, REGIONS
from natless.cli.check import parameter_values
from natless.cli.ending import UNKNOWN, paint_for_output
from natless.cli.source import source_of
from natless.cost import break_even, estimate
from natless.cost import compare as options_of
from natless.report.cost_json import cost_json
from natless.report.cost_text import cost_text, options_text


@click.command(short_help="what it costs by the month, resource by resource")
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A template parameter; repeatable.")
@click.option("--region", metavar="REGION", help="The region, where the source does not say it [AWS_REGION].")
@click.option("--prices-of", type=click.Choice(REGIONS), metavar="REGION", help=f"One of {', '.join(REGIONS)}.")
@click.option("--hours", type=click.IntRange(1, 8784), default=HOURS_A_MONTH, show_default=True, help="Hours counted.")
@click.option("--nats", type=click.IntRange(1, 4), default=1, show_default=True, help="NAT gateways to set against.")
@click.option("--compare", is_flag=True, help="Set Fargate, Fargate Spot and EC2 side by side for each service.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON; amounts are texts in USD.")
def cost(
    path: str,
    params: tuple[str, ...],
    region: str | None,
    prices_of: str | None,
    *,
    hours: int,
    nats: int,
    compare: bool,
    as_json: bool,
) -> None:
    """Say what PATH costs by the month: what `check` takes, a spec, a template, describe JSON or what stands.

    Prices are on demand, as natless holds them with their date; what has none is said to have none, and then the exit
    code is 3. Traffic comes on top.
    """
    cloud = source_of(path, parameter_values(params), region, None).cloud
    if prices_of is not None:
        cloud = msgspec.structs.replace(cloud, region=prices_of)
    found, against = estimate(cloud, hours), break_even(cloud, nats, hours)
    options = {name: options_of(cloud, each, hours) for name, each in cloud.services.items()} if compare else {}
    if as_json:
        click.echo(cost_json(found, against, options))
    else:
        paint = paint_for_output()
        click.echo(cost_text(found, against, paint))
        for name, each in options.items():
            click.echo(f"\n{options_text(name, each, paint)}")
    sys.exit(UNKNOWN if found.unpriced else 0)
