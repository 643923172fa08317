"""ENIs: who uses each, from the words that AWS writes into InterfaceType and Description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from natless.cloud import NetworkInterface
from natless.load.describe.item import Item
from natless.load.describe.sections import Sections

Kind: TypeAlias = Literal["endpoint", "load-balancer", "task", "nat-gateway", "other"]

_DESCRIPTIONS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    # what AWS writes, with the owner's id in it
    (re.compile(r"VPC Endpoint Interface (vpce-[0-9a-f]+)"), "endpoint"),
    (re.compile(r"Interface for NAT Gateway (nat-[0-9a-f]+)"), "nat-gateway"),
    (re.compile(r"ELB ((?:app|net|gwy)/[^/]+/[0-9a-f]+)"), "load-balancer"),
    (re.compile(r"(arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]+:attachment/.+)"), "task"),
)

_TYPES: Mapping[str, Kind] = {
    "vpc_endpoint": "endpoint",
    "gateway_load_balancer_endpoint": "endpoint",
    "natGateway": "nat-gateway",  # botocore's model has this one,
    "nat_gateway": "nat-gateway",  # EC2 answers this one
    "load_balancer": "load-balancer",
    "network_load_balancer": "load-balancer",
    "gateway_load_balancer": "load-balancer",
}


def network_interfaces(sections: Sections) -> dict[str, NetworkInterface]:
    """Read the ENIs that stand, with their owners: endpoint, load balancer (ARN), task (ARN), NAT gateway, instance."""
    owners = _owners(sections)
    # `app/NAME/ID`, ELB's words in a description, is how the load balancer's ARN ends.
    balancers = {item.id.partition(":loadbalancer/")[2]: item.id for item in sections.items("LoadBalancers")}

    def interface(item: Item) -> NetworkInterface | None:
        subnet = item.maybe_text("SubnetId")
        if subnet is None:
            item.malformed("SubnetId", "an ENI stands in a subnet, and this one names none")
            return None
        owner, kind = owners.get(item.id) or _described(item, balancers)
        addresses = {
            address for each in item.parts("PrivateIpAddresses") if (address := each.address("PrivateIpAddress"))
        }
        addresses |= {address for address in (item.address("PrivateIpAddress"),) if address}
        return NetworkInterface(
            item.id,
            item.origin,
            subnet,
            tuple(sorted(group for each in item.parts("Groups") if (group := each.maybe_text("GroupId")))),
            tuple(sorted(addresses)),
            item.part("Association").address("PublicIp"),
            owner,
            kind,
        )

    return sections.each("NetworkInterfaces", interface)


def _owners(sections: Sections) -> dict[str, tuple[str, Kind]]:
    """Collect the ENIs that endpoints, tasks and load balancers themselves name."""
    owners: dict[str, tuple[str, Kind]] = {}
    for endpoint in sections.items("VpcEndpoints"):
        owners |= dict.fromkeys(endpoint.texts("NetworkInterfaceIds"), (endpoint.id, "endpoint"))
    for gateway in sections.items("NatGateways"):
        for address in gateway.parts("NatGatewayAddresses"):
            if eni := address.maybe_text("NetworkInterfaceId"):
                owners[eni] = (gateway.id, "nat-gateway")
    for task in sections.items("Tasks"):
        for attachment in task.parts("attachments"):
            details = {each.maybe_text("name"): each.maybe_text("value") for each in attachment.parts("details")}
            if eni := details.get("networkInterfaceId"):
                owners[eni] = (task.id, "task")
    return owners


def _described(item: Item, balancers: Mapping[str, str]) -> tuple[str, Kind]:
    description = item.maybe_text("Description") or ""
    for pattern, kind in _DESCRIPTIONS:
        if found := pattern.match(description):
            return balancers.get(found[1], found[1]), kind
    of_type = _TYPES.get(item.maybe_text("InterfaceType") or "", "other")
    return item.part("Attachment").maybe_text("InstanceId") or "", of_type
