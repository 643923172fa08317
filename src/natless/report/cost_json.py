"""The JSON of `natless cost --json`: amounts are texts, exact to the cent, in USD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from natless.cost import BreakEven, Estimate, Option


def cost_json(estimate: Estimate, against: BreakEven | None, options: Mapping[str, tuple[Option, ...]]) -> str:
    """Give the estimate, the break-even (null where there is none) and the options by service, as indented JSON."""
    answer = {
        "region": estimate.region,
        "hours": estimate.hours,
        "total": str(estimate.total),
        "most": str(estimate.most),
        "unpriced": estimate.unpriced,
        "lines": [
            {
                "resource": line.resource,
                "what": line.what,
                "usd": _text(line.usd),
                "most": _text(line.most),
                "how": line.how,
                "why": line.why,
                "file": line.origin.source,
                "line": line.origin.line,
            }
            for line in estimate.lines
        ],
        "traffic": [{"what": each.what, "usd": _text(each.usd), "unit": each.unit} for each in estimate.traffic],
        "against_nat": None if against is None else _against(against),
        "options": {service: [_option(option) for option in found] for service, found in options.items()},
    }
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


def _text(usd: object) -> str | None:
    return None if usd is None else str(usd)


def _against(against: BreakEven) -> dict[str, Any]:
    return {
        "endpoints": against.endpoints,
        "zones": against.zones,
        "endpoints_usd": str(against.endpoints_usd),
        "nat_gateways": against.nats,
        "nat_usd": str(against.nats_usd),
        "break_even_gb": _text(against.gb),
    }


def _option(option: Option) -> dict[str, Any]:
    least, most = option.usd or (None, None)
    launch = msgspec.structs.asdict(option.launch)
    return {
        **launch,
        "usd": _text(least),
        "most": _text(most),
        "why": option.why,
        "needs": option.needs,
        "reason": option.reason,
    }
