"""How small subnets may be, so how many zones a VPC's CIDR can hold."""

from __future__ import annotations

from natless.catalog.source import Source

SMALLEST_VPC_PREFIX = 28
LARGEST_VPC_PREFIX = 16
VPC_SIZES = Source("Amazon VPC User Guide, 'VPC CIDR blocks'", "2026-11")

SMALLEST_BALANCER_PREFIX = 27
"""An ALB's subnets need at least a /27 with eight free addresses."""
BALANCER_SIZES = Source("Elastic Load Balancing, 'Subnets for your load balancer'", "2026-11")

BALANCER_ZONES = 2
"""An ALB needs subnets in at least this many availability zones."""

MOST_ZONES = 6
"""No region has more availability zones that an account can use (us-east-1 has six)."""

_SLOTS = (8, 4, 2, 1)


def zone_slots(prefix: int) -> int:
    """Give how many zones a VPC of `/prefix` has room for; 0 where not even one fits.

    Half of the VPC is for public subnets and half for private ones; each half is cut into equal subnets. The cut
    leans on the VPC's size alone, so that a further zone never moves the subnets that stand. A /16 is cut into /20s,
    as the AWS console does it.
    """
    for slots in _SLOTS:
        if prefix + 1 + (slots.bit_length() - 1) <= SMALLEST_BALANCER_PREFIX:
            return slots
    return 0
