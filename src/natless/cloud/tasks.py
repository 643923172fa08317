"""ECS: task definitions, services, and what they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from natless.finding import Gap, Origin


class ContainerSecret(msgspec.Struct, frozen=True):
    """A secret as ECS has it: `value_from` is an ARN, or the bare name of an SSM parameter.

    `key` is the KMS key that encrypts it, where the source says one that is not AWS's own.
    """

    name: str
    value_from: str | Gap
    origin: Origin
    key: str | Gap | None = None


class Container(msgspec.Struct, frozen=True):
    """A container definition, as far as reachability and start-up lean on it.

    `host_ports` gives, by container port, the instance's port that bridge mode maps to it; a port that is not in it is
    given out by Docker.
    `log_driver` is None where no log configuration is given; `log_options` are its options, texts maybe symbolic.
    """

    name: str
    origin: Origin
    image: str | Gap
    ports: tuple[int | Gap, ...] = ()
    log_driver: str | Gap | None = None
    log_options: Mapping[str, str | Gap] = {}
    secrets: tuple[ContainerSecret | Gap, ...] = ()
    repository_credentials: str | Gap | None = None
    environment_files: tuple[str | Gap, ...] = ()
    environment: Mapping[str, str | Gap] = {}
    host_ports: Mapping[int, int | Gap] = {}


class TaskDefinition(msgspec.Struct, frozen=True):
    """A task definition. `id` is the logical id, or family:revision in an account.

    Roles are ids of `Role`s where they are among the facts, else ARNs, or None.
    """

    id: str
    origin: Origin
    containers: tuple[Container, ...] | Gap
    network_mode: str | Gap
    compatibilities: tuple[str, ...] | Gap
    execution_role: str | Gap | None
    task_role: str | Gap | None
    cpu: str | Gap | None = None
    memory: str | Gap | None = None
    architecture: str | Gap = "X86_64"
    efs_volumes: tuple[str | Gap, ...] = ()


class ServiceTarget(msgspec.Struct, frozen=True):
    """A service's registration in a target group."""

    target_group: str | Gap
    container: str | Gap
    port: int | Gap


class Share(msgspec.Struct, frozen=True):
    """A provider's part in a service's tasks: the first `base`, then as many as `weight` says against the others'."""

    provider: str
    weight: int | Gap
    base: int | Gap


class EcsService(msgspec.Struct, frozen=True):
    """An ECS service: where tasks of a definition are placed.

    `launch` is the compute the tasks run on (capacity provider strategies with FARGATE or FARGATE_SPOT are "fargate").
    `providers` are the capacity providers of its strategy, its own or its cluster's; () with a launch type.
    `after` holds the ids of all resources that CloudFormation completes before it starts the service (references and
    DependsOn, transitively); None where the source has no order (an account, a plan).
    `desired` tasks are wanted, None where the source leaves the number to ECS; where autoscaling moves it, it is the
    least, and `most` the most. `exec_key` is the KMS key with which its cluster encrypts ECS Exec's sessions.
    `registries` are the private names under which its tasks are registered; an account's are not read.
    `shares` says how tasks divide between Fargate and Fargate Spot; () where all are on Fargate on demand, or none.
    """

    id: str
    origin: Origin
    cluster: str | Gap | None
    task_definition: str | Gap
    launch: Literal["fargate", "ec2", "external"] | Gap
    subnets: tuple[str | Gap, ...] | Gap
    groups: tuple[str | Gap, ...] | Gap
    public_ip: bool | Gap
    targets: tuple[ServiceTarget, ...] = ()
    exec_enabled: bool | Gap = False
    service_connect: bool | Gap = False
    platform_version: str | Gap = "LATEST"
    after: frozenset[str] | None = None
    desired: int | Gap | None = None
    most: int | Gap | None = None
    exec_key: str | Gap | None = None
    providers: tuple[str | Gap, ...] = ()
    shares: tuple[Share, ...] = ()
    registries: tuple[str | Gap, ...] = ()


class PrivateName(msgspec.Struct, frozen=True):
    """A service of Cloud Map: a DNS name in a private namespace, which resolves in one VPC alone."""

    id: str
    origin: Origin
    name: str | Gap
    vpc: str | Gap


class FailedStart(msgspec.Struct, frozen=True):
    """A task of `family` that never ran, and none of its family has started since. `reason` is ECS's text.

    `at` is when it was stopped, as a person reads it (UTC).
    """

    id: str
    origin: Origin
    family: str
    reason: str
    at: str


class Repository(msgspec.Struct, frozen=True):
    """An ECR repository; `uri` may be symbolic."""

    id: str
    origin: Origin
    name: str | Gap
    uri: str


class PullThroughCache(msgspec.Struct, frozen=True):
    """A pull-through cache rule of ECR: repositories that begin with `prefix` are filled from another registry."""

    id: str
    origin: Origin
    prefix: str | Gap


class LogGroup(msgspec.Struct, frozen=True):
    """A CloudWatch Logs log group."""

    id: str
    origin: Origin
    name: str | Gap
