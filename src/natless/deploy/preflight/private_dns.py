"""Endpoints of somebody else in the deployment's VPC that hold a private DNS name which a new one needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from natless.deploy.calls import pages
from natless.deploy.preflight.ground import Ground
from natless.deploy.preflight.zones import service_name
from natless.design.names import VPC
from natless.finding import Finding
from natless.finding.rules import PRIVATE_DNS_TAKEN


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding for each new endpoint whose name is taken. A VPC that does not stand yet has nobody in it."""
    vpc = ground.standing.get(VPC)
    if vpc is None:
        return
    taken = ground.ask("endpoints of the VPC", lambda: _taken(ground, vpc)) or {}
    for name, body in ground.design.main["Resources"].items():
        if body["Type"] != "AWS::EC2::VPCEndpoint" or not body["Properties"].get("PrivateDnsEnabled"):
            continue
        service = service_name(body, ground.region)
        if name not in ground.standing and service in taken:
            yield ground.finding(
                PRIVATE_DNS_TAKEN,
                name,
                f"{taken[service]}, which natless did not make, serves {service} with private DNS in {vpc}",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{service} in the VPC {vpc}",
                f"aws ec2 modify-vpc-endpoint --region {ground.region} --vpc-endpoint-id {taken[service]} "
                "--no-private-dns-enabled",
            )


def _taken(ground: Ground, vpc: str) -> dict[str, str]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    found: Iterator[Any] = pages(ground.connect("ec2"), "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    ours = set(ground.standing.values())
    return {
        each["ServiceName"]: each["VpcEndpointId"]
        for each in found
        if each.get("PrivateDnsEnabled") and each["VpcEndpointId"] not in ours
    }
