"""No policy that natless writes allows every action or everything: asked of every option, and of random specs.

Which actions know no resource is the Service Authorization Reference's (`catalog/resourceless.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from tests.options import OPTIONS
from tests.unit.design.specs import specs

from natless import design
from natless.catalog.resourceless import RESOURCELESS
from natless.design import Design
from natless.spec.network_words import NETWORK
from natless.spec.read import read
from natless.spec.words import SERVICE, TOP

# What says nothing of the template, or stands in every one.
_PLAIN = {"name", "region", "network", "services", "build", "port", "public", "health"}


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Every statement of every policy document, wherever it stands."""
    if isinstance(node, dict):
        found = node.get("Statement")
        if isinstance(found, list):
            yield from found
        for value in node.values():
            yield from statements(value)
    elif isinstance(node, list):
        for value in node:
            yield from statements(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def too_wide(designed: Design) -> list[str]:
    """What is allowed beyond least privilege, in words."""
    templates = [designed.main, *([designed.images] if designed.images is not None else [])]
    found = []
    for statement in (each for template in templates for each in statements(template["Resources"])):
        actions = [str(action) for action in listed(statement.get("Action", []))]
        found += [f"action {action}" for action in actions if "*" in action]
        found += [f"{key} is used" for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement]
        everything = any(str(resource).strip() == "*" for resource in listed(statement.get("Resource", [])))
        found += [f"{action} on everything" for action in actions if everything and action not in RESOURCELESS]
        # And what knows no resource is in no statement of its own resources, where it would be denied.
        found += [f"{action} on a resource" for action in actions if not everything and action in RESOURCELESS and (
            "Resource" in statement
        )]  # fmt: skip
    return found


@pytest.mark.parametrize("option", OPTIONS)
def test_no_option_allows_every_action_or_everything(option: str) -> None:
    designed = design.write(read(OPTIONS[option], "natless.toml"))
    assert too_wide(designed) == []
    assert list(statements(designed.main["Resources"]))


@settings(max_examples=25, deadline=None)
@given(specs())
def test_and_no_mix_of_them(spec: Any) -> None:
    assert too_wide(design.write(spec)) == []


def test_every_key_of_the_format_is_among_the_options() -> None:
    text = "\n".join(OPTIONS.values())
    keys = {key.name for words in (TOP, NETWORK, SERVICE) for key in words.keys} - _PLAIN
    assert {key for key in keys if f"{key} =" not in text and f"{key}]" not in text} == set()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}, ["action s3:*"]),
        ({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}, ["s3:GetObject on everything"]),
        (
            {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "arn:aws:ecr:r:1:repository/a"},
            ["ecr:GetAuthorizationToken on a resource"],
        ),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:x"}, ["NotAction is used"]),
    ],
)
def test_it_would_be_said(statement: dict[str, Any], said: list[str]) -> None:
    designed = design.write(read(OPTIONS["hello"], "natless.toml"))
    role = designed.main["Resources"]["WebExecutionRole"]["Properties"]
    role["Policies"][0]["PolicyDocument"]["Statement"].append(statement)
    assert too_wide(designed) == said
