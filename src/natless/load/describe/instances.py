"""Container instances: those that stand, and those that Auto Scaling groups would launch next.

ECS says which instances are registered, and where; EC2 their subnets, groups and profiles; Auto Scaling and launch
templates what the next one will be like. Two that are alike are one, so that proof grows with kinds and not with hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from natless.cloud import CapacityProvider, EcsService, InstanceGroup
from natless.finding import Gap
from natless.load.describe.item import Item
from natless.load.describe.launching import Launches, default_groups
from natless.load.describe.sections import HOSTING, Sections
from natless.load.describe.tasks import Known


class Hosting(msgspec.Struct, frozen=True):
    """What hosts the tasks of the EC2 launch type."""

    providers: Mapping[str, CapacityProvider]
    groups: Mapping[str, InstanceGroup]


def hosting(sections: Sections, services: Mapping[str, EcsService], known: Known) -> Hosting:
    """Read what hosts tasks. Where nothing runs on instances, what is missing is missed by nobody."""
    if any(service.launch == "ec2" or isinstance(service.launch, Gap) for service in services.values()):
        for key in sorted(HOSTING - {"LaunchConfigurations", "LaunchTemplateVersions"}):
            sections.note(key)
    launches = Launches(sections, known)
    groups = {item.id: _auto_scaling_group(item, launches, known) for item in sections.items("AutoScalingGroups")}
    for standing in _standing(sections, launches, known):
        if not any(_alike(standing, other) for other in groups.values()):
            groups[standing.id] = standing
    return Hosting(sections.each("CapacityProviders", _provider), groups)


def _provider(item: Item) -> CapacityProvider | None:
    """Read a capacity provider over an Auto Scaling group; FARGATE's have none, and stand for no instances."""
    if not item.has("autoScalingGroupProvider"):
        if not item.has("managedInstancesProvider"):
            return None
        why = "ECS launches managed instances itself: they are not read"
        return CapacityProvider(item.id, item.origin, item.gap("managedInstancesProvider", why))
    arn = item.part("autoScalingGroupProvider").text("autoScalingGroupArn")
    group = arn if isinstance(arn, Gap) else arn.rpartition("autoScalingGroupName/")[2]
    return CapacityProvider(item.id, item.origin, group)


def _auto_scaling_group(item: Item, launches: Launches, known: Known) -> InstanceGroup:
    named = sorted(filter(None, (item.maybe_text("VPCZoneIdentifier") or "").replace(" ", "").split(",")))
    subnets: tuple[str | Gap, ...] = tuple(named) or (item.gap("VPCZoneIdentifier"),)
    launch = launches.of_group(item)
    if isinstance(launch, Gap):
        unread = (launch, launch, launch, launch, launch)
        return InstanceGroup(item.id, item.origin, subnets, (launch,), item.id, *unread, volumes=(launch,))
    return InstanceGroup(
        item.id,
        item.origin,
        subnets,
        launch.groups or default_groups(item, subnets, known),
        item.id,
        launch.cluster,
        launch.role,
        launch.public_ip,
        launch.proxy,
        launch.type,
        item.number("MinSize") if (wanted := item.maybe_number("DesiredCapacity")) is None else wanted,
        item.number("MaxSize"),
        launch.volumes,
    )


def _standing(sections: Sections, launches: Launches, known: Known) -> Iterator[InstanceGroup]:
    """Give the instances that are registered with a cluster."""
    machines = {item.id: item for item in sections.items("Instances")}
    groups = {
        instance: group.id
        for group in sections.items("AutoScalingGroups")
        for each in group.parts("Instances")
        if (instance := each.maybe_text("InstanceId"))
    }
    for item in sections.items("ContainerInstances"):
        identifier = item.maybe_text("ec2InstanceId")
        if item.maybe_text("status") in {"INACTIVE", "DEREGISTERING"} or identifier is None:
            continue
        machine = machines.get(identifier)
        cluster = _cluster(item)
        if machine is None:
            gap = item.gap("ec2InstanceId", f"instance {identifier} is not among what was read")
            yield InstanceGroup(identifier, item.origin, (gap,), (gap,), groups.get(identifier, ""), cluster, gap)
            continue
        launch = launches.of_instance(machine)
        subnet = machine.text("SubnetId")
        yield InstanceGroup(
            identifier,
            machine.origin,
            (subnet,),
            launch.groups or default_groups(machine, (subnet,), known),
            groups.get(identifier, ""),
            cluster,
            launch.role,
            launch.public_ip,
            launch.proxy,
            launch.type,
            1,
            1,
        )


def _cluster(item: Item) -> str | Gap:
    """Give the cluster in a container instance's ARN; ARNs of the old form do not name it."""
    parts = item.id.partition(":container-instance/")[2].split("/")
    if len(parts) > 1:
        return parts[0]
    return item.gap("containerInstanceArn", "it has the old form, which does not name the cluster")


def _alike(standing: InstanceGroup, other: InstanceGroup) -> bool:
    """Say whether `other` stands for an instance as well: alike in all that a packet or a policy meets."""
    fields = ("groups", "auto_scaling_group", "cluster", "role")
    same = all(getattr(standing, field) == getattr(other, field) for field in fields)
    public = standing.public_ip == other.public_ip or (other.auto_scaling_group != "" and other.public_ip is None)
    return same and public and _within(standing.subnets, other.subnets) and bool(standing.proxy) == bool(other.proxy)


def _within(some: Iterable[str | Gap], others: tuple[str | Gap, ...]) -> bool:
    return all(each in others for each in some)
