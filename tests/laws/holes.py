"""Holes: the same Cloud with one fact unread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from natless.cloud import Cloud
from natless.finding import Gap, Origin

HOLE = Gap("hole", Origin("law.yaml", 1), "the law made it")

FIELDS: dict[str, tuple[str, ...]] = {
    "vpcs": ("dns_support", "dns_hostnames", "dns_servers", "cidrs"),
    "subnets": ("cidr",),
    "internet_gateways": ("vpc",),
    "nat_gateways": ("subnet", "public"),
    "interface_endpoints": ("vpc", "service", "private_dns", "policy"),
    "gateway_endpoints": ("vpc", "service", "policy"),
    "load_balancers": ("internet_facing",),
    "listeners": ("load_balancer", "port"),
    "target_groups": ("target_type", "health_port"),
    "task_definitions": ("containers", "execution_role", "network_mode"),
    "services": ("subnets", "groups", "public_ip", "launch", "cluster"),
    "instance_groups": ("cluster", "role", "public_ip", "proxy"),
}
LISTS: dict[str, tuple[str, ...]] = {
    "security_groups": ("ingress", "egress"),
    "network_acls": ("entries",),
    "route_tables": ("routes",),
    "interface_endpoints": ("subnets", "groups"),
    "gateway_endpoints": ("route_tables",),
    "load_balancers": ("subnets", "groups"),
    "listeners": ("target_groups",),
    "services": ("subnets", "groups"),
    "instance_groups": ("subnets", "groups"),
    "roles": ("policies",),
}
INNER: dict[str, tuple[str, ...]] = {
    "ingress": ("protocol", "ports", "peer"),
    "egress": ("protocol", "ports", "peer"),
    "entries": ("protocol", "ports", "cidr"),
    "routes": ("destination", "target_id"),
}


def holes(cloud: Cloud) -> Iterator[tuple[str, Cloud]]:
    """Give each Cloud with one hole, and where it is."""
    for collection, fields in FIELDS.items():
        for name, item in getattr(cloud, collection).items():
            for field in fields:
                yield f"{collection}.{name}.{field}", _with(cloud, collection, name, _replace(item, field, HOLE))
    for collection, fields in LISTS.items():
        for name, item in getattr(cloud, collection).items():
            for field in fields:
                yield from _list_holes(cloud, collection, name, item, field)


def _list_holes(cloud: Cloud, collection: str, name: str, item: Any, field: str) -> Iterator[tuple[str, Cloud]]:
    values = getattr(item, field)
    for index, value in enumerate(values):
        where = f"{collection}.{name}.{field}[{index}]"
        whole = (*values[:index], HOLE, *values[index + 1 :])
        yield where, _with(cloud, collection, name, _replace(item, field, whole))
        for inner in INNER.get(field, ()):
            part = (*values[:index], _replace(value, inner, HOLE), *values[index + 1 :])
            yield f"{where}.{inner}", _with(cloud, collection, name, _replace(item, field, part))


def _replace(item: Any, field: str, value: Any) -> Any:
    return msgspec.structs.replace(item, **{field: value})


def _with(cloud: Cloud, collection: str, name: str, item: Any) -> Cloud:
    changed: Cloud = _replace(cloud, collection, {**getattr(cloud, collection), name: item})
    return changed
