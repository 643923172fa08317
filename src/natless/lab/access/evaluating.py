"""The decision, in the order of AWS's "Policy evaluation logic".

Source: IAM user guide, "How AWS enforcement code logic evaluates requests to allow or deny access" and "Policy
evaluation for requests within a single account"; PrivateLink guide, "Control access to VPC endpoints using endpoint
policies". Read 2026-11. Organizations (SCPs, RCPs) are not modelled: the lab's account stands alone.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from natless.lab.access.conditions import NO, Context, Verdict, hold
from natless.lab.access.patterns import matches
from natless.lab.access.policies import Names, Policy, Statement
from natless.lab.access.principals import Principal

Kind: TypeAlias = Literal["identity", "resource", "boundary", "session", "endpoint", "trust"]


class Request(msgspec.Struct, frozen=True):
    """One action on one resource, by someone, under circumstances. `resource` is `*` for actions that know none."""

    principal: Principal
    action: str
    resource: str
    context: Context


class Policies(msgspec.Struct, frozen=True):
    """What applies to a request. `resource_kind` says what the resource-based policy is called in messages.

    `grants` says what is enough: `either` an identity-based policy or the resource's, as for most; `resource` where
    the resource's own policy has the last word (KMS keys and roles), which may leave it to the account's policies.
    `bare_endpoint` says that the endpoint's policy matches no principal but `*`, as gateway endpoints do it.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    resource: Policy | None = None
    resource_kind: Literal["resource", "trust"] = "resource"
    grants: Literal["either", "resource"] = "either"
    endpoint: Policy | None = None
    bare_endpoint: bool = False


class Denial(msgspec.Struct, frozen=True):
    """What stands in the way. `unknown` names what the lab does not know and would have to."""

    kind: Kind
    explicit: bool
    unknown: str = ""


class _Said(msgspec.Struct, frozen=True):
    """What one policy says: denied, allowed by name, allowed as the account; and what is not known of either."""

    denied: Verdict
    allowed: Verdict
    by_account: Verdict


_SILENT = _Said(NO, NO, NO)


def decide(request: Request, policies: Policies) -> Denial | None:
    """Give what denies a request, or None where it is allowed."""
    identity = [_said(each, request) for each in policies.identity]
    resource = _by_resource(policies.resource, request)
    endpoint = _by_resource(policies.endpoint, request, bare=policies.bare_endpoint)
    boundary = _said(policies.boundary, request) if policies.boundary is not None else None
    session = _said(policies.session, request) if policies.session is not None else None
    given: list[tuple[Kind, _Said]] = [
        *(("identity", each) for each in identity),
        (policies.resource_kind, resource),
        ("endpoint", endpoint),
        *((("boundary", boundary),) if boundary is not None else ()),
        *((("session", session),) if session is not None else ()),
    ]
    for kind, said in given:
        if said.denied.holds or said.denied.unknown:
            return Denial(kind, explicit=said.denied.holds, unknown=said.denied.unknown)
    # A packet meets the endpoint before the service: of two policies that are silent, the endpoint's is named.
    if policies.endpoint is not None:
        through = _any([endpoint.allowed, endpoint.by_account])
        if not through.holds:
            return Denial("endpoint", explicit=False, unknown=through.unknown)
    allowed = _any([each.allowed for each in identity])
    if request.principal.administrator:
        allowed = Verdict(holds=True)
    return _granted(policies, resource, allowed, boundary, session)


def _granted(
    policies: Policies, resource: _Said, identity: Verdict, boundary: _Said | None, session: _Said | None
) -> Denial | None:
    """Say whether what speaks for the request is enough; explicit denials are settled before."""
    if policies.grants == "resource" and policies.resource is not None:
        # The resource's policy allows by name, or leaves it to the account, whose identity-based policies then count.
        if not resource.allowed.holds and not resource.by_account.holds:
            return Denial(policies.resource_kind, explicit=False, unknown=resource.allowed.unknown)
        identity = identity if resource.by_account.holds and not resource.allowed.holds else Verdict(holds=True)
    elif resource.allowed.holds:
        # AWS limits such a grant by boundary and session where it names the role; the lab limits it always.
        identity = Verdict(holds=True)
    if not identity.holds:
        return Denial("identity", explicit=False, unknown=identity.unknown or resource.allowed.unknown)
    for kind, said in (("boundary", boundary), ("session", session)):
        if said is not None and not said.allowed.holds:
            return Denial(kind, explicit=False, unknown=said.allowed.unknown)  # type: ignore[arg-type]  # the two literals above
    return None


def _any(verdicts: list[Verdict]) -> Verdict:
    if any(each.holds for each in verdicts):
        return Verdict(holds=True)
    return next((each for each in verdicts if each.unknown), NO)


def _said(policy: Policy, request: Request) -> _Said:
    """Give what an identity-based policy, a boundary or a session policy says."""
    allows: list[Verdict] = []
    denies: list[Verdict] = []
    for statement in policy.statements:
        if _speaks_of(statement, request):
            (allows if statement.allows else denies).append(hold(statement.conditions, request.context))
    return _Said(_any(denies), _any(allows), NO)


def _by_resource(policy: Policy | None, request: Request, *, bare: bool = False) -> _Said:
    """Give what a policy with principals says."""
    if policy is None:
        return _SILENT
    denies: list[Verdict] = []
    allows: list[Verdict] = []
    by_account: list[Verdict] = []
    for statement in policy.statements:
        who = _names(statement.principals, request.principal, bare=bare)
        if who == "" or not _speaks_of(statement, request):
            continue
        verdict = hold(statement.conditions, request.context)
        if not statement.allows:
            denies.append(verdict)
        elif who == "account":
            by_account.append(verdict)
        else:
            allows.append(verdict)
    return _Said(_any(denies), _any(allows), _any(by_account))


def _speaks_of(statement: Statement, request: Request) -> bool:
    variable = request.context.variable
    listed = any(matches(each, request.action, variable, ignore_case=True) for each in statement.actions.listed)
    if listed == statement.actions.inverted:
        return False
    if statement.resources is None:
        return True
    named = any(matches(each, request.resource, variable) for each in statement.resources.listed)
    return named != statement.resources.inverted


def _names(principals: Names | None, principal: Principal, *, bare: bool) -> Literal["", "account", "named"]:
    """Say how a statement names a principal: by its own name (or everyone's), as one of its account, or not."""
    if principals is None:
        return "named"
    found = [_one_names(each, principal, bare=bare) for each in principals.listed]
    if principals.inverted:
        return "" if any(found) else "named"
    return "named" if "named" in found else "account" if "account" in found else ""


def _one_names(listed: str, principal: Principal, *, bare: bool) -> Literal["", "account", "named"]:
    kind, _, name = listed.partition(":")
    if kind == "Service":
        return "named" if principal.kind == "service" and name == principal.issuer else ""
    if kind != "AWS" or principal.kind == "service":
        return ""
    if name == "*":
        return "named"
    if bare:
        return ""
    if name == principal.account or name.endswith(f"::{principal.account}:root"):
        return "account"
    return "named" if name in (principal.arn, principal.issuer) else ""
