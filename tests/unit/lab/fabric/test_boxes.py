"""Boxes are the same packets as before, and no packet lies in two of them: what the kernel asks of interval sets."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from natless.lab.fabric.boxes import Box, by_upper_byte, disjoint, merged

NETWORKS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False), st.integers(0, 15), st.integers(28, 32)
)
SPANS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: (min(pair), max(pair)))
BOXES = st.lists(st.builds(Box, NETWORKS, SPANS), max_size=12)


def box(network: str, first: int, last: int) -> Box:
    return Box(IPv4Network(network), (first, last))


def points(boxes: list[Box]) -> list[tuple[int, int]]:
    return [
        (int(address), number)
        for each in boxes
        for address in each.network
        for number in range(each.span[0], each.span[1] + 1)
    ]


@given(BOXES)
def test_boxes_hold_each_point_once_and_no_other(boxes: list[Box]) -> None:
    found = points(list(disjoint(boxes)))
    assert sorted(found) == sorted(set(points(boxes)))


def test_what_a_wider_network_allows_is_taken_out_of_the_narrower() -> None:
    given = [box("10.1.0.0/16", 80, 100), box("10.0.0.0/8", 90, 95), box("11.0.0.0/8", 80, 80)]
    assert list(disjoint(given)) == [
        box("10.0.0.0/8", 90, 95),
        box("10.1.0.0/16", 80, 89),
        box("10.1.0.0/16", 96, 100),
        box("11.0.0.0/8", 80, 80),
    ]


def test_what_adjoins_is_one() -> None:
    assert merged([(5, 6), (1, 2), (3, 3), (9, 9), (4, 5)]) == ((1, 6), (9, 9))


def test_two_bytes_are_an_upper_one_and_spans_of_lower_ones() -> None:
    assert list(by_upper_byte((0x0804, 0x0804))) == [(8, (4, 4))]
    assert list(by_upper_byte((0x08FE, 0x0A01))) == [(8, (254, 255)), (9, (0, 255)), (10, (0, 1))]
