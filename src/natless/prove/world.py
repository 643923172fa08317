"""A Cloud, indexed for the questions that a packet asks: which table, which ACL, which groups, which endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import TypeVar

import msgspec

from natless.catalog.partitions import partition_of
from natless.catalog.prefix_lists import (
    CLOUDFRONT,
    DYNAMODB_PREFIX_LIST_UNKNOWN,
    is_cloudfront_prefix_list,
    is_s3_prefix_list,
    s3_prefix_list,
)
from natless.cloud import (
    CidrPeer,
    Cloud,
    GatewayEndpoint,
    GroupPeer,
    GroupRule,
    InterfaceEndpoint,
    InternetGateway,
    NetworkAcl,
    Ports,
    PrefixList,
    Role,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from natless.cloud.text import is_symbolic
from natless.finding import Gap, Origin
from natless.prove.absence import Thing, absence
from natless.prove.addresses import EVERYWHERE, INTERNET, NOWHERE, Ranges, meet, minus, network_range, of, one, union
from natless.prove.ends import End, Quantifier
from natless.prove.ends import Role as EndRole

T = TypeVar("T")
E = TypeVar("E", InterfaceEndpoint, GatewayEndpoint)

_ALL = IPv4Network("0.0.0.0/0")


class Who(msgspec.Struct, frozen=True):
    """Who stands at an end: what it is, the element it belongs to, and its address, () where that is not known."""

    role: EndRole
    owner: str
    label: str
    origin: Origin
    public_ip: bool | Gap = False
    address: Ranges = ()


class World:
    """The facts with their indices. It is made once for a proof and is never changed after."""

    def __init__(self, cloud: Cloud) -> None:
        """Index `cloud`."""
        self.cloud = cloud
        tables = [self._settled(table) for table in cloud.route_tables.values()]
        self._tables = {subnet: table for table in tables for subnet in table.subnets}
        self._main = {table.vpc: table for table in tables if table.main}
        self._acls = {subnet: acl for acl in cloud.network_acls.values() for subnet in acl.subnets}
        self._listed = self._listed_ranges()
        self._unlisted = minus(INTERNET, self._listed) if self._listed else INTERNET
        self._unnamed = self._endpoints_unnamed()
        self._default_acls = {acl.vpc: acl for acl in cloud.network_acls.values() if acl.default}

    def outside(self, identifier: str | Gap, what: str) -> Gap:
        """Give the gap of an id that is referred to and is not among the facts."""
        if isinstance(identifier, Gap):
            return identifier
        return Gap(
            f"{what} {identifier}", Origin(self.cloud.source, resource=identifier), "it lies outside what was read"
        )

    def vpc(self, identifier: str | Gap) -> Vpc | Gap:
        """Give a VPC, or the gap where it lies outside."""
        return self._get(self.cloud.vpcs, identifier, "VPC")

    def subnet(self, identifier: str | Gap) -> Subnet | Gap:
        """Give a subnet, or the gap where it lies outside."""
        return self._get(self.cloud.subnets, identifier, "subnet")

    def table(self, subnet: Subnet) -> RouteTable | Gap:
        """Give the route table that decides for a subnet: its own, else the VPC's main one."""
        found = self._tables.get(subnet.id) or self._main.get(subnet.vpc)
        if found is None:
            return self._unless_vpc_outside(subnet, "route table")
        return self._unless_association_open(subnet, found, "AWS::EC2::SubnetRouteTableAssociation", self._tables)

    def _settled(self, table: RouteTable) -> RouteTable:
        """Give a table whose routes to prefix lists are routes to the CIDRs in them, or gaps where these are unread."""
        if not any(isinstance(route, Route) and isinstance(route.destination, str) for route in table.routes):
            return table
        return msgspec.structs.replace(table, routes=tuple(self._legs_of_lists(table)))

    def _legs_of_lists(self, table: RouteTable) -> Iterator[Route | Gap]:
        for route in table.routes:
            if isinstance(route, Gap) or not isinstance(route.destination, str):
                yield route
                continue
            known = self.prefix_list(route.destination)
            cidrs = known if isinstance(known, Gap) else known.cidrs
            if isinstance(cidrs, Gap):
                yield msgspec.structs.replace(route, destination=cidrs)
            else:
                yield from (msgspec.structs.replace(route, destination=cidr) for cidr in cidrs)

    def acl(self, subnet: Subnet) -> NetworkAcl | Gap:
        """Give the network ACL of a subnet: its own, else the VPC's default one."""
        found = self._acls.get(subnet.id) or self._default_acls.get(subnet.vpc)
        if found is None:
            return self._unless_vpc_outside(subnet, "network ACL")
        return self._unless_association_open(subnet, found, "AWS::EC2::SubnetNetworkAclAssociation", self._acls)

    def _unless_vpc_outside(self, subnet: Subnet, what: str) -> Gap:
        if isinstance(subnet.vpc, Gap):
            return subnet.vpc
        why = f"the {what} of {subnet.id} lies outside what was read"
        return Gap(f"{what} of {subnet.id}", subnet.origin, why)

    def _unless_association_open(self, subnet: Subnet, found: T, kind: str, own: dict[str, T]) -> T | Gap:
        if subnet.id in own:
            return found
        # The main table or default ACL only decides where no association could be one that was not read.
        return next((gap for gap in self.cloud.gaps if gap.what.startswith(kind)), found)

    def groups(self, identifiers: Iterable[str | Gap] | Gap, vpc: str | Gap) -> tuple[SecurityGroup | Gap, ...]:
        """Give the security groups of these ids; the VPC's default group where none is named."""
        if isinstance(identifiers, Gap):
            return (identifiers,)
        found = tuple(self._group(identifier, vpc) for identifier in identifiers)
        return found or (self._default_group(vpc),)

    def _group(self, identifier: str | Gap, vpc: str | Gap) -> SecurityGroup | Gap:
        if identifier == vpc and identifier not in self.cloud.security_groups:
            return self._default_group(vpc)
        return self._get(self.cloud.security_groups, identifier, "security group")

    def _default_group(self, vpc: str | Gap) -> SecurityGroup | Gap:
        if isinstance(vpc, Gap):
            return vpc
        for group in self.cloud.security_groups.values():
            if group.vpc == vpc and (group.id == vpc or group.name == "default"):
                return group
        known = self.vpc(vpc)
        if isinstance(known, Gap):
            return known
        # AWS's default group: everything from its own members, everything out.
        every = Ports()
        inward = GroupRule(f"{vpc}.default", known.origin, "all", every, GroupPeer(vpc))
        outward = GroupRule(f"{vpc}.default", known.origin, "all", every, CidrPeer(_ALL))
        return SecurityGroup(vpc, known.origin, vpc, (inward,), (outward,), "default")

    def end(
        self, who: Who, subnet_id: str | Gap, groups: Iterable[str | Gap] | Gap, quantifier: Quantifier
    ) -> End | Gap:
        """Give the end that stands in a subnet with these groups; its address may be any of the subnet's."""
        subnet = self.subnet(subnet_id)
        if isinstance(subnet, Gap):
            return subnet
        ranges = who.address or self._subnet_ranges(subnet)
        if isinstance(subnet.cidr, Gap) and not who.address:
            quantifier = "one"
        members = self.groups(groups, subnet.vpc)
        return End(who.label, who.owner, who.origin, ranges, quantifier, who.role, subnet, members, "", who.public_ip)

    def holder(self, vpc: str, who: Who) -> End | Gap:
        """Give the end at an address inside a VPC: the interface that stands there, else the subnet that it lies in.

        In a subnet nobody is known to stand at it, so no group stands before it that could be asked.
        """
        for interface in self.cloud.network_interfaces.values():
            home = self.subnet(interface.subnet)
            if any(one(each) == who.address for each in interface.addresses) and getattr(home, "vpc", vpc) == vpc:
                return self.end(who, interface.subnet, interface.groups, "all")
        for subnet in self.cloud.subnets.values():
            if subnet.vpc == vpc and not isinstance(subnet.cidr, Gap) and meet(of((subnet.cidr,)), who.address):
                return End(who.label, who.owner, who.origin, who.address, "all", who.role, subnet)
        return Gap(f"address {who.label}", who.origin, "no subnet that was read holds it")

    def _subnet_ranges(self, subnet: Subnet) -> Ranges:
        if not isinstance(subnet.cidr, Gap):
            return (network_range(subnet.cidr),)
        return self.vpc_ranges(subnet.vpc) or EVERYWHERE

    def vpc_ranges(self, vpc: str | Gap) -> Ranges:
        """Give the VPC's addresses, none where they could not be read."""
        known = self.vpc(vpc)
        return () if isinstance(known, Gap) or isinstance(known.cidrs, Gap) else of(known.cidrs)

    def prefix_list(self, identifier: str) -> PrefixList | Gap:
        """Give what is known of a prefix list: read from the source, else AWS's own by the catalog."""
        known = self.cloud.prefix_lists.get(identifier)
        if known is not None:
            return known
        origin = Origin(self.cloud.source, resource=identifier)
        if (service := self._listed_service(identifier)) is not None:
            unread = Gap(f"CIDRs of {identifier}", origin, "only an account tells them")
            return PrefixList(identifier, origin, service, unread)
        unsaid = ": give --region, or the --param that names it" if is_symbolic(identifier) else ""
        return Gap(f"prefix list {identifier}", origin, f"whose addresses it holds is not known{unsaid}")

    def _listed_service(self, identifier: str) -> str | None:
        """Give the service whose list this is by the catalog."""
        own = None if is_symbolic(self.cloud.region) else s3_prefix_list(self.cloud.region)
        if identifier == own or (own is None and is_s3_prefix_list(identifier)):
            return "s3"
        if identifier == DYNAMODB_PREFIX_LIST_UNKNOWN:
            return "dynamodb"
        return CLOUDFRONT if is_cloudfront_prefix_list(identifier) else None

    def service_end(self, service: str) -> End:
        """Give the public end of an AWS service of the region."""
        for known in self.cloud.prefix_lists.values():
            if known.service == service and not isinstance(known.cidrs, Gap) and known.cidrs:
                return End(service, service, known.origin, of(known.cidrs), "all", "service", service=service)
        label = f"{service} (public)" if service else "the public registry"
        origin = Origin(self.cloud.source)
        return End(label, service, origin, self._unlisted, "one", "service", service=service)

    def _listed_ranges(self) -> Ranges:
        """Give the addresses that AWS's lists give to particular services."""
        lists = (known for known in self.cloud.prefix_lists.values() if known.service)
        return of(cidr for known in lists if not isinstance(known.cidrs, Gap) for cidr in known.cidrs)

    def taken(self, source: End) -> Ranges:
        """Give the addresses whose holder is known: the VPC in which `source` stands, and AWS's listed services."""
        own = self.vpc_ranges(source.subnet.vpc) if source.subnet is not None else NOWHERE
        return union(own, self._listed)

    def internet_end(self) -> End:
        """Give the internet: any address of it that no list of AWS gives to a service of its own.

        One AWS service is not the internet: nobody visits from S3's addresses, and who gets no further than to them
        is isolated (Amazon VPC user guide, "AWS-managed prefix lists"). Where the lists are not known, as in a
        template, a rule that names one lets no part of the internet through.
        """
        return End("internet", "internet", Origin(self.cloud.source), self._unlisted, "some", "internet")

    def internet_gateway(self, identifier: str | Gap) -> InternetGateway | Gap:
        """Give an internet gateway, or the gap where it lies outside."""
        return self._get(self.cloud.internet_gateways, identifier, "internet gateway")

    def role(self, identifier: str | Gap) -> Role | Gap:
        """Give a role by id or ARN, or the gap where it lies outside."""
        if not isinstance(identifier, Gap) and identifier not in self.cloud.roles:
            for role in self.cloud.roles.values():
                if role.arn == identifier:
                    return role
        return self._get(self.cloud.roles, identifier, "role")

    def interface_endpoints(self, vpc: str, service: str) -> tuple[list[InterfaceEndpoint], tuple[Gap, ...]]:
        """Give the interface endpoints of a service in a VPC, and the gaps that may hide another one."""
        return self._endpoints(self.cloud.interface_endpoints, vpc, service)

    def gateway_endpoints(self, vpc: str, service: str, table: str) -> tuple[list[GatewayEndpoint], tuple[Gap, ...]]:
        """Give the gateway endpoints of a service in a VPC, and the gaps that may hide one on this route table."""
        near = {
            endpoint.id: endpoint
            for endpoint in self.cloud.gateway_endpoints.values()
            # One that cannot be told to be of this service and this VPC matters only on this table.
            if not isinstance(endpoint.service, Gap)
            or any(t == table or isinstance(t, Gap) for t in endpoint.route_tables)
        }
        return self._endpoints(near, vpc, service)

    def _endpoints(self, collection: Mapping[str, E], vpc: str, service: str) -> tuple[list[E], tuple[Gap, ...]]:
        found: list[E] = []
        gaps: list[Gap] = list(absence(self.cloud, Thing.ENDPOINT))
        for endpoint in collection.values():
            if endpoint.vpc == vpc and self._unnamed is not None:
                gaps.append(self._unnamed)
                continue
            unread = [field for field in (endpoint.vpc, endpoint.service) if isinstance(field, Gap)]
            if (endpoint.vpc != vpc and endpoint.vpc not in unread) or (
                endpoint.service != service and endpoint.service not in unread
            ):
                continue
            if unread:
                gaps.extend(unread)
            else:
                found.append(endpoint)
        return found, tuple(gaps)

    def _endpoints_unnamed(self) -> Gap | None:
        """Give the gap where the names of endpoint services are not known, so neither what an endpoint serves."""
        region = self.cloud.region
        if partition_of(region).endpoints_known:
            return None
        return Gap(
            f"endpoint services of {region}", Origin(self.cloud.source), "how they are named there is not known yet"
        )

    def inside_vpc(self, vpc: str | Gap, ranges: Ranges) -> bool:
        """Say whether all of `ranges` lies in the VPC's own addresses."""
        return meet(ranges, self.vpc_ranges(vpc)) == ranges

    def _get(self, collection: Mapping[str, T], identifier: str | Gap, what: str) -> T | Gap:
        if isinstance(identifier, Gap):
            return identifier
        found = collection.get(identifier)
        return self.outside(identifier, what) if found is None else found
