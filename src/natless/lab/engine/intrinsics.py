"""CloudFormation's intrinsic functions, resolved while a stack is made."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Protocol

from natless.lab.engine.template import Template, TemplateError

IPV4_BITS = 32
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


class _NoValue:
    """What `AWS::NoValue` is: the property is not there."""


NO_VALUE = _NoValue()


class Surroundings(Protocol):
    """What a value may lean on: parameters and resources by name, attributes, zones, exports."""

    def ref(self, name: str) -> Any:
        """Give what Ref gives for a parameter, pseudo parameter or resource."""

    def attribute(self, name: str, attribute: str) -> Any:
        """Give an attribute of a resource."""

    def zones(self, region: str) -> list[str]:
        """Give the availability zones of a region ("" is the stack's)."""

    def imported(self, name: str) -> str:
        """Give the value that another stack exports under `name`."""


class Resolver:
    """Resolves values of one template in their surroundings."""

    def __init__(self, template: Template, surroundings: Surroundings) -> None:
        """Take the template (for its mappings and conditions) and where names lead."""
        self._mappings: Mapping[str, Any] = template.get("Mappings") or {}
        self._conditions: Mapping[str, Any] = template.get("Conditions") or {}
        self._at = surroundings
        self._decided: dict[str, bool] = {}

    def resolve(self, value: Any) -> Any:
        """Resolve a value; members that are `AWS::NoValue` fall away. Raises TemplateError."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" or (isinstance(function, str) and function.startswith("Fn::")):
                return self._call(function, argument)
            if function == "Condition" and isinstance(argument, str) and argument in self._conditions:
                return self.condition(argument)
        members = {name: self.resolve(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Decide a condition of the template."""
        if name not in self._decided:
            if name not in self._conditions:
                raise TemplateError(f"Template format error: Unresolved condition dependency {name}")
            self._decided[name] = bool(self.resolve(self._conditions[name]))
        return self._decided[name]

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                found = NO_VALUE if argument == "AWS::NoValue" else self._at.ref(str(argument))
            case "Fn::GetAtt":
                parts = argument.split(".", 1) if isinstance(argument, str) else argument
                found = self._at.attribute(str(parts[0]), ".".join(str(self.resolve(part)) for part in parts[1:]))
            case "Fn::Sub":
                found = self._sub(argument)
            case "Fn::If":
                found = self.resolve(argument[1] if self.condition(str(argument[0])) else argument[2])
            case "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not":
                found = self._logic(function, argument)
            case "Fn::FindInMap":
                found = self._find(self.resolve(argument))
            case "Fn::GetAZs":
                found = self._at.zones(str(self.resolve(argument)))
            case "Fn::ImportValue":
                found = self._at.imported(str(self.resolve(argument)))
            case "Fn::Join" | "Fn::Select" | "Fn::Split" | "Fn::Base64" | "Fn::Cidr":
                found = self._text(function, self.resolve(argument))
            case _:
                raise TemplateError(f"Template error: the lab does not know the function {function}")
        return found

    def _logic(self, function: str, argument: Any) -> bool:
        sides = [self.resolve(one) for one in argument]
        match function:
            case "Fn::Equals":
                return _text_of(sides[0]) == _text_of(sides[1])
            case "Fn::And":
                return all(sides)
            case "Fn::Or":
                return any(sides)
            case _:
                return not sides[0]

    def _text(self, function: str, argument: Any) -> Any:
        match function:
            case "Fn::Join":
                return str(argument[0]).join(_text_of(one) for one in argument[1])
            case "Fn::Split":
                return str(argument[1]).split(str(argument[0]))
            case "Fn::Base64":
                return base64.b64encode(str(argument).encode()).decode()
            case "Fn::Select":
                index, items = int(argument[0]), argument[1]
                if not 0 <= index < len(items):
                    raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
                return items[index]
            case _:
                return _cidrs(str(argument[0]), int(argument[1]), int(argument[2]) if len(argument) > 2 else 8)  # noqa: PLR2004  # the third argument is optional

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
        values = {name: self.resolve(value) for name, value in own.items()}

        def fill(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in values:
                return _text_of(values[name])
            if "." in name:
                return _text_of(self._at.attribute(*name.split(".", 1)))
            return _text_of(self._at.ref(name))

        return _VARIABLE.sub(fill, str(text))

    def _find(self, argument: list[Any]) -> Any:
        name, first, second = (str(one) for one in argument[:3])
        try:
            return self._mappings[name][first][second]
        except KeyError:
            raise TemplateError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None


def _cidrs(block: str, count: int, bits: int) -> list[str]:
    network = ipaddress.ip_network(block, strict=False)
    prefix = network.max_prefixlen - bits
    try:
        blocks = network.subnets(new_prefix=prefix)
        found = [str(next(blocks)) for _ in range(count)]
    except (ValueError, StopIteration):
        raise TemplateError(f"Template error: Fn::Cidr: {block} does not hold {count} blocks of /{prefix}") from None
    return found


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
