"""The text of `natless cost`: a line a resource with its sum, then traffic, then the break-even and the options."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from natless.catalog.instance_prices import source
from natless.catalog.prices import REGIONS, SOURCE, SPOT_SOURCE
from natless.cost import BreakEven, Estimate, Line, Option
from natless.report.paint import Paint


def cost_text(estimate: Estimate, against: BreakEven | None, paint: Paint) -> str:
    """Give the whole answer as text."""
    lines = [
        paint.strong(f"USD for {estimate.hours} hours in {estimate.region}, on demand, without tax"),
        *(_line(line, paint) for line in estimate.lines),
    ]
    scaled = f", {estimate.most} scaled out" if estimate.most > estimate.total else ""
    without = f", and {estimate.unpriced} that have no price" if estimate.unpriced else ""
    lines += [f"{estimate.total:>10}  {paint.strong('in all')}{scaled}{paint.doubtful(without)}", ""]
    if estimate.traffic:
        lines.append(paint.strong("and by traffic"))
        for each in estimate.traffic:
            usd = "no price" if each.usd is None else "free" if not each.usd else str(each.usd)
            lines.append(f"{usd:>10}  a {each.unit} {each.what}")
        lines.append("")
    if against is not None:
        lines += [*_against(against), ""]
    if estimate.unpriced and estimate.region not in REGIONS:
        lines.append(f"prices are held for {', '.join(REGIONS)}: --prices-of REGION takes one of these")
    lines.append(paint.faint(f"prices: {SOURCE.document}, read {SOURCE.read}"))
    if any(line.what.startswith("instances") for line in estimate.lines):
        lines.append(_instance_source(estimate.region, paint))
    return "\n".join(lines)


def _line(line: Line, paint: Paint) -> str:
    usd = "?" if line.usd is None else str(line.usd)
    detail = paint.doubtful(line.why) if line.usd is None else line.how
    most = f" (to {line.most})" if line.most is not None else ""
    return f"{usd:>10}{most}  {line.resource}: {line.what}" + (f": {detail}" if detail else "")


def _against(against: BreakEven) -> Iterator[str]:
    many = "s" if against.nats > 1 else ""
    yield (
        f"{against.endpoints} interface endpoints in {against.zones} zones {against.endpoints_usd},"
        f" {against.nats} NAT gateway{many} with address{'es' if many else ''} {against.nats_usd}"
    )
    if against.gb is None:
        yield f"the endpoints cost less by {against.nats_usd - against.endpoints_usd}, whatever the traffic"
        return
    more = against.endpoints_usd - against.nats_usd
    yield (
        f"NAT costs less by {more} until {against.gb} GB a month go to S3 (image layers do): free by the gateway "
        f"endpoint, {against.nat_gb_usd} a GB through NAT"
    )
    yield "what a NAT gateway gives besides is a way from every task to all of the internet"


def _instance_source(region: str, paint: Paint) -> str:
    said = source(region)
    return paint.faint(f"instances: {said.document}, read {said.read}")


def options_text(service: str, region: str, options: tuple[Option, ...], paint: Paint) -> str:
    """Give the launch types of one service side by side."""
    lines = [paint.strong(f"{service}: Fargate, Fargate Spot, EC2")]
    for option in options:
        launch = option.launch
        lines += [
            f"  {paint.strong(launch.name)}: {_range(option.usd) or paint.doubtful(option.why)}",
            *(f"    {name:<15} {text}" for name, text in _rows(option)),
        ]
    for option in options:
        if option.reason:
            lines.append(f"  {paint.strong(f'take {option.launch.name}')}: {option.reason}")
    lines.append(paint.faint(f"Spot: {SPOT_SOURCE.document}, read {SPOT_SOURCE.read}"))
    lines.append(_instance_source(region, paint))
    return "\n".join(lines)


def _rows(option: Option) -> list[tuple[str, str]]:
    launch = option.launch
    return [
        ("infrastructure", launch.infrastructure),
        ("unit", launch.unit),
        ("billed", launch.billing),
        *([("here", option.needs)] if option.needs else []),
        ("customisation", launch.customisation),
        ("network", launch.network),
        ("when", launch.advice),
    ]


def _range(usd: tuple[Decimal, Decimal] | None) -> str:
    if usd is None:
        return ""
    least, most = usd
    return f"{least}" if least == most else f"{least} to {most}"
