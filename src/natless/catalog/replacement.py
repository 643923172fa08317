"""What is gone with a resource that is deleted, or that another takes the place of."""

from __future__ import annotations

from collections.abc import Mapping

from natless.catalog.source import Source

DATA: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "its items",
    "AWS::EC2::Volume": "its blocks",
    "AWS::ECR::Repository": "its images",
    "AWS::EFS::FileSystem": "its files",
    "AWS::ElastiCache::CacheCluster": "its keys",
    "AWS::Logs::LogGroup": "its log events",
    "AWS::RDS::DBCluster": "its databases",
    "AWS::RDS::DBInstance": "its databases",
    "AWS::S3::Bucket": "its objects",
    "AWS::SQS::Queue": "its messages",
    "AWS::SecretsManager::Secret": "its value",
}
"""By resource type: the data that only this resource holds."""

OUTSIDE: Mapping[str, str] = {
    "AWS::EC2::EIP": "the address that others know changes",
    "AWS::EC2::NatGateway": "the address that others see changes",
    "AWS::EC2::VPC": "everything in it is made anew",
    "AWS::ECS::Service": "new tasks start beside the old ones",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "its DNS name, and so the URL, changes",
}
"""By resource type: what is noticed from outside although no data is lost."""

CHECKED_ANEW = "the tasks that run are asked this too, from that moment on, and are taken out where they do not answer"
"""What it costs to change the health checks of a target group that stands (ModifyTargetGroup works in place)."""

SOURCE = Source(
    "AWS CloudFormation User Guide, 'DeletionPolicy attribute' and 'UpdateReplacePolicy attribute', and the return "
    "values of each type (a load balancer's DNSName is made with it)",
    "2026-11",
)
