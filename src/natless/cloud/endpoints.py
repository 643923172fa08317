"""VPC endpoints."""

from __future__ import annotations

import msgspec

from natless.cloud.identity import Policy
from natless.finding import Gap, Origin


class InterfaceEndpoint(msgspec.Struct, frozen=True):
    """An interface endpoint. `service` is the short name AWS gives after the region (`ecr.api`, `logs`, `s3`).

    `policy` None is AWS's default: full access. `available` is False while an account reports another state.
    """

    id: str
    origin: Origin
    vpc: str | Gap
    service: str | Gap
    subnets: tuple[str | Gap, ...]
    groups: tuple[str | Gap, ...]
    private_dns: bool | Gap
    policy: Policy | Gap | None = None
    available: bool = True


class GatewayEndpoint(msgspec.Struct, frozen=True):
    """A gateway endpoint (`s3`, `dynamodb`): serves the subnets whose route table is in `route_tables`."""

    id: str
    origin: Origin
    vpc: str | Gap
    service: str | Gap
    route_tables: tuple[str | Gap, ...]
    policy: Policy | Gap | None = None
    available: bool = True
