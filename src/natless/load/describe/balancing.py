"""Load balancers, listeners and target groups from ELBv2's describe JSON."""

from __future__ import annotations

from typing import Literal

from natless.cloud import Listener, ListenerRule, LoadBalancer, TargetGroup
from natless.finding import Gap
from natless.load.describe.item import Item
from natless.load.describe.sections import Sections


def load_balancers(sections: Sections) -> dict[str, LoadBalancer]:
    """Read load balancers; without an available zone they have no subnets yet."""

    def balancer(item: Item) -> LoadBalancer:
        scheme = item.text("Scheme")
        subnets = {subnet for each in item.parts("AvailabilityZones") if (subnet := each.maybe_text("SubnetId"))}
        return LoadBalancer(
            item.id,
            item.origin,
            _kind(item),
            scheme if isinstance(scheme, Gap) else scheme == "internet-facing",
            tuple(sorted(subnets)),
            item.texts("SecurityGroups"),
            item.maybe_text("DNSName") or "",
        )

    return sections.each("LoadBalancers", balancer)


def _kind(item: Item) -> Literal["application", "network", "gateway"]:
    match item.maybe_text("Type"):
        case "application" | "network" | "gateway" as kind:
            return kind
        case other:
            item.malformed("Type", f"expected application, network or gateway, found {other!r}")
            return "application"


def listeners(sections: Sections) -> dict[str, Listener]:
    """Read listeners with the target groups their default action forwards to."""
    return sections.each(
        "Listeners",
        lambda item: Listener(
            item.id,
            item.origin,
            item.text("LoadBalancerArn"),
            item.number("Port"),
            item.text("Protocol"),
            _forwards(item, "DefaultActions"),
        ),
    )


def listener_rules(sections: Sections) -> dict[str, ListenerRule]:
    """Read listener rules; the default one is its listener's own action."""

    def rule(item: Item) -> ListenerRule | None:
        if item.maybe_flag("IsDefault"):
            return None
        return ListenerRule(item.id, item.origin, _listener_of(item), _priority(item), _forwards(item, "Actions"))

    return sections.each("ListenerRules", rule)


def _listener_of(item: Item) -> str:
    """Give the rule's listener, else what its ARN says.

    `...:listener-rule/app/NAME/LB/LISTENER/RULE` belongs to `...:listener/app/NAME/LB/LISTENER`.
    """
    return item.maybe_text("ListenerArn") or item.id.replace(":listener-rule/", ":listener/", 1).rpartition("/")[0]


def _priority(item: Item) -> int | Gap:
    text = item.text("Priority")  # ELBv2 writes the number as text
    if isinstance(text, Gap):
        return text
    return int(text) if text.isdecimal() else item.gap("Priority", f"{text!r} is no number")


def _forwards(item: Item, key: str) -> tuple[str, ...]:
    groups: set[str] = set()
    for action in item.parts(key):
        if action.maybe_text("Type") == "forward":
            single = action.maybe_text("TargetGroupArn")
            several = action.part("ForwardConfig").parts("TargetGroups")
            groups |= {arn for arn in (single, *(each.maybe_text("TargetGroupArn") for each in several)) if arn}
    return tuple(sorted(groups))


def target_groups(sections: Sections) -> dict[str, TargetGroup]:
    """Read target groups; one of type lambda has no VPC, port or protocol."""
    return sections.each(
        "TargetGroups",
        lambda item: TargetGroup(
            item.id,
            item.origin,
            item.maybe_text("VpcId"),
            item.maybe_number("Port"),
            item.maybe_text("Protocol"),
            item.text("TargetType"),
            item.maybe_text("HealthCheckPath") or "/",
            item.maybe_text("HealthCheckPort") or "traffic-port",
            _keeps_client(item),
        ),
    )


def _keeps_client(item: Item) -> bool | Gap:
    """Say whether targets see the client's address: only the attributes of network load balancers' groups tell it."""
    if item.maybe_text("Protocol") in {None, "HTTP", "HTTPS"}:
        return False
    attributes = {each.maybe_text("Key"): each.maybe_text("Value") for each in item.parts("Attributes")}
    found = attributes.get("preserve_client_ip.enabled")
    return item.gap("Attributes", "the target group's attributes were not read") if found is None else found == "true"
