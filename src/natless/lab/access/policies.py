"""A policy document, read: statements with lists always as tuples.

Source: IAM user guide, "IAM JSON policy elements reference". Read 2026-11.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import msgspec


class PolicyError(ValueError):
    """A document is no policy; the text says why."""


class Condition(msgspec.Struct, frozen=True):
    """One key under one operator. `values` are texts as JSON would write them."""

    operator: str
    key: str
    values: tuple[str, ...]


class Names(msgspec.Struct, frozen=True):
    """What an element lists, and whether everything else is meant (NotAction, NotResource, NotPrincipal)."""

    listed: tuple[str, ...]
    inverted: bool = False


class Statement(msgspec.Struct, frozen=True):
    """One statement. `principals` are `KIND:NAME` (`AWS:*`, `Service:ecs-tasks.amazonaws.com`).

    `resources` is None where the document may leave it out: in trust policies and repository policies.
    """

    allows: bool
    actions: Names
    resources: Names | None
    principals: Names | None
    conditions: tuple[Condition, ...]


class Policy(msgspec.Struct, frozen=True):
    """A policy document."""

    statements: tuple[Statement, ...]

    @property
    def unlimited(self) -> bool:
        """Say whether the document allows everyone everything, as an endpoint's default policy does."""
        everything = Names(("*",))
        return all(each.allows for each in self.statements) and any(
            each.actions == everything
            and each.resources in (everything, None)
            and each.principals == Names(("AWS:*",))
            and not each.conditions
            for each in self.statements
        )


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Policy:
    """Read a document; raises PolicyError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        message = f"The policy is no JSON: {error}"
        raise PolicyError(message) from error
    if not isinstance(document, dict) or "Statement" not in document:
        message = "The policy has no Statement"
        raise PolicyError(message)
    written = document["Statement"]
    listed = written if isinstance(written, list) else [written]
    return Policy(tuple(_statement(each) for each in listed))


def _statement(written: Any) -> Statement:
    if not isinstance(written, dict) or written.get("Effect") not in ("Allow", "Deny"):
        message = "A statement has no Effect of Allow or Deny"
        raise PolicyError(message)
    actions = _names(written, "Action")
    if actions is None:
        message = "A statement has neither Action nor NotAction"
        raise PolicyError(message)
    return Statement(
        written["Effect"] == "Allow",
        actions,
        _names(written, "Resource"),
        _principals(written),
        tuple(_conditions(written.get("Condition") or {})),
    )


def _names(written: Mapping[str, Any], element: str) -> Names | None:
    for name, inverted in ((element, False), (f"Not{element}", True)):
        if name in written:
            return Names(_texts(written[name]), inverted)
    return None


def _principals(written: Mapping[str, Any]) -> Names | None:
    for name, inverted in (("Principal", False), ("NotPrincipal", True)):
        if name not in written:
            continue
        value = written[name]
        if value == "*":
            return Names(("AWS:*",), inverted)
        if not isinstance(value, dict):
            message = f"{name} is neither * nor an object"
            raise PolicyError(message)
        return Names(tuple(f"{kind}:{each}" for kind, given in value.items() for each in _texts(given)), inverted)
    return None


def _conditions(written: Any) -> list[Condition]:
    if not isinstance(written, dict) or not all(isinstance(keys, dict) for keys in written.values()):
        message = "Condition is no object of objects"
        raise PolicyError(message)
    return [
        Condition(str(operator).lower(), str(key).lower(), _texts(values))
        for operator, keys in written.items()
        for key, values in keys.items()
    ]


def _texts(value: Any) -> tuple[str, ...]:
    """Give a list of texts; JSON's true is the text `true`, as in IAM."""
    listed = value if isinstance(value, list) else [value]
    return tuple(each if isinstance(each, str) else json.dumps(each) for each in listed)
