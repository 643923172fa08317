"""Every resource type that the lab makes, and how it reads those whose drift it detects."""

from __future__ import annotations

import msgspec

from natless.lab.engine.resources import (
    certificates,
    discovery,
    ec2_access,
    ec2_network,
    ecs,
    elbv2,
    identity,
    instances,
    nested,
    read_access,
    read_ecs,
    read_elbv2,
    read_identity,
    read_network,
    read_stores,
    stores,
)
from natless.lab.engine.resources.making import Kind

READS = {
    **read_network.READS,
    **read_access.READS,
    **read_elbv2.READS,
    **read_ecs.READS,
    **read_identity.READS,
    **read_stores.READS,
}

KINDS: dict[str, Kind] = {
    kind.type: msgspec.structs.replace(kind, read=READS.get(kind.type))
    for kinds in (
        ec2_network.KINDS,
        ec2_access.KINDS,
        certificates.KINDS,
        discovery.KINDS,
        elbv2.KINDS,
        ecs.KINDS,
        identity.KINDS,
        instances.KINDS,
        nested.KINDS,
        stores.KINDS,
    )
    for kind in kinds
}
