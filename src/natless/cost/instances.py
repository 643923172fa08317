"""EC2 instances: what a group of them costs, and how many of a type a service's tasks need."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from natless.catalog.instance_prices import instance_hour
from natless.catalog.instance_types import InstanceType, instance_type, instance_types
from natless.catalog.instances import ROOT_GIB
from natless.catalog.prices import HOURS_A_MONTH, price
from natless.cloud import Cloud, EcsService, InstanceGroup, Volume
from natless.cost.sums import Line, Sum, unknown
from natless.cost.tasks import TaskSize, counts, size
from natless.finding import Gap
from natless.spec.instances import Task, room

_CPU_UNITS = 1024
_MIB = 1024


def fleets(cloud: Cloud, hours: int) -> Iterator[Line]:
    """Give what the instances cost, and beside it their volumes: both run whether or not tasks fill them."""
    for group in cloud.instance_groups.values():
        if group.auto_scaling_group in {"", group.id}:  # an instance that stands is counted with its group
            yield _machines(cloud, group, hours)
            yield _volumes(cloud, group, hours)


def hosting(cloud: Cloud, service: EcsService) -> tuple[InstanceGroup, ...]:
    """Give the groups whose instances a service's tasks are placed on, as far as its capacity providers say."""
    named = {each.auto_scaling_group for each in cloud.capacity_providers.values() if each.id in service.providers}
    found = [each for each in cloud.instance_groups.values() if each.id in named]
    # With a launch type of EC2 any instance of the cluster may hold them.
    return tuple(found) if service.providers else tuple(cloud.instance_groups.values())


def needed(cloud: Cloud, service: EcsService, kind: InstanceType) -> tuple[int, int] | Gap:
    """Give how many instances of a type take the service's tasks, at least and at most; (0, 0) where none fits."""
    often, found = counts(service), size(cloud, service)
    if isinstance(often, Gap) or isinstance(found, Gap):
        return often if isinstance(often, Gap) else found if isinstance(found, Gap) else (0, 0)
    each, _ = room(kind, _task(cloud, service, found))
    return (-(-often[0] // each), -(-often[1] // each)) if each else (0, 0)


def cheapest(cloud: Cloud, service: EcsService) -> InstanceType | None:
    """Give the type, without GPUs, whose instances cost least for the service's tasks; None where none has a price."""
    found = size(cloud, service)
    if isinstance(found, Gap):
        return None
    architecture = "arm64" if found.arm else "x86_64"
    by_month = price(cloud.region, "gp3-gb-month")
    volume = by_month.usd * ROOT_GIB / HOURS_A_MONTH if by_month is not None else Decimal(0)
    priced = [
        ((usd + volume) * many[0], many[0], kind.name)
        for kind in instance_types().values()
        if kind.architecture == architecture and not kind.gpus
        if (usd := instance_hour(cloud.region, kind.name)) is not None
        and isinstance(many := needed(cloud, service, kind), tuple)
        and many[0]
    ]
    return instance_type(min(priced)[2]) if priced else None


def _task(cloud: Cloud, service: EcsService, found: TaskSize) -> Task:
    definition = (
        cloud.task_definitions.get(service.task_definition) if isinstance(service.task_definition, str) else None
    )
    mode = definition.network_mode if definition is not None else "awsvpc"
    cpu, memory = int(found.vcpu * _CPU_UNITS), int(found.gb * _MIB)
    return Task(max(cpu, 1), max(memory, 1), network_mode=mode if isinstance(mode, str) else "awsvpc")


def _how_many(cloud: Cloud, group: InstanceGroup) -> tuple[int, int] | Gap:
    """Give how many stand: managed scaling raises the group's least to what its tasks need."""
    if isinstance(group.least, Gap) or isinstance(group.most, Gap):
        return group.least if isinstance(group.least, Gap) else group.most if isinstance(group.most, Gap) else (0, 0)
    if group.least is None or group.most is None:
        return Gap(f"{group.id}: how many", group.origin, "nothing that was read says it")
    least = group.least
    kind = instance_type(group.type) if isinstance(group.type, str) else None
    if kind is not None:
        hosted = (each for each in cloud.services.values() if each.launch == "ec2" and each.providers)
        wanted = [needed(cloud, each, kind) for each in hosted if group in hosting(cloud, each)]
        least = max(least, *(many[0] for many in wanted if not isinstance(many, Gap)), 0)
    return min(least, group.most), group.most


def _machines(cloud: Cloud, group: InstanceGroup, hours: int) -> Line:
    what, many = "instances", _how_many(cloud, group)
    if isinstance(group.type, Gap):
        return unknown(group.id, what, group.origin, group.type)
    if group.type is None:
        gap = Gap(f"{group.id}: InstanceType", group.origin, "nothing that was read says it")
        return unknown(group.id, what, group.origin, gap)
    if isinstance(many, Gap):
        return unknown(group.id, what, group.origin, many)
    return of_type(cloud, group.type, hours).line(group.id, f"{what} {group.type}", group.origin, many)


def of_type(cloud: Cloud, name: str, hours: int) -> Sum:
    """Give the sum for one instance of a type, without its volumes."""
    found = Sum(cloud, hours)
    usd = instance_hour(cloud.region, name)
    if usd is None:
        found.missing.append(name)
    else:
        found.add_usd(usd, 1, name)
    return found


def _volumes(cloud: Cloud, group: InstanceGroup, hours: int) -> Line:
    what, many = "volumes of the instances", _how_many(cloud, group)
    if isinstance(many, Gap):
        return unknown(group.id, what, group.origin, many)
    found = Sum(cloud, hours)
    for volume in group.volumes or (Volume(None, None),):
        gap = volume if isinstance(volume, Gap) else _add(found, volume, group)
        if gap is not None:
            return unknown(group.id, what, group.origin, gap)
    return found.line(group.id, what, group.origin, many)


def _add(found: Sum, volume: Volume, group: InstanceGroup) -> Gap | None:
    """Add a volume to the sum, or give why it has no price."""
    for value, name in ((volume.type, "VolumeType"), (volume.gib, "VolumeSize")):
        if isinstance(value, Gap):
            return value
        if value is None:
            return Gap(f"{group.id}: {name}", group.origin, "the AMI says it")
    if volume.type != "gp3":
        return Gap(f"{group.id}: the price of {volume.type}", group.origin, "only that of gp3 is held")
    assert isinstance(volume.gib, int)  # noqa: S101 - asked above
    found.add_month("gp3-gb-month", volume.gib, "GiB gp3")
    return None
