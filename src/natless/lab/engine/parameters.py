"""A stack's parameters: what the template declares, what was given, and CloudFormation's words where they differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from natless.lab.engine.template import Template, TemplateError

HIDDEN = "****"


def settle(template: Template, given: Mapping[str, str], look_up: Callable[[str], str]) -> dict[str, Any]:
    """Give the value of every parameter: text, or a list for list types.

    `look_up` gives the value of an SSM parameter by name. Raises TemplateError for what is missing, unknown or outside
    its constraints.
    """
    declared = template.get("Parameters") or {}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts = raw(template, given)
    missing = [name for name in declared if name not in texts]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(name, declared[name], text, look_up) for name, text in texts.items()}


def raw(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Give the text of every parameter that has one: as given, else the default."""
    declared = template.get("Parameters") or {}
    texts = {name: str(one["Default"]) for name, one in declared.items() if "Default" in one}
    return texts | {name: text for name, text in given.items() if name in declared}


def _value(name: str, declared: Mapping[str, Any], text: str, look_up: Callable[[str], str]) -> Any:
    kind = str(declared.get("Type", "String"))
    if kind.startswith("AWS::SSM::Parameter::Value"):
        text = look_up(text)
        kind = "CommaDelimitedList" if "List<" in kind else "String"
    many = kind == "CommaDelimitedList" or kind.startswith("List<")
    parts = [part.strip() for part in text.split(",")] if many else [text]
    for part in parts:
        _check(name, declared, part, number="Number" in kind)
    return parts if many else text


def _check(name: str, declared: Mapping[str, Any], text: str, *, number: bool) -> None:
    problem = _number_problem(name, declared, text) if number else _text_problem(name, declared, text)
    allowed = declared.get("AllowedValues")
    if allowed and text not in [str(one) for one in allowed]:
        problem = f"Parameter '{name}' must be one of AllowedValues"
    if problem is not None:
        described = declared.get("ConstraintDescription")
        raise TemplateError(f"Parameter {name} failed to satisfy constraint: {described}" if described else problem)


def _number_problem(name: str, declared: Mapping[str, Any], text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return f"Parameter '{name}' must be a number."
    if "MinValue" in declared and number < float(declared["MinValue"]):
        return f"Parameter '{name}' must be a number not less than {declared['MinValue']}"
    if "MaxValue" in declared and number > float(declared["MaxValue"]):
        return f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}"
    return None


def _text_problem(name: str, declared: Mapping[str, Any], text: str) -> str | None:
    pattern = declared.get("AllowedPattern")
    if pattern and re.fullmatch(str(pattern), text) is None:
        return f"Parameter '{name}' must match pattern {pattern}"
    if "MinLength" in declared and len(text) < int(declared["MinLength"]):
        return f"Parameter '{name}' must contain at least {declared['MinLength']} characters"
    if "MaxLength" in declared and len(text) > int(declared["MaxLength"]):
        return f"Parameter '{name}' must contain at most {declared['MaxLength']} characters"
    return None


def shown(template: Template, given: Mapping[str, str]) -> list[dict[str, str]]:
    """Give the parameters as DescribeStacks shows them: a NoEcho value is hidden."""
    declared = template.get("Parameters") or {}
    return [
        {
            "ParameterKey": name,
            "ParameterValue": HIDDEN if str(declared[name].get("NoEcho")).lower() == "true" else text,
        }
        for name, text in raw(template, given).items()
    ]
