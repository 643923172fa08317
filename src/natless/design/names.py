"""Logical ids and the few physical names that are fixed."""

from __future__ import annotations

import re

from natless.catalog.instance_types import instance_type
from natless.spec.model import Service, Spec

_WORDS = re.compile(r"[A-Za-z0-9]+")


def word(text: str) -> str:
    """Give `text` as one word of a logical id: `my-api` gives `MyApi`, `prod/db` gives `ProdDb`."""
    return "".join(part[0].upper() + part[1:] for part in _WORDS.findall(text))


def images_stack(spec: Spec) -> str:
    """Give the name of the stack that holds the repositories; the main stack has the spec's own name."""
    return f"{spec.name}-images"


def repository_name(spec: Spec, service: Service) -> str:
    """Give the ECR repository of a service. It is fixed, because the main stack and the push must both know it."""
    return f"{spec.name}/{service.name}"


# The ids of what stands once; what belongs to a service begins with the service's word.
ZONES = "Zones"
"""The parameter that says in which zones a deployment stands, where they were not left to CloudFormation."""

VPC = "Vpc"
INTERNET_GATEWAY = "InternetGateway"
INTERNET_GATEWAY_ATTACHMENT = "InternetGatewayAttachment"
PUBLIC_ROUTE_TABLE = "PublicRouteTable"
PUBLIC_ROUTE = "PublicRoute"
ENDPOINT_GROUP = "EndpointGroup"
ALB_GROUP = "AlbGroup"
SHARED_GROUP = "SharedGroup"
ALB_FROM_INTERNET = "AlbGroupIngressHttp"
ALB = "Alb"
LISTENER = "HttpListener"
HTTPS_LISTENER = "HttpsListener"
ALB_HTTPS = "AlbGroupIngressHttps"
CLUSTER = "Cluster"
CLUSTER_PROVIDERS = "ClusterProviders"
# No service's id ends so: a service called `flow` has a FlowLogGroup.
FLOW_LOGS = "FlowLogs"
FLOW_LOGS_GROUP = "FlowLogsGroup"
FLOW_LOGS_ROLE = "FlowLogsRole"
NAMESPACE = "PrivateNamespace"


def public_subnet(zone: int) -> str:
    """Give the id of the public subnet in zone `zone` (from 1)."""
    return f"PublicSubnet{zone}"


def private_subnet(zone: int) -> str:
    """Give the id of the private subnet in zone `zone` (from 1)."""
    return f"PrivateSubnet{zone}"


def private_route_table(zone: int) -> str:
    """Give the id of the private route table of zone `zone` (from 1)."""
    return f"PrivateRouteTable{zone}"


def nat_gateway(zone: int) -> str:
    """Give the id of the NAT gateway of zone `zone` (from 1)."""
    return f"NatGateway{zone}"


def nat_address(zone: int) -> str:
    """Give the id of the address of the NAT gateway of zone `zone` (from 1)."""
    return f"NatAddress{zone}"


def nat_route(zone: int) -> str:
    """Give the id of the private default route of zone `zone` (from 1)."""
    return f"PrivateRoute{zone}"


def alb_ingress(number: int) -> str:
    """Give the id of the rule that lets the block of this number (from 1) reach the load balancer."""
    return ALB_FROM_INTERNET if number == 1 else f"{ALB_FROM_INTERNET}{number}"


def https_ingress(number: int) -> str:
    """Give the id of the rule that lets the block of this number (from 1) reach the load balancer by HTTPS."""
    return ALB_HTTPS if number == 1 else f"{ALB_HTTPS}{number}"


def further_certificate(arn: str) -> str:
    """Give the id of a certificate's place at the listener: by its own id, whatever its number in the file."""
    return f"Https{word(arn.rpartition('/')[2])}Certificate"


def association(subnet: str) -> str:
    """Give the id of the association of a subnet with its route table."""
    return f"{subnet}RouteTableAssociation"


def endpoint(short_name: str) -> str:
    """Give the id of an endpoint: `ecr.api` gives `EcrApiEndpoint`."""
    return f"{word(short_name)}Endpoint"


