"""The instances of a network as a template writes them: an Auto Scaling group, what it launches, and its role.

Written from the CloudFormation template reference and the ECS developer guide ("Bootstrapping container instances").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from natless.cloud import Cloud

Written: TypeAlias = Iterator[tuple[str, str, dict[str, Any]]]
_REGISTERS = "#!/bin/bash\necho ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config\n"


def hosts(cloud: Cloud) -> Written:
    """Give the resources of the instances, none where tasks run on Fargate."""
    for group in cloud.instance_groups.values():
        everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        may = {"Service": "ec2.amazonaws.com"}
        trust = {"Statement": [{"Effect": "Allow", "Principal": may, "Action": "sts:AssumeRole"}]}
        policies = [{"PolicyName": "all", "PolicyDocument": everything}]
        yield "HostRole", "IAM::Role", {"AssumeRolePolicyDocument": trust, "Policies": policies}
        yield "HostProfile", "IAM::InstanceProfile", {"Roles": [{"Ref": "HostRole"}]}
        launched: dict[str, Any] = {
            "ImageId": "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}",
            "InstanceType": "t3.small",
            "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["HostProfile", "Arn"]}},
            "UserData": {"Fn::Base64": {"Fn::Sub": _REGISTERS}},
        }
        groups = [{"Fn::GetAtt": [str(each), "GroupId"]} for each in group.groups]
        if group.public_ip:
            launched["NetworkInterfaces"] = [{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": groups}]
        else:
            launched["SecurityGroupIds"] = groups
        yield "HostTemplate", "EC2::LaunchTemplate", {"LaunchTemplateData": launched}
        version = {"Fn::GetAtt": ["HostTemplate", "LatestVersionNumber"]}
        template = {"LaunchTemplateId": {"Ref": "HostTemplate"}, "Version": version}
        subnets = [{"Ref": str(subnet)} for subnet in group.subnets]
        sizes = {"MinSize": "1", "MaxSize": "4"}
        yield (
            group.id,
            "AutoScaling::AutoScalingGroup",
            {**sizes, "VPCZoneIdentifier": subnets, "LaunchTemplate": template},
        )
