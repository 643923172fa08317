"""How calls that make, change and delete resources become IAM actions on resources: those that stacks are made by.

Each operation is asked on all of its resources. `{Parameter}` (or `{One|Another}`) is what the call says, `*` where it
says nothing: the id is yet to come.
"""

from __future__ import annotations

from collections.abc import Mapping

from natless.catalog.action_resources import ASKED_ON
from natless.catalog.authorization import Authorization
from natless.catalog.resourceless import OPTIONAL, RESOURCELESS
from natless.catalog.source import Source


def _reference(service: str) -> Source:
    return Source(f"Service Authorization Reference, 'Actions, resources, and condition keys for {service}'", "2026-11")


def _bare(prefix: str) -> dict[str, str]:
    """Give `*` for each operation that knows no resource, or names none."""
    known = (action.split(":") for action in (*RESOURCELESS, *OPTIONAL))
    return {name: "*" for service, name in known if service == prefix}


_EC2_IDS: Mapping[str, tuple[str, ...]] = {
    "elastic-ip": ("AllocationId",),
    "internet-gateway": ("InternetGatewayId",),
    "launch-template": ("LaunchTemplateId",),
    "natgateway": ("NatGatewayId",),
    "route-table": ("RouteTableId",),
    "security-group": ("GroupId", "SecurityGroupId"),
    "subnet": ("SubnetId",),
    "vpc": ("VpcId",),
    "vpc-endpoint": ("VpcEndpointId",),
    "vpc-flow-log": ("FlowLogId",),
}
"""The parameters that name an existing resource, by its type."""

EC2_PREFIXES: Mapping[str, str] = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""The type of a resource by how its id begins: tags are asked on ids alone."""


def _ec2() -> dict[str, tuple[str, ...]]:
    here = "arn:{partition}:ec2:{region}:{account}:"
    found = {}
    for action, kinds in ASKED_ON.items():
        service, _, name = action.partition(":")
        if service == "ec2" and name not in {"CreateTags", "DeleteTags"}:
            # A new thing has no id, whatever else of its type the call names.
            ids = {kind: "{" + "|".join(_EC2_IDS[kind]) + "}" if kind in _EC2_IDS else "*" for kind in kinds}
            found[name] = tuple(f"{here}{kind}/{ids[kind]}" for kind in kinds)
    return found


_ELB = "arn:{partition}:elasticloadbalancing:{region}:{account}:"
_SCALING = "arn:{partition}:autoscaling:{region}:{account}:"
_MAP = "arn:{partition}:servicediscovery:{region}:{account}:"
_IAM = "arn:{partition}:iam::{account}:"

STACK_AUTHORIZATIONS: Mapping[str, Authorization] = {
    "cloudformation": Authorization(
        "cloudformation",
        ("arn:{partition}:cloudformation:{region}:{account}:stack/{StackName}/*", "{ChangeSetName}"),
        "*",
        _reference("AWS CloudFormation"),
        code="AccessDenied",
        status=403,
    ),
    "ec2": Authorization(
        "ec2",
        (),
        "*",
        _reference("Amazon EC2"),
        each=_ec2(),
        operations=("Describe", "GetManagedPrefixList", "CreateTags", "DeleteTags"),
        tagging="CreateTags",
        tagged={"*": "arn:{partition}:ec2:{region}:{account}:{TagSpecification.1.ResourceType}/*"},
        code="UnauthorizedOperation",
        status=403,
    ),
    "elasticloadbalancing": Authorization(
        "elasticloadbalancing",
        ("{RuleArn}", "{ListenerArn}", "{TargetGroupArn}", "{LoadBalancerArn}", "{ResourceArns}"),
        "*",
        _reference("AWS Elastic Load Balancing V2"),
        only=_bare("elasticloadbalancing"),
        each={
            "CreateLoadBalancer": (f"{_ELB}loadbalancer/app/{{Name}}/*",),
            "CreateTargetGroup": (f"{_ELB}targetgroup/{{Name}}/*",),
        },
        tagging="AddTags",
        tagged={
            "CreateListener": f"{_ELB}listener/app/*",
            "CreateLoadBalancer": f"{_ELB}loadbalancer/app/{{Name}}/*",
            "CreateRule": f"{_ELB}listener-rule/app/*",
            "CreateTargetGroup": f"{_ELB}targetgroup/{{Name}}/*",
        },
        code="AccessDenied",
        status=403,
    ),
    "iam": Authorization(
        "iam",
        (f"{_IAM}instance-profile/{{InstanceProfileName}}", f"{_IAM}role/{{RoleName}}", "{PolicyArn}"),
        "*",
        _reference("AWS Identity and Access Management (IAM)"),
        tagging="TagRole",
        tagged={"CreateRole": f"{_IAM}role/{{RoleName}}"},
        code="AccessDenied",
        status=403,
    ),
    "autoscaling": Authorization(
        "autoscaling",
        (f"{_SCALING}autoScalingGroup:*:autoScalingGroupName/{{AutoScalingGroupName}}",),
        "*",
        _reference("Amazon EC2 Auto Scaling"),
        code="AccessDenied",
        status=403,
    ),
    "application-autoscaling": Authorization(
        "application-autoscaling",
        ("{ResourceARN}",),
        "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/*",
        _reference("AWS Application Auto Scaling"),
        only=_bare("application-autoscaling"),
    ),
    "servicediscovery": Authorization(
        "servicediscovery",
        ("{ResourceARN}",),
        "*",
        _reference("AWS Cloud Map"),
        each={
            "CreateService": (f"{_MAP}namespace/{{NamespaceId}}", f"{_MAP}service/*"),
            "DeleteNamespace": (f"{_MAP}namespace/{{Id}}",),
            "DeleteService": (f"{_MAP}service/{{Id}}",),
            "GetNamespace": (f"{_MAP}namespace/{{Id}}",),
            "GetService": (f"{_MAP}service/{{Id}}",),
            "UpdateService": (f"{_MAP}service/{{Id}}",),
        },
        only=_bare("servicediscovery"),
    ),
}
"""By the service's name in a signature, as `natless.catalog.authorization`."""

PASSED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("iam", "AddRoleToInstanceProfile"): ("RoleName", "ec2.amazonaws.com"),
    ("ec2", "CreateFlowLogs"): ("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
}
"""Calls that hand a role to a service besides ECS's: the parameter that names it, and the service."""
