"""What stands of the network and cannot be changed: the VPC's block, and the zones of its subnets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from natless.catalog import refusals
from natless.deploy.calls import pages
from natless.deploy.preflight.ground import Ground
from natless.design.names import VPC, private_subnet
from natless.finding import Finding
from natless.finding.rules import NETWORK_STAYS
from natless.spec.problems import quoted

_ANEW = "natless destroy && natless deploy"


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding where the network stands otherwise than the design has it. What a release asks, costs a call."""
    yield from _block(ground)
    if ground.spec.network.zone_names:
        yield from _zones(ground)


def _block(ground: Ground) -> Iterator[Finding]:
    """Another block means another VPC, and a load balancer cannot move into it."""
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
            _ANEW,
        )


def _zones(ground: Ground) -> Iterator[Finding]:
    """A subnet in another zone is another subnet, and CloudFormation makes it while the one before has its block."""
    wanted = {private_subnet(number): name for number, name in enumerate(ground.spec.network.zone_names, start=1)}
    ids = {ground.standing[each]: each for each in wanted if ground.standing.get(each)}
    if not ids:
        return

    def asked() -> list[Any]:
        return list(pages(ground.connect("ec2"), "describe_subnets", "Subnets", SubnetIds=sorted(ids)))

    found = {ids[each["SubnetId"]]: each for each in ground.ask("the private subnets", asked) or ()}
    moved = [each for each in wanted if each in found and found[each]["AvailabilityZone"] != wanted[each]]
    if moved:
        stand = [str(found[each]["AvailabilityZone"]) if each in found else wanted[each] for each in wanted]
        yield ground.finding(
            NETWORK_STAYS,
            moved[0],
            f"{found[moved[0]]['SubnetId']} stands in {found[moved[0]]['AvailabilityZone']} and cannot move to"
            f" {wanted[moved[0]]}: write zones = [{', '.join(map(quoted, stand))}], or destroy the deployment first;"
            " its URL changes then",
            refusals.BLOCK_TAKEN.say(block=str(found[moved[0]].get("CidrBlock", ""))),
            _ANEW,
        )
