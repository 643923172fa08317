"""ELBv2: load balancers, listeners, rules, target groups and their targets' health."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import Any

from natless.account.reader import Reader

SECTIONS = frozenset({"LoadBalancers", "Listeners", "ListenerRules", "TargetGroups", "TargetHealth"})


def read(reader: Reader, wanted: frozenset[str], vpcs: tuple[str, ...]) -> None:
    """Read the wanted sections. ELBv2 knows no filter by VPC, so `vpcs` chooses from what was read."""
    if not wanted & SECTIONS:
        return
    asked = [
        (key, operation)
        for key, operation, needed_by in (
            ("LoadBalancers", "describe_load_balancers", {"LoadBalancers", "Listeners", "ListenerRules"}),
            ("TargetGroups", "describe_target_groups", {"TargetGroups", "TargetHealth"}),
        )
        if wanted & needed_by
    ]
    answers = reader.each(lambda ask: reader.pages(ask[0], "elbv2", ask[1], ask[0]), asked)
    found = {ask[0]: reader.keep(ask[0], _within(answer, vpcs)) for ask, answer in zip(asked, answers, strict=True)}
    if wanted & {"TargetGroups", "TargetHealth"}:
        for group in found["TargetGroups"]:
            if group.get("Protocol") not in {None, "HTTP", "HTTPS"}:
                group["Attributes"] = _attributes(reader, group["TargetGroupArn"])
    listeners: list[Any] = []
    if wanted & {"Listeners", "ListenerRules"}:
        arns = [item["LoadBalancerArn"] for item in found["LoadBalancers"]]
        _inherit(reader, "LoadBalancers", "Listeners")
        listeners = reader.keep("Listeners", _flat(reader, _listeners, arns))
    if "ListenerRules" in wanted:
        _inherit(reader, "Listeners", "ListenerRules")
        arns = [item["ListenerArn"] for item in listeners]
        reader.keep("ListenerRules", _flat(reader, _rules, arns))
    if "TargetHealth" in wanted:
        _inherit(reader, "TargetGroups", "TargetHealth")
        arns = [item["TargetGroupArn"] for item in found["TargetGroups"]]
        reader.keep("TargetHealth", _flat(reader, _health, arns))


def _within(items: list[Any], vpcs: tuple[str, ...]) -> list[Any]:
    return [item for item in items if item.get("VpcId") in vpcs] if vpcs else items


def _inherit(reader: Reader, parent: str, child: str) -> None:
    """Where the parents could not be listed, neither could their children: not empty, but not read."""
    if parent in reader.denied:
        reader.denied[child] = reader.denied[parent]


def _flat(reader: Reader, function: Any, arns: list[str]) -> list[Any]:
    return list(chain.from_iterable(reader.each(partial(function, reader), arns)))


def _listeners(reader: Reader, arn: str) -> list[Any]:
    return reader.pages("Listeners", "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn)


def _attributes(reader: Reader, arn: str) -> list[Any]:
    """Whether a network load balancer's targets see the client's address stands only among the attributes."""
    return reader.pages("TargetGroups", "elbv2", "describe_target_group_attributes", "Attributes", TargetGroupArn=arn)


def _rules(reader: Reader, arn: str) -> list[Any]:
    found = reader.pages("ListenerRules", "elbv2", "describe_rules", "Rules", ListenerArn=arn)
    return [{**rule, "ListenerArn": arn} for rule in found]


def _health(reader: Reader, arn: str) -> list[Any]:
    found = reader.pages(
        "TargetHealth", "elbv2", "describe_target_health", "TargetHealthDescriptions", TargetGroupArn=arn
    )
    return [{**item, "TargetGroupArn": arn} for item in found]
