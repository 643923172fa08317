"""A template's text, read and checked as CloudFormation's ValidateTemplate does."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

Template = dict[str, Any]

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
)
RESOURCE_MEMBERS = (
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
)
PSEUDO_PARAMETERS = (
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)
NOT_SERVED = {"Transform": "expands no macros", "Rules": "checks no rules", "Hooks": "runs no hooks"}
"""Sections that mean something on AWS and that the lab lacks: refused, not passed over."""

INLINE_LIMIT = 51_200
"""Bytes. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

_LOGICAL_ID = re.compile(r"^[A-Za-z0-9]+$")


class TemplateError(Exception):
    """A template that CloudFormation refuses; the message is AWS's."""


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short forms of intrinsics, and dates as the text they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Read `!GetAtt A.B` as `{"Fn::GetAtt": ["A", "B"]}`, and the other short forms likewise."""
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


def read(text: str) -> Template:
    """Read a template in JSON or YAML and check its form; raises TemplateError with AWS's words."""
    try:
        document = _parse(text)
    except ValueError as error:
        raise TemplateError(f"Template format error: JSON not well-formed. ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise TemplateError(f"Template format error: YAML not well-formed.{where}") from error
    if not isinstance(document, dict):
        raise TemplateError("Template format error: unsupported structure.")
    _check_form(document)
    return document


def _parse(text: str) -> Any:
    if text.lstrip().startswith("{"):
        return json.loads(text)
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader with CloudFormation's tags


def _check_form(template: Template) -> None:
    unknown = [name for name in template if name not in SECTIONS]
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(map(str, unknown))}]")
    for section, why in NOT_SERVED.items():
        if template.get(section):
            raise TemplateError(f"The lab {why}: remove {section} from the template.")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    for name, resource in resources.items():
        _check_resource(str(name), resource)
    known = {*resources, *(template.get("Parameters") or {}), *PSEUDO_PARAMETERS}
    missing = sorted(
        {name for section in ("Resources", "Outputs") for name in references(template.get(section) or {})} - known
    )
    for resource in resources.values():
        missing += [name for name in depends_on(resource) if name not in resources]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{names}] in the Resources block of the template"
        )


def _check_resource(name: str, resource: Any) -> None:
    if not _LOGICAL_ID.match(name):
        raise TemplateError(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )
    if "CreationPolicy" in resource:
        raise TemplateError(f"The lab waits for no signals: remove CreationPolicy from {name}.")
    if _has_null(resource):
        raise TemplateError(f"[/Resources/{name}] 'null' values are not allowed in templates")
    unknown = [member for member in resource if member not in RESOURCE_MEMBERS]
    if unknown:
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'")


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_null(item) for item in value)
    return value is None


def depends_on(resource: Template) -> list[str]:
    """Give the logical ids that a resource names in DependsOn."""
    named = resource.get("DependsOn") or []
    return [named] if isinstance(named, str) else list(named)


_VARIABLE = re.compile(r"\$\{([A-Za-z0-9:]+)(?:\.[A-Za-z0-9.]+)?\}")


def references(value: Any) -> set[str]:
    """Give every logical id, parameter and pseudo parameter that Ref, GetAtt and Sub name within a value."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    if len(value) == 1:
        [(function, argument)] = value.items()
        match function:
            case "Ref":
                return {str(argument)}
            case "Fn::GetAtt":
                named = argument.split(".", 1)[0] if isinstance(argument, str) else argument[0]
                return {str(named)}
            case "Fn::Sub":
                return _references_of_sub(argument)
            case _:
                pass
    return {name for item in value.values() for name in references(item)}


def _references_of_sub(argument: Any) -> set[str]:
    text, own = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
    named = {found for found in _VARIABLE.findall(str(text)) if found not in own}
    return named | references(own)
