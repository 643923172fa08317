"""Repair of moto's ELBv2: load balancers have interfaces and a life.

moto's load balancers stand nowhere, take one subnet, never clash by name. Targets: `elbv2_targets`; listeners and
rules: `elbv2_listeners`.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any

import msgspec
from moto.elbv2 import models, urls
from moto.elbv2.exceptions import LoadBalancerNotFoundError
from moto.elbv2.models import FakeLoadBalancer

from natless.catalog import refusals
from natless.lab.services import elbv2_attributes, elbv2_listeners
from natless.lab.services.elbv2_listeners import ListenersElbv2
from natless.lab.services.elbv2_targets import HTTP_PROTOCOLS, LabTargetGroup, address_of, zone_of
from natless.lab.services.ledger import LEDGER
from natless.lab.services.refusing import AccountError, refuse

BALANCER_REQUESTER = "amazon-elb"
DEFAULT_INTERVAL = 30
DEFAULT_TIMEOUT = 5


class Place(msgspec.Struct, frozen=True):
    """Where a load balancer wants to stand: a subnet, and the addresses it asks for there."""

    subnet: str
    private: str = ""
    allocation: str = ""


class Zone(msgspec.Struct, frozen=True):
    """What DescribeLoadBalancers says of a zone that a load balancer is enabled in."""

    subnet_id: str
    zone_name: str
    load_balancer_addresses: list[dict[str, str]]


class LabBalancer(FakeLoadBalancer):
    """A load balancer that becomes active when its time has come, not when it is looked at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take moto's arguments."""
        super().__init__(*args, **kwargs)
        self.interfaces: list[str] = []
        self.places: dict[str, Place] = {}
        self.attrs = elbv2_attributes.of_balancer(self.type, self.scheme)

    def activate(self) -> None:
        """Do nothing: moto calls this whenever it describes."""

    @property
    def availability_zones(self) -> Any:
        """The zones; a network load balancer tells the addresses that were asked for."""
        return [Zone(each.id, str(each.availability_zone), self._told(each.id)) for each in self.subnets]

    def _told(self, subnet: str) -> list[dict[str, str]]:
        place = self.places.get(subnet)
        if place is not None and place.private:
            return [{"PrivateIPv4Address": place.private}]
        if place is None or not place.allocation:
            return []
        eips = self.subnets[0].ec2_backend.address_by_allocation([place.allocation])
        return [{"IpAddress": str(eips[0].public_ip), "AllocationId": place.allocation}]