def prefix_list(short_name: str) -> str:
    """Give the parameter that holds the id of the managed prefix list of a gateway endpoint's service."""
    return f"{word(short_name)}PrefixListId"


class ServiceIds:
    """The ids of what belongs to one service."""

    def __init__(self, service: Service) -> None:
        """Build the ids of `service`."""
        prefix = self.prefix = word(service.name)
        # Whose group a container is reached by, and whose the image, the logs and the secrets are fetched by: on
        # instances these are the instance's, but for a task with an interface of its own.
        reached = "HostGroup" if behind_host(service) else "TaskGroup"
        fetching = "TaskGroup" if service.launch.instances is None else "HostGroup"
        self.image_digest = f"{prefix}ImageDigest"
        self.repository = f"{prefix}Repository"
        self.log_group = f"{prefix}LogGroup"
        self.discovery = f"{prefix}Discovery"
        self.execution_role = f"{prefix}ExecutionRole"
        self.task_role = f"{prefix}TaskRole"
        self.task_definition = f"{prefix}TaskDefinition"
        self.task_group = f"{prefix}TaskGroup"
        self.target_group = f"{prefix}TargetGroup"
        # A target group has one load balancer in its life, and another scheme is another load balancer.
        self.internal_targets = f"{prefix}InternalTargets"
        self.listener_rule = f"{prefix}ListenerRule"
        self.service = f"{prefix}Service"
        self.scalable_target = f"{prefix}ScalableTarget"
        self.scaling_policy = f"{prefix}ScalingPolicy"
        self.memory_policy = f"{prefix}MemoryPolicy"
        self.requests_policy = f"{prefix}RequestsPolicy"
        # Rules are named from where they stand to where they lead.
        self.alb_to_task = f"AlbGroupEgress{prefix}"
        self.task_from_alb = f"{prefix}{reached}IngressAlb"
        self.endpoints_from_task = f"EndpointGroupIngress{prefix}"
        self.fetching_group = f"{prefix}{fetching}"
        # Those of a task on instances that has an interface of its own, for what its containers call.
        self.endpoints_from_caller = f"EndpointGroupIngress{prefix}Tasks"
        self.host_group = f"{prefix}HostGroup"
        # A kind of instance has its own parameter: no stack keeps the image of another kind.
        self.host_image = f"{prefix}HostImageId{_kind_of_host(service)}"
        self.host_role = f"{prefix}HostRole"
        self.host_profile = f"{prefix}HostProfile"
        self.host_template = f"{prefix}HostTemplate"
        self.hosts = f"{prefix}Hosts"
        self.host_provider = f"{prefix}HostProvider"


def behind_host(service: Service) -> bool:
    """Say whether the containers have no interface of their own: they stand behind their instance's."""
    instances = service.launch.instances
    return instances is not None and instances.network_mode != "awsvpc"


def _kind_of_host(service: Service) -> str:
    instances = service.launch.instances
    kind = instance_type(instances.type) if instances is not None else None
    if kind is None or (kind.architecture == "x86_64" and not kind.gpus):
        return ""
    return "Gpu" if kind.gpus else "Arm64"


class GroupIds:
    """The groups in which load balancer, tasks, instances and endpoints stand: one each, or a single one for all."""

    def __init__(self, spec: Spec) -> None:
        """Choose the groups, as the spec's network has it."""
        self.single = spec.network.security_groups == "single"
        self.alb = SHARED_GROUP if self.single else ALB_GROUP
        self.endpoint = SHARED_GROUP if self.single else ENDPOINT_GROUP

    def task(self, service: Service) -> str:
        """Give the group of the tasks of `service`: their instances' where they stand behind these."""
        ids = ServiceIds(service)
        return SHARED_GROUP if self.single else ids.host_group if behind_host(service) else ids.task_group

    def host(self, service: Service) -> str:
        """Give the group of the instances of `service`."""
        return SHARED_GROUP if self.single else ServiceIds(service).host_group

    def fetching(self, service: Service) -> str:
        """Give the group of whoever fetches image, logs and secrets: the tasks', or their instances'."""
        return self.task(service) if service.launch.instances is None else self.host(service)
