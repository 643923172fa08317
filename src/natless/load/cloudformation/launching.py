"""How an instance is launched: what launch templates, launch configurations and instances say alike."""

from __future__ import annotations

import msgspec

from natless.cloud import Volume
from natless.cloud.text import is_symbolic
from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.intrinsics import resolve, text
from natless.load.cloudformation.template import Resource
from natless.load.cloudformation.tree import Map, Node, Seq
from natless.load.user_data import decoded, unresolved, user_data

_OPTIMIZED = "/aws/service/ecs/optimized-ami/"
"""Where SSM keeps the ids of the ECS-optimized AMIs (Amazon ECS Developer Guide, 'Retrieving ... AMI metadata')."""


class Launch(msgspec.Struct, frozen=True):
    """What is said of instances to be launched; None, or no groups, where nothing is said."""

    subnet: str | Gap | None = None
    groups: tuple[str | Gap, ...] = ()
    role: str | Gap | None = None
    public_ip: bool | Gap | None = None
    cluster: str | Gap | None = None
    proxy: Gap | None = None
    type: str | Gap | None = None
    volumes: tuple[Volume | Gap, ...] = ()

    def over(self, under: Launch) -> Launch:
        """Give what holds where `self` is said on top of `under`."""
        own = {name: getattr(self, name) for name in self.__struct_fields__}
        return msgspec.structs.replace(under, **{name: value for name, value in own.items() if value not in (None, ())})


def from_template(draft: Draft, named: Fields) -> Launch | Gap:
    """Read the launch template that a LaunchTemplateSpecification names."""
    key = "LaunchTemplateId" if named.has("LaunchTemplateId") else "LaunchTemplateName"
    found = named.needed_id(key)
    if isinstance(found, Gap):
        return found
    resource = _of_kind(draft, "AWS::EC2::LaunchTemplate", found, "LaunchTemplateName")
    if resource is None:
        return named.gap(key, f"the launch template {found} is not in this template")
    fields = draft.fields(resource)
    data = fields.inner("LaunchTemplateData")
    if not isinstance(data, Fields):
        return fields.maybe or data or fields.missing("LaunchTemplateData", "what instances are launched with")
    return fields.maybe or _read(draft, data)


def from_configuration(draft: Draft, group: Fields) -> Launch | Gap:
    """Read the launch configuration that an Auto Scaling group names."""
    found = group.needed_id("LaunchConfigurationName")
    if isinstance(found, Gap):
        return found
    resource = _of_kind(draft, "AWS::AutoScaling::LaunchConfiguration", found, "LaunchConfigurationName")
    if resource is None:
        return group.gap("LaunchConfigurationName", f"the launch configuration {found} is not in this template")
    fields = draft.fields(resource)
    if fields.maybe:
        return fields.maybe
    public = fields.boolean("AssociatePublicIpAddress", default=False) if _said(fields) else None
    profile = fields.id_of("IamInstanceProfile")
    cluster, proxy = _user_data(fields)
    return Launch(
        None,
        fields.ids("SecurityGroups") or (),
        _profile_role(draft, profile, fields),
        public,
        cluster,
        proxy,
        fields.plain("InstanceType"),
        _volumes(fields),
    )


def _said(fields: Fields) -> bool:
    return fields.has("AssociatePublicIpAddress")


def from_instance(draft: Draft, fields: Fields) -> Launch:
    """Read what an AWS::EC2::Instance says itself."""
    return _read(draft, fields)


def _of_kind(draft: Draft, kind: str, named: str, name_key: str) -> Resource | None:
    resource = draft.template.resources.get(named)
    if resource is not None:
        return resource if resource.kind == kind else None
    alike = (each for each in draft.template.resources.values() if each.kind == kind)
    return next((each for each in alike if draft.fields(each).text(name_key) == named), None)


def _read(draft: Draft, fields: Fields) -> Launch:
    subnet, groups = fields.id_of("SubnetId"), fields.ids("SecurityGroupIds") or ()
    public_ip: bool | Gap | None = None
    if not groups and fields.has("SecurityGroups"):
        groups = (fields.gap("SecurityGroups", "groups named by their names are not followed: name them by id"),)
    first = _first_interface(fields)
    if isinstance(first, Gap):
        subnet, groups, public_ip = subnet or first, (first,), first
    elif first is not None:
        subnet = first.id_of("SubnetId") or subnet
        groups = first.ids("Groups") or first.ids("GroupSet") or groups
        public_ip = first.boolean("AssociatePublicIpAddress", default=False) if _said(first) else None
    cluster, proxy = _user_data(fields)
    role, kind = _role(draft, fields), fields.plain("InstanceType")
    return Launch(subnet, groups, role, public_ip, cluster, proxy, kind, _volumes(fields))


