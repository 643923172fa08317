"""AWS::ECS, AWS::ECR and AWS::Logs: task definitions, services, and what they name.

Defaults: NetworkMode bridge on Linux, AssignPublicIp DISABLED, EnableExecuteCommand false, PlatformVersion LATEST,
CpuArchitecture X86_64; a service that names neither LaunchType nor a strategy uses the cluster's default strategy, and
EC2 where the cluster has none (CloudFormation template reference; CreateService, ECS API reference; read 2026-11).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from natless.cloud import (
    Cluster,
    Container,
    ContainerSecret,
    EcsService,
    LogGroup,
    PullThroughCache,
    Repository,
    ServiceTarget,
    Share,
    TaskDefinition,
)
from natless.finding import Gap
from natless.load.cloudformation import keys
from natless.load.cloudformation.balancing import vpc_default_group
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.intrinsics import render
from natless.load.cloudformation.order import closure
from natless.load.cloudformation.template import Resource
from natless.load.cloudformation.values import NOTHING, Reference

Launch = Literal["fargate", "ec2", "external"]
_LAUNCHES: dict[str, Launch] = {
    "FARGATE": "fargate",
    "FARGATE_SPOT": "fargate",
    "EC2": "ec2",
    "EXTERNAL": "external",
    "MANAGED_INSTANCES": "ec2",
}


def repository(draft: Draft, resource: Resource) -> None:
    """AWS::ECR::Repository."""
    fields = draft.fields(resource)
    name = fields.maybe or render(draft.template, Reference(resource.id))
    uri = render(draft.template, Reference(resource.id, "RepositoryUri"))
    draft.repositories[resource.id] = Repository(resource.id, fields.origin, name, uri)


def pull_through_cache(draft: Draft, resource: Resource) -> None:
    """AWS::ECR::PullThroughCacheRule."""
    fields = draft.fields(resource)
    prefix = fields.plain("EcrRepositoryPrefix") or fields.missing("EcrRepositoryPrefix", "how its repositories begin")
    draft.pull_through_caches[resource.id] = PullThroughCache(resource.id, fields.origin, prefix)


def log_group(draft: Draft, resource: Resource) -> None:
    """AWS::Logs::LogGroup."""
    fields = draft.fields(resource)
    name = fields.maybe or render(draft.template, Reference(resource.id))
    draft.log_groups[resource.id] = LogGroup(resource.id, fields.origin, name)


def task_definition(draft: Draft, resource: Resource) -> None:
    """AWS::ECS::TaskDefinition. Roles must have been read before."""
    fields = draft.fields(resource)
    platform = fields.inner("RuntimePlatform")
    architecture = platform.plain("CpuArchitecture") if isinstance(platform, Fields) else platform
    compatibilities = fields.texts("RequiresCompatibilities") or ()
    open_one = next((part for part in compatibilities if isinstance(part, Gap)), None)
    draft.task_definitions[resource.id] = TaskDefinition(
        resource.id,
        fields.origin,
        containers=fields.maybe or _containers(fields),
        network_mode=fields.plain("NetworkMode") or "bridge",
        compatibilities=open_one or tuple(part for part in compatibilities if isinstance(part, str)),
        execution_role=_role(draft, fields, "ExecutionRoleArn"),
        task_role=_role(draft, fields, "TaskRoleArn"),
        cpu=fields.plain("Cpu"),
        memory=fields.plain("Memory"),
        architecture=architecture or "X86_64",
        efs_volumes=_efs_volumes(fields),
    )


def _role(draft: Draft, fields: Fields, key: str) -> str | Gap | None:
    """Give a role's logical id where it is in this template, be it by reference or by its ARN as text."""
    found = fields.id_of(key)
    if not isinstance(found, str) or found in draft.roles:
        return found
    return next((role.id for role in draft.roles.values() if found in {role.arn, role.arn.rpartition("/")[2]}), found)


def _efs_volumes(fields: Fields) -> tuple[str | Gap, ...]:
    found: list[str | Gap] = []
    for volume in fields.objects("Volumes"):
        config = volume if isinstance(volume, Gap) else volume.inner("EFSVolumeConfiguration")
        if isinstance(config, Gap):
            found.append(config)
        elif config is not None:
            found.append(config.needed_id("FilesystemId"))
    return tuple(found)


