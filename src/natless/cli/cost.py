"""`natless cost`: what it costs by the month, resource by resource."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from natless.catalog.prices import HOURS_A_MONTH, REGIONS
from natless.cli.arguments import Arguments, Command, whole
from natless.cli.check import parameter_values
from natless.cli.ending import UNKNOWN, paint_for_output
from natless.cli.saying import say
from natless.cli.source import source_of
from natless.cost import break_even, estimate
from natless.cost import compare as options_of
from natless.report.cost_json import cost_json
from natless.report.cost_text import cost_text, options_text


def _takes(arguments: Arguments) -> None:
    arguments.path()
    arguments.add_argument(
        "--param",
        dest="params",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="A template parameter; repeatable.",
    )
    arguments.add_argument(
        "--region", metavar="REGION", help="The region, where the source does not say it [AWS_REGION]."
    )
    arguments.add_argument("--prices-of", choices=REGIONS, metavar="REGION", help=f"One of {', '.join(REGIONS)}.")
    arguments.add_argument("--hours", type=whole(1, 8784), default=HOURS_A_MONTH, help="Hours counted [%(default)s].")
    arguments.add_argument("--nats", type=whole(1, 4), default=1, help="NAT gateways to set against [%(default)s].")
    arguments.flag("--compare", "Set Fargate, Fargate Spot and EC2 side by side for each service.")
    arguments.flag("--json", "The answer as JSON; amounts are texts in USD.", dest="as_json")


def cost(
    path: str,
    params: Sequence[str],
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
        say(cost_json(found, against, options))
    else:
        paint = paint_for_output()
        say(cost_text(found, against, paint))
        for name, each in options.items():
            say(f"\n{options_text(name, cloud.region, each, paint)}")
    sys.exit(UNKNOWN if found.unpriced else 0)


command = Command(cost, _takes)
