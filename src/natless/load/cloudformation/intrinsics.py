"""The intrinsic functions: an expression of a template in, a value out.

What cannot be resolved becomes symbolic text where it is text or a list, and a Gap where it is neither. Source of each
rule: "Intrinsic function reference", CloudFormation template reference, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network

from natless.cloud.text import is_symbolic
from natless.finding import Gap
from natless.finding.rules import REFERENCE_UNDEFINED, TEMPLATE_MALFORMED
from natless.load.cloudformation.attributes import PROPERTIES, TEXTS
from natless.load.cloudformation.template import Template
from natless.load.cloudformation.tree import Map, Node, Seq, kind
from natless.load.cloudformation.values import NOTHING, Place, Reference, Value, flat, sure_parts, without_dynamic

MAX_RENDERED = 100_000
"""Characters of one resolved text: names built of names can double at each step."""

MAX_CHAIN = 20
"""Resources whose properties are read from one another, in one expression."""

MAX_CIDRS = 256
"""Fn::Cidr gives at most this many (its own documentation)."""

_PART = re.compile(r"\$\{([^}]*)\}")
_SYMBOL = re.compile(r"\$\{[^}]*\}(?:\[[^\]]*\])?")

_PLACEHOLDER = re.compile(r"<([^<>/]+)(?:/([^<>]*))?>")


def resolve(template: Template, node: Node, place: Place) -> Value:
    """Resolve `node` at its top: the result may still hold functions inside."""
    if type(node) is Map and len(node) == 1:
        (name,) = node
        if name == "Ref" or name.startswith("Fn::"):
            function = _FUNCTIONS.get(name)
            if function is None:
                return template.gap(place, f"{name} is not followed: a macro or a language extension resolves it")
            return function(template, node[name], place)
    return node


def text(template: Template, value: Value, place: Place) -> str | Gap:  # noqa: PLR0911 - one answer a kind of value
    """Give a value as text, symbolic where it is not resolved in full. Lists and objects are a problem."""
    match value:
        case str():
            return without_dynamic(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Reference():
            return render(template, value)
        case Gap():
            return value
        case _:
            pass
    if value is NOTHING:
        return template.gap(place, f"{place.what} has no value")
    return template.problem(TEMPLATE_MALFORMED, place, f"{place.what} is {kind(value)}: write text")


def render(template: Template, reference: Reference) -> str:
    """Give the text that Ref or GetAtt stands for, with `${Id}` for what only a deployment knows."""
    resource = template.resources.get(reference.id)
    pattern = TEXTS.get(resource.kind, {}).get(reference.attribute) if resource else None
    key = (reference.id, f"<{reference.attribute}>")
    if resource is None or pattern is None or key in template.busy or len(template.busy) > MAX_CHAIN:
        return reference.symbol()
    known = template.memory.get(key)
    if isinstance(known, str):
        return known
    template.busy.add(key)

    def fill(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if name in template.pseudo:
            return str(template.pseudo[name])
        if name == "?" or (name not in resource.properties and default is None):
            return f"${{{resource.id}}}"
        if name not in resource.properties:
            return default or ""
        inner = Place(f"{resource.id}.{name}", resource.properties.lines[name])
        written = resolve(template, resource.properties[name], inner)
        rendered = text(template, written, inner) if isinstance(written, str | int | Reference) else None
        return rendered if isinstance(rendered, str) else f"${{{resource.id}}}"

    done = _PLACEHOLDER.sub(fill, pattern)
    template.busy.discard(key)
    template.memory[key] = done if len(done) <= MAX_RENDERED else reference.symbol()
    return str(template.memory[key])


def elements(template: Template, node: Node, place: Place) -> list[tuple[Value, Place]] | str | Gap:
    """Resolve a list and each element of it, without those that are AWS::NoValue.

    Symbolic text stands for a list that is not known; one plain value for a list of one.
    """
    value = resolve(template, node, place)
    if isinstance(value, Seq):
        found: list[tuple[Value, Place]] = []
        for index, (element, line) in enumerate(zip(value, value.lines, strict=True)):
            inner = place.inner(f"[{index}]", line)
            resolved = resolve(template, element, inner)
            if resolved is not NOTHING:
                found.append((resolved, inner))
        return found
    if isinstance(value, Gap) or (isinstance(value, str) and _may_be_list(template, value)):
        return value
    return [] if value is NOTHING else [(value, place)]


def _may_be_list(template: Template, value: str) -> bool:
    """Say whether symbolic text may stand for a list: one symbol alone, unless it is known to be text."""
    return value not in template.texts and _SYMBOL.fullmatch(value) is not None


def _ref(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, str):
        return template.problem(TEMPLATE_MALFORMED, place, f"Ref names {kind(node)}: write one name")
    if node == "AWS::NoValue":
        return NOTHING
    if node in template.parameters:
        return template.parameters[node]
    if node in template.pseudo:
        return template.pseudo[node]
    if node in template.resources:
        return Reference(node)
    return template.symbol(node, f"{node} is not in this template")


def _get_att(template: Template, node: Node, place: Place) -> Value:
    if isinstance(node, str):
        name, _, attribute = node.partition(".")
    elif isinstance(node, Seq) and len(node) == 2 and isinstance(node[0], str):  # noqa: PLR2004 - a name, an attribute
        rest = text(template, resolve(template, node[1], place), place)
        name, attribute = node[0], rest if isinstance(rest, str) else ""
    else:
        name, attribute = "", ""
    if not name or not attribute:
        return template.problem(
            TEMPLATE_MALFORMED, place, "Fn::GetAtt needs a resource and an attribute: write Id.Attribute"
        )
    resource = template.resources.get(name)
    if resource is None:
        return template.symbol(f"{name}.{attribute}", f"{name} is not in this template")
    if attribute in PROPERTIES.get(resource.kind, frozenset()):
        return _own_property(template, Reference(name, attribute))
    return Reference(name, attribute)


def _own_property(template: Template, reference: Reference) -> Value:
    """Resolve a property of another resource; what is not set there, or leads back here, stays symbolic."""
    resource = template.resources[reference.id]
    key = (reference.id, reference.attribute)
    if key in template.busy or len(template.busy) > MAX_CHAIN or reference.attribute not in resource.properties:
        return reference.symbol()
    if key not in template.memory:
        template.busy.add(key)
        place = Place(f"{reference.id}.{reference.attribute}", resource.properties.lines[reference.attribute])
        template.memory[key] = resolve(template, resource.properties[reference.attribute], place)
        template.busy.discard(key)
    return template.memory[key]


def _sub(template: Template, node: Node, place: Place) -> Value:
    variables = Map(place.line)
    pattern: Node = node
    if isinstance(node, Seq) and len(node) == 2:  # noqa: PLR2004 - the text, its variables
        pattern, given = node
        if isinstance(given, Map):
            variables = given
    if not isinstance(pattern, str):
        return template.problem(
            TEMPLATE_MALFORMED, place, f"Fn::Sub is given {kind(pattern)}: write text, or text and variables"
        )
    gaps: list[Gap] = []
    length = len(pattern)

    def fill(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in variables:
            value = resolve(template, variables[name], place)
        else:
            value = _get_att(template, name, place) if "." in name else _ref(template, name, place)
        part = text(template, value, place)
        if isinstance(part, Gap):
            gaps.append(part)
            return ""
        nonlocal length
        length += len(part)
        return part if length <= MAX_RENDERED else ""

    done = _PART.sub(fill, pattern)
    if gaps:
        return gaps[0]
    return done if length <= MAX_RENDERED else _too_long(template, place)


def _too_long(template: Template, place: Place) -> Gap:
    return template.gap(place, f"{place.what} comes to more than {MAX_RENDERED:,} characters")


def _join(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, Seq) or len(node) != 2 or not isinstance(node[0], str):  # noqa: PLR2004 - delimiter, list
        return template.problem(TEMPLATE_MALFORMED, place, "Fn::Join needs a delimiter and a list: write [',', [a, b]]")
    parts = elements(template, node[1], place)
    if isinstance(parts, Gap):
        return parts
    if isinstance(parts, str):
        return template.symbol(f"Fn::Join:{flat(parts)}", template.why(parts))
    texts = []
    length = 0
    for value, inner in parts:
        part = text(template, value, inner)
        if isinstance(part, Gap):
            return part
        length += len(part) + len(node[0])
        if length > MAX_RENDERED:
            return _too_long(template, place)
        texts.append(part)
    return node[0].join(texts)


def _split(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, Seq) or len(node) != 2 or not isinstance(node[0], str) or not node[0]:  # noqa: PLR2004
        return template.problem(TEMPLATE_MALFORMED, place, "Fn::Split needs a delimiter and text: write [',', text]")
    whole = text(template, resolve(template, node[1], place), place)
    if isinstance(whole, Gap):
        return whole
    sure, all_of_it = sure_parts(whole, node[0], lambda symbol: _is_id(template, symbol))
    if all_of_it:
        return _ids(template, sure, place)
    found = template.symbol(f"Fn::Split:{node[0]}:{flat(whole)}", template.why(whole))
    template.leading[found] = sure
    return found


def _is_id(template: Template, text: str) -> bool:
    """Say whether text is an id that EC2 gives and nothing else: `subnet-` and hexadecimal digits, likewise."""
    resource = template.resources.get(text[2:-1])
    return text[:2] == "${" and resource is not None and resource.kind.startswith("AWS::EC2::")


def _ids(template: Template, values: list[str], place: Place) -> Seq:
    """Give texts as a list; an id of a resource as a reference to it, as it was before it was joined."""
    found = Seq(place.line)
    for value in values:
        reference = Map(place.line)
        reference.put("Ref", value[2:-1], place.line)
        found.put(reference if _is_id(template, value) else value, place.line)
    return found


def _texts(values: list[str], place: Place) -> Seq:
    found = Seq(place.line)
    for value in values:
        found.put(value, place.line)
    return found


def _select(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, Seq) or len(node) != 2:  # noqa: PLR2004 - index, list
        return template.problem(TEMPLATE_MALFORMED, place, "Fn::Select needs an index and a list: write [0, [a, b]]")
    index = text(template, resolve(template, node[0], place), place)
    if isinstance(index, Gap):
        return index
    parts = elements(template, node[1], place)
    if isinstance(parts, Gap):
        return parts
    if isinstance(parts, str):
        leading = template.leading.get(parts, [])
        if re.fullmatch("[0-9]{1,6}", index) and int(index) < len(leading):
            parts = [(part, place) for part in leading]
    if isinstance(parts, str) or is_symbolic(index):
        base = flat(parts) if isinstance(parts, str) else "Fn::Select"
        why = template.why(parts if isinstance(parts, str) else index)
        template.whys.setdefault(base, why)
        return f"${{{base}}}[{flat(index)}]"
    if not re.fullmatch("[0-9]{1,6}", index) or int(index) >= len(parts):
        message = f"element {index} is asked for by Fn::Select: the list has {len(parts)}, counted from 0"
        return template.problem(TEMPLATE_MALFORMED, place, message)
    return parts[int(index)][0]


def _if(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, Seq) or len(node) != 3 or not isinstance(node[0], str):  # noqa: PLR2004 - condition, two values
        return template.problem(TEMPLATE_MALFORMED, place, "Fn::If needs a condition's name and two values")
    decided = template.conditions.get(node[0])
    if decided is None:
        return template.problem(
            REFERENCE_UNDEFINED, place, f"Fn::If asks for the condition {node[0]}, which is not in Conditions"
        )
    if isinstance(decided, bool):
        return resolve(template, node[1 if decided else 2], place)
    one, other = (resolve(template, branch, place) for branch in node[1:])
    same = type(one) is type(other) and one == other and not isinstance(one, Map | Seq | Gap)
    return one if same else template.gap(place, decided.why)


def _find_in_map(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, Seq) or len(node) not in {3, 4}:
        return template.problem(TEMPLATE_MALFORMED, place, "Fn::FindInMap needs a mapping and two keys")
    keys = [text(template, resolve(template, key, place), place) for key in node[:3]]
    here: Node = template.mappings
    for depth, key in enumerate(keys):
        if isinstance(key, Gap):
            return key
        if is_symbolic(key):
            return template.symbol("Fn::FindInMap:" + ".".join(flat(str(part)) for part in keys), template.why(key))
        if not isinstance(here, Map) or key not in here:
            if len(node) == 4 and isinstance(node[3], Map) and "DefaultValue" in node[3]:  # noqa: PLR2004
                return resolve(template, node[3]["DefaultValue"], place)
            path = ".".join(str(part) for part in keys[: depth + 1])
            return template.problem(
                REFERENCE_UNDEFINED, place, f"Mappings holds no {path}, which Fn::FindInMap asks for"
            )
        here = here[key]
    return resolve(template, here, place)


def _cidr(template: Template, node: Node, place: Place) -> Value:
    if not isinstance(node, Seq) or len(node) != 3:  # noqa: PLR2004 - block, count, bits
        return template.problem(TEMPLATE_MALFORMED, place, "Fn::Cidr needs a block, a count and the bits of a subnet")
    given = [text(template, resolve(template, part, place), place) for part in node]
    for part in given:
        if isinstance(part, Gap):
            return part
        if is_symbolic(part):
            return template.symbol("Fn::Cidr:" + flat(part), template.why(part))
    block, count, bits = (str(part) for part in given)
    blocks = _blocks(block, count, bits)
    if not blocks:
        message = f"Fn::Cidr cannot cut {count} blocks of {bits} host bits out of {block}"
        return template.problem(TEMPLATE_MALFORMED, place, message)
    return _texts(blocks, place)


def _blocks(block: str, count: str, bits: str) -> list[str]:
    """Cut the first `count` blocks of 2**bits addresses out of a CIDR; none where that cannot be done."""
    try:
        network, wanted, host_bits = IPv4Network(block, strict=False), int(count), int(bits)
    except ValueError:
        return []
    fits = 1 <= wanted <= MAX_CIDRS and 0 <= host_bits <= 32 and wanted << host_bits <= network.num_addresses  # noqa: PLR2004 - an IPv4 address has 32 bits
    if not fits:
        return []
    return [f"{network.network_address + (index << host_bits)}/{32 - host_bits}" for index in range(wanted)]


def _get_azs(template: Template, node: Node, place: Place) -> Value:
    """Zone names differ by account: the list stays symbolic, and Select names its index."""
    named = "" if node is None else text(template, resolve(template, node, place), place)
    region = named or "${AWS::Region}"
    if isinstance(region, Gap):
        return region
    if region in {template.region, "${AWS::Region}"}:
        return template.symbol("AWS::Region", "the zones of a region are known only in an account")
    return template.symbol(flat(region), "the zones of a region are known only in an account")


def _import_value(template: Template, node: Node, place: Place) -> Value:
    name = text(template, resolve(template, node, place), place)
    if isinstance(name, Gap):
        return name
    known = template.imported(name, place)
    if known is not None:
        return known
    why = f"{flat(name)} is exported by another stack, which was not read"
    found = template.symbol(f"Fn::ImportValue:{flat(name)}", why)
    template.texts.add(found)
    return found


def _base64(template: Template, node: Node, place: Place) -> Value:  # noqa: ARG001 - the others take a node as well
    return template.gap(place, "encoded text is not looked into")


_FUNCTIONS: dict[str, Callable[[Template, Node, Place], Value]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": _get_azs,
    "Fn::ImportValue": _import_value,
    "Fn::Base64": _base64,
}
