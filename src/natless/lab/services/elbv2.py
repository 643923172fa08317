"""Repair of moto's ELBv2: load balancers have interfaces and a life, targets the health that was seen.

moto's load balancers stand nowhere, take one subnet, never clash by name; its targets are always healthy.
"""

from __future__ import annotations

from typing import Any

import msgspec
from moto.elbv2 import models, urls
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeLoadBalancer, FakeTargetGroup

from natless.catalog import refusals
from natless.lab.services.ledger import LEDGER
from natless.lab.services.refusing import refuse

BALANCER_REQUESTER = "amazon-elb"
DEFAULT_INTERVAL = 30
DEFAULT_TIMEOUT = 5
HTTP_PROTOCOLS = ("HTTP", "HTTPS")


class Health(msgspec.Struct, frozen=True):
    """What DescribeTargetHealth says of one target."""

    state: str
    reason: str | None = None
    description: str | None = None


INITIAL = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
UNUSED = Health("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


class LabTargetGroup(FakeTargetGroup):
    """A target group whose targets are as healthy as the balancer saw them; a target is an id and a port."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take moto's arguments."""
        super().__init__(*args, **kwargs)
        self.seen: dict[tuple[str, int], Health] = {}
        self.registered: dict[tuple[str, int], dict[str, Any]] = {}
        self.in_use = False

    def _key(self, target: dict[str, Any]) -> tuple[str, int]:
        return str(target["Id"]), int(target.get("Port") or self.port)

    def register(self, targets: list[dict[str, Any]]) -> None:
        """Register targets: they are *initial* until the balancer has seen them."""
        for target in targets:
            key = self._key(target)
            self.registered[key] = {"Id": key[0], "Port": key[1]}
            self.seen[key] = INITIAL
        self._mirror()

    def deregister(self, targets: list[dict[str, Any]]) -> None:
        """Deregister targets: they drain for the deregistration delay, and are gone then."""
        for target in targets:
            key = self._key(target)
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
        """Give the health of a target: as seen, *unused* while no listener leads to the group."""
        key = self._key(target)
        if key not in self.registered:
            health = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
        else:
            health = self.seen[key] if self.in_use else UNUSED
        check = str(key[1]) if self.health_check_port == "traffic-port" else self.health_check_port
        return FakeHealthStatus(key[0], str(key[1]), check, health.state, health.reason, health.description)


class LabBalancer(FakeLoadBalancer):
    """A load balancer that becomes active when its time has come, not when it is looked at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take moto's arguments."""
        super().__init__(*args, **kwargs)
        self.interfaces: list[str] = []

    def activate(self) -> None:
        """Do nothing: moto calls this whenever it describes."""


class LabElbv2(ELBv2Backend):
    """moto's ELBv2, repaired."""

    @property
    def _url_module(self) -> Any:
        """Moto finds a service's paths beside the class's own module; they are moto's."""
        return urls

    def create_load_balancer(self, name: str, security_groups: Any, subnet_ids: Any, *args: Any, **kwargs: Any) -> Any:
        """Make a load balancer with an interface in each of its subnets."""
        names = ("subnet_mappings", "scheme", "loadbalancer_type", "ip_address_type", "tags")
        asked = dict(zip(names, args, strict=False)) | kwargs
        asked["scheme"] = asked.get("scheme") or "internet-facing"
        subnets = list(subnet_ids or []) + [one["SubnetId"] for one in asked.get("subnet_mappings") or []]
        vpc_id = self._check_placement(name, subnets, asked)
        ec2: Any = self.ec2_backend
        default = ec2.get_default_security_group(vpc_id)
        groups = list(security_groups or []) or ([default.id] if default else [])
        ec2.check_groups(groups, vpc_id)
        balancer: Any = super().create_load_balancer(name, groups, subnet_ids or [], **asked)
        prefix = "" if balancer.scheme == "internet-facing" else "internal-"
        number = int(balancer.arn.rsplit("/", 1)[1][:8], 16) % 10**10
        balancer.dns_name = f"{prefix}{name}-{number}.{self.region_name}.elb.amazonaws.com"
        balancer.interfaces = [self._interface(balancer, subnet) for subnet in subnets]
        LEDGER.later(LEDGER.timings.balancer_provisioning, lambda: setattr(balancer, "state", "active"))
        return balancer

    def _check_placement(self, name: str, subnets: list[str], asked: dict[str, Any]) -> str:
        if any(balancer.name == name for balancer in self.load_balancers.values()):
            raise refuse(refusals.BALANCER_NAME_TAKEN, name=name)
        ec2: Any = self.ec2_backend
        places = [ec2.get_subnet(subnet) for subnet in subnets]
        zones = [place.availability_zone for place in places]
        if len(set(zones)) != len(zones):
            raise refuse(refusals.BALANCER_SUBNETS_SHARE_A_ZONE)
        if asked.get("loadbalancer_type") in {None, "application"} and len(zones) < 2:  # noqa: PLR2004  # two zones, as the refusal says
            raise refuse(refusals.BALANCER_NEEDS_TWO_ZONES)
        vpc_id = str(places[0].vpc_id) if places else ""
        if asked["scheme"] == "internet-facing" and ec2.attached_gateway(vpc_id) is None:
            raise refuse(refusals.NO_GATEWAY_FOR_BALANCER, vpc=vpc_id)
        return vpc_id

    def _interface(self, balancer: Any, subnet_id: str) -> str:
        short = {"network": "net", "gateway": "gwy"}.get(balancer.type, "app")
        ec2: Any = self.ec2_backend
        eni = ec2.make_service_interface(
            subnet_id,
            balancer.security_groups,
            f"ELB {short}/{balancer.name}/{balancer.arn.rsplit('/', 1)[1]}",
            kind="network_load_balancer" if short == "net" else "interface",
            requester=BALANCER_REQUESTER,
            public=balancer.scheme == "internet-facing",
        )
        return str(eni.id)

    def delete_load_balancer(self, arn: str) -> None:
        """Delete a load balancer, its listeners and its interfaces."""
        balancer: Any = self.load_balancers.get(arn)
        if balancer is None:
            return
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            raise refuse(refusals.BALANCER_PROTECTED, balancer=arn)
        ec2: Any = self.ec2_backend
        ec2.drop_interfaces(balancer.interfaces)
        super().delete_load_balancer(arn)

    def set_security_groups(self, arn: str, sec_groups: list[str]) -> Any:
        """Change the groups of a load balancer, and of its interfaces."""
        super().set_security_groups(arn, sec_groups)
        balancer: Any = self.load_balancers[arn]
        ec2: Any = self.ec2_backend
        for eni in balancer.interfaces:
            ec2.enis[eni]._group_set = [ec2.get_security_group_from_id(one) for one in sec_groups]  # noqa: SLF001  # moto's own setter is this

    def set_subnets(self, arn: str, *args: Any, **kwargs: Any) -> Any:
        """Move a load balancer: interfaces go and come with its subnets."""
        said = super().set_subnets(arn, *args, **kwargs)
        balancer: Any = self.load_balancers[arn]
        ec2: Any = self.ec2_backend
        wanted = [subnet.id for subnet in balancer.subnets]
        gone = [eni for eni in balancer.interfaces if ec2.enis[eni].subnet_id not in wanted]
        kept = [eni for eni in balancer.interfaces if eni not in gone]
        ec2.drop_interfaces(gone)
        there = {ec2.enis[eni].subnet_id for eni in kept}
        balancer.interfaces = kept + [self._interface(balancer, subnet) for subnet in wanted if subnet not in there]
        return said

    def create_target_group(self, name: str, **kwargs: Any) -> Any:
        """Make a target group; the default timeout counts against the interval as well."""
        if kwargs.get("protocol") in HTTP_PROTOCOLS:
            interval = int(kwargs.get("healthcheck_interval_seconds") or DEFAULT_INTERVAL)
            timeout = int(kwargs.get("healthcheck_timeout_seconds") or DEFAULT_TIMEOUT)
            if interval <= timeout:
                raise refuse(refusals.HEALTH_CHECK_TIMEOUT)
        return super().create_target_group(name, **kwargs)

    def balancers_of(self, target_group_arn: str) -> list[str]:
        """Give the ARNs of the load balancers whose listeners or rules forward to a target group."""
        return [
            arn
            for arn, balancer in self.load_balancers.items()
            for listener in balancer.listeners.values()
            if any(
                target_group_arn in self._get_target_group_arns_from(action.data)
                for rule in listener.rules.values()
                for action in rule.actions
            )
        ]

    def describe_target_groups(self, *args: Any, **kwargs: Any) -> Any:
        """Describe target groups with the load balancers that use them now."""
        groups = list(super().describe_target_groups(*args, **kwargs))
        for group in groups:
            group.load_balancer_arns = list(dict.fromkeys(self.balancers_of(group.arn)))
        return groups

    def describe_target_health(self, target_group_arn: str, targets: Any) -> Any:
        """Describe the health of a group's targets."""
        group: Any = self.target_groups.get(target_group_arn)
        if group is not None:
            group.in_use = bool(self.balancers_of(target_group_arn))
        return super().describe_target_health(target_group_arn, targets)


def set_target_health(
    target_group_arn: str,
    target_id: str,
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
        for target in [] if group is None else group.registered:
            known = target == (target_id, port) or (address_of(target_group_arn, target[0]), target[1]) == (
                target_id,
                port,
            )
            if known and group.seen[target] not in {DRAINING, health}:
                group.seen[target] = health


def address_of(target_group_arn: str, target_id: str) -> str:
    """Give the address of a target: it is its id, or its instance's."""
    if not target_id.startswith("i-"):
        return target_id
    _, _, _, region, account_id, _ = target_group_arn.split(":", 5)
    with LEDGER.lock:
        ec2: Any = models.elbv2_backends[account_id][region].ec2_backend
        found = [each for reservation in ec2.reservations.values() for each in reservation.instances]
        return next((str(each.private_ip) for each in found if each.id == target_id), target_id)


def repair() -> None:
    """Put the repaired ELBv2 in the place of moto's; before the first use of ELBv2 in this process."""
    models.FakeTargetGroup = LabTargetGroup  # type: ignore[misc]  # moto looks the class up by this name
    models.FakeLoadBalancer = LabBalancer  # type: ignore[misc]  # as above
    models.elbv2_backends.backend = LabElbv2
