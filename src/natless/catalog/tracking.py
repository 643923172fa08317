"""Which flows security groups track, so that they outlive the rule that let them in, and which they do not."""

from __future__ import annotations

from typing import Literal

from natless.catalog.source import Source

AUTOMATIC_INTERFACES = frozenset({"endpoint", "nat-gateway", "network-load-balancer"})
"""Flows with these interfaces are tracked, whatever the groups' rules."""

AUTOMATIC_GATEWAY_SERVICES = frozenset({"dynamodb"})
"""Flows by these services' gateway endpoints are tracked, whatever the groups' rules; S3 is not among them."""

UNTRACKED_PROTOCOLS: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")
"""What a rule for 0.0.0.0/0 leaves untracked, where another one lets all answers (0.0.0.0/0, every port) through the
other way. ICMP and all other protocols are always tracked. An untracked flow ends when its rule does."""

SOURCE = Source(
    "Amazon EC2 User Guide, 'Amazon EC2 security group connection tracking': Untracked connections, Automatically "
    "tracked connections",
    "2026-11",
)
