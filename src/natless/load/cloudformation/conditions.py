"""Conditions, decided in three values: true, false, or the Gap that leaves them open."""

from __future__ import annotations

from natless.cloud.text import same
from natless.finding import Gap
from natless.finding.rules import REFERENCE_CIRCLE, REFERENCE_UNDEFINED, TEMPLATE_MALFORMED
from natless.load.cloudformation.intrinsics import resolve, text
from natless.load.cloudformation.template import Template
from natless.load.cloudformation.tree import Map, Node, Seq, kind
from natless.load.cloudformation.values import Place


def decide_all(template: Template, section: Map) -> None:
    """Decide every condition of the section into `template.conditions`."""
    for name in section:
        _named(template, section, name, ())


def _named(template: Template, section: Map, name: str, above: tuple[str, ...]) -> bool | Gap:
    if name in template.conditions:
        return template.conditions[name]
    place = Place(name, section.lines.get(name, section.line))
    if name in above:
        circle = " -> ".join((*above[above.index(name) :], name))
        return template.problem(REFERENCE_CIRCLE, place, f"the conditions {circle} ask for each other")
    if name not in section:
        here = Place(
            above[-1] if above else name, section.lines.get(above[-1], section.line) if above else section.line
        )
        return template.problem(REFERENCE_UNDEFINED, here, f"the condition {name} is not in Conditions")
    decided = _decide(template, section, section[name], place, (*above, name))
    template.conditions[name] = decided
    return decided


def _decide(template: Template, section: Map, node: Node, place: Place, above: tuple[str, ...]) -> bool | Gap:
    if isinstance(node, Map) and len(node) == 1:
        (function,) = node
        given = node[function]
        match function:
            case "Condition" if isinstance(given, str):
                return _named(template, section, given, above)
            case "Fn::Equals":
                return _equals(template, given, place)
            case "Fn::Not" | "Fn::And" | "Fn::Or" if isinstance(given, Seq) and given:
                parts = [_decide(template, section, part, place, above) for part in given]
                return _combine(function, parts)
            case _:
                pass
    if isinstance(node, bool):
        return node
    if isinstance(node, str) and node in {"true", "false"}:
        return node == "true"
    written = f"{kind(node)}" if not isinstance(node, Map) else ", ".join(node) or "an empty object"
    message = f"the condition {place.what} is {written}: write Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition"
    return template.problem(TEMPLATE_MALFORMED, place, message)


def _combine(function: str, parts: list[bool | Gap]) -> bool | Gap:
    """Combine in three values: one False decides And, one True decides Or, whatever else is open."""
    gaps = [part for part in parts if isinstance(part, Gap)]
    if function == "Fn::Not":
        return gaps[0] if gaps else not parts[0]
    deciding = function == "Fn::Or"
    if any(part is deciding for part in parts):
        return deciding
    return gaps[0] if gaps else not deciding


def _equals(template: Template, given: Node, place: Place) -> bool | Gap:
    if not isinstance(given, Seq) or len(given) != 2:  # noqa: PLR2004 - equality has two sides
        return template.problem(TEMPLATE_MALFORMED, place, f"Fn::Equals in {place.what} needs two values: write [a, b]")
    sides = []
    for side in given:
        value = resolve(template, side, place)
        if isinstance(value, Seq):  # a list parameter: compared as it was given
            parts = [text(template, part, place) for part in value]
            value = ",".join(str(part) for part in parts)
        written = text(template, value, place)
        if isinstance(written, Gap):
            return written
        sides.append(written)
    equal = same(sides[0], sides[1])
    if equal is not None:
        return equal
    open_side = next(side for side in sides if "${" in side)
    return template.gap(place, f"the condition {place.what} cannot be decided: {template.why(open_side)}")
