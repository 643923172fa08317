"""What a task takes of an instance, and which of it an instance has not left.

Amazon ECS Developer Guide, "Viewing Amazon ECS service event messages" and "API failure reasons": CPU units and memory
that are not reserved, an interface for each awsvpc task beside the instance's own, GPUs. Memory counts as reserved
where a container says so, else by its limit. What instances of a type register is `catalog/instance_types`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from natless.catalog.instance_types import instance_type


class Needs(msgspec.Struct, frozen=True):
    """CPU units, MiB of memory, interfaces and GPUs."""

    cpu: int = 0
    memory: int = 0
    interfaces: int = 0
    gpus: int = 0


def needs(definition: Mapping[str, Any]) -> Needs:
    """Give what a task of a definition takes: the task's own size, or what its containers ask together."""
    containers = definition["containerDefinitions"]
    gpus = [
        int(one["value"])
        for each in containers
        for one in each.get("resourceRequirements") or []
        if one.get("type") == "GPU"
    ]
    return Needs(
        _number(definition.get("cpu")) or sum(_number(each.get("cpu")) for each in containers),
        _number(definition.get("memory"))
        or sum(_number(each.get("memoryReservation") or each.get("memory")) for each in containers),
        int(definition.get("networkMode") == "awsvpc"),
        sum(gpus),
    )


def _number(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isdigit() else 0


def lacks(type_: str, taken: Iterable[Needs], wanted: Needs) -> str:
    """Say what an instance of a type has not left for a task, in ECS's words; "" where it has all, or is not known."""
    kind = instance_type(type_)
    if kind is None:
        return ""
    every = [*taken, wanted]
    if sum(each.cpu for each in every) > kind.cpu:
        return "has insufficient CPU units available"
    if sum(each.memory for each in every) > kind.usable_memory:
        return "has insufficient memory available"
    if sum(each.interfaces for each in every) > kind.interfaces - 1:
        return "encountered error 'RESOURCE:ENI'"
    if sum(each.gpus for each in every) > kind.gpus:
        return "encountered error 'RESOURCE:GPU'"
    return ""
