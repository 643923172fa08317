"""What is known of a task before it starts: its definition, its place in the network, what it is registered with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from natless.lab.instances.machines import Host
from natless.lab.tasks.ports import Connect

_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


class Registration(msgspec.Struct, frozen=True):
    """A target group that a container's port is registered in."""

    target_group: str
    container: str
    port: int


class TaskPlan(msgspec.Struct, frozen=True):
    """One task to start. `arn` is its record's; `definition` and `overrides` are in ECS's shape.

    `host` is the instance that it was placed on, None on Fargate; `ports` are that instance's, by container port.
    """

    arn: str
    cluster: str
    definition: Mapping[str, Any]
    overrides: Mapping[str, Any]
    subnet: str
    groups: tuple[str, ...]
    public: bool
    registrations: tuple[Registration, ...] = ()
    host: Host | None = None
    ports: Mapping[int, int] = {}

    @property
    def mode(self) -> str:
        """The network mode."""
        return str(self.definition.get("networkMode") or "awsvpc")

    @property
    def id(self) -> str:
        """The task's id: the last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def containers(self) -> Sequence[Mapping[str, Any]]:
        """Container definitions."""
        return self.definition["containerDefinitions"]  # type: ignore[no-any-return]  # ECS's shape

    @property
    def architecture(self) -> str:
        """The image platform's architecture, in Go's words."""
        wanted = (self.definition.get("runtimePlatform") or {}).get("cpuArchitecture") or "X86_64"
        return _ARCHITECTURES.get(wanted, "amd64")

    def overridden(self, container: str) -> Mapping[str, Any]:
        """RunTask's overrides of a container."""
        every = self.overrides.get("containerOverrides") or []
        return next((each for each in every if each.get("name") == container), {})


def name_servers(connect: Connect, subnet: str) -> tuple[str, ...]:
    """Give the DNS servers that DHCP tells an interface in `subnet`: the VPC's own (its base + 2) or custom ones."""
    ec2 = connect("ec2")
    vpc_id = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    vpc = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    base = vpc["CidrBlock"].partition("/")[0].split(".")
    own = ".".join([*base[:3], str(int(base[3]) + 2)])
    options = vpc.get("DhcpOptionsId", "default")
    if not options.startswith("dopt-"):
        return (own,)
    found = ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"][0]["DhcpConfigurations"]
    values = [each["Values"] for each in found if each["Key"] == "domain-name-servers"]
    named = [str(each.get("Value") if isinstance(each, dict) else each) for each in (values[0] if values else [])]
    return tuple(own if name == "AmazonProvidedDNS" else name for name in named) or (own,)
