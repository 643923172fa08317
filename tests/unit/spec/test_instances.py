"""`launch = "ec2"`: what fits on an instance, and what is said where it does not.

Expected: Amazon EC2 User Guide, "Maximum IP addresses per network interface" (t3.small, m5.large: 3 interfaces), and
Amazon ECS Developer Guide, "Allocate a network interface for an Amazon ECS task" (the instance's own counts).
"""

from __future__ import annotations

import pytest

from natless.catalog.instance_types import instance_type
from natless.spec import Instances
from natless.spec.read import SpecError, read

HEAD = 'name = "hello"\n[services.web]\nbuild = "."\nport = 8080\nlaunch = "ec2"\n'


def instances(lines: str) -> Instances:
    found = read(HEAD + lines, "natless.toml").services[0].launch.instances
    assert found is not None
    return found


def refusals(lines: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(SpecError) as caught:
        read(HEAD + lines, "natless.toml")
    return [(each.name, each.origin.line, each.fix.text if each.fix else "") for each in caught.value.findings]


@pytest.mark.parametrize(
    ("lines", "least", "most"),
    [
        # Two interfaces are left for tasks: one instance holds two, a release doubles them.
        ('instance = "t3.small"', 1, 2),
        ('instance = "t3.small"\ncount = 3', 2, 3),
        ('instance = "t3.small"\ncount = { min = 2, max = 10 }', 1, 10),
        # 2 x 1024 CPU units hold eight of 256; 2048 MiB less an eighth three of 512.
        ('instance = "t3.small"\nnetwork_mode = "bridge"\ncount = 8', 3, 6),
        ('instance = "t3.small"\nnetwork_mode = "bridge"\ncount = 8\nmemory = 128', 1, 2),
        # One port of that number on each instance.
        ('instance = "m5.large"\nnetwork_mode = "host"\ncount = 3', 3, 6),
        ('instance = "t3.small"\ninstances = 2', 2, 2),
        ('instance = "t3.small"\ninstances = { min = 1, max = 7 }', 1, 7),
    ],
)
def test_as_many_instances_as_the_tasks_and_a_release_need(lines: str, least: int, most: int) -> None:
    found = instances(lines)
    assert (found.min, found.max) == (least, most)


@pytest.mark.parametrize(
    ("lines", "name", "line", "instead"),
    [
        ('instance = "t3.small"\ncount = 3\ninstances = 1', "instances-too-few", 8, "instances = { min = 1, max = 2 }"),
        ('instance = "t3.small"\ncount = 2\ninstances = 1', "instances-too-few", 8, "instances = { min = 1, max = 2 }"),
        ('instance = "t3.small"\nmemory = 2048', "task-larger-than-instance", 6, 'instance = "t3.medium"'),
        ('instance = "t3.small"\ncpu = 4096', "task-larger-than-instance", 6, 'instance = "t3.xlarge"'),
        ('instance = "t3.small"\ngpu = 1', "task-larger-than-instance", 6, 'instance = "g4dn.xlarge"'),
        ('instance = "t4g.small"', "instance-architecture-wrong", 6, 'architecture = "arm64"'),
        ('instance = "t3.smal"', "instance-type-unknown", 6, 'instance = "t3.small"'),
        ("", "instance-type-missing", 2, 'instance = "t3.small"'),
        ('instance = "t3.small"\nami = "latest"', "value-invalid", 7, 'ami = "ami-0123456789abcdef0"'),
        ('instance = "t3.small"\ncpu = 64', "number-out-of-range", 7, "cpu = 128"),
        ('instance = "t3.small"\ninstances = { min = 3, max = 2 }', "count-min-above-max", 7, "min = 2, max = 3"),
        ('instance = "t3.small"\nnetwork_mode = "none"', "value-invalid", 7, 'network_mode = "host"'),
    ],
)
def test_what_does_not_fit_is_said_with_its_line(lines: str, name: str, line: int, instead: str) -> None:
    ((found, where, fix),) = refusals(lines)
    assert (found, where) == (name, line)
    assert instead in fix or name == "value-invalid"


def test_what_bounds_the_instances_is_named() -> None:
    with pytest.raises(SpecError, match="3 network interfaces, its own and one for each of 2 tasks"):
        read(HEAD + 'instance = "t3.small"\ninstances = 1\ncount = 5', "natless.toml")


@pytest.mark.parametrize("line", ['instance = "t3.small"', "instances = 2", "gpu = 1", 'network_mode = "host"'])
def test_what_says_nothing_on_fargate_is_refused(line: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(HEAD.replace('launch = "ec2"\n', "") + line, "natless.toml")
    assert [found.name for found in caught.value.findings] == ["instance-without-ec2"]


def test_a_few_types_as_their_pages_have_them() -> None:
    # aws.amazon.com/ec2/instance-types and the EC2 User Guide, read 2026-11.
    expected = {
        "t3.micro": (2, 1024, 2, 0),
        "t3.small": (2, 2048, 3, 0),
        "m5.large": (2, 8192, 3, 0),
        "c5.xlarge": (4, 8192, 4, 0),
        "m7g.large": (2, 8192, 3, 0),
        "g4dn.xlarge": (4, 16384, 3, 1),
        "g5.12xlarge": (48, 196608, 15, 4),
    }
    for name, (vcpus, memory, interfaces, gpus) in expected.items():
        found = instance_type(name)
        assert found is not None
        assert (found.vcpus, found.memory, found.interfaces, found.gpus) == (vcpus, memory, interfaces, gpus)
