"""Container instances, what launches them, and their profiles: read only where a service runs on instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import chain
from typing import Any

from natless.account.reader import Reader

BY_EC2 = frozenset({"Instances", "LaunchTemplateVersions"})
BY_AUTOSCALING = frozenset({"AutoScalingGroups", "LaunchConfigurations"})
SECTIONS = BY_EC2 | BY_AUTOSCALING | {"CapacityProviders", "ContainerInstances", "InstanceProfiles"}

_INSTANCES_A_CALL = 100


def read(
    reader: Reader, wanted: frozenset[str], clusters: list[str], services: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Read what hosts the services that run on instances; give the ARNs of the instances' roles."""
    used = list(services)
    if not wanted & SECTIONS or not any(map(_on_instances, used)):
        return []
    named = sorted(set().union(*map(_providers, used)))
    providers = partial(reader.pages, "CapacityProviders", "ecs", "describe_capacity_providers", "capacityProviders")
    reader.keep("CapacityProviders", providers(capacityProviders=named) if named else [])
    groups, configurations = reader.each(
        lambda ask: reader.keep(ask[0], reader.pages(ask[0], "autoscaling", ask[1], ask[0])),
        [
            ("AutoScalingGroups", "describe_auto_scaling_groups"),
            ("LaunchConfigurations", "describe_launch_configurations"),
        ],
    )
    machines = _machines(reader, clusters)
    versions = _launch_templates(reader, groups)
    return _profiles(reader, {*_named(machines), *_named(configurations), *_named(_data(versions))})


def _on_instances(service: Mapping[str, Any]) -> bool:
    return service.get("launchType") == "EC2" or bool(_providers(service))


def _providers(service: Mapping[str, Any]) -> set[str]:
    """Give the capacity providers of a service that stand for instances."""
    named = {each["capacityProvider"] for each in service.get("capacityProviderStrategy", ())}
    return named - {"FARGATE", "FARGATE_SPOT"}


def subnets(reader: Reader) -> set[str]:
    """Give the subnets in which the instances that were read stand, or may be launched."""
    standing = {item["SubnetId"] for item in reader.found.get("Instances", ()) if item.get("SubnetId")}
    groups = reader.found.get("AutoScalingGroups", ())
    hosting = {instance["InstanceId"] for instance in reader.found.get("Instances", ())}
    for group in groups:
        if any(each.get("InstanceId") in hosting for each in group.get("Instances", ())):
            standing |= {subnet.strip() for subnet in group.get("VPCZoneIdentifier", "").split(",") if subnet.strip()}
    return standing


def _machines(reader: Reader, clusters: list[str]) -> list[Any]:
    """Read the clusters' container instances, and the EC2 instances that these are, with their user data."""
    listed = reader.each(
        lambda cluster: reader.pages(
            "ContainerInstances", "ecs", "list_container_instances", "containerInstanceArns", cluster=cluster
        ),
        clusters,
    )
    asked = [
        (cluster, arns[start : start + _INSTANCES_A_CALL])
        for cluster, arns in zip(clusters, listed, strict=True)
        for start in range(0, len(arns), _INSTANCES_A_CALL)
    ]
    found = reader.each(partial(_registered, reader), asked)
    registered = reader.keep("ContainerInstances", list(chain.from_iterable(found)))
    identifiers = sorted({item["ec2InstanceId"] for item in registered if item.get("ec2InstanceId")})
    if not identifiers:
        return reader.keep("Instances", [])
    # By filter and not by id: one that was terminated a moment ago is an answer, no error.
    reservations = reader.pages(
        "Instances",
        "ec2",
        "describe_instances",
        "Reservations",
        Filters=[{"Name": "instance-id", "Values": identifiers}],
    )
    machines = [dict(item) for each in reservations for item in each.get("Instances", ())]
    for machine, data in zip(
        machines, reader.each(partial(_user_data, reader), [item["InstanceId"] for item in machines]), strict=True
    ):
        if data is not None:
            machine["UserData"] = data
    return reader.keep("Instances", machines)


def _registered(reader: Reader, asked: tuple[str, list[str]]) -> list[Any]:
    cluster, arns = asked
    return reader.pages(
        "ContainerInstances",
        "ecs",
        "describe_container_instances",
        "containerInstances",
        cluster=cluster,
        containerInstances=arns,
    )


def _user_data(reader: Reader, instance: str) -> Any | None:
    answer = reader.one("Instances", "ec2", "describe_instance_attribute", InstanceId=instance, Attribute="userData")
    return answer.get("UserData", {}) if answer is not None else None


def _launch_templates(reader: Reader, groups: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Read the versions that Auto Scaling groups launch from."""
    asked: dict[tuple[str, str, str], None] = {}
    for group in groups:
        mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
        for named in (group.get("LaunchTemplate"), mixed):
            if named:
                key = "LaunchTemplateId" if named.get("LaunchTemplateId") else "LaunchTemplateName"
                asked[key, named[key], named.get("Version") or "$Default"] = None
    found = reader.each(
        lambda ask: reader.pages(
            "LaunchTemplateVersions",
            "ec2",
            "describe_launch_template_versions",
            "LaunchTemplateVersions",
            **{ask[0]: ask[1]},
            Versions=[ask[2]],
        ),
        list(asked),
    )
    versions = {(item["LaunchTemplateId"], item["VersionNumber"]): item for item in chain.from_iterable(found)}
    return reader.keep("LaunchTemplateVersions", list(versions.values()))


def _data(versions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [item.get("LaunchTemplateData", {}) for item in versions]


def _named(items: Iterable[Mapping[str, Any]]) -> set[str]:
    """Give the names of the instance profiles that launches and instances name, by name or by ARN."""
    found = set()
    for item in items:
        profile = item.get("IamInstanceProfile")
        name = profile if isinstance(profile, str) else (profile or {}).get("Name") or (profile or {}).get("Arn")
        if name:
            found.add(str(name).rpartition("/")[2])
    return found


def _profiles(reader: Reader, names: Iterable[str]) -> list[str]:
    answers = reader.each(
        lambda name: reader.one(
            "InstanceProfiles", "iam", "get_instance_profile", absent="NoSuchEntity", InstanceProfileName=name
        ),
        sorted(names),
    )
    profiles = reader.keep("InstanceProfiles", [answer["InstanceProfile"] for answer in answers if answer is not None])
    return sorted({role["Arn"] for profile in profiles for role in profile.get("Roles", ())})
