"""The task sizes that Fargate has: which memory goes with which CPU, Linux, platform version 1.4.0."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class Size(msgspec.Struct, frozen=True):
    """One CPU value (CPU units, 1024 = one vCPU), every memory (MiB) that goes with it, and who says so."""

    cpu: int
    memory: tuple[int, ...]
    source: Source


_GUIDE = Source(
    "Amazon ECS Developer Guide, 'Invalid CPU or memory value specified' (task-cpu-memory-error)", "2026-11"
)
_LINT = Source("cfn-lint 1.58, extension aws_ecs_taskdefinition/fargate_cpu_memory", "2026-11")


def _steps(least: int, most: int, step: int) -> tuple[int, ...]:
    """Give GiB from `least` to `most` as MiB."""
    return tuple(gib * 1024 for gib in range(least, most + 1, step))


SIZES: tuple[Size, ...] = (
    Size(256, (512, 1024, 2048), _GUIDE),
    Size(512, _steps(1, 4, 1), _GUIDE),
    Size(1024, _steps(2, 8, 1), _GUIDE),
    Size(2048, _steps(4, 16, 1), _GUIDE),
    Size(4096, _steps(8, 30, 1), _GUIDE),
    Size(8192, _steps(16, 60, 4), _GUIDE),
    Size(16384, _steps(32, 120, 8), _GUIDE),
    Size(32768, (60 * 1024, 120 * 1024, 244 * 1024), _LINT),
)
"""From the smallest to the largest."""


def possible(cpu: int, memory: int) -> bool:
    """Say whether Fargate has a task of `cpu` CPU units and `memory` MiB."""
    return any(size.cpu == cpu and memory in size.memory for size in SIZES)


def nearest(cpu: int, memory: int) -> tuple[tuple[int, int], ...]:
    """Give the sizes nearest to one that Fargate lacks, as (CPU units, MiB), smallest first, one or two.

    Where the CPU value exists, the first keeps it and takes the memory that is enough, or else its most; the second
    is the smallest task that has at least both. A size that is beyond all gives the largest.
    """
    enough = [
        (size.cpu, min(mib for mib in size.memory if mib >= memory))
        for size in SIZES
        if size.cpu >= cpu and size.memory[-1] >= memory
    ]
    same = [size for size in SIZES if size.cpu == cpu]
    found = {(size.cpu, min((mib for mib in size.memory if mib >= memory), default=size.memory[-1])) for size in same}
    found.update(enough[:1])
    return tuple(sorted(found)) or ((SIZES[-1].cpu, SIZES[-1].memory[-1]),)


RESERVED_VARIABLES: frozenset[str] = frozenset(
    {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_EXECUTION_ENV",
        "ECS_AGENT_URI",
        "ECS_CONTAINER_METADATA_URI",
        "ECS_CONTAINER_METADATA_URI_V4",
    }
)
"""Environment variables that ECS sets in every container; one of one's own would break credentials or metadata."""

RESERVED_SOURCE = Source(
    "Amazon ECS Developer Guide, 'Task metadata endpoint', 'Task IAM role' and 'Task scale-in protection endpoint'",
    "2026-11",
)
