"""The zones that the private subnets lie in (or will), against those that each endpoint's service is offered in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from natless.deploy.calls import pages
from natless.deploy.preflight.ground import Ground
from natless.design.names import private_subnet
from natless.finding import Finding
from natless.finding.rules import ZONE_NOT_OFFERED


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding for each interface endpoint whose service misses a zone."""
    offers = ground.ask("the zones of endpoint services", lambda: _offers(ground))
    zones = ground.ask("availability zones", lambda: _zones(ground))
    if offers is None or zones is None:
        return
    for name, body in ground.design.main["Resources"].items():
        if body["Type"] != "AWS::EC2::VPCEndpoint" or body["Properties"].get("VpcEndpointType") != "Interface":
            continue
        if name in ground.standing:
            continue
        service = service_name(ground, body)
        lacking = [zone for zone in zones if zone not in offers.get(service, zones)]
        if service not in offers or lacking:
            where = f"in {', '.join(lacking)}" if lacking else f"in {ground.region} at all"
            yield ground.finding(
                ZONE_NOT_OFFERED,
                name,
                f"{service} is not offered {where}, where private subnets lie",
                f"The VPC endpoint service {service} does not support the availability zone of the subnet",
            )


def service_name(ground: Ground, body: dict[str, Any]) -> str:
    """Give the service of an endpoint of the template; design writes it with the region as a pseudo parameter."""
    written = body["Properties"]["ServiceName"]
    text = written if isinstance(written, str) else str(written["Fn::Sub"])
    return text.replace("${AWS::Region}", ground.region)


def _offers(ground: Ground) -> dict[str, list[str]]:
    found = pages(ground.connect("ec2"), "describe_vpc_endpoint_services", "ServiceDetails")
    interfaces = (each for each in found if any(kind["ServiceType"] == "Interface" for kind in each["ServiceType"]))
    return {each["ServiceName"]: list(each["AvailabilityZones"]) for each in interfaces}


def _zones(ground: Ground) -> list[str]:
    """Give the zones of the private subnets: where they stand, or what `Fn::GetAZs` will give.

    It gives zones with a default subnet only, unless none has one ("Fn::GetAZs", CloudFormation user guide).
    """
    client = ground.connect("ec2")
    wanted = ground.spec.network.zones
    standing = [
        ground.standing[each] for zone in range(1, wanted + 1) if (each := private_subnet(zone)) in ground.standing
    ]
    if standing:
        return [each["AvailabilityZone"] for each in pages(client, "describe_subnets", "Subnets", SubnetIds=standing)]
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    found = client.describe_availability_zones(Filters=filters)["AvailabilityZones"]
    names = sorted(each["ZoneName"] for each in found)
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    usual = {each["AvailabilityZone"] for each in pages(client, "describe_subnets", "Subnets", Filters=default)}
    return [name for name in names if name in usual or not usual][:wanted]
