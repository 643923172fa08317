"""ECS services and task definitions, repositories and log groups from their describe JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from natless.cloud import (
    Cluster,
    EcsService,
    LogGroup,
    Repository,
    SecurityGroup,
    ServiceTarget,
    Share,
    Subnet,
    TaskDefinition,
)
from natless.finding import Gap
from natless.load.describe.containers import containers
from natless.load.describe.item import Item
from natless.load.describe.sections import Sections

_FARGATE = {"FARGATE", "FARGATE_SPOT"}


class Known(msgspec.Struct, frozen=True):
    """What services and task definitions lean on: role ids by ARN, subnets, and groups."""

    roles: Mapping[str, str]
    subnets: Mapping[str, Subnet]
    groups: Mapping[str, SecurityGroup]


def task_definitions(sections: Sections, known: Known) -> dict[str, TaskDefinition]:
    """Read task definitions; one without a network mode runs in `bridge` (ECS API reference, networkMode)."""

    def definition(item: Item) -> TaskDefinition:
        return TaskDefinition(
            item.id,
            item.origin,
            containers(item) if item.has("containerDefinitions") else item.gap("containerDefinitions"),
            item.maybe_text("networkMode") or "bridge",
            item.texts("requiresCompatibilities") or item.texts("compatibilities"),
            _role(item, "executionRoleArn", known),
            _role(item, "taskRoleArn", known),
            item.maybe_text("cpu"),
            item.maybe_text("memory"),
            item.part("runtimePlatform").maybe_text("cpuArchitecture") or "X86_64",
            _file_systems(item),
        )

    return sections.each("TaskDefinitions", definition)


def _role(item: Item, key: str, known: Known) -> str | None:
    arn = item.maybe_text(key)
    return known.roles.get(arn, arn) if arn else None


def _file_systems(item: Item) -> tuple[str, ...]:
    volumes = (each.part("efsVolumeConfiguration").maybe_text("fileSystemId") for each in item.parts("volumes"))
    return tuple(sorted({volume for volume in volumes if volume}))


def services(sections: Sections, known: Known) -> dict[str, EcsService]:
    """Read the services that are not deleted. An account knows no order of creation, so `after` is None."""

    def service(item: Item) -> EcsService | None:
        if item.maybe_text("status") == "INACTIVE":
            return None
        network = _network(item)
        definition = item.text("taskDefinition")
        subnets = network.texts("subnets")
        return EcsService(
            item.id,
            item.origin,
            item.maybe_text("clusterArn"),
            definition if isinstance(definition, Gap) else definition.rpartition("/")[2],
            _launch(item),
            subnets,
            network.texts("securityGroups") or _default_groups(item, subnets, known),
            network.maybe_text("assignPublicIp") == "ENABLED",
            _targets(item),
            bool(item.maybe_flag("enableExecuteCommand")),
            _connected(item),
            item.maybe_text("platformVersion") or "LATEST",
            desired=item.maybe_number("desiredCount"),
            providers=_providers(item),
            shares=_shares(item),
        )

    return sections.each("Services", service)


def _network(item: Item) -> Item:
    """Give the service's network configuration; an external or blue/green one keeps it in its task sets."""
    own = item.part("networkConfiguration").part("awsvpcConfiguration")
    if own.has("subnets"):
        return own
    sets = [each for each in item.parts("taskSets") if each.maybe_text("status") == "PRIMARY"]
    return sets[0].part("networkConfiguration").part("awsvpcConfiguration") if sets else own


def _default_groups(item: Item, subnets: tuple[str, ...], known: Known) -> tuple[str, ...] | Gap:
    """Give the VPC's default group, which ECS takes where a service names none (AwsVpcConfiguration)."""
    if not subnets:
        return ()
    vpcs = {known.subnets[subnet].vpc for subnet in subnets if subnet in known.subnets}
    groups = [group.id for group in known.groups.values() if group.name == "default" and group.vpc in vpcs]
    return tuple(groups) if groups else item.gap("securityGroups", "the VPC's default group was not read")


def _launch(item: Item) -> Literal["fargate", "ec2", "external"] | Gap:
    match item.maybe_text("launchType"):
        case "FARGATE":
            return "fargate"
        case "EC2" | "MANAGED_INSTANCES":
            return "ec2"
        case "EXTERNAL":
            return "external"
        case _:
            providers = {each.maybe_text("capacityProvider") for each in item.parts("capacityProviderStrategy")}
            if not providers:
                return item.gap("launchType", "the service names no launch type and no capacity provider")
            return "fargate" if providers <= _FARGATE else "ec2"


def _providers(item: Item) -> tuple[str | Gap, ...]:
    """Give the capacity providers of a strategy; those of Fargate stand for no instances."""
    if item.maybe_text("launchType") == "MANAGED_INSTANCES":
        return (item.gap("launchType", "ECS launches managed instances itself: they are not read"),)
    named = {each.maybe_text("capacityProvider") for each in item.parts("capacityProviderStrategy")}
    return tuple(sorted(name for name in named if name and name not in _FARGATE))


def _shares(item: Item) -> tuple[Share, ...]:
    """Give how Fargate and Fargate Spot share the tasks."""
    parts = item.parts("capacityProviderStrategy")
    if _launch(item) != "fargate":
        return ()
    return tuple(
        Share(
            each.maybe_text("capacityProvider") or "", each.maybe_number("weight") or 0, each.maybe_number("base") or 0
        )
        for each in parts
    )


def clusters(sections: Sections) -> dict[str, Cluster]:
    """Read clusters by ARN."""
    return sections.each(
        "Clusters",
        lambda item: Cluster(item.id, item.origin, item.maybe_text("clusterName") or item.id.rpartition("/")[2]),
    )


def _targets(item: Item) -> tuple[ServiceTarget, ...]:
    found = [
        ServiceTarget(group, each.text("containerName"), each.number("containerPort"))
        for each in item.parts("loadBalancers")
        if (group := each.maybe_text("targetGroupArn"))
    ]
    return tuple(sorted(found, key=str))


def _connected(item: Item) -> bool:
    """Say whether the service's primary deployment uses Service Connect."""
    return any(
        bool(each.part("serviceConnectConfiguration").maybe_flag("enabled"))
        for each in item.parts("deployments")
        if each.maybe_text("status") == "PRIMARY"
    )


def repositories(sections: Sections) -> dict[str, Repository]:
    """Read ECR repositories."""
    return sections.each(
        "Repositories",
        lambda item: Repository(
            item.id, item.origin, item.id, item.maybe_text("repositoryUri") or f"${{{item.id}.Uri}}"
        ),
    )


def log_groups(sections: Sections) -> dict[str, LogGroup]:
    """Read log groups."""
    return sections.each("LogGroups", lambda item: LogGroup(item.id, item.origin, item.id))
