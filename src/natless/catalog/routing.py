"""What a load balancer's rules may hold, and the order in which natless puts them."""

from __future__ import annotations

from natless.catalog.source import Source

MOST_VALUES = 5
"""Hosts and paths of one rule together."""
MOST_WILDCARDS = 5
MOST_LENGTH = 128
"""Characters of a host's or of a path's pattern."""
MOST_PRIORITY = 50_000
"""Priorities begin at 1; the lowest is asked first, and no two rules of a listener have the same one."""
RULES = Source(
    "Elastic Load Balancing, 'Quotas for your Application Load Balancers' and 'Condition types for listener rules'; "
    "AWS re:Post, 'cfn listener rule validation errors'; API reference, CreateRule (Priority)",
    "2026-11",
)
