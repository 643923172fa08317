"""Rule pages as tests: their fenced fragments, merged into the small template, loaded and proved."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from natless import load
from natless.cloud import Cloud

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "src/natless/finding/pages"
_FENCE = re.compile(r"^```yaml (?P<kind>bad|good)(?P<words>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Fragment(msgspec.Struct, frozen=True):
    """One fenced fragment: `subject` is the element that its finding must name, `unavailable` an endpoint's state.

    `promised` says whether isolation was promised; `on` names what the small template is merged with first; `account`
    says that an account was read whole, which a template never says.
    """

    kind: str
    patch: dict[str, Any]
    subject: str
    unavailable: str
    promised: bool
    on: str = ""
    account: bool = False


def fragments(page: str) -> dict[str, Fragment]:
    """Give the fragments of a page by kind."""
    found = {}
    for fence in _FENCE.finditer(page):
        words = dict(word.partition("=")[::2] for word in fence["words"].split())
        found[fence["kind"]] = Fragment(
            fence["kind"],
            template(fence["text"]),
            words.get("subject", ""),
            words.get("unavailable", ""),
            "private" in words,
            words.get("on", ""),
            "account" in words,
        )
    return found


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags turned into its long forms."""


def _long(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
            return {name: value.split(".", 1) if tag == "GetAtt" else value}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case _:
            assert isinstance(node, yaml.MappingNode)
            return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _long)


def template(text: str) -> dict[str, Any]:
    """Read a template, or a part of one."""
    found = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    return found or {}


def merged(under: Any, patch: Any) -> Any:
    """Merge as RFC 7396 does: objects key by key, null takes away, anything else replaces."""
    if not isinstance(patch, dict) or not isinstance(under, dict):
        return patch
    result = dict(under)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key, {}) if isinstance(value, dict) else None, value)
    return result


def base(on: str = "") -> dict[str, Any]:
    """Give the small template; `on` names a patch that makes it one on other compute."""
    found = template((HERE / "base.yaml").read_text(encoding="utf-8"))
    patched: dict[str, Any] = found
    if on:
        patched = merged(found, template((HERE / f"{on}.yaml").read_text(encoding="utf-8")))
    return patched


def without_dangling(whole: dict[str, Any]) -> dict[str, Any]:
    """Drop DependsOn on what a fragment took away: a template that names it would not load at all."""
    resources = whole["Resources"]
    for resource in resources.values():
        if "DependsOn" in resource:
            names = resource["DependsOn"]
            names = [names] if isinstance(names, str) else names
            resource["DependsOn"] = [name for name in names if name in resources]
    return whole


def cloud(whole: dict[str, Any], unavailable: str = "", *, account: bool = False) -> Cloud:
    """Load a template; `unavailable` names an endpoint that stands in another state, as only an account can tell."""
    text = json.dumps(without_dangling(whole), indent=1)
    found = load.cloudformation(text, "page.json", {"S3PrefixList": "pl-6da54004"}, "eu-west-1", "123456789012")
    if account:
        read = {name: msgspec.structs.replace(service, after=None) for name, service in found.services.items()}
        found = msgspec.structs.replace(found, services=read)
    if not unavailable:
        return found
    endpoint = msgspec.structs.replace(found.interface_endpoints[unavailable], available=False)
    return msgspec.structs.replace(found, interface_endpoints={**found.interface_endpoints, unavailable: endpoint})
