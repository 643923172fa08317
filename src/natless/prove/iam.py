"""Policies: does this caller's request pass, in three values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from natless.cloud import Policy, Statement
from natless.finding import Gap, Origin
from natless.prove.truth import Maybe, Truth, every, negate, some
from natless.prove.wildcards import fits


class Request(msgspec.Struct, frozen=True):
    """One call: an action on a resource.

    `resource` is `*` for actions that know none. `context` holds IAM's condition keys (in lower case) with their
    values; "" says that the key is certainly not set, a key that is missing is not known.
    `principal` is the caller's ARN; AWS itself is "aws". `by_gateway` marks a gateway endpoint's policy, where naming
    an account means its root user, and roles are told by aws:PrincipalArn (AWS PrivateLink guide, 'Principals for
    gateway endpoints').
    """

    action: str
    resource: str
    principal: str
    context: Mapping[str, str] = {}
    by_gateway: bool = False


def allowed(policies: Iterable[Policy | Gap], request: Request, *, resource_policy: bool = False) -> Truth:
    """Say whether the policies together allow a request: an Allow that matches, and no Deny that does."""
    allows: list[Truth] = []
    denies: list[Truth] = []
    for policy in policies:
        if isinstance(policy, Gap):
            allows.append(Maybe((policy,)))
            denies.append(Maybe((policy,)))
            continue
        for statement in policy.statements:
            if isinstance(statement, Gap):
                allows.append(Maybe((statement,)))
                denies.append(Maybe((statement,)))
                continue
            match = applies(statement, request, resource_policy=resource_policy)
            (allows if statement.effect == "Allow" else denies).append(match)
    return every((some(allows), negate(some(denies))))


def applies(statement: Statement, request: Request, *, resource_policy: bool) -> Truth:
    """Say whether a statement speaks of a request."""
    parts = [
        _listed(statement.actions, statement.not_actions, request.action.lower(), statement.origin, lower=True),
        _listed(statement.resources, statement.not_resources, request.resource, statement.origin),
        *(_condition(operator, keys, request, statement.origin) for operator, keys in statement.conditions.items()),
    ]
    if resource_policy:
        parts.append(_principal(statement, request))
    return every(parts)


def _listed(
    wanted: tuple[str | Gap, ...], unwanted: tuple[str | Gap, ...], text: str, origin: Origin, *, lower: bool = False
) -> Truth:
    if unwanted:
        return negate(some(_fit(pattern, text, origin, lower=lower) for pattern in unwanted))
    return some(_fit(pattern, text, origin, lower=lower) for pattern in wanted)


def _fit(pattern: str | Gap, text: str, origin: Origin, *, lower: bool = False) -> Truth:
    if isinstance(pattern, Gap):
        return Maybe((pattern,))
    found = fits(pattern.lower() if lower else pattern, text)
    if found is None:
        return Maybe((Gap(f"{pattern}", origin, f"whether it matches {text} leans on what is not resolved"),))
    return found


def _principal(statement: Statement, request: Request) -> Truth:
    if not statement.principals:
        return True
    account = request.context.get("aws:principalaccount", "")
    names = {request.principal, account, f":{account}:root"} - {""}
    return some(_names(principal, request, names, statement.origin) for principal in statement.principals)


def _names(principal: str | Gap, request: Request, names: set[str], origin: Origin) -> Truth:
    if isinstance(principal, Gap):
        return Maybe((principal,))
    bare = principal.removeprefix("AWS:")
    if bare == "*":
        return True
    if request.principal == "aws":
        return False
    return _names_at_gateway(bare, origin) if request.by_gateway else _names_role(bare, request, names, origin)


def _names_role(bare: str, request: Request, names: set[str], origin: Origin) -> Truth:
    if bare in names or (bare.endswith(":root") and any(name in bare for name in names)):
        return True
    if "${" in bare or "${" in request.principal:
        return Maybe((Gap(bare, origin, f"whether it is {request.principal} leans on what is not resolved"),))
    return False


def _names_at_gateway(bare: str, origin: Origin) -> Truth:
    """Say whether a principal lets a role through a gateway endpoint: an account is its root user there."""
    if bare.isdecimal() or bare.endswith(":root"):
        return False
    return Maybe((Gap(bare, origin, "a gateway endpoint asks for aws:PrincipalArn in a condition instead"),))


_POSITIVE = {"stringequals", "stringlike", "arnequals", "arnlike", "stringequalsignorecase", "bool"}
_NEGATIVE = {"stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike", "stringnotequalsignorecase"}


def _condition(operator: str, keys: Any, request: Request, origin: Origin) -> Truth:
    """Say whether one operator of a Condition holds; operators and keys that are not known leave it open."""
    name = operator.lower()
    unset_passes = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    unread = Maybe((Gap(f"condition {operator}", origin, "natless does not know what it will be compared with"),))
    if not isinstance(keys, Mapping) or name not in _POSITIVE | _NEGATIVE:
        return unread
    results: list[Truth] = []
    for key, values in keys.items():
        have = request.context.get(str(key).lower())
        if have is None:
            results.append(unread)
        elif not have:
            # A key that is not set: positive operators fail on it, negative ones and ...IfExists pass.
            results.append(unset_passes or name in _NEGATIVE)
        else:
            listed = values if isinstance(values, list | tuple) else (values,)
            hit = some(_is_itself(value, have) or _fit(_text(value), have, origin) for value in listed)
            results.append(negate(hit) if name in _NEGATIVE else hit)
    return every(results)


def _is_itself(value: Any, have: str) -> bool:
    """Say whether a template's reference, which stays a symbol, is to the very resource that the key holds."""
    return isinstance(value, str) and value == f"${{{have}}}"


def _text(value: Any) -> str | Gap:
    if isinstance(value, Gap):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
