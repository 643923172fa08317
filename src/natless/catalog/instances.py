"""Container instances: the ports that Docker gives out, and where their roles and groups are named."""

from __future__ import annotations

from natless.catalog.source import Source

DYNAMIC_PORTS = (32768, 60999)
"""The host ports that bridge mode draws from where none is set, first and last: the instance's
net.ipv4.ip_local_port_range, which the ECS-optimized Linux AMIs leave at Linux's own default."""

DYNAMIC_PORTS_ASKED = (32768, 65535)
"""What to open for them: AWS asks for the whole ephemeral range, whatever the instance draws from."""

SOURCE = Source("Amazon ECS API Reference, PortMapping.hostPort; Linux, Documentation/networking/ip-sysctl", "2026-11")

EXECUTION_ROLE_LOGS = Source(
    "AWS re:Post Knowledge Center, 'ecs-container-logs-cloudwatch', and the ECS agent's README "
    "(ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE, on by default since ecs-init 1.16.0): on instances the awslogs driver "
    "asks with the task's execution role, and with the instance's role only where the task names none",
    "2026-11",
)

IMAGES = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
"""Where SSM keeps the ids of the ECS-optimized AMIs of Amazon Linux 2023, which holds its packages at the version it
was made with: Amazon Linux 2 asks for updates at its first boot, and waits for them where nothing leads there."""

IMAGES_SOURCE = Source(
    "Amazon ECS Developer Guide, 'Retrieving Amazon ECS-optimized Linux AMI metadata'; Amazon Linux 2023 User Guide, "
    "'Deterministic upgrades through versioned repositories'",
    "2026-11",
)

ROOT_DEVICE = "/dev/xvda"
ROOT_GIB = 30
ROOT_SOURCE = Source(
    "Amazon ECS Developer Guide, 'Amazon ECS-optimized Linux AMIs': one root volume of 30 GiB that holds images too",
    "2026-11",
)


def image_parameter(*, arm: bool, gpu: bool) -> str:
    """Give the SSM parameter that names the recommended AMI for a kind of instance."""
    variant = "/gpu" if gpu else "/arm64" if arm else ""
    return f"{IMAGES}{variant}/recommended/image_id"
