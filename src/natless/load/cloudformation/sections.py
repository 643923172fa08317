"""From a tree to a Template: Parameters, Mappings, Conditions, Resources and Transform, each problem noted."""

from __future__ import annotations

from collections.abc import Mapping

from natless.finding import Gap
from natless.finding.rules import PARAMETER_REFUSED, REFERENCE_UNDEFINED, TEMPLATE_MALFORMED, TEMPLATE_UNREADABLE
from natless.load.cloudformation.conditions import decide_all
from natless.load.cloudformation.template import Resource, Template
from natless.load.cloudformation.tree import MAX_RESOURCES, Map, Node, Problems, Seq, Unparsable, kind
from natless.load.cloudformation.values import Place, Value

HARMLESS_TRANSFORMS = frozenset(
    {
        # These change or add only what they are named for: SAM its own types, the others single values.
        "AWS::Serverless-2016-10-31",
        "AWS::LanguageExtensions",
        "AWS::CodeDeployBlueGreen",
        "AWS::SecretsManager-2020-07-23",
        "AWS::SecretsManager-2024-09-16",
    }
)

_DECIDING = ("Resources", "Conditions", "Mappings", "Transform")
"""Sections in which a key that is written twice changes what is deployed. CloudFormation uses the last one silently."""

MAX_PARAMETER = 4096
"""Characters of a parameter's value (CloudFormation quotas, read 2026-11)."""

LOOPS = ("Fn::Transform", "Fn::ForEach::")
"""Keys that stand for any number of other keys."""


def read_sections(
    tree: Node, problems: Problems, given: Mapping[str, str], region: str | None, account: str | None
) -> Template:
    """Give the template of a tree; where a section has the wrong form, that is a problem and the section is empty."""
    top = Place("the template", 1)
    if not isinstance(tree, Map):
        problems.add(
            TEMPLATE_UNREADABLE, "", 1, f"a template is an object with Resources; this text holds {kind(tree)}"
        )
        tree = Map(1)
    elif "Resources" not in tree:
        problems.add(TEMPLATE_UNREADABLE, "", tree.line, "the template has no Resources: nothing would be deployed")
    template = Template(tree, problems, region, account)
    _twice(template)
    _transforms(template, tree.get("Transform"), tree.lines.get("Transform", top.line))
    _parameters(template, given)
    template.mappings = _section(template, "Mappings")
    decide_all(template, _section(template, "Conditions"))
    _resources(template)
    return template


def _twice(template: Template) -> None:
    starts = sorted((line, name) for name, line in template.tree.lines.items())
    for key, first, line in template.problems.twice:
        section = next((name for start, name in reversed(starts) if start <= line), key)
        if section in _DECIDING or key in _DECIDING:
            message = f"{key} is written twice, first on line {first}: the first is silently left out; keep one"
            template.problem(TEMPLATE_MALFORMED, Place(key, line), message)


def opaque(keys: Map) -> str:
    """Give the key that stands for unknown other keys, or ""."""
    return next((key for key in keys if key.startswith(LOOPS)), "")


def _section(template: Template, name: str) -> Map:
    found = template.tree.get(name)
    if isinstance(found, Map):
        return found
    if name in template.tree:
        place = Place(name, template.tree.lines[name])
        template.problem(
            TEMPLATE_MALFORMED, place, f"{name} is {kind(found)}: write an object, one name and its definition a line"
        )
    return Map(1)


def _transforms(template: Template, node: Node, line: int) -> None:
    for name in node if isinstance(node, Seq) else [node]:
        if isinstance(name, Map):
            name = name.get("Name")  # noqa: PLW2901 - AWS::Include is spelled as an object
        if name is not None and name not in HARMLESS_TRANSFORMS:
            why = f"the transform {name} may add and change resources: natless reads the template before it"
            template.macros.append(template.gap(Place("Transform", line), why))


def _parameters(template: Template, given: Mapping[str, str]) -> None:
    section = _section(template, "Parameters")
    for name in given:
        if name not in section:
            from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

            near = get_close_matches(name, section, 1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(section) or 'none'}"
            template.problem(PARAMETER_REFUSED, Place(name, 1), f"the template has no parameter {name}: {hint}")
    for name, definition in section.items():
        place = Place(name, section.lines[name])
        if isinstance(definition, Map):
            template.parameters[name] = _parameter(template, name, definition, given.get(name), place)
        elif not name.startswith(LOOPS):
            template.problem(
                TEMPLATE_MALFORMED, place, f"the parameter {name} is {kind(definition)}: write an object with Type"
            )


def _parameter(template: Template, name: str, definition: Map, given: str | None, place: Place) -> Value:
    kind_of = definition.get("Type", "String")
    if not isinstance(kind_of, str):
        return template.problem(
            TEMPLATE_MALFORMED, place, f"the Type of parameter {name} is {kind(kind_of)}: write String"
        )
    default = definition.get("Default")
    if "List" not in kind_of:
        template.texts.add(f"${{{name}}}")
    if kind_of.startswith("AWS::SSM::Parameter::Value"):
        key = given if given is not None else default
        return template.symbol(name, f"parameter {name} is looked up in SSM ({key}) when the stack is deployed")
    if given is None and default is None:
        return template.symbol(name, f"parameter {name} has no default: give --param {name}=...")
    if isinstance(default, Map | Seq) and given is None:
        return template.problem(
            TEMPLATE_MALFORMED, place, f"the Default of parameter {name} is {kind(default)}: write text"
        )
    return _given(template, name, definition, given if given is not None else _scalar(default), place)


