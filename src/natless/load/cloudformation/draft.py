"""The Cloud while it is put together: parts first (a rule, a route, an association), then what they belong to."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Network
from typing import TypeVar

from natless.cloud import (
    AclEntry,
    CapacityProvider,
    Cluster,
    EcsService,
    GatewayEndpoint,
    GroupRule,
    InstanceGroup,
    InterfaceEndpoint,
    InternetGateway,
    Listener,
    ListenerRule,
    LoadBalancer,
    LogGroup,
    NatGateway,
    NetworkAcl,
    Policy,
    PrefixList,
    PrivateName,
    PullThroughCache,
    Repository,
    Role,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    TargetGroup,
    TaskDefinition,
    Vpc,
)
from natless.finding import Gap
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.order import Edges
from natless.load.cloudformation.template import Resource, Template

T = TypeVar("T")


class Draft:
    """What has been read so far. Keys are logical ids, or the text that names something outside the template."""

    def __init__(self, template: Template, order: Edges) -> None:
        """Begin with nothing."""
        self.template = template
        self.order = order
        self.gaps: list[Gap] = list(template.macros)
        # Parts, by the id of what they belong to.
        self.vpc_cidrs: dict[str, list[IPv4Network | Gap]] = defaultdict(list)
        self.dns_servers: dict[str, tuple[str, ...] | Gap] = {}
        self.gateway_vpcs: dict[str, str | Gap] = {}
        self.routes: dict[str, list[Route | Gap]] = defaultdict(list)
        self.table_subnets: dict[str, list[str]] = defaultdict(list)
        self.associations: dict[str, str] = {}  # of a subnet with a route table, by subnet
        self.entries: dict[str, list[AclEntry | Gap]] = defaultdict(list)
        self.acl_subnets: dict[str, list[str]] = defaultdict(list)
        self.ingress: dict[str, list[GroupRule | Gap]] = defaultdict(list)
        self.egress: dict[str, list[GroupRule | Gap]] = defaultdict(list)
        self.policies: dict[str, list[Policy | Gap]] = defaultdict(list)
        self.managed: dict[str, Policy | Gap] = {}
        self.strategies: dict[str, Fields | Gap] = {}
        self.profiles: dict[str, str | Gap | None] = {}  # instance profiles' roles, by logical id and by name
        # Wholes.
        self.vpcs: dict[str, Vpc] = {}
        self.subnets: dict[str, Subnet] = {}
        self.route_tables: dict[str, RouteTable] = {}
        self.internet_gateways: dict[str, InternetGateway] = {}
        self.nat_gateways: dict[str, NatGateway] = {}
        self.security_groups: dict[str, SecurityGroup] = {}
        self.network_acls: dict[str, NetworkAcl] = {}
        self.prefix_lists: dict[str, PrefixList] = {}
        self.interface_endpoints: dict[str, InterfaceEndpoint] = {}
        self.gateway_endpoints: dict[str, GatewayEndpoint] = {}
        self.load_balancers: dict[str, LoadBalancer] = {}
        self.listeners: dict[str, Listener] = {}
        self.listener_rules: dict[str, ListenerRule] = {}
        self.target_groups: dict[str, TargetGroup] = {}
        self.task_definitions: dict[str, TaskDefinition] = {}
        self.services: dict[str, EcsService] = {}
        self.namespaces: dict[str, tuple[str | Gap, str | Gap]] = {}  # their domain and their VPC
        self.private_names: dict[str, PrivateName] = {}
        self.clusters: dict[str, Cluster] = {}
        self.capacity_providers: dict[str, CapacityProvider] = {}
        self.instance_groups: dict[str, InstanceGroup] = {}
        self.repositories: dict[str, Repository] = {}
        self.pull_through_caches: dict[str, PullThroughCache] = {}
        self.log_groups: dict[str, LogGroup] = {}
        self.roles: dict[str, Role] = {}

    def fields(self, resource: Resource) -> Fields:
        """Open a resource's properties."""
        return Fields(self.template, resource, resource.properties, resource.id, resource.line)

    def attach(self, parts: dict[str, list[T | Gap]], owner: str | Gap, part: T | Gap) -> None:
        """Give a part to its owner. Whose it is may be unknown: then that is a gap of the whole."""
        if isinstance(owner, Gap):
            self.gaps.append(owner)
        else:
            parts[owner].append(part)
