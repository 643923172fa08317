"""What a deploy would do, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

import msgspec

from natless.catalog.prices import REGIONS
from natless.cost import Difference
from natless.deploy.plan import Plan
from natless.deploy.progress import Changes, Unchanged
from natless.deploy.reach import Turn
from natless.report.check_text import finding_lines
from natless.report.paint import Paint
from natless.report.progress_text import changes_lines


def plan_json(plan: Plan) -> str:
    """Give the plan as JSON: `nothing` says whether there is anything to do; changes have AWS's own words."""
    answer = {"name": plan.name, "nothing": plan.nothing, **msgspec.to_builtins(plan)}
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


def plan_text(plan: Plan, paint: Paint) -> str:
    """Give the plan as text: the changes with what they cost, what becomes reachable or blocked, what else to know."""
    return "\n".join(_lines(plan, paint))


def _lines(plan: Plan, paint: Paint) -> Iterator[str]:
    for each in plan.stacks:
        match each:
            case Unchanged(stack=stack):
                yield f"{stack}: nothing to change"
            case Changes():
                yield from changes_lines(each, paint)
            case never:
                assert_never(never)
    changed = [_turn(each, paint) for each in plan.turns if not each.drift]
    yield from _part("what becomes of reachability", changed, paint)
    drifted = [_turn(each, paint) for each in plan.turns if each.drift]
    yield from _part("changed past the stack, and not mended by a deploy", drifted, paint)
    if plan.cost is not None and plan.cost.changed:
        yield from _cost(plan.cost, paint)
    for finding in plan.findings:
        yield from finding_lines(finding, paint)
    yield from (paint.faint(note) for note in plan.notes)


def _cost(cost: Difference, paint: Paint) -> Iterator[str]:
    """Give what the change costs; where no line has a price, that is all there is to say."""
    if cost.region not in REGIONS:
        yield paint.faint(f"what it costs is not known: prices are held for {', '.join(REGIONS)}")
        return
    before = "" if cost.before is None else f"from {cost.before} "
    without = f", and what has no price ({cost.unpriced})" if cost.unpriced else ""
    yield paint.strong(f"what it costs by the month: {_signed(cost.more)} USD, {before}to {cost.after}{without}")
    for each in cost.changed:
        known = not each.why
        more = _signed((each.after or Decimal(0)) - (each.before or Decimal(0))) if known else "?"
        scaled = f" (to {each.most} scaled out)" if each.most is not None and known else ""
        yield f"  {more:>9}  {each.resource}: {each.what}{scaled}{f': {each.why}' if each.why else ''}"


def _signed(usd: Decimal) -> str:
    return f"+{usd}" if usd >= 0 else str(usd)


def _part(heading: str, lines: list[str], paint: Paint) -> Iterator[str]:
    if lines:
        yield paint.strong(heading)
        yield from lines


def _turn(turn: Turn, paint: Paint) -> str:
    after = paint.good(turn.after) if turn.kept else paint.bad(turn.after)
    return f"  {turn.service} {turn.need:<15} {turn.before} → {after}: {turn.reason}"
