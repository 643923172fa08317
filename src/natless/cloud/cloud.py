"""The whole: every fact of one region of one account, by id."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from natless.cloud.balancing import Listener, ListenerRule, LoadBalancer, TargetGroup
from natless.cloud.billing import Billed
from natless.cloud.endpoints import GatewayEndpoint, InterfaceEndpoint
from natless.cloud.filtering import NetworkAcl, PrefixList, SecurityGroup
from natless.cloud.identity import Role
from natless.cloud.instances import CapacityProvider, Cluster, InstanceGroup
from natless.cloud.network import InternetGateway, NatGateway, NetworkInterface, RouteTable, Subnet, Vpc
from natless.cloud.tasks import (
    EcsService,
    FailedStart,
    LogGroup,
    PrivateName,
    PullThroughCache,
    Repository,
    TaskDefinition,
)
from natless.finding import Gap


class Cloud(msgspec.Struct, frozen=True):
    """Facts, frozen. `source` is what was read; `region`, `account` and `partition` may be symbolic.

    `gaps` are unreadable things that belong to no single field (a resource of a type that natless does not read,
    a nested stack, a page of a describe call that was denied).
    An id that is referred to and is not in its collection lies *outside* what was read: unknown, not absent.
    """

    source: str
    region: str = "${AWS::Region}"
    account: str = "${AWS::AccountId}"
    partition: str = "aws"
    vpcs: Mapping[str, Vpc] = {}
    subnets: Mapping[str, Subnet] = {}
    route_tables: Mapping[str, RouteTable] = {}
    internet_gateways: Mapping[str, InternetGateway] = {}
    nat_gateways: Mapping[str, NatGateway] = {}
    network_interfaces: Mapping[str, NetworkInterface] = {}
    security_groups: Mapping[str, SecurityGroup] = {}
    network_acls: Mapping[str, NetworkAcl] = {}
    prefix_lists: Mapping[str, PrefixList] = {}
    interface_endpoints: Mapping[str, InterfaceEndpoint] = {}
    gateway_endpoints: Mapping[str, GatewayEndpoint] = {}
    load_balancers: Mapping[str, LoadBalancer] = {}
    listeners: Mapping[str, Listener] = {}
    listener_rules: Mapping[str, ListenerRule] = {}
    target_groups: Mapping[str, TargetGroup] = {}
    task_definitions: Mapping[str, TaskDefinition] = {}
    services: Mapping[str, EcsService] = {}
    failed_starts: Mapping[str, FailedStart] = {}
    private_names: Mapping[str, PrivateName] = {}
    clusters: Mapping[str, Cluster] = {}
    capacity_providers: Mapping[str, CapacityProvider] = {}
    instance_groups: Mapping[str, InstanceGroup] = {}
    repositories: Mapping[str, Repository] = {}
    pull_through_caches: Mapping[str, PullThroughCache] = {}
    log_groups: Mapping[str, LogGroup] = {}
    roles: Mapping[str, Role] = {}
    billed: tuple[Billed, ...] = ()
    gaps: tuple[Gap, ...] = ()


def called(cloud: Cloud) -> Mapping[str, str]:
    """Give what people call the things of an account, by id; a thing without a name of that kind is left out."""
    collections = (getattr(cloud, field) for field in cloud.__struct_fields__)
    facts = (fact for found in collections if isinstance(found, Mapping) for fact in found.values())
    return {fact.id: fact.origin.name for fact in facts if fact.origin.name}
