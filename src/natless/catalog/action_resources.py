"""What each action of who deploys, pushes or looks is asked on, by AWS's own tables.

Only the types of resource that natless has are named here: a subnet may be made from a pool of addresses, and natless
has none. An action that knows no resource is in `catalog.resourceless`. Each is held against AWS's table by
`tests/unit/design/test_callers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from natless.catalog.source import Source

SOURCE = Source(
    "Service Authorization Reference, the tables of actions and of resource types of each service", "2026-11"
)

_HERE = "arn:{partition}:{service}:{region}:{account}:"
_EC2_TYPES = (
    "elastic-ip instance internet-gateway launch-template natgateway network-interface route-table "
    "security-group security-group-rule subnet volume vpc vpc-endpoint vpc-flow-log"
)

FORMS: Mapping[str, Mapping[str, str]] = {
    "application-autoscaling": {"ScalableTarget": f"{_HERE}scalable-target/*"},
    # The name that CloudFormation gives a group begins with the stack's: it has room for all of it.
    "autoscaling": {"autoScalingGroup": f"{_HERE}autoScalingGroup:*:autoScalingGroupName/{{name}}-*"},
    "cloudformation": {
        "stack": f"{_HERE}stack/{{name}}/*",
        "images stack": f"{_HERE}stack/{{name}}-images/*",
        "changeset": f"{_HERE}changeSet/natless-*/*",
    },
    "cloudwatch": {"alarm": f"{_HERE}alarm:*"},
    "ec2": {
        **{kind: f"{_HERE}{kind}/*" for kind in _EC2_TYPES.split()},
        "image": "arn:{partition}:ec2:{region}::image/*",
        # Instances, their interfaces and volumes, the launch template, subnets and groups.
        "all of a launch": f"{_HERE}*/*",
        # AWS's own lists belong to "aws".
        "prefix-list": "arn:{partition}:ec2:{region}:*:prefix-list/*",
    },
    "ecr": {"repository": f"{_HERE}repository/{{name}}/*", "any repository": f"{_HERE}repository/*"},
    "ecs": {
        # The name that CloudFormation gives a provider is not known to begin with the stack's.
        "capacity-provider": f"{_HERE}capacity-provider/*",
        "cluster": f"{_HERE}cluster/{{name}}",
        "service": f"{_HERE}service/{{name}}/*",
        "service-deployment": f"{_HERE}service-deployment/{{name}}/*",
        "task": f"{_HERE}task/{{name}}/*",
        "task-definition": f"{_HERE}task-definition/{{name}}-*",
    },
    # A load balancer's name has 32 characters, and CloudFormation keeps as few as five of the stack's in it.
    "elasticloadbalancing": {
        "listener-rule/app": f"{_HERE}listener-rule/app/*",
        "listener/app": f"{_HERE}listener/app/*",
        "loadbalancer/app/": f"{_HERE}loadbalancer/app/*",
        "targetgroup": f"{_HERE}targetgroup/*",
    },
    "guardduty": {"detector": f"{_HERE}detector/*"},
    "iam": {
        "role": "arn:{partition}:iam::{account}:role/{name}-*",
        "any role": "arn:{partition}:iam::{account}:role/*",
        "any user": "arn:{partition}:iam::{account}:user/*",
        "service's role": "arn:{partition}:iam::{account}:role/aws-service-role/*",
        "instance-profile": "arn:{partition}:iam::{account}:instance-profile/{name}-*",
        "policy": "arn:{partition}:iam::{account}:policy/*",
        "AWS's policy": "arn:{partition}:iam::aws:policy/*",
    },
    "logs": {"log-group": f"{_HERE}log-group:{{name}}-*"},
    "route53": {"hostedzone": "arn:{partition}:route53:::hostedzone/*"},
    "servicediscovery": {"namespace": f"{_HERE}namespace/*", "service": f"{_HERE}service/*"},
    "servicequotas": {"quota": f"{_HERE}*"},
}
"""By service and type: the ARNs that a deployment's may have. Ids that AWS makes up are any."""