def _containers(fields: Fields) -> tuple[Container, ...] | Gap:
    found: list[Container] = []
    for inner in fields.objects("ContainerDefinitions"):
        if isinstance(inner, Gap):
            return inner
        found.append(_container(inner))
    return tuple(found)


def _container(fields: Fields) -> Container:
    name = fields.text("Name")
    credentials = fields.inner("RepositoryCredentials")
    log = fields.inner("LogConfiguration")
    return Container(
        name if isinstance(name, str) else "",
        fields.origin,
        fields.text("Image") or fields.missing("Image", "the image to run"),
        ports=_ports(fields),
        log_driver=log.plain("LogDriver") if isinstance(log, Fields) else log,
        log_options=_options(log) if isinstance(log, Fields) else {},
        secrets=(*_secrets(fields, "Secrets"), *(_secrets(log, "SecretOptions") if isinstance(log, Fields) else ())),
        repository_credentials=credentials.text("CredentialsParameter")
        if isinstance(credentials, Fields)
        else credentials,
        environment_files=_environment_files(fields),
        environment=_environment(fields),
        host_ports=_host_ports(fields),
    )


def _ports(fields: Fields) -> tuple[int | Gap, ...]:
    found: list[int | Gap] = []
    for mapping in fields.objects("PortMappings"):
        port = mapping if isinstance(mapping, Gap) else mapping.integer("ContainerPort")
        if port is not None:
            found.append(port)
    return tuple(found)


def _host_ports(fields: Fields) -> dict[int, int | Gap]:
    """Give the host ports that are set; 0 leaves the choice to Docker, as none does."""
    found: dict[int, int | Gap] = {}
    for mapping in fields.objects("PortMappings"):
        port = None if isinstance(mapping, Gap) else mapping.integer("ContainerPort")
        host = None if isinstance(mapping, Gap) else mapping.integer("HostPort")
        if isinstance(port, int) and host:
            found[port] = host
    return found


def _options(log: Fields) -> dict[str, str | Gap]:
    options = log.inner("Options")
    if not isinstance(options, Fields):
        return {} if options is None else {"awslogs-group": options, "awslogs-region": options}
    return {key: text for key in options.map if (text := options.text(key)) is not None}


def _secrets(fields: Fields, key: str) -> tuple[ContainerSecret | Gap, ...]:
    found: list[ContainerSecret | Gap] = []
    for inner in fields.objects(key):
        if isinstance(inner, Gap):
            found.append(inner)
            continue
        name = inner.text("Name")
        value = _value_from(inner) or inner.missing("ValueFrom", "the secret's or parameter's ARN")
        kms = keys.secret_key(fields.template, value) if isinstance(value, str) else None
        found.append(ContainerSecret(name if isinstance(name, str) else "", value, inner.origin, kms))
    return tuple(found)


def _value_from(fields: Fields) -> str | Gap | None:
    """Give a secret as text; a reference to a parameter whose name CloudFormation invents, as that parameter's ARN."""
    value, text = fields.value("ValueFrom"), fields.text("ValueFrom")
    if not isinstance(value, Reference) or not isinstance(text, str) or not text.startswith("${"):
        return text
    template = fields.template
    if template.resources[value.id].kind != "AWS::SSM::Parameter":
        return text
    return f"arn:{template.partition}:ssm:{template.region}:{template.account}:parameter/{text}"


def _environment_files(fields: Fields) -> tuple[str | Gap, ...]:
    found: list[str | Gap] = []
    for inner in fields.objects("EnvironmentFiles"):
        value = inner if isinstance(inner, Gap) else inner.text("Value") or inner.missing("Value", "an S3 object's ARN")
        found.append(value)
    return tuple(found)


def _environment(fields: Fields) -> dict[str, str | Gap]:
    found: dict[str, str | Gap] = {}
    for inner in fields.objects("Environment"):
        if isinstance(inner, Fields):
            name, value = inner.text("Name"), inner.text("Value")
            if isinstance(name, str):
                found[name] = "" if value is None else value
    return found


