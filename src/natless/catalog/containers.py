"""What ECS does with a container where its definition says nothing, and the most that it takes. Seconds and bytes."""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class Fact(msgspec.Struct, frozen=True):
    """One number of ECS's, and who says so."""

    value: int
    source: Source


def _api(name: str) -> Source:
    return Source(f"https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_{name}.html", "2026-11")


_GUIDE = Source("Amazon ECS Developer Guide, 'Amazon ECS task definition parameters for Fargate'", "2026-11")
_MEBI, _GIBI = 1 << 20, 1 << 30

STOP_TIMEOUT = Fact(30, _api("ContainerDefinition"))
LONGEST_STOP_TIMEOUT = Fact(120, _api("ContainerDefinition"))
START_TIMEOUT = Fact(180, _api("ContainerDefinition"))
"""For which a dependency's condition is waited for, on Fargate."""

CHECK_INTERVAL = Fact(30, _api("HealthCheck"))
CHECK_TIMEOUT = Fact(5, _api("HealthCheck"))
CHECK_RETRIES = Fact(3, _api("HealthCheck"))
RESTART_PERIOD = Fact(300, _api("ContainerRestartPolicy"))
"""For which a container must have run before it is started again."""

LOG_BUFFER = Fact(10 * _MEBI, _api("LogConfiguration"))
"""`max-buffer-size` of the non-blocking mode, which is the default since 2025-06-25; what finds it full is lost."""

EPHEMERAL_STORAGE = Fact(20 * _GIBI, Source("Amazon ECS Developer Guide, 'Fargate task ephemeral storage'", "2026-11"))
OPEN_FILES = Fact(65535, _GUIDE)

BREAKER_PERCENT = Fact(50, _api("ThresholdConfiguration"))
"""Of the desired count: what must fail for the deployment circuit breaker to open, where nothing else is said."""
LEAST_FAILURES = Fact(3, _api("ServiceDeploymentCircuitBreaker"))
MOST_FAILURES = Fact(200, _api("ServiceDeploymentCircuitBreaker"))
"""The bounds of BREAKER_PERCENT, and of another `BOUNDED_PERCENT`."""

LARGEST_MANIFEST = Fact(4 * 1048 * 1048, Source("containerd, remotes/docker/resolver.go: MaxManifestSize", "2026-11"))
"""Bytes (1048 is containerd's own slip). The lab holds an image's configuration to it as well."""
