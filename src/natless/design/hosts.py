"""EC2 instances: how they are launched, how many there are, and how ECS comes to place tasks on them.

An instance must register with the cluster before any task can be placed: by the three ecs endpoints, with its own group
and role. So the instances wait for all that they fetch over, and on deletion they end before it goes.
"""

from __future__ import annotations

from typing import Any

from natless.catalog.instances import ROOT_DEVICE, ROOT_GIB
from natless.design import names
from natless.design.access import asks, statements
from natless.design.groups import fetching_rules
from natless.design.names import GroupIds, ServiceIds
from natless.design.network import zones
from natless.design.piece import Piece, attribute, name_tag, ref, resource, sub
from natless.spec.model import Instances, Service, Spec

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")

HOP_LIMIT = 1
"""Hops of an answer of the instance's metadata service: to the instance itself, and not over Docker's bridge to a
container, which would have the instance's role there."""

WARM_UP_SECONDS = 120
"""What an instance takes until it is registered, and counts as capacity."""


def hosted(spec: Spec) -> tuple[Service, ...]:
    """Give the services that run on instances."""
    return tuple(service for service in spec.services if service.launch.instances is not None)


def hosts(spec: Spec, service: Service) -> list[Piece]:
    """Give the instances of a service, from their role to their capacity provider; nothing on Fargate."""
    instances = service.launch.instances
    if instances is None:
        return []
    return [
        _role(spec, service),
        _profile(service),
        _template(spec, service, instances),
        _group(spec, service, instances),
        _provider(service),
    ]


def port_mappings(service: Service) -> dict[str, Any]:
    """Give the container's port; on Docker's bridge with 0 for a port of the instance that Docker gives out."""
    if service.port is None:
        return {}
    instances = service.launch.instances
    bridge = instances is not None and instances.network_mode == "bridge"
    mapping = {"ContainerPort": service.port, "Protocol": "tcp", **({"HostPort": 0} if bridge else {})}
    return {"PortMappings": [mapping]}


def fetched_over(spec: Spec, service: Service) -> list[str]:
    """Give the ids of what a service asks AWS over: its tasks, or the instances that register and fetch for them."""
    reached = asks(spec, service)
    routes = [names.association(names.private_subnet(zone)) for zone in zones(spec.network)]
    return [
        *fetching_rules(spec, service),
        *dict.fromkeys(names.endpoint(ask.endpoint) for ask in reached),
        # A gateway endpoint serves a subnet by the route table that the subnet is associated with.
        *(routes if any(ask.kind == "gateway" for ask in reached) else []),
    ]


def _causes(service: Service, *keys: str) -> tuple[str, ...]:
    table = f"services.{service.name}"
    return (*(f"{table}.{key}" for key in keys), f"{table}.launch", table)


def _role(spec: Spec, service: Service) -> Piece:
    """Give the instances' role: the part of AmazonEC2ContainerServiceforEC2Role that the agent asks, on this cluster.

    Images and logs are asked for by the task's execution role.
    """
    wanted = [ask for ask in asks(spec, service) if ask.by == "instance role"]
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": statements(wanted)}
    return resource(
        ServiceIds(service).host_role,
        "AWS::IAM::Role",
        {
            "Description": f"Lets the instances of {service.name} register with the cluster",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "host-tasks", "PolicyDocument": document}],
        },
        causes=_causes(service),
    )


def _profile(service: Service) -> Piece:
    ids = ServiceIds(service)
    return resource(
        ids.host_profile, "AWS::IAM::InstanceProfile", {"Roles": [ref(ids.host_role)]}, causes=_causes(service)
    )


def _user_data(instances: Instances) -> dict[str, Any]:
    """Give what an instance does when it starts: the agent's configuration, and nothing that asks the internet."""
    lines = [f"ECS_CLUSTER=${{{names.CLUSTER}}}"]
    if instances.network_mode == "awsvpc":
        # A task's interface is none of the instance's hops: the agent itself keeps tasks from the metadata service.
        lines.append("ECS_AWSVPC_BLOCK_IMDS=true")
    text = "\n".join(["#!/bin/bash", "cat >> /etc/ecs/ecs.config <<'CONFIG'", *lines, "CONFIG", ""])
    return {"Fn::Base64": sub(text)}


