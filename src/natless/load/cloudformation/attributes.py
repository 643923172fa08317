"""What Ref and GetAtt give for each resource type, as far as verdicts lean on the text.

Sources: "Return values" of each type in the CloudFormation template reference, read 2026-11.
"""

from __future__ import annotations

_ARN = "arn:<AWS::Partition>:"
_HERE = "<AWS::Region>:<AWS::AccountId>:"

TEXTS: dict[str, dict[str, str]] = {
    # `<Property>` is the resource's own property, or `${Id}` where CloudFormation invents the name;
    # `<Property/default>` has a default; `<?>` is what only a deployment knows. "" is what Ref gives.
    "AWS::ECR::Repository": {
        "": "<RepositoryName>",
        "Arn": f"{_ARN}ecr:{_HERE}repository/<RepositoryName>",
        "RepositoryUri": "<AWS::AccountId>.dkr.ecr.<AWS::Region>.<AWS::URLSuffix>/<RepositoryName>",
    },
    "AWS::Logs::LogGroup": {"": "<LogGroupName>", "Arn": f"{_ARN}logs:{_HERE}log-group:<LogGroupName>:*"},
    "AWS::IAM::Role": {"": "<RoleName>", "Arn": f"{_ARN}iam::<AWS::AccountId>:role<Path//><RoleName>"},
    "AWS::IAM::ManagedPolicy": {
        "": f"{_ARN}iam::<AWS::AccountId>:policy<Path//><ManagedPolicyName>",
        "PolicyArn": f"{_ARN}iam::<AWS::AccountId>:policy<Path//><ManagedPolicyName>",
    },
    "AWS::ECS::Cluster": {"": "<ClusterName>", "Arn": f"{_ARN}ecs:{_HERE}cluster/<ClusterName>"},
    "AWS::IAM::InstanceProfile": {
        "": "<InstanceProfileName>",
        "Arn": f"{_ARN}iam::<AWS::AccountId>:instance-profile<Path//><InstanceProfileName>",
    },
    "AWS::S3::Bucket": {"": "<BucketName>", "Arn": f"{_ARN}s3:::<BucketName>"},
    "AWS::SecretsManager::Secret": {
        "": f"{_ARN}secretsmanager:{_HERE}secret:<Name>-<?>",
        "Id": f"{_ARN}secretsmanager:{_HERE}secret:<Name>-<?>",
    },
    "AWS::SSM::Parameter": {"": "<Name>"},
    "AWS::KMS::Key": {"Arn": f"{_ARN}kms:{_HERE}key/<?>"},
    "AWS::DynamoDB::Table": {"": "<TableName>", "Arn": f"{_ARN}dynamodb:{_HERE}table/<TableName>"},
    "AWS::SQS::Queue": {
        "": "https://sqs.<AWS::Region>.<AWS::URLSuffix>/<AWS::AccountId>/<QueueName>",
        "Arn": f"{_ARN}sqs:{_HERE}<QueueName>",
        "QueueName": "<QueueName>",
    },
    "AWS::SNS::Topic": {"": f"{_ARN}sns:{_HERE}<TopicName>", "TopicArn": f"{_ARN}sns:{_HERE}<TopicName>"},
}

PROPERTIES: dict[str, frozenset[str]] = {
    # Attributes that give back a property as it was set.
    "AWS::EC2::VPC": frozenset({"CidrBlock"}),
    "AWS::EC2::Subnet": frozenset({"VpcId", "AvailabilityZone", "CidrBlock"}),
    "AWS::EC2::SecurityGroup": frozenset({"VpcId"}),
}

_IDENTITIES: dict[str, frozenset[str]] = {
    # Attributes that name the resource itself, as Ref does.
    "AWS::EC2::VPC": frozenset({"VpcId", "DefaultNetworkAcl"}),  # the default ACL has its VPC's id: natless.cloud
    "AWS::EC2::Subnet": frozenset({"SubnetId"}),
    "AWS::EC2::RouteTable": frozenset({"RouteTableId"}),
    "AWS::EC2::SecurityGroup": frozenset({"GroupId", "Id"}),
    "AWS::EC2::InternetGateway": frozenset({"InternetGatewayId"}),
    "AWS::EC2::NatGateway": frozenset({"NatGatewayId"}),
    "AWS::EC2::NetworkAcl": frozenset({"Id"}),
    "AWS::EC2::VPCEndpoint": frozenset({"Id"}),
    "AWS::EC2::PrefixList": frozenset({"PrefixListId", "Arn"}),
    "AWS::EC2::DHCPOptions": frozenset({"DhcpOptionsId"}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": frozenset({"LoadBalancerArn", "LoadBalancerName"}),
    "AWS::ElasticLoadBalancingV2::Listener": frozenset({"ListenerArn"}),
    "AWS::ElasticLoadBalancingV2::TargetGroup": frozenset({"TargetGroupArn"}),
    "AWS::ECS::Cluster": frozenset({"Arn"}),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": frozenset({"Id"}),
    "AWS::ServiceDiscovery::Service": frozenset({"Id", "Arn"}),
    "AWS::EC2::LaunchTemplate": frozenset({"LaunchTemplateId"}),
    "AWS::AutoScaling::AutoScalingGroup": frozenset({"AutoScalingGroupARN"}),
    "AWS::IAM::InstanceProfile": frozenset({"Arn"}),
    "AWS::ECS::TaskDefinition": frozenset({"TaskDefinitionArn"}),
    "AWS::ECS::Service": frozenset({"ServiceArn", "Name"}),
    "AWS::IAM::Role": frozenset({"Arn"}),
    "AWS::IAM::ManagedPolicy": frozenset({"PolicyArn"}),
    "AWS::EFS::FileSystem": frozenset({"FileSystemId", "Arn"}),
}


def names_itself(kind: str, attribute: str) -> bool:
    """Say whether an attribute of a resource type stands for the resource itself."""
    return not attribute or attribute in _IDENTITIES.get(kind, frozenset())
