"""IAM's JSON: a policy document, as text or as an object, into statements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from natless.cloud import Policy, Statement
from natless.finding import Gap, Origin

_ESCAPED = re.compile(rb"%([0-9a-fA-F]{2})")


def policy(document: Any, origin: Origin, what: str) -> Policy | Gap:
    """Read a policy document. IAM's own API answers it URL-encoded (RFC 3986), EC2's as plain JSON text.

    What is not readable as a policy is a Gap: a text, a statement, or an entry of a list.
    """
    if isinstance(document, str):
        try:
            document = json.loads(_plain(document))
        except ValueError:
            return Gap(what, origin, "the policy is no JSON")
    if not isinstance(document, dict) or "Statement" not in document:
        return Gap(what, origin, "the policy has no Statement")
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    return Policy(origin, tuple(_statement(each, origin, what) for each in statements))


def _plain(text: str) -> bytes:
    data = text.encode()
    if data.lstrip()[:1] == b"%":
        return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data)
    return data


def _statement(data: Any, origin: Origin, what: str) -> Statement | Gap:
    if not isinstance(data, dict) or data.get("Effect") not in {"Allow", "Deny"}:
        return Gap(what, origin, "a statement of the policy has no Effect of Allow or Deny")
    if "NotPrincipal" in data:
        return Gap(what, origin, "NotPrincipal is not followed")
    conditions = data.get("Condition") or {}
    if not isinstance(conditions, dict):
        return Gap(what, origin, "the Condition of a statement is no object")
    return Statement(
        origin,
        data["Effect"],
        _texts(data.get("Action"), origin, what),
        _texts(data.get("NotAction"), origin, what),
        _texts(data.get("Resource"), origin, what),
        _texts(data.get("NotResource"), origin, what),
        tuple(_principals(data.get("Principal"), origin, what)),
        conditions,
    )


def _texts(value: Any, origin: Origin, what: str) -> tuple[str | Gap, ...]:
    """Give IAM's "one or a list of them" as a tuple."""
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    return tuple(each if isinstance(each, str) else Gap(what, origin, "expected text") for each in values)


def _principals(value: Any, origin: Origin, what: str) -> Iterator[str | Gap]:
    """Give principals without their kind: `*`, service names, ARNs, account numbers."""
    if isinstance(value, dict):
        for kind in sorted(value, key=str):
            yield from _texts(value[kind], origin, what)
    else:
        yield from _texts(value, origin, what)