def cluster(draft: Draft, resource: Resource) -> None:
    """AWS::ECS::Cluster: its name, and its default strategy, where it names one."""
    fields = draft.fields(resource)
    name = render(draft.template, Reference(resource.id))
    draft.clusters[resource.id] = Cluster(resource.id, fields.origin, name)
    if fields.has("DefaultCapacityProviderStrategy"):
        draft.strategies[resource.id] = fields.maybe or fields


def cluster_capacity(draft: Draft, resource: Resource) -> None:
    """AWS::ECS::ClusterCapacityProviderAssociations: a cluster's default strategy, named apart from it."""
    fields = draft.fields(resource)
    owner = fields.id_of("Cluster")
    if isinstance(owner, str):
        draft.strategies[owner] = fields.maybe or fields


def service(draft: Draft, resource: Resource) -> None:
    """AWS::ECS::Service. Subnets, clusters and capacity providers must have been read before."""
    fields = draft.fields(resource)
    subnets, groups, public_ip = _network(draft, fields)
    connect = fields.inner("ServiceConnectConfiguration")
    cluster_id = fields.id_of("Cluster")
    launch, providers = _launch(draft, fields, cluster_id)
    draft.services[resource.id] = EcsService(
        resource.id,
        fields.origin,
        cluster=cluster_id,
        task_definition=fields.id_of("TaskDefinition") or fields.gap("TaskDefinition", "its task sets name it"),
        launch=fields.maybe or launch,
        subnets=subnets,
        groups=groups,
        public_ip=public_ip,
        targets=_service_targets(fields),
        exec_enabled=fields.boolean("EnableExecuteCommand", default=False),
        exec_key=keys.exec_key(draft, cluster_id),
        service_connect=connect.boolean("Enabled", default=False) if isinstance(connect, Fields) else connect or False,
        platform_version=fields.plain("PlatformVersion") or "LATEST",
        after=closure(draft.order, resource.id),
        desired=fields.integer("DesiredCount"),
        providers=providers,
        shares=_shares(draft, fields, cluster_id) if launch == "fargate" else (),
        registries=_registries(fields),
    )


def scalable_target(draft: Draft, resource: Resource) -> None:
    """AWS::ApplicationAutoScaling::ScalableTarget of an ECS service: between which numbers its tasks move.

    Services must have been read before.
    """
    fields = draft.fields(resource)
    if fields.text("ScalableDimension") != "ecs:service:DesiredCount":
        return
    named = fields.text("ResourceId")
    last = named.rpartition("/")[2] if isinstance(named, str) else ""
    for known in draft.services.values():
        if last == render(draft.template, Reference(known.id, "Name")):
            least, most = fields.integer("MinCapacity"), fields.integer("MaxCapacity")
            draft.services[known.id] = msgspec.structs.replace(known, desired=least, most=most)
            return


_Names = tuple[str | Gap, ...] | Gap
_Providers = tuple[str | Gap, ...]


def _network(draft: Draft, fields: Fields) -> tuple[_Names, _Names, bool | Gap]:
    """Give subnets, groups and public address of awsvpc tasks; a service without them uses its hosts' network."""
    outer = fields.inner("NetworkConfiguration")
    inner = outer.inner("AwsvpcConfiguration") if isinstance(outer, Fields) else outer
    if not isinstance(inner, Fields):
        unknown = fields.maybe or inner
        return (unknown, unknown, unknown) if unknown else ((), (), False)
    subnets = inner.ids("Subnets") or (inner.missing("Subnets", "the subnets of the tasks"),)
    groups = inner.ids("SecurityGroups") or (vpc_default_group(draft, subnets, inner, "SecurityGroups"),)
    written = inner.plain("AssignPublicIp")
    public = written if isinstance(written, Gap) else written == "ENABLED"
    whole = next((part for part in subnets if isinstance(part, Gap)), None) if len(subnets) == 1 else None
    return whole or subnets, groups, public


def _registries(fields: Fields) -> tuple[str | Gap, ...]:
    found = fields.objects("ServiceRegistries")
    return tuple(each if isinstance(each, Gap) else each.needed_id("RegistryArn") for each in found)


