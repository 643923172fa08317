"""Explain: what a code, a name, an ECS error text or a Reachability Analyzer code is about."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address

import msgspec

from natless.catalog.ecs_errors import ERRORS, EcsError
from natless.catalog.ecs_stops import stop
from natless.catalog.explanation_codes import code_rules
from natless.finding import rules
from natless.finding.rules import Rule


class Explanation(msgspec.Struct, frozen=True):
    """What is known of a text. `rules` come most likely first; `evidence` says, line by line, what the text tells.

    `page` is the first rule's page, in Markdown.
    """

    title: str
    rules: tuple[Rule, ...]
    evidence: tuple[str, ...] = ()
    page: str = ""


_DIAL = re.compile(r"dial tcp(?: \[?(?P<address>[0-9.]+|<(?:public|VPC) IP>)\]?:(?P<port>\d+))?")
_CODE = re.compile(r"NL\d{3}", re.IGNORECASE)


def explain(text: str) -> Explanation | None:
    """Explain a rule's code or name, an ECS error text pasted whole, or an explanation code; None for anything else."""
    text = text.strip()
    known = rules.rule(text)
    if known is not None:
        return Explanation(f"{known.code} {known.name}: {known.title}", (known,), (), page(known))
    by_code = code_rules(text)
    if by_code is not None:
        title, found = by_code
        return Explanation(title, found, (), page(found[0]))
    joined, unbroken = _pasted(text, " "), _pasted(text, "")
    return _by_error(joined) or _by_error(unbroken) or _stopped(joined) or _stopped(unbroken)


_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _pasted(text: str, between: str) -> str:
    """Give a text as ECS wrote it: without a terminal's colours and JSON's escapes, its lines joined by `between`."""
    plain = _ESCAPES.sub("", text).replace('\\"', '"').replace("\\n", "\n")
    return re.sub(r"[ \t]+", " ", between.join(line.strip() if between else line for line in plain.splitlines()))


def _by_error(text: str) -> Explanation | None:
    error = next((error for error in ERRORS if error.mark in text), None)
    return _bare_address(text) if error is None else _error(_as_it_ended(error, text), text)


def _stopped(text: str) -> Explanation | None:
    """Explain what no step of a task's start is to blame for, and texts that were cut short."""
    known = stop(text)
    if known is None:
        return None
    return Explanation(known.title, known.rules, (known.meaning,), page(known.rules[0]) if known.rules else "")


def _as_it_ended(error: EcsError, text: str) -> EcsError:
    """Give the error of the same step that fits how the text ends: older agents begin both alike."""
    cause = error.cause
    if error.cause in {"denied", "timeout"}:
        if "i/o timeout" in text or "deadline exceeded" in text:
            cause = "timeout"
        elif "AccessDenied" in text or "not authorized" in text or "403 Forbidden" in text:
            cause = "denied"
    same_step = (other for other in ERRORS if other.stage is error.stage and other.need == error.need)
    return next((other for other in same_step if other.cause == cause), error)


def page(rule: Rule) -> str:
    """Give the rule's page, in Markdown; "" where it has none."""
    from importlib import resources  # noqa: PLC0415 - costs 10 ms, and `check` never needs it

    try:
        return resources.files("natless.finding").joinpath("pages", f"{rule.code}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _error(error: EcsError, text: str) -> Explanation:
    evidence = [f"The step that failed: {error.stage}.", error.meaning]
    public = address_is_public(text)
    hosting = _HOSTING.get((error.need, error.cause))
    ranked = hosting or _ranked(error, text, public=public, evidence=evidence)
    return Explanation(
        f"The task failed while {error.stage}", ranked, tuple(evidence), page(ranked[0]) if ranked else ""
    )


def address_is_public(text: str) -> bool | None:
    """Say whether the address that was dialled is public; None where the text has none."""
    found = _DIAL.search(text)
    if found is None or found["address"] is None:
        return None
    if found["address"].startswith("<"):
        return "public" in found["address"]
    try:
        return IPv4Address(found["address"]).is_global
    except AddressValueError:
        return None


_HOSTING: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("ecs", "denied"): (
        rules.INSTANCE_ROLE_DENIES,
        rules.ENDPOINT_POLICY_DENIES,
        rules.INSTANCE_CLUSTER_MISMATCH,
    ),
    ("ecs", "missing"): (rules.INSTANCE_ROLE_MISSING, rules.INSTANCE_ROLE_NOT_ASSUMABLE),
    ("", "placement"): (rules.NO_CONTAINER_INSTANCE, rules.INSTANCE_CLUSTER_MISMATCH, rules.INSTANCE_ROLE_MISSING),
}
"""Errors of container instances, by need and cause."""


