"""Repair of moto's ELBv2: a target has the health that was seen, and a place.

moto's targets are always healthy; a target is an id there, and an id and a port on AWS. Words: ELBv2 API reference,
TargetHealth; descriptions as DescribeTargetHealth gives them.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import Any

import msgspec
from moto.elbv2 import models
from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

from natless.lab.services import elbv2_attributes
from natless.lab.services.ledger import LEDGER

HTTP_PROTOCOLS = ("HTTP", "HTTPS")


class Health(msgspec.Struct, frozen=True):
    """What DescribeTargetHealth says of one target."""

    state: str
    reason: str | None = None
    description: str | None = None


INITIAL = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
UNUSED = Health("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
OUT_OF_ZONE = Health(
    "unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"
)
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


class LabTargetGroup(FakeTargetGroup):
    """A target group whose targets are as healthy as the balancer saw them; a target is an id and a port."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take moto's arguments."""
        super().__init__(*args, **kwargs)
        self.seen: dict[tuple[str, int], Health] = {}
        self.registered: dict[tuple[str, int], dict[str, Any]] = {}
        self.in_use = False
        self.attributes: dict[str, Any] = dict(elbv2_attributes.of_group(self.protocol, self.target_type))
        if self.protocol not in HTTP_PROTOCOLS and self.health_check_protocol in HTTP_PROTOCOLS:
            # CreateTargetGroup, Matcher and HealthCheckPath, for network load balancers.
            self.matcher = kwargs.get("matcher") or {"HttpCode": "200-399"}
            self.health_check_path = self.health_check_path or "/"

    def key(self, target: dict[str, Any]) -> tuple[str, int]:
        """Give what tells a target from others."""
        return str(target["Id"]), int(target.get("Port") or self.port)

    def register(self, targets: list[dict[str, Any]]) -> None:
        """Register targets: they are *initial* until the balancer has seen them."""
        for target in targets:
            key = self.key(target)
            self.registered[key] = {"Id": key[0], "Port": key[1]}
            self.seen[key] = INITIAL
        self._mirror()

    def deregister(self, targets: list[dict[str, Any]]) -> None:
        """Deregister targets: they drain for the deregistration delay, and are gone then."""
        for target in targets:
            key = self.key(target)
            if key in self.registered and self.seen[key] != DRAINING:
                self.seen[key] = DRAINING
                delay = float(str(self.attributes.get("deregistration_delay.timeout_seconds", 300)))
                LEDGER.later(delay, lambda key=key: self._gone(key))  # type: ignore[misc]  # the default binds the loop's key

    def _gone(self, key: tuple[str, int]) -> None:
        if self.seen.get(key) == DRAINING:
            self.registered.pop(key, None)
            self.seen.pop(key, None)
            self._mirror()

    def _mirror(self) -> None:
        """Keep moto's own table, whose keys lack the port, as what DescribeTargetHealth lists."""
        self.targets = {f"{key[0]}:{key[1]}": target for key, target in self.registered.items()}

    def health_for(self, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:  # noqa: ARG002  # moto's signature
        """Give the health of a target: as seen, *unused* while no listener leads to it."""
        key = self.key(target)
        backend: Any = models.elbv2_backends[self.account_id][self.region_name]
        if key not in self.registered:
            health = NOT_REGISTERED
        elif not self.in_use:
            health = UNUSED
        else:
            health = OUT_OF_ZONE if backend.out_of_zone(self, key) else self.seen[key]
        check = str(key[1]) if self.health_check_port == "traffic-port" else self.health_check_port
        return FakeHealthStatus(key[0], str(key[1]), check, health.state, health.reason, health.description)


def address_of(group: Any, target: str) -> str | None:
    """Give the address of a target: an instance's own, else the id, which is one. None while an instance has none."""
    if not target.startswith("i-"):
        return target
    instance = group.ec2_backend.get_instance_by_id(target)
    return None if instance is None else str(instance.private_ip)


def zone_of(group: Any, address: str) -> str:
    """Give the zone of the subnet of the group's VPC that an address lies in, "" where it lies in none."""
    try:
        wanted = IPv4Address(address)
    except AddressValueError:
        return ""
    subnets = (each for zone in group.ec2_backend.subnets.values() for each in zone.values())
    return next(
        (str(each.availability_zone) for each in subnets if each.vpc_id == group.vpc_id and wanted in each.cidr), ""
    )


def set_target_health(
    target_group_arn: str,
    address: str,
    port: int,
    *,
    state: str,
    reason: str | None = None,
    description: str | None = None,
) -> None:
    """Say how healthy a target (an address and a port) is, in DescribeTargetHealth's words.

    A target that is not registered, or drains, is passed over.
    """
    _, _, _, region, account_id, _ = target_group_arn.split(":", 5)
    health = Health(state, reason, description)
    with LEDGER.lock:
        group: Any = models.elbv2_backends[account_id][region].target_groups.get(target_group_arn)
        if group is None:
            return
        for key in group.registered:
            if key[1] == port and address_of(group, key[0]) == address and group.seen[key] != DRAINING:
                group.seen[key] = health
