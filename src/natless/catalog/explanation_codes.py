"""VPC Reachability Analyzer's explanation codes, and the rules of natless that say the same.

Source: VPC Reachability Analyzer guide, 'Explanation codes', read 2026-11.
"""

from __future__ import annotations

import msgspec

from natless.finding import rules
from natless.finding.rules import Rule


class ExplanationCode(msgspec.Struct, frozen=True):
    """One code, what it means, and the rules that come to the same, most likely first."""

    code: str
    meaning: str
    rules: tuple[Rule, ...]


CODES: tuple[ExplanationCode, ...] = (
    ExplanationCode(
        "NO_ROUTE_TO_DESTINATION",
        "no route of the table leads to the destination",
        (rules.ROUTE_MISSING, rules.GATEWAY_NOT_ROUTED, rules.ENDPOINT_MISSING, rules.BALANCER_NOT_PUBLIC),
    ),
    ExplanationCode("BAD_STATE_ROUTE", "a route leads to something that does not stand", (rules.ROUTE_BLACKHOLE,)),
    ExplanationCode(
        "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
        "an internet gateway is reached, but the interface has no public address",
        (rules.PUBLIC_ADDRESS_MISSING,),
    ),
    ExplanationCode(
        "IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS",
        "an internet gateway knows no interface with this public address",
        (rules.PUBLIC_ADDRESS_MISSING,),
    ),
    ExplanationCode(
        "ENI_SG_RULES_MISMATCH",
        "no rule of the interface's security groups lets the packet pass",
        (
            rules.TASK_EGRESS_MISSING,
            rules.ENDPOINT_INGRESS_MISSING,
            rules.PREFIX_LIST_EGRESS_MISSING,
            rules.TASK_INGRESS_MISSING,
            rules.BALANCER_EGRESS_MISSING,
        ),
    ),
    ExplanationCode(
        "SG_HAS_NO_RULES",
        "the security group has no rule in this direction",
        (rules.TASK_EGRESS_MISSING, rules.ENDPOINT_INGRESS_MISSING, rules.SELF_RULE_MISSING),
    ),
    ExplanationCode(
        "SUBNET_ACL_RESTRICTION",
        "a network ACL denies the packet or its answer",
        (rules.ACL_DENIES_REPLY, rules.ACL_DENIES_REQUEST),
    ),
    ExplanationCode(
        "ELBV2_LISTENERS_MISMATCH",
        "no listener of the load balancer takes this port",
        (rules.BALANCER_WITHOUT_LISTENER, rules.TARGET_GROUP_UNATTACHED),
    ),
    ExplanationCode(
        "ELBV2_NO_TARGETS_IN_AZ",
        "no target stands in the zone of the load balancer's interface",
        (rules.TARGET_GROUP_UNATTACHED, rules.BALANCER_DEGRADED),
    ),
    ExplanationCode(
        "TARGET_PORT_RESTRICTION", "the target is registered with another port", (rules.TARGET_PORT_MISMATCH,)
    ),
    ExplanationCode(
        "VPCE_SERVICE_NOT_INSTALLED_IN_AZ",
        "the endpoint has no interface in this zone",
        (rules.ENDPOINT_WITHOUT_SUBNET, rules.ENDPOINT_DEGRADED),
    ),
    ExplanationCode(
        "VPCE_GATEWAY_PROTOCOL_RESTRICTION",
        "a gateway endpoint takes TCP (80, 443) and ICMP only",
        (rules.GATEWAY_NOT_ROUTED,),
    ),
)

_BY_CODE = {entry.code: entry for entry in CODES}


def code_rules(text: str) -> tuple[str, tuple[Rule, ...]] | None:
    """Give the meaning of an explanation code and the rules that come to the same, or None."""
    found = _BY_CODE.get(text.strip().upper())
    return None if found is None else (f"{found.code}: {found.meaning}", found.rules)
