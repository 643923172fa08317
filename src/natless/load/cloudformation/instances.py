"""AWS::AutoScaling, AWS::EC2::Instance and AWS::EC2::LaunchTemplate: the instances that ECS places tasks on.

Defaults: no security group: the VPC's default one; no AssociatePublicIpAddress: the subnet's MapPublicIpOnLaunch
(CreateLaunchTemplate and RunInstances, EC2 API reference; CreateLaunchConfiguration, Auto Scaling API reference).
What an instance says itself goes before what its launch template says. Read 2026-11.
"""

from __future__ import annotations

import msgspec

from natless.cloud import CapacityProvider, InstanceGroup
from natless.finding import Gap
from natless.load.cloudformation import launching
from natless.load.cloudformation.balancing import vpc_default_group
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.launching import Launch
from natless.load.cloudformation.template import Resource
from natless.load.cloudformation.values import NOTHING


def capacity_provider(draft: Draft, resource: Resource) -> None:
    """AWS::ECS::CapacityProvider, over an Auto Scaling group or over ECS Managed Instances."""
    fields = draft.fields(resource)
    inner = fields.inner("AutoScalingGroupProvider")
    if isinstance(inner, Fields):
        group = fields.maybe or _by_arn(draft, inner)
    elif inner is not None:
        group = inner
    else:
        group = fields.gap("ManagedInstancesProvider", "ECS launches the instances itself: they are not read")
    draft.capacity_providers[resource.id] = CapacityProvider(resource.id, fields.origin, group)


def _by_arn(draft: Draft, fields: Fields) -> str | Gap:
    """Give the Auto Scaling group; ECS takes its name or its ARN, which ends in the name."""
    found = fields.needed_id("AutoScalingGroupArn")
    if isinstance(found, Gap) or found in draft.template.resources:
        return found
    name = found.rpartition("autoScalingGroupName/")[2]
    groups = (each for each in draft.template.resources.values() if each.kind == "AWS::AutoScaling::AutoScalingGroup")
    return next((each.id for each in groups if draft.fields(each).text("AutoScalingGroupName") == name), found)


def auto_scaling_group(draft: Draft, resource: Resource) -> None:
    """AWS::AutoScaling::AutoScalingGroup. Subnets and instance profiles must have been read before."""
    fields = draft.fields(resource)
    subnets = fields.ids("VPCZoneIdentifier") or (
        fields.gap("VPCZoneIdentifier", "no subnet is named: the default VPC's are used, which are not read"),
    )
    _add(draft, fields, _launch_of_group(draft, fields), subnets, resource.id, count=_how_many(fields))


def _how_many(fields: Fields) -> tuple[int | Gap | None, int | Gap | None]:
    """Give how many instances stand at least, which is what is wanted where that is said, and at most."""
    least = fields.integer("DesiredCapacity")
    return fields.integer("MinSize") if least is None else least, fields.integer("MaxSize")


def _launch_of_group(draft: Draft, fields: Fields) -> Launch | Gap:
    mixed = fields.inner("MixedInstancesPolicy")
    if mixed is not None:
        return _mixed(draft, mixed) if isinstance(mixed, Fields) else mixed
    if fields.has("LaunchConfigurationName"):
        return launching.from_configuration(draft, fields)
    return _named(draft, fields, "LaunchTemplate")


def _mixed(draft: Draft, fields: Fields) -> Launch | Gap:
    inner = fields.inner("LaunchTemplate")
    if not isinstance(inner, Fields):
        return inner or _no_launch(fields)
    for override in inner.objects("Overrides"):
        if isinstance(override, Gap) or override.has("LaunchTemplateSpecification"):
            return inner.gap("Overrides", "some instances are launched from another launch template")
    found = _named(draft, inner, "LaunchTemplateSpecification")
    if isinstance(found, Gap) or not inner.has("Overrides"):
        return found
    return msgspec.structs.replace(found, type=inner.gap("Overrides", "instances of several types are mixed"))


def _named(draft: Draft, fields: Fields, key: str) -> Launch | Gap:
    named = fields.inner(key)
    return launching.from_template(draft, named) if isinstance(named, Fields) else named or _no_launch(fields)


def _no_launch(fields: Fields) -> Gap:
    return fields.gap("LaunchTemplate", "how its instances are launched is not said here")


def instance(draft: Draft, resource: Resource) -> None:
    """AWS::EC2::Instance: one that its user data makes a container instance; any other meets no task."""
    fields = draft.fields(resource)
    own = launching.from_instance(draft, fields)
    named = fields.inner("LaunchTemplate")
    under = launching.from_template(draft, named) if isinstance(named, Fields) else named
    found = own if under is None else under if isinstance(under, Gap) else own.over(under)
    if isinstance(found, Launch) and found.cluster is None:
        return
    subnet = found.subnet if isinstance(found, Launch) else fields.id_of("SubnetId")
    where = subnet or fields.gap("SubnetId", "no subnet is named: one of the default VPC's is used")
    _add(draft, fields, found, (where,), "")


def _add(
    draft: Draft,
    fields: Fields,
    found: Launch | Gap,
    subnets: tuple[str | Gap, ...],
    group: str,
    *,
    count: tuple[int | Gap | None, int | Gap | None] = (1, 1),
) -> None:
    """Add the instances; where they may not stand, their cluster is not known, and so neither who uses them."""
    identifier = fields.resource.id
    gap = found if isinstance(found, Gap) else None
    known = Launch() if isinstance(found, Gap) else found
    groups = known.groups or (vpc_default_group(draft, subnets, fields, "SecurityGroupIds"),)
    draft.instance_groups[identifier] = InstanceGroup(
        identifier,
        fields.origin,
        subnets,
        (gap,) if gap else groups,
        group,
        cluster=fields.maybe or gap or known.cluster,
        role=gap or known.role,
        public_ip=gap or known.public_ip,
        proxy=fields.maybe or gap or known.proxy,
        type=gap or known.type,
        least=fields.maybe or count[0],
        most=fields.maybe or count[1],
        volumes=(gap,) if gap else known.volumes,
    )


def instance_profile(draft: Draft, resource: Resource) -> None:
    """AWS::IAM::InstanceProfile: the one role that it holds."""
    fields = draft.fields(resource)
    roles = fields.ids("Roles") or ()
    name = fields.text("InstanceProfileName")
    role: str | Gap | None = fields.maybe or (roles[0] if roles else None)
    if isinstance(role, str):
        role = launching.role_id(draft, role)
    draft.profiles[resource.id] = role
    if isinstance(name, str) and fields.value("InstanceProfileName") is not NOTHING:
        draft.profiles[name] = role
