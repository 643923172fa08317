"""Load balancers, listeners and target groups."""

from __future__ import annotations

from typing import Literal

import msgspec

from natless.finding import Gap, Origin


class LoadBalancer(msgspec.Struct, frozen=True):
    """An ALB or NLB. `internet_facing` False is an internal one."""

    id: str
    origin: Origin
    kind: Literal["application", "network", "gateway"]
    internet_facing: bool | Gap
    subnets: tuple[str | Gap, ...]
    groups: tuple[str | Gap, ...]
    dns_name: str = ""


class Listener(msgspec.Struct, frozen=True):
    """A listener. `target_groups` are those its default action forwards to; () for a redirect or fixed response."""

    id: str
    origin: Origin
    load_balancer: str | Gap
    port: int | Gap
    protocol: str | Gap
    target_groups: tuple[str | Gap, ...] = ()


class ListenerRule(msgspec.Struct, frozen=True):
    """A listener rule that forwards to `target_groups`."""

    id: str
    origin: Origin
    listener: str | Gap
    priority: int | Gap
    target_groups: tuple[str | Gap, ...] = ()


class TargetGroup(msgspec.Struct, frozen=True):
    """A target group. ECS registers the container port, which overrides `port`.

    `keeps_client` says that targets see the client's address and not the load balancer's (network ones only).
    """

    id: str
    origin: Origin
    vpc: str | Gap | None
    port: int | Gap | None
    protocol: str | Gap | None
    target_type: str | Gap
    health_path: str | Gap = "/"
    health_port: str | Gap = "traffic-port"
    keeps_client: bool | Gap = False
