"""The zones that the private subnets lie in (or will), against those that each endpoint's service is offered in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from natless.catalog.addresses import BALANCER_ZONES
from natless.deploy.calls import Connect, pages
from natless.deploy.preflight.ground import Ground
from natless.design import Design
from natless.design.names import private_subnet
from natless.finding import Finding
from natless.finding.rules import ZONE_NOT_OFFERED
from natless.spec.problems import quoted

Offers = Mapping[str, Sequence[str]]
"""The zones of each interface endpoint service."""


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding for each interface endpoint whose service misses a zone."""
    offered = ground.ask("the zones of endpoint services", lambda: offers(ground.connect))
    zones = ground.ask("availability zones", lambda: _zones(ground))
    if offered is None or zones is None:
        return
    wanted = services(ground.design, ground.region)
    instead = _instead(offered, wanted.values(), ground.spec.network.zones)
    for name, service in wanted.items():
        if name in ground.standing:
            continue
        lacking = [zone for zone in zones if zone not in offered.get(service, zones)]
        if service not in offered or lacking:
            where = f"in {', '.join(lacking)}" if lacking else f"in {ground.region} at all"
            yield ground.finding(
                ZONE_NOT_OFFERED,
                name,
                f"{service} is not offered {where}, where private subnets lie{instead}",
                f"The VPC endpoint service {service} does not support the availability zone of the subnet",
            )


def services(design: Design, region: str) -> dict[str, str]:
    """Give the service of each interface endpoint of the main template, by its logical id."""
    return {
        name: service_name(body, region)
        for name, body in design.main["Resources"].items()
        if body["Type"] == "AWS::EC2::VPCEndpoint" and body["Properties"].get("VpcEndpointType") == "Interface"
    }


def service_name(body: Mapping[str, Any], region: str) -> str:
    """Give the service of an endpoint of the template; design writes it with the region as a pseudo parameter."""
    written = body["Properties"]["ServiceName"]
    text = written if isinstance(written, str) else str(written["Fn::Sub"])
    return text.replace("${AWS::Region}", region)


def offers(connect: Connect) -> Offers:
    """Ask which zones each interface endpoint service is offered in."""
    found = pages(connect("ec2"), "describe_vpc_endpoint_services", "ServiceDetails")
    interfaces = (each for each in found if any(kind["ServiceType"] == "Interface" for kind in each["ServiceType"]))
    return {each["ServiceName"]: list(each["AvailabilityZones"]) for each in interfaces}


def of_region(connect: Connect) -> list[str]:
    """Ask for the zones that `Fn::GetAZs` gives.

    It gives zones with a default subnet only, unless none has one ("Fn::GetAZs", CloudFormation user guide).
    """
    client = connect("ec2")
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    found = client.describe_availability_zones(Filters=filters)["AvailabilityZones"]
    names = sorted(each["ZoneName"] for each in found)
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    usual = {each["AvailabilityZone"] for each in pages(client, "describe_subnets", "Subnets", Filters=default)}
    return [name for name in names if name in usual or not usual]


def _instead(offered: Offers, wanted: Iterable[str], count: int) -> str:
    """Say in which zones all services are offered, and the line to write: of so many zones, as there are that many."""
    everywhere = [set(offered.get(service, ())) for service in wanted]
    names = sorted(set.intersection(*everywhere)) if everywhere else []
    if len(names) < BALANCER_ZONES:
        return ""
    return f"; all are offered in {', '.join(names)}: zones = [{', '.join(map(quoted, names[:count]))}]"


def _zones(ground: Ground) -> Sequence[str]:
    """Give the zones of the private subnets: where they stand, what the spec says, or what `Fn::GetAZs` will give."""
    network = ground.spec.network
    standing = [
        ground.standing[each]
        for zone in range(1, network.zones + 1)
        if (each := private_subnet(zone)) in ground.standing
    ]
    if standing:
        found = pages(ground.connect("ec2"), "describe_subnets", "Subnets", SubnetIds=standing)
        return [each["AvailabilityZone"] for each in found]
    return network.zone_names or of_region(ground.connect)[: network.zones]
