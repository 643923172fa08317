"""Hello's template on the EC2 launch type: an Auto Scaling group, three more endpoints, and tasks in bridge mode.

The instances have the group that hello's tasks have; the load balancer is let through to the ports that Docker gives
out.
"""

from __future__ import annotations

import base64
import copy
from typing import Any

from hello_without import whole
from lab_at_work import Connect, wait

SCRIPT = "#!/bin/bash\necho ECS_CLUSTER=hello >> /etc/ecs/ecs.config\n"
HOSTS = {"Fn::GetAtt": ["WebTaskGroup", "GroupId"]}


def on_instances() -> dict[str, Any]:
    """Give the template."""
    template = copy.deepcopy(whole())
    resources = template["Resources"]
    for name in ("AlbGroupEgressWeb", "WebTaskGroupIngressAlb"):
        resources[name]["Properties"].update(FromPort=32768, ToPort=60999)
    for label in ("ecs", "ecs-agent", "ecs-telemetry"):
        endpoint = copy.deepcopy(resources["LogsEndpoint"])
        del endpoint["Properties"]["PolicyDocument"]
        endpoint["Properties"]["ServiceName"] = {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{label}"}
        resources["".join(part.title() for part in label.split("-")) + "Endpoint"] = endpoint
    resources |= _hosts()
    del resources["Cluster"]["Properties"]["CapacityProviders"]
    resources["WebTargetGroup"]["Properties"]["TargetType"] = "instance"
    definition = resources["WebTaskDefinition"]["Properties"]
    definition.update(RequiresCompatibilities=["EC2"], NetworkMode="bridge")
    service = resources["WebService"]["Properties"]
    del service["NetworkConfiguration"]
    service["CapacityProviderStrategy"] = [{"CapacityProvider": {"Ref": "Provider"}, "Weight": 1}]
    resources["WebService"]["DependsOn"].append("Providers")
    return template


def _hosts() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
    data = {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t3.small",
        "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["HostProfile", "Arn"]}},
        "SecurityGroupIds": [HOSTS],
        "UserData": base64.b64encode(SCRIPT.encode()).decode(),
    }
    found = {
        "HostRole": (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": {"Statement": [trust]}, "ManagedPolicyArns": [policy]},
        ),
        "HostProfile": ("AWS::IAM::InstanceProfile", {"Roles": [{"Ref": "HostRole"}]}),
        "HostTemplate": ("AWS::EC2::LaunchTemplate", {"LaunchTemplateData": data}),
        "Hosts": (
            "AWS::AutoScaling::AutoScalingGroup",
            {
                "MinSize": "1",
                "MaxSize": "2",
                "VPCZoneIdentifier": [{"Ref": "PrivateSubnet1"}, {"Ref": "PrivateSubnet2"}],
                "LaunchTemplate": {
                    "LaunchTemplateId": {"Ref": "HostTemplate"},
                    "Version": {"Fn::GetAtt": ["HostTemplate", "LatestVersionNumber"]},
                },
            },
        ),
        "Provider": (
            "AWS::ECS::CapacityProvider",
            {
                "AutoScalingGroupProvider": {
                    "AutoScalingGroupArn": {"Ref": "Hosts"},
                    "ManagedScaling": {"Status": "ENABLED"},
                }
            },
        ),
        "Providers": (
            "AWS::ECS::ClusterCapacityProviderAssociations",
            {
                "Cluster": {"Ref": "Cluster"},
                "CapacityProviders": [{"Ref": "Provider"}],
                "DefaultCapacityProviderStrategy": [],
            },
        ),
    }
    return {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in found.items()}


def stack(connect: Connect, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = connect("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return None if found["StackStatus"].endswith("IN_PROGRESS") else found

    found: dict[str, Any] | None = wait(look)
    return found or {"StackStatus": "still going"}


def ids(connect: Connect, name: str) -> dict[str, str]:
    found = connect("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def instances(connect: Connect) -> list[dict[str, Any]]:
    ecs = connect("ecs")
    arns = ecs.list_container_instances(cluster="hello")["containerInstanceArns"]
    if not arns:
        return []
    found: list[dict[str, Any]] = ecs.describe_container_instances(cluster="hello", containerInstances=arns)[
        "containerInstances"
    ]
    return found