def _ranked(error: EcsError, text: str, *, public: bool | None, evidence: list[str]) -> tuple[Rule, ...]:
    match error.cause:
        case "denied":
            denier = rules.EXECUTION_ROLE_DENIES
            found = (denier, rules.ENDPOINT_POLICY_DENIES, rules.TOKEN_SCOPED)
            return (rules.ENDPOINT_POLICY_DENIES,) if error.need == "s3-layers" else found
        case "name":
            return (rules.DNS_SUPPORT_OFF, rules.CUSTOM_DNS_UNREACHABLE)
        case "missing":
            return (rules.LOG_GROUP_MISSING,) if error.need == "" and "log group" in text else ()
        case "architecture" | "placement":
            return ()
        case "throttled" | "internet":
            return (rules.IMAGE_NOT_PRIVATE,)
        case "timeout":
            return _timeout(error, text, public=public, evidence=evidence)


def _timeout(error: EcsError, text: str, *, public: bool | None, evidence: list[str]) -> tuple[Rule, ...]:
    if error.need == "alb->task":
        return (rules.TASK_INGRESS_MISSING, rules.BALANCER_EGRESS_MISSING, rules.ACL_DENIES_REPLY)
    if error.need in {"s3", "s3-layers"}:
        evidence.append("S3's gateway endpoint has no address of its own: the public address here is as it must be.")
        found = (rules.GATEWAY_NOT_ROUTED, rules.ENDPOINT_MISSING, rules.PREFIX_LIST_EGRESS_MISSING)
        only_layers = (rules.S3_INTERFACE_ONLY,) if error.need == "s3-layers" else ()
        return (*found, *only_layers, rules.ACL_DENIES_REPLY)
    if error.need == "ecr.dkr" and ".dkr.ecr" not in text and "failed to resolve ref" in text:
        return (rules.IMAGE_NOT_PRIVATE, rules.ENDPOINT_MISSING)
    names = (rules.ENDPOINT_MISSING, rules.PRIVATE_DNS_OFF, rules.DNS_HOSTNAMES_OFF, rules.PUBLIC_ADDRESS_MISSING)
    filters = (
        rules.ENDPOINT_INGRESS_MISSING,
        rules.TASK_EGRESS_MISSING,
        rules.ACL_DENIES_REPLY,
        rules.ACL_DENIES_REQUEST,
        rules.SELF_RULE_MISSING,
    )
    match public:
        case True:
            evidence.append("The address is public: the name was not captured by an endpoint's private DNS.")
            return names
        case False:
            evidence.append("The address is the VPC's: names are right, and a security group or network ACL says no.")
            return filters
        case None:
            evidence.append("The text shows no address, so names, routes and filters are all possible.")
            return (*names[:2], *filters[:2], *names[2:])


def _bare_address(text: str) -> Explanation | None:
    """Explain a time-out of a kind that ECS's texts do not list: the address alone is evidence."""
    public = address_is_public(text)
    if public is None or "i/o timeout" not in text:
        return None
    if public:
        evidence = ("The address is public: the name was not captured by an endpoint's private DNS.",)
        found = (rules.ENDPOINT_MISSING, rules.PRIVATE_DNS_OFF, rules.ROUTE_MISSING)
    else:
        evidence = ("The address is the VPC's: names are right, and a security group or network ACL says no.",)
        found = (rules.ENDPOINT_INGRESS_MISSING, rules.TASK_EGRESS_MISSING, rules.ACL_DENIES_REPLY)
    return Explanation("A connection that nobody answered", found, evidence, page(found[0]))
