"""What hosts tasks on the EC2 launch type: clusters, capacity providers, and the instances that register with them."""

from __future__ import annotations

import msgspec

from natless.finding import Gap, Origin


class Cluster(msgspec.Struct, frozen=True):
    """An ECS cluster. `name` is what agents call it by, maybe symbolic."""

    id: str
    origin: Origin
    name: str


class CapacityProvider(msgspec.Struct, frozen=True):
    """A capacity provider; `auto_scaling_group` is the group whose instances its tasks are placed on."""

    id: str
    origin: Origin
    auto_scaling_group: str | Gap


class Volume(msgspec.Struct, frozen=True):
    """A volume that an instance is launched with: its type (gp3, ...) and GiB; None where the AMI says them."""

    type: str | Gap | None
    gib: int | Gap | None


class InstanceGroup(msgspec.Struct, frozen=True):
    """Instances that are launched alike: those of one Auto Scaling group, or one EC2 instance.

    `auto_scaling_group` is the group that they belong to, "" for an instance of its own.
    `cluster` is the cluster that the agent registers with, by name or ARN; None where nothing that was read says one,
    and only the AMI can: its own configuration, or `default`.
    `role` is the instance profile's role, by id or ARN; None without a profile.
    `public_ip` is None where the subnet decides it.
    `proxy` is set where the user data names an HTTP proxy, or cannot be read: then the agent's own way is not known.
    `type` is the instance type; `least` and `most` how many there are, None where nothing that was read says so.
    `volumes` are those that the launch names; what the AMI brings besides is not among them.
    """

    id: str
    origin: Origin
    subnets: tuple[str | Gap, ...]
    groups: tuple[str | Gap, ...]
    auto_scaling_group: str = ""
    cluster: str | Gap | None = None
    role: str | Gap | None = None
    public_ip: bool | Gap | None = None
    proxy: Gap | None = None
    type: str | Gap | None = None
    least: int | Gap | None = None
    most: int | Gap | None = None
    volumes: tuple[Volume | Gap, ...] = ()


def cluster_name(written: str | None) -> str:
    """Give the name in a cluster's ARN, name or absence: ECS and its agent take `default` where none is said."""
    return (written or "default").rpartition(":cluster/")[2]
