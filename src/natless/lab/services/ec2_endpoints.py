"""Repair of moto's EC2: VPC endpoints stand in their subnets, with their groups, and refuse what AWS refuses."""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES, VPCEndPoint
from moto.ec2.utils import random_vpc_ep_id

from natless.catalog import refusals
from natless.lab import access
from natless.lab.services.ec2_groups import GroupsEc2
from natless.lab.services.ledger import LEDGER
from natless.lab.services.refusing import AccountError, refuse

GATEWAY_SERVICES = ("s3", "dynamodb")
ENDPOINT_REQUESTER = "727180483921"
"""The account that owns endpoint interfaces, as DescribeNetworkInterfaces shows it in accounts."""
ZONE_DIGITS = 8


class Endpoint(VPCEndPoint):
    """A VPC endpoint that says what AWS says of it."""

    requester_managed = False

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """Answer the filters of DescribeVpcEndpoints."""
        match filter_name:
            case "vpc-id":
                return self.vpc_id
            case "service-name":
                return self.service_name
            case "vpc-endpoint-id":
                return self.id
            case _:
                return super().get_filter_value(filter_name, method_name)


class EndpointsEc2(GroupsEc2):
    """EC2 whose endpoints have interfaces, routes and a life: pending, then available."""

    def create_vpc_endpoint(
        self, vpc_id: str, service_name: str, endpoint_type: str | None, *args: Any, **kw: Any
    ) -> Any:
        """Make an endpoint: of type Gateway where none is named, full access where no policy is given."""
        names = ("policy_document", "route_table_ids", "subnet_ids")
        asked = dict(zip(names, args, strict=False)) | kw
        self.get_vpc(vpc_id)
        kind = endpoint_type or "Gateway"
        self._check_service(service_name, kind)
        endpoint = Endpoint(  # type: ignore[abstract]  # moto leaves its CloudFormation hooks open
            self,
            random_vpc_ep_id(),
            vpc_id,
            service_name,
            kind,
            _policy(asked.get("policy_document")),
            [],
            subnet_ids=[],
            client_token=asked.get("client_token"),
            security_group_ids=[],
            tags=asked.get("tags"),
            private_dns_enabled=False,
        )
        if kind == "Gateway":
            self._make_gateway(endpoint, list(asked.get("route_table_ids") or []))
        else:
            self._make_interfaces(
                endpoint,
                list(asked.get("subnet_ids") or []),
                list(asked.get("security_group_ids") or []),
                private_dns=bool(asked.get("private_dns_enabled")),
            )
        self.vpc_end_points[endpoint.id] = endpoint
        return endpoint

    def _check_service(self, service_name: str, kind: str) -> None:
        prefix = f"com.amazonaws.{self.region_name}."
        short = service_name.removeprefix(prefix)
        if not service_name.startswith(prefix) or short not in AWS_ENDPOINT_SERVICES:
            raise refuse(refusals.ENDPOINT_SERVICE_UNKNOWN, service=service_name)
        if kind == "Gateway" and short not in GATEWAY_SERVICES:
            raise refuse(refusals.ENDPOINT_KIND, kind=kind, kinds="Interface")

    def _make_gateway(self, endpoint: VPCEndPoint, tables: list[str]) -> None:
        lists = [one for one in self.managed_prefix_lists.values() if one.prefix_list_name == endpoint.service_name]
        endpoint.destination_prefix_list_id = lists[0].id
        self.vpc_end_points[endpoint.id] = endpoint
        try:
            self._add_tables(endpoint, tables)
        except AccountError:
            self.vpc_end_points.pop(endpoint.id)
            raise

    def _add_tables(self, endpoint: VPCEndPoint, tables: list[str]) -> None:
        prefix_list = endpoint.destination_prefix_list_id
        for table_id in tables:
            table = self.get_route_table(table_id)
            if table.vpc_id != endpoint.vpc_id:
                raise AccountError(
                    "InvalidParameter",
                    f"Route table {table_id} and vpc {endpoint.vpc_id} belong to different networks",
                )
            if any(route.destination_prefix_list_id == prefix_list for route in table.routes):
                raise refuse(refusals.ENDPOINT_ROUTE_EXISTS, route_table=table_id, prefix_list=prefix_list)
        for table_id in tables:
            self.create_route(table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
            endpoint.route_table_ids.append(table_id)

    def _remove_tables(self, endpoint: VPCEndPoint, tables: list[str]) -> None:
        for table_id in [table for table in tables if table in endpoint.route_table_ids]:
            endpoint.route_table_ids.remove(table_id)
            if table_id in self.route_tables:
                self.delete_route(table_id, "", destination_prefix_list_id=endpoint.destination_prefix_list_id)

    def _make_interfaces(
        self, endpoint: VPCEndPoint, subnets: list[str], groups: list[str], *, private_dns: bool
    ) -> None:
        if private_dns:
            self.check_private_dns(endpoint)
        default = self.get_default_security_group(endpoint.vpc_id)
        endpoint.security_group_ids = groups or ([default.id] if default else [])
        self.check_groups(endpoint.security_group_ids, endpoint.vpc_id)
        endpoint.private_dns_enabled = private_dns
        self._add_subnets(endpoint, subnets)
        endpoint.state = "pending"
        LEDGER.later(LEDGER.timings.endpoint_pending, lambda: setattr(endpoint, "state", "available"))

    def _add_subnets(self, endpoint: VPCEndPoint, subnets: list[str]) -> None:
        zones = {self.get_subnet(subnet).availability_zone for subnet in endpoint.subnet_ids or []}
        for subnet_id in subnets:
            subnet = self.get_subnet(subnet_id)
            if subnet.vpc_id != endpoint.vpc_id:
                raise AccountError(
                    "InvalidParameter", f"The subnet {subnet_id} does not belong to the VPC {endpoint.vpc_id}"
                )
            if subnet.availability_zone in zones:
                raise refuse(refusals.TWO_SUBNETS_IN_ONE_ZONE, subnet=subnet_id)
            zones.add(subnet.availability_zone)
        for subnet_id in subnets:
            eni = self.make_service_interface(
                subnet_id,
                endpoint.security_group_ids,
                f"VPC Endpoint Interface {endpoint.id}",
                kind="vpc_endpoint",
                requester=ENDPOINT_REQUESTER,
            )
            endpoint.network_interface_ids.append(eni.id)
            endpoint.subnet_ids = [*(endpoint.subnet_ids or []), subnet_id]
        endpoint.dns_entries = self._names(endpoint)

    def _remove_subnets(self, endpoint: VPCEndPoint, subnets: list[str]) -> None:
        gone = [eni for eni in endpoint.network_interface_ids if self.enis[eni].subnet_id in subnets]
        self.drop_interfaces(gone)
        endpoint.network_interface_ids = [eni for eni in endpoint.network_interface_ids if eni not in gone]
        endpoint.subnet_ids = [subnet for subnet in endpoint.subnet_ids or [] if subnet not in subnets]
        endpoint.dns_entries = self._names(endpoint)

    def _domain(self, service_name: str) -> str:
        short = service_name.removeprefix(f"com.amazonaws.{self.region_name}.")
        host = "api.ecr" if short == "ecr.api" else "dkr.ecr" if short == "ecr.dkr" else short
        star = "*." if short == "ecr.dkr" else ""
        return f"{star}{host}.{self.region_name}.amazonaws.com"

    def _names(self, endpoint: VPCEndPoint) -> list[dict[str, str]]:
        """The regional name, a name a zone, and the private one, as DescribeVpcEndpoints lists them."""
        short = endpoint.service_name.removeprefix(f"com.amazonaws.{self.region_name}.")
        base = ".".join(reversed(short.split("."))) if "." in short else short
        tail = f"{base}.{self.region_name}.vpce.amazonaws.com"
        stem = f"{endpoint.id}-{endpoint.id[-ZONE_DIGITS:]}"
        zones = [self.get_subnet(subnet).availability_zone for subnet in endpoint.subnet_ids or []]
        names = [f"{stem}.{tail}", *(f"{stem}-{zone}.{tail}" for zone in zones)]
        entries = [{"dns_name": name, "hosted_zone_id": f"Z{endpoint.id[-12:].upper()}"} for name in names]
        if endpoint.private_dns_enabled:
            entries.append({"dns_name": self._domain(endpoint.service_name), "hosted_zone_id": "ZONEIDPENDING"})
        return entries

    def check_private_dns(self, endpoint: VPCEndPoint) -> None:
        """Refuse private DNS without the VPC's DNS attributes, or beside another endpoint with the same name."""
        vpc = self.get_vpc(endpoint.vpc_id)
        if not (_true(vpc.enable_dns_support) and _true(vpc.enable_dns_hostnames)):
            raise refuse(refusals.PRIVATE_DNS_NEEDS_ATTRIBUTES, vpc=vpc.id)
        for other in self.vpc_end_points.values():
            same = other.vpc_id == vpc.id and other.service_name == endpoint.service_name and other.id != endpoint.id
            if same and other.private_dns_enabled:
                domain = self._domain(endpoint.service_name)
                raise refuse(refusals.PRIVATE_DNS_CONFLICT, domain=domain, vpc=vpc.id)

    def modify_endpoint(self, endpoint_id: str, asked: dict[str, Any]) -> None:
        """Change an endpoint as ModifyVpcEndpoint does; `asked` holds the call's parameters by their names."""
        endpoint = self.get_vpc_end_point(endpoint_id)
        if asked.get("ResetPolicy"):
            endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
        if asked.get("PolicyDocument"):
            endpoint.policy_document = _policy(asked["PolicyDocument"]) or endpoint.policy_document
        self._remove_tables(endpoint, list(asked.get("RemoveRouteTableIds") or []))
        self._add_tables(endpoint, list(asked.get("AddRouteTableIds") or []))
        groups = [one for one in endpoint.security_group_ids if one not in (asked.get("RemoveSecurityGroupIds") or [])]
        groups += [one for one in asked.get("AddSecurityGroupIds") or [] if one not in groups]
        self.check_groups(groups, endpoint.vpc_id)
        endpoint.security_group_ids = groups
        if asked.get("PrivateDnsEnabled") is not None:
            wanted = _true(asked["PrivateDnsEnabled"])
            if wanted and not endpoint.private_dns_enabled:
                self.check_private_dns(endpoint)
            endpoint.private_dns_enabled = wanted
        if endpoint.vpc_endpoint_type == "Interface":
            self._remove_subnets(endpoint, list(asked.get("RemoveSubnetIds") or []))
            self._add_subnets(endpoint, list(asked.get("AddSubnetIds") or []))
            for eni in endpoint.network_interface_ids:
                self.enis[eni]._group_set = [self.get_security_group_from_id(one) for one in groups]  # noqa: SLF001  # moto's own setter is this

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        """Delete endpoints with their interfaces and routes; ids that do not exist are passed over."""
        for endpoint_id in vpce_ids or []:
            endpoint = self.vpc_end_points.pop(endpoint_id, None)
            if endpoint is not None:
                self.drop_interfaces(endpoint.network_interface_ids)
                self.vpc_end_points[endpoint_id] = endpoint
                self._remove_tables(endpoint, list(endpoint.route_table_ids))
                self.vpc_end_points.pop(endpoint_id)


def _policy(document: Any) -> str | None:
    if document is None or document == "":
        return None
    text = document if isinstance(document, str) else json.dumps(document)
    try:
        access.parse(text)
    except access.PolicyError as error:
        raise AccountError("InvalidPolicyDocument", str(error)) from error
    return text


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
