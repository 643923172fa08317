"""Actions that know no resource: the only ones that a policy may allow on `*`, each by AWS's own table.

An action that is not listed has a resource, or nobody has looked: a statement that allows it on `*` is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping

from natless.catalog.source import Source


def _reference(service: str) -> Source:
    return Source(f"Service Authorization Reference, 'Actions, resources, and condition keys for {service}'", "2026-11")


def _all(service: str, prefix: str, actions: str) -> dict[str, Source]:
    return dict.fromkeys((f"{prefix}:{action}" for action in actions.split()), _reference(service))


RESOURCELESS: Mapping[str, Source] = {
    **_all(
        "AWS Application Auto Scaling",
        "application-autoscaling",
        "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions",
    ),
    **_all("Amazon EC2 Auto Scaling", "autoscaling", "DescribeTags"),
    **_all("AWS CloudFormation", "cloudformation", "ListStacks"),
    **_all(
        "Amazon EC2",
        "ec2",
        "DescribeAddresses DescribeAvailabilityZones DescribeDhcpOptions DescribeFlowLogs DescribeInternetGateways "
        "DescribeLaunchTemplates DescribeManagedPrefixLists DescribeNatGateways DescribeNetworkAcls "
        "DescribeNetworkInterfaces DescribePrefixLists DescribeRegions DescribeRouteTables DescribeSecurityGroupRules "
        "DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcEncryptionControls "
        "DescribeVpcEndpointServices DescribeVpcEndpoints DescribeVpcs DescribeVpnGateways",
    ),
    **_all("Amazon Elastic Container Registry", "ecr", "GetAuthorizationToken"),
    **_all(
        "Amazon Elastic Container Service",
        "ecs",
        "DeregisterTaskDefinition DescribeTaskDefinition DiscoverPollEndpoint ListServices ListTaskDefinitions",
    ),
    **_all(
        "AWS Elastic Load Balancing V2",
        "elasticloadbalancing",
        "DescribeAccountLimits DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates "
        "DescribeListeners DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags "
        "DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth",
    ),
    **_all("Amazon GuardDuty", "guardduty", "ListDetectors"),
    **_all(
        "Amazon CloudWatch Logs", "logs", "CreateLogDelivery DeleteLogDelivery DescribeIndexPolicies DescribeLogGroups"
    ),
    **_all("Amazon Route 53", "route53", "CreateHostedZone ListHostedZonesByName"),
    **_all(
        "AWS Cloud Map",
        "servicediscovery",
        "CreatePrivateDnsNamespace ListServices ListTagsForResource TagResource UntagResource",
    ),
    **_all("AWS Systems Manager", "ssm", "DescribeParameters"),
    **_all(
        "Amazon Message Gateway Service",
        "ssmmessages",
        "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel",
    ),
    **_all("AWS Security Token Service", "sts", "GetCallerIdentity"),
}
"""By action, the table whose column "Resource types" is empty for it."""

OPTIONAL: Mapping[str, Source] = {
    # Of a data set of its own; a request for metrics names none.
    "cloudwatch:GetMetricData": _reference("Amazon CloudWatch"),
    # The table names container instances: a request that names none is asked on `*`, under the key `ecs:cluster`.
    "ecs:ListTasks": Source("cdklabs/construct-hub #1207: AccessDeniedException ... on resource: *", "2026-11"),
    # The table names task definitions; AccessDenied messages say `*`.
    "ecs:RegisterTaskDefinition": Source(
        "aws/containers-roadmap #929 (open), and AccessDeniedException ... on resource: * in public reports", "2026-11"
    ),
    # The table names what an operation is of; a request names the operation alone.
    "servicediscovery:GetOperation": _reference("AWS Cloud Map"),
}
"""Actions whose table names a resource that our requests do not: they are asked on `*`."""
