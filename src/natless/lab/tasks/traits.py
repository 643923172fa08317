"""What a container definition says of its container's place among the others: order, health, restarts, ends.

Defaults and bounds are the catalog's (`containers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

import msgspec

from natless.catalog import containers

Condition: TypeAlias = Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]


class Need(msgspec.Struct, frozen=True):
    """What must be true of another container before this one starts."""

    container: str
    condition: Condition


class HealthCheck(msgspec.Struct, frozen=True):
    """A command that says, by ending with 0, that its container is healthy. Times are in seconds."""

    command: tuple[str, ...]
    interval: float = containers.CHECK_INTERVAL.value
    timeout: float = containers.CHECK_TIMEOUT.value
    retries: int = containers.CHECK_RETRIES.value
    start_period: float = 0.0


class RestartPolicy(msgspec.Struct, frozen=True):
    """A container is started again where it ran for `period` seconds and did not end with an ignored exit code."""

    ignored: frozenset[int]
    period: float


class Traits(msgspec.Struct, frozen=True):
    """All of it. `stop_timeout` is None where the definition leaves it to ECS."""

    essential: bool = True
    needs: tuple[Need, ...] = ()
    check: HealthCheck | None = None
    restart: RestartPolicy | None = None
    start_timeout: float = containers.START_TIMEOUT.value
    stop_timeout: float | None = None


def read_traits(container: Mapping[str, Any]) -> Traits:
    """Read a container definition."""
    stop = container.get("stopTimeout")
    return Traits(
        essential=bool(container.get("essential", True)),
        needs=tuple(
            Need(str(each["containerName"]), cast("Condition", str(each["condition"])))
            for each in container.get("dependsOn") or []
        ),
        check=_check(container.get("healthCheck") or {}),
        restart=_restart(container.get("restartPolicy") or {}),
        start_timeout=float(container.get("startTimeout") or containers.START_TIMEOUT.value),
        stop_timeout=None if stop is None else min(float(stop), containers.LONGEST_STOP_TIMEOUT.value),
    )


def _check(given: Mapping[str, Any]) -> HealthCheck | None:
    kind, *rest = [str(each) for each in given.get("command") or [""]]
    if kind not in ("CMD", "CMD-SHELL"):
        return None  # NONE, or nothing
    command = tuple(rest) if kind == "CMD" else ("/bin/sh", "-c", " ".join(rest))
    return HealthCheck(
        command,
        interval=float(given.get("interval") or containers.CHECK_INTERVAL.value),
        timeout=float(given.get("timeout") or containers.CHECK_TIMEOUT.value),
        retries=int(given.get("retries") or containers.CHECK_RETRIES.value),
        start_period=float(given.get("startPeriod") or 0),
    )


def _restart(given: Mapping[str, Any]) -> RestartPolicy | None:
    if not given.get("enabled"):
        return None
    ignored = frozenset(int(each) for each in given.get("ignoredExitCodes") or [])
    return RestartPolicy(ignored, float(given.get("restartAttemptPeriod") or containers.RESTART_PERIOD.value))
