"""Which protocols and ciphers a load balancer speaks."""

from __future__ import annotations

from natless.catalog.source import Source

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy: what AWS recommends for listeners (the console's own choice)."""

SOURCE = Source("Elastic Load Balancing, 'Security policies for your Application Load Balancer'", "2026-11")
