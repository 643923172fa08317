"""The VPC's block: another one means another VPC, and a load balancer cannot move into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from natless.catalog import refusals
from natless.deploy.preflight.ground import Ground
from natless.design.names import VPC
from natless.finding import Finding
from natless.finding.rules import NETWORK_STAYS


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding where the VPC stands with another block than the design has. What a release asks, costs a call."""
    vpc, body = ground.standing.get(VPC), ground.design.main["Resources"].get(VPC)
    if not vpc or body is None:
        return
    wanted = body["Properties"]["CidrBlock"]
    found: Any = ground.ask("the VPC", lambda: ground.connect("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"])
    stands = str(found[0].get("CidrBlock", "")) if found else ""
    if stands not in {"", wanted}:
        yield ground.finding(
            NETWORK_STAYS,
            VPC,
            f"{vpc} stands with {stands}, and {wanted} would be another VPC, into which the load balancer cannot "
            f'move: write cidr = "{stands}", or destroy the deployment first; its URL changes then',
            refusals.ADDRESSES_STILL_MAPPED.say(vpc=vpc),
            "natless destroy && natless deploy",
        )