def _template(spec: Spec, service: Service, instances: Instances) -> Piece:
    ids = ServiceIds(service)
    tags = name_tag(f"{service.name} instance")
    data = {
        "ImageId": instances.ami or ref(ids.host_image),
        "InstanceType": instances.type,
        "IamInstanceProfile": {"Arn": attribute(ids.host_profile, "Arn")},
        "UserData": _user_data(instances),
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": HOP_LIMIT,
        },
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                "AssociatePublicIpAddress": False,
                "Groups": [attribute(GroupIds(spec).host(service), "GroupId")],
            }
        ],
        "BlockDeviceMappings": [
            {
                "DeviceName": ROOT_DEVICE,
                "Ebs": {"VolumeType": "gp3", "VolumeSize": ROOT_GIB, "Encrypted": True, "DeleteOnTermination": True},
            }
        ],
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    }
    return resource(
        ids.host_template,
        "AWS::EC2::LaunchTemplate",
        {
            "LaunchTemplateData": data,
            "TagSpecifications": [{"ResourceType": "launch-template", "Tags": tags}],
        },
        causes=_causes(service, "instance"),
    )


def _group(spec: Spec, service: Service, instances: Instances) -> Piece:
    """Give the Auto Scaling group. ECS moves its size between the bounds, so no DesiredCapacity undoes that."""
    ids = ServiceIds(service)
    piece = resource(
        ids.hosts,
        "AWS::AutoScaling::AutoScalingGroup",
        {
            "MinSize": str(instances.min),
            "MaxSize": str(instances.max),
            "VPCZoneIdentifier": [ref(names.private_subnet(zone)) for zone in zones(spec.network)],
            "LaunchTemplate": {
                "LaunchTemplateId": ref(ids.host_template),
                "Version": attribute(ids.host_template, "LatestVersionNumber"),
            },
            # ECS puts this tag on a group that it scales: without it here an update would take it away.
            "Tags": [{"Key": "AmazonECSManaged", "Value": "true", "PropagateAtLaunch": True}],
        },
        causes=_causes(service, "instances", "instance"),
        after=fetched_over(spec, service),
    )
    rolling = {
        # One at a time; ECS moves the tasks off an instance before it ends. Room for one more is what `max` has.
        "MinInstancesInService": str(min(instances.min, instances.max - 1)),
        "MaxBatchSize": "1",
        "PauseTime": f"PT{WARM_UP_SECONDS}S",
        "SuspendProcesses": ["AlarmNotification", "AZRebalance", "ReplaceUnhealthy", "ScheduledActions"],
    }
    return Piece(piece.id, {**piece.body, "UpdatePolicy": {"AutoScalingRollingUpdate": rolling}}, piece.causes)


def _provider(service: Service) -> Piece:
    ids = ServiceIds(service)
    return resource(
        ids.host_provider,
        "AWS::ECS::CapacityProvider",
        {
            "AutoScalingGroupProvider": {
                "AutoScalingGroupArn": ref(ids.hosts),
                "ManagedScaling": {
                    "Status": "ENABLED",
                    "TargetCapacity": 100,
                    "InstanceWarmupPeriod": WARM_UP_SECONDS,
                },
                # Tasks are moved off an instance that ends.
                "ManagedDraining": "ENABLED",
                # Protected instances outlive their group, and the stack's deletion waits for them (aws-cdk #18179).
                "ManagedTerminationProtection": "DISABLED",
            }
        },
        causes=_causes(service),
    )


def providers(spec: Spec) -> list[Piece]:
    """Give what tells the cluster its providers, once they stand; nothing where no service runs on instances."""
    services = hosted(spec)
    return [_associations(services)] if services else []


def _associations(services: tuple[Service, ...]) -> Piece:
    own = [ref(ServiceIds(service).host_provider) for service in services]
    return resource(
        names.CLUSTER_PROVIDERS,
        "AWS::ECS::ClusterCapacityProviderAssociations",
        {
            "Cluster": ref(names.CLUSTER),
            "CapacityProviders": [*FARGATE_PROVIDERS, *own],
            "DefaultCapacityProviderStrategy": [],
        },
        causes=_causes(services[0]),
    )