class LabElbv2(ListenersElbv2):
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
        kind = asked.get("loadbalancer_type") or "application"
        if any(balancer.name == name for balancer in self.load_balancers.values()):
            raise refuse(refusals.BALANCER_NAME_TAKEN, name=name)
        places = _places(subnet_ids, asked.get("subnet_mappings"))
        vpc_id = self._check_places(places, kind, asked["scheme"])
        ec2: Any = self.ec2_backend
        groups = list(security_groups or [])
        if not groups and kind == "application":
            default = ec2.get_default_security_group(vpc_id)
            groups = [default.id] if default else []
        ec2.check_groups(groups, vpc_id)
        self._check_allocations(places)
        balancer: Any = super().create_load_balancer(name, groups, subnet_ids or [], **asked)
        prefix = "" if balancer.scheme == "internet-facing" else "internal-"
        number = int(balancer.arn.rsplit("/", 1)[1][:8], 16) % 10**10
        if kind == "network":
            # Network load balancers' names: NAME-ID.elb.REGION.amazonaws.com.
            balancer.arn = self._as_network(balancer)
            balancer.dns_name = f"{name}-{balancer.arn.rsplit('/', 1)[1]}.elb.{self.region_name}.amazonaws.com"
        else:
            balancer.dns_name = f"{prefix}{name}-{number}.{self.region_name}.elb.amazonaws.com"
        balancer.places = {place.subnet: place for place in places}
        balancer.interfaces = [self._interface(balancer, place) for place in places]
        LEDGER.later(LEDGER.timings.balancer_provisioning, lambda: setattr(balancer, "state", "active"))
        return balancer

    def _as_network(self, balancer: Any) -> str:
        """Give a load balancer the ARN of its kind: `loadbalancer/net/...`; moto writes `app` always."""
        arn = str(balancer.arn).replace(":loadbalancer/app/", ":loadbalancer/net/", 1)
        self.load_balancers[arn] = self.load_balancers.pop(balancer.arn)
        tags = self.tagging_service.list_tags_for_resource(balancer.arn)["Tags"]
        self.tagging_service.delete_all_tags_for_resource(balancer.arn)
        self.tagging_service.tag_resource(arn, tags)
        return arn

    def _check_places(self, places: Sequence[Place], kind: str, scheme: str) -> str:
        """Refuse what cannot be placed so; give the VPC."""
        ec2: Any = self.ec2_backend
        subnets = [ec2.get_subnet(place.subnet) for place in places]
        zones = [subnet.availability_zone for subnet in subnets]
        if len(set(zones)) != len(zones):
            raise refuse(refusals.BALANCER_SUBNETS_SHARE_A_ZONE)
        if kind == "application" and len(zones) < 2:  # noqa: PLR2004  # two zones, as the refusal says
            raise refuse(refusals.BALANCER_NEEDS_TWO_ZONES)
        vpc_id = str(subnets[0].vpc_id) if subnets else ""
        if scheme == "internet-facing" and ec2.attached_gateway(vpc_id) is None:
            raise refuse(refusals.NO_GATEWAY_FOR_BALANCER, vpc=vpc_id)
        for place, subnet in zip(places, subnets, strict=True):
            if place.private and IPv4Address(place.private) not in subnet.cidr:
                raise AccountError(
                    "InvalidConfigurationRequest", f"{place.private} is no address of subnet {place.subnet}"
                )
        return vpc_id

    def _check_allocations(self, places: Sequence[Place]) -> None:
        ec2: Any = self.ec2_backend
        for place in places:
            if place.allocation and ec2.address_by_allocation([place.allocation])[0].eni is not None:
                raise refuse(refusals.ALLOCATION_IN_USE)

    def _interface(self, balancer: Any, place: Place) -> str:
        short = {"network": "net", "gateway": "gwy"}.get(balancer.type, "app")
        ec2: Any = self.ec2_backend
        eni = ec2.make_service_interface(
            place.subnet,
            balancer.security_groups,
            f"ELB {short}/{balancer.name}/{balancer.arn.rsplit('/', 1)[1]}",
            kind="network_load_balancer" if short == "net" else "interface",
            requester=BALANCER_REQUESTER,
            public=balancer.scheme == "internet-facing" and not place.allocation,
            address=place.private,
        )
        if not balancer.security_groups:
            eni._group_set = []  # noqa: SLF001  # moto gives the VPC's default group, which a network one has not
        if place.allocation:
            ec2.associate_address(eni=eni, allocation_id=place.allocation)
        return str(eni.id)

    def _drop(self, interfaces: Sequence[str]) -> None:
        """Free interfaces; Elastic IPs stay their owner's."""
        ec2: Any = self.ec2_backend
        for address in ec2.addresses:
            if address.eni is not None and address.eni.id in interfaces:
                address.eni = address.association_id = None
        ec2.drop_interfaces(list(interfaces))

    def delete_load_balancer(self, arn: str) -> None:
        """Delete a load balancer, its listeners and its interfaces."""
        balancer: Any = self.load_balancers.get(arn)
        if balancer is None:
            return
        if elbv2_attributes.truth(balancer.attrs, "deletion_protection.enabled"):
            raise refuse(refusals.BALANCER_PROTECTED, balancer=arn)
        self._drop(balancer.interfaces)
        super().delete_load_balancer(arn)

    def set_security_groups(self, arn: str, sec_groups: list[str]) -> Any:
        """Change the groups of a load balancer, and of its interfaces."""
        balancer: Any = self.load_balancers.get(arn)
        ec2: Any = self.ec2_backend
        if balancer is not None:
            if balancer.type == "network" and not balancer.security_groups:
                raise refuse(refusals.BALANCER_WITHOUT_GROUPS)
            ec2.check_groups(sec_groups, balancer.vpc_id)
        super().set_security_groups(arn, sec_groups)
        for eni in balancer.interfaces:
            ec2.enis[eni]._group_set = [ec2.get_security_group_from_id(one) for one in sec_groups]  # noqa: SLF001  # moto's own setter is this

    def set_subnets(self, arn: str, subnets: Any, subnet_mappings: Any) -> Any:
        """Move a load balancer: interfaces go and come with its subnets."""
        balancer: Any = self.load_balancers.get(arn)
        if balancer is None:
            raise LoadBalancerNotFoundError
        places = _places(subnets, subnet_mappings)
        self._check_places(places, balancer.type, balancer.scheme)
        ec2: Any = self.ec2_backend
        wanted = {place.subnet: ec2.get_subnet(place.subnet) for place in places}
        if balancer.type == "network":
            _check_zones(balancer, wanted)
        there = {str(ec2.enis[eni].subnet_id): eni for eni in balancer.interfaces}
        self._drop([eni for subnet, eni in there.items() if subnet not in wanted])
        fresh = [place for place in places if place.subnet not in there]
        self._check_allocations(fresh)
        made = {place.subnet: self._interface(balancer, place) for place in fresh}
        balancer.interfaces = [there.get(subnet) or made[subnet] for subnet in wanted]
        balancer.places = {place.subnet: balancer.places.get(place.subnet, place) for place in places}
        balancer.subnets = list(wanted.values())
        return balancer.availability_zones

    def create_target_group(self, name: str, **kwargs: Any) -> Any:
        """Make a target group; the default timeout counts against the interval as well."""
        if kwargs.get("target_type") in {"lambda", "alb"}:
            raise AccountError(
                "ValidationError", f"The lab does not do targets of type {kwargs['target_type']} (AWS would)"
            )
        if kwargs.get("protocol") in HTTP_PROTOCOLS:
            interval = int(kwargs.get("healthcheck_interval_seconds") or DEFAULT_INTERVAL)
            timeout = int(kwargs.get("healthcheck_timeout_seconds") or DEFAULT_TIMEOUT)
            if interval <= timeout:
                raise refuse(refusals.HEALTH_CHECK_TIMEOUT)
        return super().create_target_group(name, **kwargs)

    def modify_target_group(self, arn: str, *args: Any, **kwargs: Any) -> Any:
        """Change a target group; moto keeps the codes of HTTP groups only, network ones may be asked by HTTP too."""
        group: Any = super().modify_target_group(arn, *args, **kwargs)
        codes = kwargs.get("http_codes") or (args[7] if len(args) > 7 else None)  # noqa: PLR2004  # its place in moto's signature
        if group.health_check_protocol in HTTP_PROTOCOLS:
            before = getattr(group, "matcher", None) or {"HttpCode": "200-399"}
            group.matcher = {"HttpCode": codes} if codes else before
        return group

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

    def out_of_zone(self, group: Any, key: tuple[str, int]) -> bool:
        """Say whether a target lies in a zone in which no load balancer of its group is enabled."""
        address = address_of(group, key[0])
        zone = "" if address is None else zone_of(group, address)
        enabled = {
            str(subnet.availability_zone)
            for arn in self.balancers_of(group.arn)
            for subnet in self.load_balancers[arn].subnets
        }
        return bool(zone and enabled) and zone not in enabled

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


def _places(subnets: Any, mappings: Any) -> list[Place]:
    asked = [
        Place(each["SubnetId"], each.get("PrivateIPv4Address", ""), each.get("AllocationId", ""))
        for each in mappings or []
    ]
    return [*(Place(each) for each in subnets or []), *asked]


def _check_zones(balancer: Any, wanted: dict[str, Any]) -> None:
    """Refuse another subnet in a zone that a network load balancer has one in: it must leave the zone first."""
    before = {str(each.availability_zone): each.id for each in balancer.subnets}
    for subnet in wanted.values():
        zone = str(subnet.availability_zone)
        if before.get(zone, subnet.id) != subnet.id:
            raise refuse(refusals.ZONE_HAS_SUBNET, zone=zone, subnet=subnet.id)


def repair() -> None:
    """Put the repaired ELBv2 in the place of moto's; before the first use of ELBv2 in this process."""
    models.FakeTargetGroup = LabTargetGroup  # type: ignore[misc]  # moto looks the class up by this name
    models.FakeLoadBalancer = LabBalancer  # type: ignore[misc]  # as above
    elbv2_listeners.repair()
    models.elbv2_backends.backend = LabElbv2
