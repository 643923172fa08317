"""Repair of moto's EC2: gateways, routes, subnets and VPCs refuse what AWS refuses."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import route_tables
from moto.ec2.models.internet_gateways import InternetGateway
from moto.ec2.models.route_tables import Route

from natless.catalog import refusals
from natless.lab.services.ec2_interfaces import InterfacesEc2
from natless.lab.services.refusing import AccountError, refuse


class LabRoute(Route):
    """A route that is a black hole while what it leads to is away."""

    @property
    def state(self) -> str:
        """Say `active` or `blackhole`."""
        gateway: Any = self.gateway
        nat: Any = self.nat_gateway
        away = isinstance(gateway, InternetGateway) and gateway.vpc is None
        gone = nat is not None and nat.state != "available"
        return "blackhole" if away or gone else "active"


class NetworkEc2(InterfacesEc2):
    """EC2 whose VPCs, subnets and gateways know what depends on them."""

    def create_subnet(self, vpc_id: str, *args: Any, **kwargs: Any) -> Any:
        """Make a subnet: in a zone of the region, its first where none is named; default in the default VPC alone."""
        names = ("cidr_block", "ipv6_cidr_block", "availability_zone", "availability_zone_id", "ipv6_native", "tags")
        asked = dict(zip(names, args, strict=False)) | kwargs
        zones = [zone.name for zone in self.describe_availability_zones()]
        if not asked.get("availability_zone") and not asked.get("availability_zone_id"):
            asked["availability_zone"] = zones[0]
        # moto takes any region's.
        if asked.get("availability_zone") and asked["availability_zone"] not in zones:
            raise refuse(refusals.ZONE_INVALID, zone=asked["availability_zone"], zones=", ".join(zones))
        subnet = super().create_subnet(vpc_id, **asked)
        if not self.get_vpc(vpc_id).is_default:
            subnet.default_for_az = False
            subnet.map_public_ip_on_launch = False
        if asked.get("availability_zone_id") and not asked.get("availability_zone"):
            # moto files it under the name it was given, here None.
            self.subnets[subnet.availability_zone][subnet.id] = self.subnets[None].pop(subnet.id)  # type: ignore[index]  # moto keys by what it was given
        return subnet

    def delete_subnet(self, subnet_id: str) -> Any:
        """Delete a subnet in which nothing stands, with its associations."""
        self.get_subnet(subnet_id)
        if self.interfaces_of(subnet=subnet_id):
            raise refuse(refusals.SUBNET_IN_USE, subnet=subnet_id)
        for table in self.route_tables.values():
            for association in [key for key, value in table._associations.items() if value == subnet_id]:  # noqa: SLF001  # moto has no other way
                table._associations.pop(association)  # noqa: SLF001  # as above
        for acl in self.network_acls.values():
            kept = {key: one for key, one in acl._associations.items() if one.subnet_id != subnet_id}  # noqa: SLF001  # as above
            acl._associations = kept  # noqa: SLF001  # as above
        return super().delete_subnet(subnet_id)

    def delete_vpc(self, vpc_id: str) -> Any:
        """Delete a VPC that holds nothing but its default group, ACL and route table."""
        self.get_vpc(vpc_id)
        endpoints = [one for one in self.vpc_end_points.values() if one.vpc_id == vpc_id]
        groups = [group for group in self.groups.get(vpc_id, {}).values() if group.name != "default"]
        acls = [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]
        own = [acl for acl in acls if not acl.default]
        if self.attached_gateway(vpc_id) or endpoints or groups or own or self.interfaces_of(vpc=vpc_id):
            raise refuse(refusals.VPC_IN_USE, vpc=vpc_id)
        vpc = super().delete_vpc(vpc_id)
        for acl in acls:
            self.network_acls.pop(acl.id, None)
        return vpc

    def attached_gateway(self, vpc_id: str) -> str | None:
        """Give the id of the internet gateway that is attached to a VPC, or None."""
        gateways: list[Any] = list(self.internet_gateways.values())
        return next((str(one.id) for one in gateways if one.vpc is not None and one.vpc.id == vpc_id), None)

    def detach_internet_gateway(self, internet_gateway_id: str, vpc_id: str) -> None:
        """Detach a gateway from a VPC in which no interface has a public address."""
        if self.attached_gateway(vpc_id) == internet_gateway_id and any(
            eni.public_ip for eni in self.interfaces_of(vpc=vpc_id)
        ):
            raise refuse(refusals.ADDRESSES_STILL_MAPPED, vpc=vpc_id)
        super().detach_internet_gateway(internet_gateway_id, vpc_id)

    def delete_internet_gateway(self, internet_gateway_id: str) -> None:
        """Delete a gateway that is attached nowhere."""
        gateway: Any = self.get_internet_gateway(internet_gateway_id)
        if gateway.vpc is not None:
            raise refuse(refusals.GATEWAY_IN_USE, gateway=internet_gateway_id)
        super().delete_internet_gateway(internet_gateway_id)

    def associate_route_table(
        self, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
    ) -> str:
        """Associate a subnet with a table; a subnet that has another table keeps it."""
        for table in self.route_tables.values():
            if table.id != route_table_id and subnet_id in table._associations.values():  # noqa: SLF001  # moto has no other way
                raise refuse(refusals.ALREADY_ASSOCIATED, route_table=route_table_id)
        return super().associate_route_table(route_table_id, gateway_id, subnet_id)

    def delete_network_interface(self, eni_id: str) -> None:
        """Delete an interface that nothing uses."""
        eni = self.enis.get(eni_id)
        if eni is not None and eni.status == "in-use":
            raise refuse(refusals.INTERFACE_IN_USE, interface=eni_id)
        super().delete_network_interface(eni_id)

    def create_route(self, route_table_id: str, *args: Any, **kwargs: Any) -> Any:
        """Make a route; one to an internet gateway only where that is attached to the table's VPC."""
        gateway_id = kwargs.get("gateway_id")
        if gateway_id and gateway_id.startswith("igw-"):
            gateway: Any = self.internet_gateways.get(gateway_id)
            if gateway is None:
                raise AccountError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
            table = self.get_route_table(route_table_id)
            if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
                raise refuse(refusals.ROUTE_BEFORE_ATTACHMENT, route_table=route_table_id, gateway=gateway_id)
        return super().create_route(route_table_id, *args, **kwargs)

    def create_nat_gateway(self, subnet_id: str, *args: Any, **kwargs: Any) -> Any:
        """Make a NAT gateway; a public one fails, after it was accepted, where the VPC has no internet gateway."""
        subnet = self.get_subnet(subnet_id)
        gateway: Any = super().create_nat_gateway(subnet_id, *args, **kwargs)
        eni = gateway._eni  # noqa: SLF001  # moto tells the interface nowhere else
        eni.interface_type = "nat_gateway"
        eni.description = f"Interface for NAT Gateway {gateway.id}"
        eni.requester_managed = True
        eni.status = "in-use"
        if gateway.connectivity_type != "private" and self.attached_gateway(subnet.vpc_id) is None:
            gateway.state = "failed"
            gateway.failure_code = refusals.NO_GATEWAY_FOR_NAT.code
            gateway.failure_message = refusals.NO_GATEWAY_FOR_NAT.say(vpc=subnet.vpc_id)
        return gateway

    def delete_nat_gateway(self, nat_gateway_id: str) -> Any:
        """Delete a NAT gateway and free its interface."""
        gateway = super().delete_nat_gateway(nat_gateway_id)
        self.drop_interfaces([gateway._eni.id])  # noqa: SLF001  # as above
        addresses: list[Any] = list(self.addresses)
        for address in addresses:
            if address.eni is not None and address.eni.id == gateway._eni.id:  # noqa: SLF001  # as above
                address.eni = None
                address.association_id = None
        return gateway


def tell_route_states() -> None:
    """Make moto build `LabRoute`s."""
    route_tables.Route = LabRoute  # type: ignore[misc]  # moto looks the class up by this name