def _launch(draft: Draft, fields: Fields, cluster_id: str | Gap | None) -> tuple[Launch | Gap, _Providers]:
    """Give the compute of a service, and the capacity providers of its strategy."""
    if fields.has("LaunchType"):
        written = fields.plain("LaunchType")
        if isinstance(written, Gap):
            return written, ()
        return _LAUNCHES.get(str(written)) or fields.malformed(
            "LaunchType", f"{fields.what}.LaunchType is {written!r}: write FARGATE, EC2 or EXTERNAL"
        ), _managed(fields, written)
    if fields.has("CapacityProviderStrategy"):
        return _strategy(draft, fields, "CapacityProviderStrategy")
    return (cluster_id, ()) if isinstance(cluster_id, Gap) else _cluster_launch(draft, fields, cluster_id)


def _managed(fields: Fields, written: str | None) -> _Providers:
    """ECS Managed Instances stand in no Auto Scaling group of the account's own."""
    if written != "MANAGED_INSTANCES":
        return ()
    return (fields.gap("LaunchType", "ECS launches managed instances itself: they are not read"),)


def _cluster_launch(draft: Draft, fields: Fields, cluster_id: str | None) -> tuple[Launch | Gap, _Providers]:
    """Give the compute of a service that leaves it to its cluster."""
    if cluster_id in draft.strategies:
        known = draft.strategies[cluster_id]
        return (known, ()) if isinstance(known, Gap) else _strategy(draft, known, "DefaultCapacityProviderStrategy")
    if cluster_id in draft.template.resources:
        return "ec2", ()
    return fields.gap("LaunchType", "the cluster is not in this template, and its default strategy decides"), ()


def _strategy(draft: Draft, fields: Fields, key: str) -> tuple[Launch | Gap, _Providers]:
    """Give the compute of a strategy: providers of Fargate and of other compute cannot stand in one."""
    launches: list[Launch | Gap] = []
    providers: list[str | Gap] = []
    for item in fields.objects(key):
        provider = item if isinstance(item, Gap) else item.id_of("CapacityProvider")
        if isinstance(provider, Gap) or provider is None:
            return provider or fields.gap(key, "a capacity provider is not named"), ()
        own = _own_provider(draft, provider)
        providers.append(own or provider)
        if own is not None:
            launches.append("ec2")  # an own provider stands for instances, its own or managed ones
        else:
            launches.append(_LAUNCHES.get(provider) or fields.gap(key, f"{provider} is not in this template"))
    launch = launches[0] if launches else "ec2"
    return launch, tuple(providers) if launch == "ec2" else ()


def _shares(draft: Draft, fields: Fields, cluster_id: str | Gap | None) -> tuple[Share, ...]:
    """Give how Fargate and Fargate Spot share the tasks, by the service's own strategy or its cluster's default."""
    key = "CapacityProviderStrategy"
    if not fields.has(key):
        default = draft.strategies.get(cluster_id) if isinstance(cluster_id, str) else None
        if not isinstance(default, Fields) or fields.has("LaunchType"):
            return ()
        fields, key = default, "DefaultCapacityProviderStrategy"
    found = []
    for item in fields.objects(key):
        provider = item if isinstance(item, Gap) else item.id_of("CapacityProvider")
        if isinstance(item, Gap) or not isinstance(provider, str):
            return ()
        weight, base = item.integer("Weight"), item.integer("Base")
        found.append(Share(provider, 0 if weight is None else weight, 0 if base is None else base))
    return tuple(found)


def _own_provider(draft: Draft, named: str) -> str | None:
    """Give the provider's logical id where it is in this template, be it by reference or by its name."""
    resources = draft.template.resources
    if named in resources:
        return named
    own = (each for each in resources.values() if each.kind == "AWS::ECS::CapacityProvider")
    return next((each.id for each in own if draft.fields(each).text("Name") == named), None)


def _service_targets(fields: Fields) -> tuple[ServiceTarget, ...]:
    found = []
    for inner in fields.objects("LoadBalancers"):
        if isinstance(inner, Gap):
            found.append(ServiceTarget(inner, inner, inner))
        elif inner.value("TargetGroupArn") is not NOTHING:
            container = inner.text("ContainerName") or inner.missing("ContainerName", "the container that answers")
            port = inner.integer("ContainerPort")
            port = inner.missing("ContainerPort", "the container's port") if port is None else port
            found.append(ServiceTarget(inner.needed_id("TargetGroupArn"), container, port))
    return tuple(found)
