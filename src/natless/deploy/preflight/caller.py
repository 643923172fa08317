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
    condition = statement.get("Condition", {}).get("StringEquals", {})
    context = [
        {
            "ContextKeyName": key,
            "ContextKeyType": "string",
            "ContextKeyValues": [wanted] if isinstance(wanted, str) else wanted[:1],
        }
        for key, wanted in condition.items()
    ]
    resources = statement["Resource"][:1] if condition else statement["Resource"]
    return list(
        pages(
            ground.connect("iam"),
            "simulate_principal_policy",
            "EvaluationResults",
            PolicySourceArn=arn,
            ActionNames=statement["Action"],
            ResourceArns=[each.replace("?", "x") for each in resources],
            ContextEntries=context,
        )
    )
