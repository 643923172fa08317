"""Fargate, Fargate Spot and EC2: what the choice means, in the words of the ECS developer guide."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source

SOURCE = Source("Amazon ECS Developer Guide, 'Amazon ECS launch types and capacity providers'", "2026-11")


class Launch(msgspec.Struct, frozen=True):
    """One way to run tasks, by what people choose it for; `advice` says when, and why."""

    name: str
    infrastructure: str
    unit: str
    billing: str
    customisation: str
    network: str
    advice: str


FARGATE = Launch(
    "Fargate",
    "serverless: no host to patch or to size",
    "the task",
    "by the second, for the CPU and memory of the task",
    "task size and architecture only",
    "an ENI for each task",
    "first in most cases: nothing idles, nothing is patched, three endpoints fewer",
)

FARGATE_SPOT = Launch(
    "Fargate Spot",
    "serverless, on capacity that AWS may take back with two minutes' notice",
    "the task",
    "by the second, at a price that floats",
    "task size only; not on Windows",
    "an ENI for each task",
    "for work that may be interrupted, with part of the tasks on Fargate",
)

EC2 = Launch(
    "EC2",
    "your instances, in an Auto Scaling group: you patch and size them",
    "the instance, which holds many tasks",
    "by the second, for the instance, full or not",
    "operating system, kernel, agent, GPU, instance store",
    "an ENI for each task (awsvpc), or the instance's own (bridge, host)",
    "for GPUs, special kernels, daemons on each host, or many small tasks that fill instances all day",
)

COMPARED: tuple[Launch, Launch, Launch] = (FARGATE, FARGATE_SPOT, EC2)
