"""Every resource type that the lab makes."""

from __future__ import annotations

from natless.lab.engine.resources import (
    certificates,
    discovery,
    ec2_access,
    ec2_network,
    ecs,
    elbv2,
    identity,
    instances,
    stores,
)
from natless.lab.engine.resources.making import Kind

KINDS: dict[str, Kind] = {
    kind.type: kind
    for kinds in (
        ec2_network.KINDS,
        ec2_access.KINDS,
        certificates.KINDS,
        discovery.KINDS,
        elbv2.KINDS,
        ecs.KINDS,
        identity.KINDS,
        instances.KINDS,
        stores.KINDS,
    )
    for kind in kinds
}
