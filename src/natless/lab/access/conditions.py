"""Conditions: does a request's context hold what a statement asks for?

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
values". Read 2026-11. Values under one key are alternatives (for negated operators: none of them may be it), keys and
operators all have to hold; a key that the request has not fails, but for negated operators and `...IfExists`.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable, Mapping

import msgspec

from natless.lab.access.patterns import filled, matches, matches_arn
from natless.lab.access.policies import Condition

Compare = Callable[[str, str, Callable[[str], str | None]], bool]
"""Holds the policy's value against the request's; the third gives a policy variable's value."""


class Context(msgspec.Struct, frozen=True):
    """What is known of a request: condition keys (lower case) with their values; () says that it has none.

    A key that is not listed is not known to the lab: a statement that hangs on it is decided by nobody.
    """

    values: Mapping[str, tuple[str, ...]]

    def get(self, key: str) -> tuple[str, ...] | None:
        """Give a key's values, () where the request certainly has none, None where the lab does not know."""
        found = self.values.get(key)
        if found is None and key.startswith(("aws:principaltag/", "aws:requesttag/")):
            return ()
        return found

    def variable(self, key: str) -> str | None:
        """Give the value that a policy variable stands for: of a key with one value."""
        found = self.get(key) or ()
        return found[0] if len(found) == 1 else None


class Verdict(msgspec.Struct, frozen=True):
    """Whether something holds; `unknown` names what the lab would have to know to say so."""

    holds: bool
    unknown: str = ""


YES = Verdict(holds=True)
NO = Verdict(holds=False)


def hold(conditions: tuple[Condition, ...], context: Context) -> Verdict:
    """Say whether every condition holds. One that certainly fails outweighs what is not known."""
    verdicts = [_one(each, context) for each in conditions]
    if any(not each.holds and not each.unknown for each in verdicts):
        return NO
    return next((each for each in verdicts if each.unknown), YES)


def _one(condition: Condition, context: Context) -> Verdict:
    quantifier, _, name = condition.operator.rpartition(":")
    optional = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    have = context.get(condition.key)
    if have is None:
        return Verdict(holds=False, unknown=f"condition key {condition.key}")
    if name == "null":
        return YES if (condition.values[0].lower() == "true") == (not have) else NO
    negated = name in _NEGATED
    compare = _COMPARE.get(_NEGATED.get(name, name))
    if compare is None:
        return Verdict(holds=False, unknown=f"condition operator {condition.operator}")
    if not have:
        return YES if optional or quantifier == "forallvalues" or (negated and quantifier != "foranyvalue") else NO

    def fits(value: str) -> bool:
        hit = any(_safely(compare, each, value, context) for each in condition.values)
        return hit != negated

    found = [fits(value) for value in have]
    # Without a quantifier a key with several values is no sound policy; AWS then asks whether any of them fits.
    return YES if (all(found) if quantifier == "forallvalues" or (negated and not quantifier) else any(found)) else NO


def _safely(compare: Compare, wanted: str, have: str, context: Context) -> bool:
    """Compare; what cannot be read as the operator's kind is no match."""
    try:
        return compare(wanted, have, context.variable)
    except ValueError:
        return False


def _equals(wanted: str, have: str, variable: Callable[[str], str | None]) -> bool:
    return filled(wanted, variable) == have


def _equals_ignoring_case(wanted: str, have: str, variable: Callable[[str], str | None]) -> bool:
    given = filled(wanted, variable)
    return given is not None and given.casefold() == have.casefold()


def _bool(wanted: str, have: str, _variable: Callable[[str], str | None]) -> bool:
    return wanted.lower() == have.lower()


def _address(wanted: str, have: str, _variable: Callable[[str], str | None]) -> bool:
    return ipaddress.ip_address(have) in ipaddress.ip_network(wanted, strict=False)


def _number(test: Callable[[float, float], bool]) -> Compare:
    return lambda wanted, have, _variable: test(float(have), float(wanted))


def _moment(test: Callable[[float, float], bool]) -> Compare:
    return lambda wanted, have, _variable: test(_seconds(have), _seconds(wanted))


def _seconds(text: str) -> float:
    if text.replace(".", "", 1).isdigit():
        return float(text)
    found = dt.datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda have, wanted: have == wanted,
    "lessthan": lambda have, wanted: have < wanted,
    "lessthanequals": lambda have, wanted: have <= wanted,
    "greaterthan": lambda have, wanted: have > wanted,
    "greaterthanequals": lambda have, wanted: have >= wanted,
}

_COMPARE: dict[str, Compare] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": matches,
    "arnequals": matches_arn,
    "arnlike": matches_arn,
    "bool": _bool,
    "ipaddress": _address,
    **{f"numeric{name}": _number(test) for name, test in _ORDERS.items()},
    **{f"date{name}": _moment(test) for name, test in _ORDERS.items()},
}

_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
