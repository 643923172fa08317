"""How instances are launched, from launch templates, launch configurations, and instances themselves."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from natless.cloud import Volume
from natless.finding import Gap
from natless.load.describe.item import Item
from natless.load.describe.sections import Sections
from natless.load.describe.tasks import Known
from natless.load.user_data import decoded, user_data


class Launch(msgspec.Struct, frozen=True):
    """What is known of instances that are launched alike."""

    groups: tuple[str | Gap, ...] = ()
    role: str | Gap | None = None
    public_ip: bool | Gap | None = None
    cluster: str | Gap | None = None
    proxy: Gap | None = None
    type: str | Gap | None = None
    volumes: tuple[Volume | Gap, ...] = ()


class Launches:
    """The launches of a snapshot, by what names them."""

    def __init__(self, sections: Sections, known: Known) -> None:
        """Index the launch templates' versions and the instance profiles."""
        self._sections = sections
        self._known = known
        self._profiles = {item.id: self._profile(item) for item in sections.items("InstanceProfiles")}

    def of_group(self, group: Item) -> Launch | Gap:
        """Give how an Auto Scaling group launches."""
        mixed = group.part("MixedInstancesPolicy").part("LaunchTemplate")
        if any(each.has("LaunchTemplateSpecification") for each in mixed.parts("Overrides")):
            return mixed.gap("Overrides", "some instances are launched from another launch template")
        named = mixed.part("LaunchTemplateSpecification") if mixed.data() else group.part("LaunchTemplate")
        if named.data():
            found = self._from_template(named)
            if isinstance(found, Launch) and mixed.parts("Overrides"):
                kind = mixed.gap("Overrides", "instances of several types are mixed")
                return msgspec.structs.replace(found, type=kind)
            return found
        name = group.maybe_text("LaunchConfigurationName")
        for item in self._sections.items("LaunchConfigurations"):
            if item.id == name:
                return self._from_configuration(item)
        return group.gap("LaunchTemplate", "how its instances are launched is not among what was read")

    def _from_template(self, named: Item) -> Launch | Gap:
        identifier, version = named.maybe_text("LaunchTemplateId"), named.maybe_text("Version") or "$Default"
        name = named.maybe_text("LaunchTemplateName")
        versions = [
            item
            for item in self._sections.items("LaunchTemplateVersions")
            if item.maybe_text("LaunchTemplateId") == identifier or item.maybe_text("LaunchTemplateName") == name
        ]
        match version:
            case "$Latest":
                versions = sorted(versions, key=lambda item: item.maybe_number("VersionNumber") or 0)[-1:]
            case "$Default":
                versions = [item for item in versions if item.maybe_flag("DefaultVersion")]
            case _:
                versions = [item for item in versions if str(item.maybe_number("VersionNumber")) == version]
        if not versions:
            why = f"version {version} of launch template {identifier or name} is not among what was read"
            return named.gap("Version", why)
        return self._from_data(versions[0].part("LaunchTemplateData"))

    def _from_data(self, data: Item) -> Launch:
        first = next(
            (each for each in data.parts("NetworkInterfaces") if each.maybe_number("DeviceIndex") in {0, None}), None
        )
        groups: tuple[str | Gap, ...] = data.texts("SecurityGroupIds")
        if not groups and data.has("SecurityGroups"):
            groups = (data.gap("SecurityGroups", "groups named by their names are not followed"),)
        public = None
        if first is not None:
            groups = first.texts("Groups") or groups
            public = first.maybe_flag("AssociatePublicIpAddress")
        cluster, proxy = _said(data, data.maybe_text("UserData") or "")
        role, kind = self._role(data.part("IamInstanceProfile")), data.maybe_text("InstanceType")
        return Launch(groups, role, public, cluster, proxy, kind, _volumes(data))

    def _from_configuration(self, item: Item) -> Launch:
        cluster, proxy = _said(item, item.maybe_text("UserData") or "")
        name = item.maybe_text("IamInstanceProfile")
        role = self._by_name(item, name) if name else None
        public = item.maybe_flag("AssociatePublicIpAddress")
        kind = item.maybe_text("InstanceType")
        return Launch(item.texts("SecurityGroups"), role, public, cluster, proxy, kind, _volumes(item))

    def of_instance(self, item: Item) -> Launch:
        """Give how an instance stands. Its user data is no part of DescribeInstances."""
        data = item.part("UserData")
        _, proxy = _said(item, data.maybe_text("Value") or "")
        if not item.has("UserData"):
            proxy = item.gap("UserData", "it is not among what was read, and may name an HTTP proxy")
        groups = sorted(group for each in item.parts("SecurityGroups") if (group := each.maybe_text("GroupId")))
        public = item.has("PublicIpAddress")
        role, kind = self._role(item.part("IamInstanceProfile")), item.maybe_text("InstanceType")
        return Launch(tuple(groups), role, public, None, proxy, kind)

    def _role(self, profile: Item) -> str | Gap | None:
        name = profile.maybe_text("Name") or (profile.maybe_text("Arn") or "").rpartition("/")[2]
        return self._by_name(profile, name) if name else None

    def _by_name(self, item: Item, name: str) -> str | Gap | None:
        name = name.rpartition("/")[2]
        if name in self._profiles:
            return self._profiles[name]
        return item.gap("IamInstanceProfile", f"the instance profile {name} is not among what was read")

    def _profile(self, item: Item) -> str | Gap | None:
        for role in item.parts("Roles"):
            arn = role.maybe_text("Arn")
            if arn:
                return self._known.roles.get(arn, arn)
        return None


def _volumes(item: Item) -> tuple[Volume | Gap, ...]:
    """Give the EBS volumes that are mapped. What stands lists only their ids, so for an instance there are none."""
    mapped = (each.part("Ebs") for each in item.parts("BlockDeviceMappings") if each.has("Ebs"))
    return tuple(Volume(each.maybe_text("VolumeType"), each.maybe_number("VolumeSize")) for each in mapped)


def _said(item: Item, encoded: str) -> tuple[str | Gap | None, Gap | None]:
    """Give the cluster that user data names, and the gap of a proxy."""
    text = decoded(encoded)
    if text is None:
        gap = item.gap("UserData", "it is no base64 of text")
        return gap, gap
    said = user_data(text)
    why = "user data names an HTTP proxy: the agent's way through it is not followed"
    proxy = item.gap("UserData", why) if said.proxy else None
    return said.cluster or (item.gap("UserData", said.unsure) if said.unsure else None), proxy


def default_groups(item: Item, subnets: Iterable[str | Gap], known: Known) -> tuple[str | Gap, ...]:
    """Give the VPC's default group, which EC2 takes where none is named."""
    vpcs = {known.subnets[subnet].vpc for subnet in subnets if isinstance(subnet, str) and subnet in known.subnets}
    groups = tuple(group.id for group in known.groups.values() if group.name == "default" and group.vpc in vpcs)
    return groups or (item.gap("SecurityGroups", "the VPC's default group was not read"),)
