"""Repair of moto's EC2: the endpoint services on offer, without loading every service that moto has.

Which zones a service is offered in and whether it takes an endpoint policy differ on AWS; here every zone offers
every service, and the two that are known to refuse policies do.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES

from natless.lab.services.ec2_endpoints import GATEWAY_SERVICES, EndpointsEc2

NO_POLICY = ("ecs-agent", "ecs-telemetry")
"""As describe-vpc-endpoint-services said in 2018 (VpcEndpointPolicySupported)."""

REVERSED = ("ecr.api", "ecr.dkr")
"""Services whose host name turns the service name round: `ecr.api` answers as `api.ecr`."""


class OffersEc2(EndpointsEc2):
    """EC2 that says which endpoint services there are."""

    @staticmethod
    def _collect_default_endpoint_services(account_id: str, region: str) -> list[dict[str, Any]]:  # noqa: ARG004  # moto's signature
        """Give every service on offer, as DescribeVpcEndpointServices lists them."""
        return list(_offers(region))


@functools.cache
def _offers(region: str) -> tuple[dict[str, Any], ...]:
    zones = [zone.name for zone in RegionsAndZonesBackend.zones.get(region, [])]
    names = [*dict.fromkeys(AWS_ENDPOINT_SERVICES)]
    interfaces = [_offer(region, zones, name, "Interface") for name in names if name != "dynamodb"]
    gateways = [_offer(region, zones, name, "Gateway") for name in GATEWAY_SERVICES]
    return (*interfaces, *gateways)


def _offer(region: str, zones: list[str], name: str, kind: str) -> dict[str, Any]:
    host = ".".join(reversed(name.split("."))) if name in REVERSED else name
    made = BaseBackend.default_vpc_endpoint_service_factory(
        region,
        zones,
        host,
        service_type=kind,
        private_dns_names=kind == "Interface",
        special_service_name=name,
        policy_supported=name not in NO_POLICY,
    )
    return made[0]
