"""Health checks and draining, tuned so that a release takes about a minute.

With AWS's defaults (5 checks 30 s apart, 300 s of draining) an image-only release was modelled at 485 s, with these
at 75 s. Seconds, unless said otherwise.
"""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class HealthCheck(msgspec.Struct, frozen=True):
    """A target group's checks, and how a task is let in and out."""

    interval: int
    timeout: int
    healthy: int
    unhealthy: int
    matcher: str
    deregistration_delay: int
    grace: int
    stop_timeout: int
    source: Source


TUNED = HealthCheck(
    # AWS: interval 5-300, timeout 2-120 and below the interval (its default timeout is 5, so an interval of 5
    # without a timeout is refused), thresholds 2-10.
    interval=5,
    timeout=2,
    healthy=2,
    # Three misses, not two: one slow answer must not take a task away.
    unhealthy=3,
    # A page that redirects (to a login, to a trailing slash) is alive.
    matcher="200-399",
    # AWS's default is 300; requests that take longer than 30 s are cut when their task is replaced.
    deregistration_delay=30,
    # A task that needs longer than this to answer its first check is stopped and counted as failed.
    grace=60,
    # Between SIGTERM and SIGKILL; Fargate allows at most 120.
    stop_timeout=30,
    source=Source("Elastic Load Balancing, 'Health checks for Application Load Balancer target groups'", "2026-11"),
)
