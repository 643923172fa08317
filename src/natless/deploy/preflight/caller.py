"""The caller's permissions, by IAM's own simulation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from natless.deploy.calls import pages
from natless.deploy.preflight.ground import Ground
from natless.design.callers import LOOK_UP, Place, role_policy
from natless.finding import Finding
from natless.finding.rules import CALLER_DENIED

_SHOWN = 8
_CHAIN = "aws:CalledVia"
"""The one key with several values that the role's conditions name."""


def check(ground: Ground) -> Iterator[Finding]:
    """Give one finding with all that the caller may not do of what the deploy role may.

    A warning: the simulation knows neither organisations' policies nor a session's own.
    """
    arn = ground.ask("who calls", lambda: _principal(ground))
    if not arn:
        return
    place = Place(ground.partition, ground.region, ground.account)
    policy = role_policy("deploy", ground.design, ground.spec, place)
    denied: dict[str, None] = {}
    for statement in policy["Statement"]:
        answers = ground.ask("the caller's permissions", partial(_simulated, ground, arn, statement))
        if answers is None:
            return  # once is enough: all of them are refused alike
        denied |= dict.fromkeys(
            each["EvalActionName"]
            for each in answers
            if each["EvalDecision"] != "allowed" and each["EvalActionName"] not in LOOK_UP
        )
    if denied:
        rest = len(denied) - _SHOWN
        listed = ", ".join(list(denied)[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        yield ground.finding(
            CALLER_DENIED,
            ground.spec.name,
            f"{arn} may not do {listed}, as IAM's simulation says",
            "API: ...: User: ... is not authorized to perform: ...",
            f"natless template {ground.spec.source} --role deploy --account {ground.account}",
        )


def _principal(ground: Ground) -> str | None:
    """Give the ARN that can be simulated: a session's role, with its path; None for the account itself (root)."""
    resource = ground.caller.split(":", 5)[5]
    kind, _, rest = resource.partition("/")
    match kind:
        case "assumed-role":
            return str(ground.connect("iam").get_role(RoleName=rest.partition("/")[0])["Role"]["Arn"])
        case "user":
            return ground.caller
        case _:
            return None


def _simulated(ground: Ground, arn: str, statement: dict[str, Any]) -> list[Any]:
    given = [pair for values in statement.get("Condition", {}).values() for pair in values.items()]
    context = [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": wanted[:1]}
        if key != _CHAIN
        else {"ContextKeyName": key, "ContextKeyType": "stringList", "ContextKeyValues": wanted}
        for key, wanted in ((key, [value] if isinstance(value, str) else value) for key, value in given)
    ]
    return list(
        pages(
            ground.connect("iam"),
            "simulate_principal_policy",
            "EvaluationResults",
            PolicySourceArn=arn,
            # IAM simulates actions, and no patterns of them.
            ActionNames=[each for each in statement["Action"] if not each.endswith("*")],
            ResourceArns=[each.replace("?", "x") for each in statement["Resource"]],
            ContextEntries=context,
        )
    )
