"""Repair of moto's EC2: network interfaces take a free address of their subnet, and say whose they are.

moto gives addresses at random, outside the subnet for interfaces that services make, and knows no owner.
"""

from __future__ import annotations

import ipaddress
import itertools
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet

from natless.lab.services.ledger import LEDGER
from natless.lab.services.refusing import AccountError

RESERVED_FIRST = 4
"""AWS keeps the first four addresses of a subnet and the last one.
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""

PUBLIC_ADDRESSES = ipaddress.IPv4Network("54.214.0.0/16")
"""Whence the lab's public addresses come: the range that moto gives Elastic IPs from."""


class ServiceInterface(NetworkInterface):
    """A network interface that an AWS service made for itself and that a user cannot detach."""

    @property
    def association(self) -> dict[str, Any]:
        """The public address, owned by the service that mapped it."""
        said = dict(super().association)
        if said and not said.get("allocationId"):
            said["ipOwnerId"] = self.requester_id if self.requester_id.startswith("amazon") else "amazon"
        return said


class InterfacesEc2(EC2Backend):
    """EC2 whose interfaces stand in their subnets."""

    def __init__(self, region_name: str, account_id: str) -> None:
        """Make the account's EC2 in one region."""
        self._cursors: dict[str, int] = {}
        self._images: dict[str, Any] = {}
        self._images_due = False
        super().__init__(region_name, account_id)

    def _load_amis(self) -> None:
        self._images_due = True

    @property
    def amis(self) -> dict[str, Any]:
        """The region's machine images, made when they are first asked for: a fifth of a second, which few labs need."""
        if self._images_due:
            self._images_due = False
            super()._load_amis()
        return self._images

    @amis.setter
    def amis(self, images: dict[str, Any]) -> None:
        self._images = images

    def interfaces_of(self, *, subnet: str | None = None, vpc: str | None = None) -> list[Any]:
        """Give the interfaces in a subnet or in a VPC."""
        return [
            eni
            for eni in self.enis.values()
            if (subnet is None or eni.subnet_id == subnet) and (vpc is None or eni.vpc_id == vpc)
        ]

    def free_address(self, subnet: Subnet) -> str:
        """Give the next free private address of `subnet`, going round, so that a freed one is not used at once."""
        network = subnet.cidr
        taken = {
            address["PrivateIpAddress"]
            for eni in self.interfaces_of(subnet=subnet.id)
            for address in eni.private_ip_addresses
        }
        usable = network.num_addresses - RESERVED_FIRST - 1
        start = self._cursors.get(subnet.id, 0)
        for step in range(usable):
            offset = (start + step) % usable
            address = str(network.network_address + RESERVED_FIRST + offset)
            if address not in taken:
                self._cursors[subnet.id] = offset + 1
                return address
        raise AccountError(
            "InsufficientFreeAddressesInSubnet",
            f"The specified subnet does not have enough free addresses to satisfy the request: {subnet.id}",
        )

    def free_public_address(self) -> str:
        """Give a public address that nothing in the account uses."""
        taken = {eni.public_ip for eni in self.enis.values()} | {address.public_ip for address in self.addresses}
        start = self._cursors.get("public", 10)
        for offset in itertools.count(start):
            address = str(PUBLIC_ADDRESSES[offset % (PUBLIC_ADDRESSES.num_addresses - 1)])
            if address not in taken:
                self._cursors["public"] = offset + 1
                return address
        raise AssertionError("itertools.count ends never")

    def allocate_address(self, domain: str, address: str | None = None, tags: Any = None) -> Any:
        """Give an Elastic IP of the account's public addresses; moto gives loopback's, which no route takes."""
        return super().allocate_address(domain, address or self.free_public_address(), tags)

    def create_network_interface(self, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any) -> Any:
        """Make an interface with the address asked for if it lies in the subnet, else with a free one."""
        place = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        asked = private_ip_address[0] if isinstance(private_ip_address, list) and private_ip_address else None
        asked = asked or (private_ip_address if isinstance(private_ip_address, str) else None)
        if not asked or ipaddress.ip_address(asked) not in place.cidr:
            asked = None if kwargs.get("private_ip_addresses") or (args and args[0]) else self.free_address(place)
        self.check_groups(kwargs.get("group_ids") or [], place.vpc_id)
        return super().create_network_interface(place, asked or "", *args, **kwargs)

    def check_groups(self, group_ids: list[str], vpc_id: str) -> None:
        """Refuse groups that do not exist, or stand in another VPC."""
        for group_id in group_ids:
            group = self.get_security_group_from_id(group_id)
            if group is None:
                raise AccountError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
            if group.vpc_id != vpc_id:
                raise AccountError(
                    "InvalidGroup.NotFound",
                    f"You have specified two resources that belong to different networks: {group_id} and {vpc_id}",
                )

    def make_service_interface(
        self,
        subnet_id: str,
        group_ids: list[str],
        description: str,
        *,
        kind: str = "interface",
        requester: str,
        public: bool = False,
        managed: bool = True,
        address: str = "",
    ) -> ServiceInterface:
        """Make an interface for a service: in `subnet_id`, with `group_ids` (the VPC's default group where empty).

        `kind` is the InterfaceType, `requester` the RequesterId, `managed` the RequesterManaged flag;
        `public` maps a public address to it; `address` is the private one (any free one where empty).
        """
        subnet = self.get_subnet(subnet_id)
        self.check_groups(group_ids, subnet.vpc_id)
        eni = ServiceInterface(  # type: ignore[abstract]  # moto leaves its CloudFormation hooks open
            self, subnet, address or self.free_address(subnet), group_ids=list(group_ids), description=description
        )
        eni.requester_id = requester
        eni.requester_managed = managed
        eni.interface_type = kind
        eni.status = "in-use"
        if public:
            eni.public_ip = self.free_public_address()
        self.enis[eni.id] = eni
        LEDGER.changed()
        return eni

    def drop_interfaces(self, interface_ids: list[str]) -> None:
        """Free the interfaces, their private and their public addresses."""
        for interface_id in interface_ids:
            self.enis.pop(interface_id, None)
        LEDGER.changed()
