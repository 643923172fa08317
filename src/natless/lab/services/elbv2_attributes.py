"""The attributes of load balancers, target groups and listeners, as the account keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.catalog import balancer_attributes as known


def of_balancer(kind: str, scheme: str) -> dict[str, str]:
    """Give the attributes that a new load balancer has."""
    attributes = known.NETWORK if kind == "network" else known.APPLICATION
    return {**attributes, "ipv6.deny_all_igw_traffic": "true" if scheme == "internal" else "false"}


def of_group(protocol: str | None, target_type: str) -> dict[str, str]:
    """Give the attributes that a new target group has."""
    if protocol in {"HTTP", "HTTPS"}:
        return dict(known.APPLICATION_GROUP)
    preserves = known.preserves_client_ip(protocol, target_type)
    return {**known.NETWORK_GROUP, "preserve_client_ip.enabled": "true" if preserves else "false"}


def of_listener(kind: str) -> dict[str, str]:
    """Give the attributes that a new listener has."""
    return dict(known.NETWORK_LISTENER) if kind == "network" else {}


def truth(attributes: Mapping[str, Any], key: str) -> bool:
    """Say whether an attribute is set to true."""
    return str(attributes.get(key)).lower() == "true"


def number(attributes: Mapping[str, Any], key: str, usual: int) -> int:
    """Give an attribute as a number; `usual` where it has none."""
    text = str(attributes.get(key, ""))
    return int(text) if text.isdigit() else usual