_ASKED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "application-autoscaling": (
        (
            "ScalableTarget",
            (
                "DeleteScalingPolicy DeregisterScalableTarget ListTagsForResource PutScalingPolicy "
                "RegisterScalableTarget TagResource UntagResource"
            ),
        ),
    ),
    "autoscaling": (
        (
            "autoScalingGroup",
            (
                "CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteLifecycleHook DeleteTags "
                "PutLifecycleHook ResumeProcesses SuspendProcesses UpdateAutoScalingGroup"
            ),
        ),
    ),
    "cloudformation": (
        (
            "stack, images stack, changeset",
            (
                "CancelUpdateStack ContinueUpdateRollback CreateChangeSet DeleteChangeSet DeleteStack "
                "DescribeChangeSet DescribeStackEvents DescribeStacks ExecuteChangeSet GetTemplate "
                "ListStackResources TagResource"
            ),
        ),
    ),
    "cloudwatch": (("alarm", "DeleteAlarms DescribeAlarms PutMetricAlarm"),),
    "ec2": (
        ("elastic-ip", "AllocateAddress AssociateAddress DisassociateAddress ReleaseAddress"),
        ("vpc-flow-log", "DeleteFlowLogs"),
        ("vpc-flow-log, vpc", "CreateFlowLogs"),
        ("internet-gateway", "CreateInternetGateway DeleteInternetGateway"),
        ("internet-gateway, vpc", "AttachInternetGateway DetachInternetGateway"),
        ("launch-template", "CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate"),
        ("natgateway, elastic-ip, subnet, vpc", "CreateNatGateway"),
        ("natgateway", "DeleteNatGateway"),
        ("prefix-list", "GetManagedPrefixListEntries"),
        ("route-table", "CreateRoute DeleteRoute DeleteRouteTable ReplaceRoute"),
        ("route-table, vpc", "CreateRouteTable"),
        ("route-table, subnet", "AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation"),
        ("security-group, vpc", "CreateSecurityGroup"),
        (
            "security-group",
            (
                "DeleteSecurityGroup RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
                "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress"
            ),
        ),
        ("security-group, security-group-rule", "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"),
        ("subnet, vpc", "CreateSubnet"),
        ("subnet", "DeleteSubnet ModifySubnetAttribute"),
        ("vpc", "CreateVpc DeleteVpc DescribeVpcAttribute ModifyVpcAttribute"),
        ("vpc-endpoint, vpc, subnet, route-table, security-group", "CreateVpcEndpoint"),
        ("vpc-endpoint, subnet, route-table, security-group", "ModifyVpcEndpoint"),
        ("vpc-endpoint", "DeleteVpcEndpoints"),
        ("image, all of a launch", "RunInstances"),
    ),
    "ecr": (
        (
            "repository",
            (
                "BatchCheckLayerAvailability BatchDeleteImage BatchGetImage CompleteLayerUpload CreateRepository "
                "DeleteLifecyclePolicy DeleteRepository DescribeImageScanFindings DescribeImages "
                "GetDownloadUrlForLayer GetLifecyclePolicy GetRepositoryPolicy InitiateLayerUpload ListImages "
                "ListTagsForResource PutImage PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy "
                "TagResource UntagResource UploadLayerPart"
            ),
        ),
        # Asked without a name, it is asked on all of them.
        ("any repository", "DescribeRepositories"),
    ),
    "ecs": (
        (
            "capacity-provider",
            "CreateCapacityProvider DeleteCapacityProvider DescribeCapacityProviders UpdateCapacityProvider",
        ),
        (
            "cluster",
            (
                "CreateCluster DeleteCluster DescribeClusters PutClusterCapacityProviders UpdateCluster "
                "UpdateClusterSettings"
            ),
        ),
        ("service", "CreateService DeleteService DescribeServices ListServiceDeployments UpdateService"),
        ("service, service-deployment", "DescribeServiceDeployments StopServiceDeployment"),
        ("task", "DescribeTasks StopTask"),
        ("cluster, task", "ExecuteCommand"),
        ("task-definition", "RunTask"),
        (
            "capacity-provider, cluster, service, task-definition",
            "ListTagsForResource TagResource UntagResource",
        ),
    ),
    "elasticloadbalancing": (
        ("loadbalancer/app/", "CreateLoadBalancer DeleteLoadBalancer ModifyLoadBalancerAttributes"),
        ("loadbalancer/app/", "CreateListener SetSecurityGroups SetSubnets"),
        ("listener/app", "AddListenerCertificates CreateRule DeleteListener ModifyListener ModifyListenerAttributes"),
        ("listener/app", "RemoveListenerCertificates"),
        ("listener-rule/app", "DeleteRule ModifyRule SetRulePriorities"),
        (
            "targetgroup",
            (
                "CreateTargetGroup DeleteTargetGroup DeregisterTargets ModifyTargetGroup ModifyTargetGroupAttributes "
                "RegisterTargets"
            ),
        ),
        ("listener-rule/app, listener/app, loadbalancer/app/, targetgroup", "AddTags RemoveTags"),
    ),
    "guardduty": (("detector", "GetDetector"),),
    "iam": (
        (
            "role",
            (
                "CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy GetRolePolicy "
                "ListAttachedRolePolicies ListRolePolicies PassRole PutRolePermissionsBoundary PutRolePolicy TagRole "
                "UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription"
            ),
        ),
        (
            "instance-profile",
            (
                "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile "
                "RemoveRoleFromInstanceProfile"
            ),
        ),
        # A deploy looks whether services have their roles, and what its own path is.
        ("any role", "GetRole"),
        ("policy, AWS's policy", "GetPolicy GetPolicyVersion"),
        ("any role, any user", "SimulatePrincipalPolicy"),
    ),
    "logs": (
        (
            "log-group",
            (
                "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DescribeLogStreams FilterLogEvents "
                "GetDataProtectionPolicy GetLogEvents ListTagsForResource PutRetentionPolicy TagResource UntagResource"
            ),
        ),
    ),
    "route53": (("hostedzone", "ChangeResourceRecordSets GetHostedZone"),),
    "servicediscovery": (
        ("namespace", "DeleteNamespace GetNamespace UpdatePrivateDnsNamespace"),
        ("namespace, service", "CreateService"),
        (
            "service",
            "DeleteService GetService GetServiceAttributes UpdateService",
        ),
    ),
    "servicequotas": (("quota", "GetServiceQuota"),),
}

TAGGED = (
    "elastic-ip",
    "instance",
    "internet-gateway",
    "launch-template",
    "natgateway",
    "route-table",
    "security-group",
    "subnet",
    "volume",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
)
"""What of EC2's gets tags: all that a template makes, and what a launch template says of its instances."""


def _table() -> Iterator[tuple[str, tuple[str, ...]]]:
    for service, rows in _ASKED.items():
        for kinds, actions in rows:
            for action in actions.split():
                yield f"{service}:{action}", tuple(kinds.split(", "))
    yield from (("ec2:CreateTags", TAGGED), ("ec2:DeleteTags", TAGGED))


ASKED_ON: Mapping[str, tuple[str, ...]] = dict(_table())
"""By action, the types that it is asked on: names in FORMS of its service."""