def _volumes(fields: Fields) -> tuple[Volume | Gap, ...]:
    """Give the EBS volumes that are mapped; instance store costs nothing."""
    found: list[Volume | Gap] = []
    for mapping in fields.objects("BlockDeviceMappings"):
        volume = mapping if isinstance(mapping, Gap) else mapping.inner("Ebs")
        if isinstance(volume, Gap):
            found.append(volume)
        elif volume is not None:
            found.append(Volume(volume.plain("VolumeType"), volume.integer("VolumeSize")))
    return tuple(found)


def _first_interface(fields: Fields) -> Fields | Gap | None:
    """Give the primary interface, where interfaces are listed."""
    for interface in fields.objects("NetworkInterfaces"):
        if isinstance(interface, Gap):
            return interface
        index = interface.integer("DeviceIndex")
        if isinstance(index, Gap):
            return index
        if index in {0, None}:
            if interface.has("NetworkInterfaceId"):
                return interface.gap("NetworkInterfaceId", "interfaces of their own are not read")
            return interface
    return None


def _role(draft: Draft, fields: Fields) -> str | Gap | None:
    """Give the profile's role: a name in an instance, an object with Arn or Name in a launch template."""
    if not fields.has("IamInstanceProfile"):
        return None
    value = fields.value("IamInstanceProfile")
    if not isinstance(value, Map):
        return _profile_role(draft, fields.id_of("IamInstanceProfile"), fields)
    inner = fields.inner("IamInstanceProfile")
    if not isinstance(inner, Fields):
        return inner
    return _profile_role(draft, inner.id_of("Arn") or inner.id_of("Name"), fields)


def _profile_role(draft: Draft, profile: str | Gap | None, fields: Fields) -> str | Gap | None:
    if profile is None or isinstance(profile, Gap):
        return profile
    name = profile if profile in draft.profiles else profile.rpartition("/")[2]
    if name in draft.profiles:
        return draft.profiles[name]
    return fields.gap("IamInstanceProfile", f"the instance profile {profile} is not in this template")


def role_id(draft: Draft, written: str) -> str:
    """Give a role's logical id where it is in this template, be it by reference or by its name."""
    if written in draft.roles:
        return written
    return next((role.id for role in draft.roles.values() if role.arn.rpartition("/")[2] == written), written)


def _user_data(fields: Fields) -> tuple[str | Gap | None, Gap | None]:
    """Give the cluster that the user data names, and the gap of a proxy.

    Without a name the agent of an ECS-optimized AMI takes `default`; an AMI of one's own may bring a name of its own.
    """
    found = _clear_text(fields) if fields.has("UserData") else ""
    if isinstance(found, Gap):
        return found, found
    said = user_data(found)
    why = "user data names an HTTP proxy: the agent's way through it is not followed"
    proxy = fields.gap("UserData", why) if said.proxy else None
    if said.unsure:
        return fields.gap("UserData", said.unsure), proxy
    image = fields.text("ImageId")
    optimized = isinstance(image, str) and _OPTIMIZED in image + fields.template.why(image)
    return said.cluster or ("default" if optimized else None), proxy


def _clear_text(fields: Fields) -> str | Gap:
    node: Node = fields.map.get("UserData")
    place = fields.place("UserData")
    while isinstance(node, Map) and "Fn::If" in node:
        branches = node["Fn::If"]
        if not isinstance(branches, Seq) or len(branches) != 3:  # noqa: PLR2004 - condition, two values
            break
        decided = fields.template.conditions.get(str(branches[0]))
        if not isinstance(decided, bool):
            return decided or fields.gap("UserData", "the condition is not known")
        node = branches[1 if decided else 2]
    if isinstance(node, Map) and "Fn::Base64" in node:
        found = text(fields.template, resolve(fields.template, node["Fn::Base64"], place), place)
        hidden = unresolved(found) if isinstance(found, str) else ""
        return fields.gap("UserData", fields.template.why(hidden)) if hidden else found
    written = fields.text("UserData")
    if not isinstance(written, str) or is_symbolic(written):
        return written if isinstance(written, Gap) else fields.gap("UserData", fields.template.why(str(written)))
    clear = decoded(written)
    return fields.gap("UserData", "it is no base64 of text") if clear is None else clear
