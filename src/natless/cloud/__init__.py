"""NOUN. The facts about one region of one account, frozen: what templates, plans and describe JSON say.

Resources carry CloudFormation's nouns, fields its properties in snake_case. A field of type `T | Gap` may
be unreadable; whoever uses it must say what then. References are ids: logical ids when read from a
template, physical ids when read from an account, and the same spelling on both ends.

Symbolic text: a string that could not be resolved in full keeps the unresolved part as
`${AWS::AccountId}`, `${Param}` or `${Resource.Attribute}`. Two equal symbolic strings are equal; a
symbolic string against a different one is *unknown*, never unequal (see `cloud.text`).
"""

from natless.cloud.balancing import Listener, ListenerRule, LoadBalancer, TargetGroup
from natless.cloud.billing import Billed
from natless.cloud.cloud import Cloud
from natless.cloud.endpoints import GatewayEndpoint, InterfaceEndpoint
from natless.cloud.filtering import (
    AclEntry,
    CidrPeer,
    GroupPeer,
    GroupRule,
    Icmp,
    NetworkAcl,
    Peer,
    Ports,
    PrefixList,
    PrefixListPeer,
    SecurityGroup,
)
from natless.cloud.identity import Policy, Role, Statement
from natless.cloud.instances import CapacityProvider, Cluster, InstanceGroup, Volume, cluster_name
from natless.cloud.network import InternetGateway, NatGateway, NetworkInterface, Route, RouteTable, Subnet, Vpc
from natless.cloud.tasks import (
    Container,
    ContainerSecret,
    EcsService,
    FailedStart,
    LogGroup,
    PrivateName,
    PullThroughCache,
    Repository,
    ServiceTarget,
    Share,
    TaskDefinition,
)

__all__ = [
    "AclEntry",
    "Billed",
    "CapacityProvider",
    "CidrPeer",
    "Cloud",
    "Cluster",
    "Container",
    "ContainerSecret",
    "EcsService",
    "FailedStart",
    "GatewayEndpoint",
    "GroupPeer",
    "GroupRule",
    "Icmp",
    "InstanceGroup",
    "InterfaceEndpoint",
    "InternetGateway",
    "Listener",
    "ListenerRule",
    "LoadBalancer",
    "LogGroup",
    "NatGateway",
    "NetworkAcl",
    "NetworkInterface",
    "Peer",
    "Policy",
    "Ports",
    "PrefixList",
    "PrefixListPeer",
    "PrivateName",
    "PullThroughCache",
    "Repository",
    "Role",
    "Route",
    "RouteTable",
    "SecurityGroup",
    "ServiceTarget",
    "Share",
    "Statement",
    "Subnet",
    "TargetGroup",
    "TaskDefinition",
    "Volume",
    "Vpc",
    "cluster_name",
]
