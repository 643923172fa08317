"""How large a service's tasks are, and how many of them run."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from natless.cloud import Cloud, EcsService
from natless.finding import Gap

_UNITS = re.compile(r"(?i)\s*([0-9]*\.?[0-9]+)\s*(vcpu|gb|)\s*")
_CPU_UNITS = 1024
_MIB = 1024
_SPOT = "FARGATE_SPOT"


class TaskSize(msgspec.Struct, frozen=True):
    """What a Fargate task is billed for: vCPUs and GB of memory, on x86 or ARM."""

    vcpu: Decimal
    gb: Decimal
    arm: bool


def counts(service: EcsService) -> tuple[int, int] | Gap:
    """Give how many tasks run at least and at most. ECS starts one where a new service does not say."""
    least = 1 if service.desired is None else service.desired
    most = least if service.most is None else service.most
    if isinstance(least, Gap):
        return least
    return most if isinstance(most, Gap) else (least, max(least, most))


def size(cloud: Cloud, service: EcsService) -> TaskSize | Gap:
    """Give the size of a service's tasks: the task definition's, in either spelling (`512` or `.5 vCPU`)."""
    if isinstance(service.task_definition, Gap):
        return service.task_definition
    found = cloud.task_definitions.get(service.task_definition)
    if found is None:
        what = f"task definition {service.task_definition}"
        return Gap(what, service.origin, "it lies outside what was read")
    for value, name in ((found.cpu, "Cpu"), (found.memory, "Memory")):
        if isinstance(value, Gap):
            return value
        if value is None or _UNITS.fullmatch(value) is None:
            return Gap(f"{found.id}.{name}", found.origin, "Fargate bills by it, and it is no size")
    if isinstance(found.architecture, Gap):
        return found.architecture
    vcpu, gb = _amount(str(found.cpu), "vcpu", _CPU_UNITS), _amount(str(found.memory), "gb", _MIB)
    return TaskSize(vcpu, gb, found.architecture == "ARM64")


def on_spot(service: EcsService, tasks: int) -> Decimal | Gap:
    """Give how many of so many tasks are on Fargate Spot, by the strategy's base and weights; parts of one count."""
    base: dict[str, int] = {}
    weight: dict[str, int] = {}
    for share in service.shares:
        if isinstance(share.base, Gap):
            return share.base
        if isinstance(share.weight, Gap):
            return share.weight
        base[share.provider], weight[share.provider] = share.base, share.weight
    rest = max(0, tasks - sum(base.values()))
    first = Decimal(min(tasks, base.get(_SPOT, 0)))
    whole = sum(weight.values())
    return first + (Decimal(rest * weight.get(_SPOT, 0)) / whole if whole else Decimal(0))


def _amount(text: str, unit: str, parts: int) -> Decimal:
    match = _UNITS.fullmatch(text)
    assert match is not None  # noqa: S101 - `size` has asked
    number = Decimal(match[1])
    return number if match[2].lower() == unit else number / parts
