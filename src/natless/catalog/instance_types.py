"""EC2 instance types: what bounds the tasks that fit on one. A type that is not listed is refused, never guessed.

Previous generations, metal, and sizes beyond 16xlarge are left out.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from natless.catalog.source import Source

SOURCE = Source("EC2 API, DescribeInstanceTypes in us-east-1, as moto 5.2.5 records it", "2026-11")

Architecture: TypeAlias = Literal["x86_64", "arm64"]


class InstanceType(msgspec.Struct, frozen=True):
    """A type: its vCPUs, MiB of memory, the network interfaces that it may have, and its GPUs."""

    name: str
    vcpus: int
    memory: int
    interfaces: int
    architecture: Architecture
    gpus: int = 0

    @property
    def cpu(self) -> int:
        """CPU units, 1024 a vCPU."""
        return self.vcpus * 1024

    @property
    def usable_memory(self) -> int:
        """MiB that tasks may count on."""
        return self.memory * 7 // 8


MEMORY_SOURCE = Source(
    "Amazon ECS Developer Guide, 'Reserving Amazon ECS Linux container instance memory': an instance registers less "
    "than is installed (7,985 of 8,192 MiB on an m4.large). By how much differs with the type and the kernel, and more "
    "on small ones, so an eighth is left out",
    "2026-11",
)

INTERFACES_SOURCE = Source(
    "Amazon ECS Developer Guide, 'Allocate a network interface for an Amazon ECS task': each awsvpc task takes an "
    "interface, and the instance's own is the first; without trunking, which an account must turn on",
    "2026-11",
)

_TABLE = """
t3.nano 2 512 2 x86_64
t3.micro 2 1024 2 x86_64
t3.small 2 2048 3 x86_64
t3.medium 2 4096 3 x86_64
t3.large 2 8192 3 x86_64
t3.xlarge 4 16384 4 x86_64
t3.2xlarge 8 32768 4 x86_64
t3a.nano 2 512 2 x86_64
t3a.micro 2 1024 2 x86_64
t3a.small 2 2048 2 x86_64
t3a.medium 2 4096 3 x86_64
t3a.large 2 8192 3 x86_64
t3a.xlarge 4 16384 4 x86_64
t3a.2xlarge 8 32768 4 x86_64
t4g.nano 2 512 2 arm64
t4g.micro 2 1024 2 arm64
t4g.small 2 2048 3 arm64
t4g.medium 2 4096 3 arm64
t4g.large 2 8192 3 arm64
t4g.xlarge 4 16384 4 arm64
t4g.2xlarge 8 32768 4 arm64
m5.large 2 8192 3 x86_64
m5.xlarge 4 16384 4 x86_64
m5.2xlarge 8 32768 4 x86_64
m5.4xlarge 16 65536 8 x86_64
m5.8xlarge 32 131072 8 x86_64
m5.12xlarge 48 196608 8 x86_64
m5.16xlarge 64 262144 15 x86_64
m6i.large 2 8192 3 x86_64
m6i.xlarge 4 16384 4 x86_64
m6i.2xlarge 8 32768 4 x86_64
m6i.4xlarge 16 65536 8 x86_64
m6i.8xlarge 32 131072 8 x86_64
m6i.12xlarge 48 196608 8 x86_64
m6i.16xlarge 64 262144 15 x86_64
m6g.medium 1 4096 2 arm64
m6g.large 2 8192 3 arm64
m6g.xlarge 4 16384 4 arm64
m6g.2xlarge 8 32768 4 arm64
m6g.4xlarge 16 65536 8 arm64
m6g.8xlarge 32 131072 8 arm64
m6g.12xlarge 48 196608 8 arm64
m6g.16xlarge 64 262144 15 arm64
m7i.large 2 8192 3 x86_64
m7i.xlarge 4 16384 4 x86_64
m7i.2xlarge 8 32768 4 x86_64
m7i.4xlarge 16 65536 8 x86_64
m7i.8xlarge 32 131072 8 x86_64
m7i.12xlarge 48 196608 8 x86_64
m7i.16xlarge 64 262144 15 x86_64
m7g.medium 1 4096 2 arm64
m7g.large 2 8192 3 arm64
m7g.xlarge 4 16384 4 arm64
m7g.2xlarge 8 32768 4 arm64
m7g.4xlarge 16 65536 8 arm64
m7g.8xlarge 32 131072 8 arm64
m7g.12xlarge 48 196608 8 arm64
m7g.16xlarge 64 262144 15 arm64
c5.large 2 4096 3 x86_64
c5.xlarge 4 8192 4 x86_64
c5.2xlarge 8 16384 4 x86_64
c5.4xlarge 16 32768 8 x86_64
c5.12xlarge 48 98304 8 x86_64
c6i.large 2 4096 3 x86_64
c6i.xlarge 4 8192 4 x86_64
c6i.2xlarge 8 16384 4 x86_64
c6i.4xlarge 16 32768 8 x86_64
c6i.8xlarge 32 65536 8 x86_64
c6i.12xlarge 48 98304 8 x86_64
c6i.16xlarge 64 131072 15 x86_64
c6g.medium 1 2048 2 arm64
c6g.large 2 4096 3 arm64
c6g.xlarge 4 8192 4 arm64
c6g.2xlarge 8 16384 4 arm64
c6g.4xlarge 16 32768 8 arm64
c6g.8xlarge 32 65536 8 arm64
c6g.12xlarge 48 98304 8 arm64
c6g.16xlarge 64 131072 15 arm64
c7i.large 2 4096 3 x86_64
c7i.xlarge 4 8192 4 x86_64
c7i.2xlarge 8 16384 4 x86_64
c7i.4xlarge 16 32768 8 x86_64
c7i.8xlarge 32 65536 8 x86_64
c7i.12xlarge 48 98304 8 x86_64
c7i.16xlarge 64 131072 15 x86_64
c7g.medium 1 2048 2 arm64
c7g.large 2 4096 3 arm64
c7g.xlarge 4 8192 4 arm64
c7g.2xlarge 8 16384 4 arm64
c7g.4xlarge 16 32768 8 arm64
c7g.8xlarge 32 65536 8 arm64
c7g.12xlarge 48 98304 8 arm64
c7g.16xlarge 64 131072 15 arm64
r5.large 2 16384 3 x86_64
r5.xlarge 4 32768 4 x86_64
r5.2xlarge 8 65536 4 x86_64
r5.4xlarge 16 131072 8 x86_64
r5.8xlarge 32 262144 8 x86_64
r5.12xlarge 48 393216 8 x86_64
r5.16xlarge 64 524288 15 x86_64
r6i.large 2 16384 3 x86_64
r6i.xlarge 4 32768 4 x86_64
r6i.2xlarge 8 65536 4 x86_64
r6i.4xlarge 16 131072 8 x86_64
r6i.8xlarge 32 262144 8 x86_64
r6i.12xlarge 48 393216 8 x86_64
r6i.16xlarge 64 524288 15 x86_64
r6g.medium 1 8192 2 arm64
r6g.large 2 16384 3 arm64
r6g.xlarge 4 32768 4 arm64
r6g.2xlarge 8 65536 4 arm64
r6g.4xlarge 16 131072 8 arm64
r6g.8xlarge 32 262144 8 arm64
r6g.12xlarge 48 393216 8 arm64
r6g.16xlarge 64 524288 15 arm64
r7g.medium 1 8192 2 arm64
r7g.large 2 16384 3 arm64
r7g.xlarge 4 32768 4 arm64
r7g.2xlarge 8 65536 4 arm64
r7g.4xlarge 16 131072 8 arm64
r7g.8xlarge 32 262144 8 arm64
r7g.12xlarge 48 393216 8 arm64
r7g.16xlarge 64 524288 15 arm64
g4dn.xlarge 4 16384 3 x86_64 1
g4dn.2xlarge 8 32768 3 x86_64 1
g4dn.4xlarge 16 65536 3 x86_64 1
g4dn.8xlarge 32 131072 4 x86_64 1
g4dn.12xlarge 48 196608 8 x86_64 4
g4dn.16xlarge 64 262144 4 x86_64 1
g5.xlarge 4 16384 4 x86_64 1
g5.2xlarge 8 32768 4 x86_64 1
g5.4xlarge 16 65536 8 x86_64 1
g5.8xlarge 32 131072 8 x86_64 1
g5.12xlarge 48 196608 15 x86_64 4
g5.16xlarge 64 262144 8 x86_64 1
g6.xlarge 4 16384 4 x86_64 1
g6.2xlarge 8 32768 4 x86_64 1
g6.4xlarge 16 65536 8 x86_64 1
g6.8xlarge 32 131072 8 x86_64 1
g6.12xlarge 48 196608 8 x86_64 4
g6.16xlarge 64 262144 15 x86_64 1
"""
"""Name, vCPUs, MiB, interfaces, architecture, GPUs where it has any."""

_TYPES: dict[str, InstanceType] = {}


def instance_types() -> dict[str, InstanceType]:
    """Give every type, by name. The table is read with the first call: most runs of `check` never ask."""
    if not _TYPES:
        for row in _TABLE.split("\n"):
            if row:
                name, vcpus, memory, interfaces, architecture, *gpus = row.split()
                _TYPES[name] = InstanceType(
                    name,
                    int(vcpus),
                    int(memory),
                    int(interfaces),
                    "arm64" if architecture == "arm64" else "x86_64",
                    int(gpus[0]) if gpus else 0,
                )
    return _TYPES


def instance_type(name: str) -> InstanceType | None:
    """Give a type by name, or None where the catalog does not hold it."""
    return instance_types().get(name)
