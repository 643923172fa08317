"""What those who work with a deployment may do: the least policy to deploy it, to push its images, to look at it.

CloudFormation makes resources as whoever calls it, so who deploys needs what its handlers ask, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from natless.catalog.handler_permissions import PERMISSIONS
from natless.catalog.instances import IMAGES as IMAGES_OF_INSTANCES
from natless.catalog.linked_roles import LINKED_ROLES
from natless.design.design import Design
from natless.design.images import given_image
from natless.design.names import images_stack
from natless.spec.model import Spec

Role: TypeAlias = Literal["deploy", "push", "read"]

PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""On the repository ("IAM permissions for pushing an image", Amazon ECR user guide)."""

TOKEN = "ecr:GetAuthorizationToken"  # noqa: S105 - an action's name

READ_STACK = (
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
)
READ_LOGS = ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents")
READ = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:GetManagedPrefixListEntries",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecs:DescribeClusters",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "logs:DescribeLogGroups",
)
"""What `status` and `check aws:NAME` read. Most of it knows no resource, and none of it reads data or secrets."""

CHANGE_STACK = (
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:TagResource",
)
OPERATE = ("ecs:RunTask", "ecs:StopTask")
IMAGES = ("ecr:BatchDeleteImage", "ecr:DescribeImageScanFindings", "ecr:DescribeImages", "ecr:ListImages")
GIVEN = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")
"""On the repository of an image that is given: its digest, and what it is made for."""

LOOK_UP = (
    "cloudformation:ListStacks",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeVpcEndpointServices",
    "elasticloadbalancing:DescribeAccountLimits",
    "guardduty:GetDetector",
    "guardduty:ListDetectors",
    "iam:SimulatePrincipalPolicy",
    "servicequotas:GetServiceQuota",
    "ssm:DescribeParameters",
)
"""What a deploy asks before it changes anything. Denied, it is a note: the deploy goes on without the answer."""


_PROFILE = "AWS::IAM::InstanceProfile"
_TAKERS = {
    "AWS::ECS::TaskDefinition": "ecs-tasks.amazonaws.com",
    _PROFILE: "ec2.amazonaws.com",
    "AWS::EC2::FlowLog": "vpc-flow-logs.amazonaws.com",
}
"""To whom a role is passed, by the type that names it."""
_BOUNDARY = {"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"}
_DELIVERY = {"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}
"""They know no resource."""


class Place(msgspec.Struct, frozen=True):
    """Where: `*` for what is not known stands for any."""

    partition: str = "aws"
    region: str = "*"
    account: str = "*"

    def arn(self, service: str, resource: str) -> str:
        """Give an ARN here; IAM's know no region."""
        return f"arn:{self.partition}:{service}:{'' if service == 'iam' else self.region}:{self.account}:{resource}"


def role_policy(role: Role, design: Design, spec: Spec, place: Place) -> dict[str, Any]:
    """Give the policy document of a role: push for who builds, read for who looks, deploy for all of it."""
    match role:
        case "push":
            found = list(_push(spec, place))
        case "read":
            found = list(_read(spec, place))
        case "deploy":
            found = [*_push(spec, place), *_read(spec, place), *_deploy(design, spec, place)]
    return {"Version": "2012-10-17", "Statement": [each for each in found if each["Action"] and each["Resource"]]}


def _allow(actions: Iterable[str], resources: list[str], **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": resources, **condition}


def _push(spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    yield _allow([TOKEN], ["*"])  # it knows no resource: scoped, it is denied
    yield _allow(PUSH, [_repositories(spec, place)])


def _repositories(spec: Spec, place: Place) -> str:
    return place.arn("ecr", f"repository/{spec.name}/*")


def _stacks(spec: Spec, place: Place) -> list[str]:
    # A change set is named by its own ARN; its name is generated.
    names = (f"stack/{spec.name}/*", f"stack/{images_stack(spec)}/*", "changeSet/natless-*/*")
    return [place.arn("cloudformation", name) for name in names]


def _logs(spec: Spec, place: Place) -> list[str]:
    return [place.arn("logs", f"log-group:{spec.name}-*")]


def _read(spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    yield _allow(READ_STACK, _stacks(spec, place))
    yield _allow(READ_LOGS, _logs(spec, place))
    yield _allow(READ, ["*"])


def _deploy(design: Design, spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    types = _types(design)
    asked = {action for kind in types for action in PERMISSIONS[kind]}
    asked -= set() if spec.permissions_boundary else _BOUNDARY
    asked -= set() if "AWS::EC2::FlowLog" in types else _DELIVERY
    yield _allow(CHANGE_STACK, _stacks(spec, place))
    yield _allow(LOOK_UP, ["*"])
    yield _allow(_of(asked, "ecr") | set(IMAGES), [_repositories(spec, place)])
    given = [image for service in spec.services if (image := given_image(service)) is not None]
    for image in given:
        repository = f"arn:{place.partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
        yield _allow(GIVEN, [repository])
    yield _allow(asked & _DELIVERY, ["*"])
    yield _allow(_of(asked, "logs") - set(READ) - _DELIVERY | {"logs:DeleteLogGroup"}, _logs(spec, place))
    roles = [place.arn("iam", f"role/{spec.name}-*")]
    profiles = [place.arn("iam", f"instance-profile/{spec.name}-*")] if _PROFILE in types else []
    yield _allow(_of(asked, "iam"), [*roles, *profiles])
    takers = [service for kind, service in _TAKERS.items() if kind in types]
    yield _allow(["iam:PassRole"], roles, Condition={"StringEquals": {"iam:PassedToService": takers}})
    linked = [each for each in LINKED_ROLES if types & set(each.types)]
    yield _allow(
        ["iam:CreateServiceLinkedRole"],
        [place.arn("iam", f"role/aws-service-role/{each.service}/{each.name}") for each in linked],
        Condition={"StringEquals": {"iam:AWSServiceName": [each.service for each in linked]}},
    )
    secrets = {each.identifier for service in spec.services for each in service.secrets if each.store != "ssm"}
    # AWS's own parameters belong to no account.
    images = f"arn:{place.partition}:ssm:{place.region}::parameter{IMAGES_OF_INSTANCES}/*"
    yield _allow(["ssm:GetParameter"], [images] if profiles else [])
    yield _allow(["secretsmanager:DescribeSecret"], [_secret(place, each) for each in sorted(secrets)])
    # EC2, ECS, ELB and scaling: ids are generated and many of these actions know no resource; tags cannot be asked
    # for on what is yet to be made by somebody else's handler.
    # "ssm:Get*" is asked for AMIs that a launch template names by a parameter; ours are named by their id.
    rest = {action for action in asked if action.partition(":")[0] not in {"ecr", "iam", "logs", "ssm"}}
    yield _allow(rest - set(READ), ["*"])
    yield _allow(OPERATE, [place.arn("ecs", f"task-definition/{spec.name}-*"), place.arn("ecs", f"task/{spec.name}/*")])


def _of(actions: set[str], service: str) -> set[str]:
    return {action for action in actions if action.startswith(f"{service}:")}


def _types(design: Design) -> set[str]:
    templates = [design.main, *([design.images] if design.images is not None else [])]
    return {str(body["Type"]) for template in templates for body in template["Resources"].values()}


def _secret(place: Place, identifier: str) -> str:
    if identifier.startswith("arn:"):
        return identifier
    return place.arn("secretsmanager", f"secret:{identifier}-??????")