def _given(template: Template, name: str, definition: Map, value: str, place: Place) -> Value:
    """Check a parameter's value against its definition, and take it apart where it is a list."""
    kind_of = str(definition.get("Type", "String"))
    if len(value) > MAX_PARAMETER:
        return template.problem(
            PARAMETER_REFUSED, place, f"parameter {name} is longer than {MAX_PARAMETER:,} characters"
        )
    _allowed(template, name, definition, value, place)
    if kind_of.startswith("List<") or kind_of == "CommaDelimitedList":
        parts = Seq(place.line)
        for part in value.split(",") if value else []:
            parts.put(part.strip(), place.line)
        return parts
    if kind_of == "Number" and not _is_number(value):
        return template.problem(PARAMETER_REFUSED, place, f"parameter {name} is a Number, and {value!r} is none")
    return value


def _scalar(value: Node) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _allowed(template: Template, name: str, definition: Map, value: str, place: Place) -> None:
    allowed = definition.get("AllowedValues")
    if not isinstance(allowed, Seq):
        return
    words = [_scalar(word) for word in allowed if not isinstance(word, Map | Seq)]
    parts = (
        [part.strip() for part in value.split(",")] if str(definition.get("Type")) == "CommaDelimitedList" else [value]
    )
    for part in parts:
        if part not in words:
            message = f"parameter {name} cannot be {part!r}: AllowedValues are {', '.join(words) or 'none'}"
            template.problem(PARAMETER_REFUSED, place, message)


def _resources(template: Template) -> None:
    section = _section(template, "Resources")
    if len(section) > MAX_RESOURCES * max(1, len(set(template.problems.sources.values()))):
        line = template.tree.lines["Resources"]
        raise Unparsable(
            line, f"{len(section):,} resources: CloudFormation takes at most {MAX_RESOURCES} in a template"
        )
    unseen = opaque(section)
    if unseen:
        place = Place(unseen, section.lines[unseen])
        template.macros.append(template.gap(place, f"{unseen} makes resources that stand nowhere in the text"))
    for name, definition in section.items():
        place = Place(name, section.lines[name])
        if name.startswith(LOOPS):
            continue
        if isinstance(definition, Map):
            _resource(template, name, definition, place)
        else:
            message = f"{name} is {kind(definition)}: a resource is an object with Type and Properties"
            template.problem(TEMPLATE_MALFORMED, place, message)


def _resource(template: Template, name: str, definition: Map, place: Place) -> None:
    kind_of = definition.get("Type")
    if kind_of is None and opaque(definition):
        why = f"{opaque(definition)} makes the resource {name}: natless reads the template before it"
        template.macros.append(template.gap(place, why))
        return
    if not isinstance(kind_of, str) or not kind_of:
        message = f"{name} has no Type: write the resource's type, such as AWS::EC2::Subnet"
        template.problem(TEMPLATE_MALFORMED, place, message)
        return
    properties = definition.get("Properties")
    if properties is not None and not isinstance(properties, Map):
        inner = Place(f"{name}.Properties", definition.lines["Properties"])
        message = f"Properties of {name} is {kind(properties)}: write an object, one property a line"
        template.problem(TEMPLATE_MALFORMED, inner, message)
    if not isinstance(properties, Map):
        properties = Map(place.line)
    standing = _standing(template, definition, place)
    if standing is False:
        template.absent.add(name)
        return
    template.resources[name] = Resource(
        name,
        kind_of,
        place.line,
        properties,
        _depends_on(template, definition, place),
        None if standing is True else standing,
        opaque(properties),
    )


def _standing(template: Template, definition: Map, place: Place) -> bool | Gap:
    """Say whether a resource stands: its condition, or the gap that leaves it open."""
    if "Condition" not in definition:
        return True
    name = definition["Condition"]
    inner = place.inner(".Condition", definition.lines["Condition"])
    if not isinstance(name, str):
        return template.problem(TEMPLATE_MALFORMED, inner, f"{inner.what} is {kind(name)}: write a condition's name")
    if name not in template.conditions:
        return template.problem(REFERENCE_UNDEFINED, inner, f"{inner.what} asks for {name}, which is not in Conditions")
    return template.conditions[name]


def _depends_on(template: Template, definition: Map, place: Place) -> tuple[str, ...]:
    node = definition.get("DependsOn")
    if node is None:
        return ()
    names = list(node) if isinstance(node, Seq) else [node]
    if all(isinstance(name, str) for name in names):
        return tuple(str(name) for name in names)
    inner = place.inner(".DependsOn", definition.lines["DependsOn"])
    template.problem(
        TEMPLATE_MALFORMED, inner, f"{inner.what} is {kind(node)}: write a resource's id, or a list of ids"
    )
    return ()
