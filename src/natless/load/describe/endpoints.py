"""VPC endpoints from EC2's describe JSON."""

from __future__ import annotations

import re

from natless.cloud import GatewayEndpoint, InterfaceEndpoint, Policy
from natless.finding import Gap
from natless.load.describe.item import Item
from natless.load.describe.policies import policy
from natless.load.describe.sections import Sections

_AWS_SERVICE = re.compile(r"(?:[a-z]+\.)*com\.amazonaws\.([a-z]{2}(?:-[a-z]+)+-\d+)\.(.+)")
_GONE = {"deleting", "deleted", "rejected", "expired"}


def both(sections: Sections, region: str) -> tuple[dict[str, InterfaceEndpoint], dict[str, GatewayEndpoint]]:
    """Read the interface and the gateway endpoints. Other kinds serve no AWS service that a task start needs."""
    interfaces: dict[str, InterfaceEndpoint] = {}
    gateways: dict[str, GatewayEndpoint] = {}
    for item in sections.items("VpcEndpoints"):
        state = (item.maybe_text("State") or "").lower()  # AWS writes `available` and `Available`
        if state in _GONE:
            continue
        match item.text("VpcEndpointType"):
            case "Interface":
                interfaces[item.id] = _interface(item, region, available=state == "available")
            case "Gateway":
                gateways[item.id] = _gateway(item, region, available=state == "available")
            case Gap() as gap:
                sections.reading.gaps.append(gap)
            case _:
                continue
    return interfaces, gateways


def _interface(item: Item, region: str, *, available: bool) -> InterfaceEndpoint:
    private_dns = item.flag("PrivateDnsEnabled")
    if item.part("DnsOptions").maybe_flag("PrivateDnsOnlyForInboundResolverEndpoint"):
        private_dns = False  # then the VPC itself still resolves to public addresses (S3)
    return InterfaceEndpoint(
        item.id,
        item.origin,
        item.text("VpcId"),
        _service(item, region),
        item.texts("SubnetIds"),
        tuple(sorted(group for each in item.parts("Groups") if (group := each.maybe_text("GroupId")))),
        private_dns,
        _policy(item),
        available,
    )


def _gateway(item: Item, region: str, *, available: bool) -> GatewayEndpoint:
    tables = item.texts("RouteTableIds")
    return GatewayEndpoint(
        item.id, item.origin, item.text("VpcId"), _service(item, region), tables, _policy(item), available
    )


def _policy(item: Item) -> Policy | Gap | None:
    """Read the policy; EC2 gives a PolicyDocument "if applicable" (VpcEndpoint, EC2 API reference)."""
    document = item.raw("PolicyDocument")
    return None if document is None else policy(document, item.origin, f"{item.what}.PolicyDocument")


def _service(item: Item, region: str) -> str | Gap:
    """Give the short name; the whole one where it is no AWS service's, or that of another region."""
    name = item.text("ServiceName")
    if isinstance(name, Gap):
        return name
    found = _AWS_SERVICE.fullmatch(name)
    if found is None or (region != found[1] and not region.startswith("$")):
        return name
    return found[2]
