"""Fargate's sizes: expected values from the table in the ECS Developer Guide, 'task-cpu-memory-error'."""

from __future__ import annotations

import pytest

from natless.catalog.fargate import SIZES, nearest, possible


@pytest.mark.parametrize(
    ("cpu", "count", "least", "most"),
    [
        (256, 3, 512, 2048),
        (512, 4, 1024, 4096),
        (1024, 7, 2048, 8192),
        (2048, 13, 4096, 16384),
        (4096, 23, 8192, 30720),
        (8192, 12, 16384, 61440),
        (16384, 12, 32768, 122880),
    ],
)
def test_the_guides_table(cpu: int, count: int, least: int, most: int) -> None:
    [size] = [size for size in SIZES if size.cpu == cpu]
    assert (len(size.memory), size.memory[0], size.memory[-1]) == (count, least, most)


def test_possible() -> None:
    assert possible(256, 512)
    assert not possible(256, 3072)
    assert not possible(8192, 17408)
    assert not possible(300, 512)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((256, 4096), ((256, 2048), (512, 4096))),
        ((1024, 512), ((1024, 2048),)),
        ((300, 512), ((512, 1024),)),
        ((8192, 17408), ((8192, 20480),)),
        ((99999, 1), ((32768, 249856),)),
        ((1, 999999), ((32768, 249856),)),
    ],
)
def test_nearest(given: tuple[int, int], expected: tuple[tuple[int, int], ...]) -> None:
    assert nearest(*given) == expected
    assert all(possible(*size) for size in nearest(*given))
