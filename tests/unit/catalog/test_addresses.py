from __future__ import annotations

import pytest

from natless.catalog.addresses import zone_slots


@pytest.mark.parametrize(
    ("prefix", "slots"),
    # By hand: half of the VPC, cut into that many subnets, none smaller than the /27 that a load balancer needs.
    [(16, 8), (20, 8), (23, 8), (24, 4), (25, 2), (26, 1), (27, 0), (28, 0)],
)
def test_a_vpc_has_room_for_so_many_zones(prefix: int, slots: int) -> None:
    assert zone_slots(prefix) == slots
