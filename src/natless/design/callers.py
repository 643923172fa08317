"""What those who work with a deployment may do: the least policy to deploy it, to push its images, to look at it.

CloudFormation makes resources as whoever calls it, so who deploys needs what its handlers ask, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from natless.catalog.action_resources import ASKED_ON, FORMS
from natless.catalog.handler_permissions import PERMISSIONS
from natless.catalog.instances import IMAGES as IMAGES_OF_INSTANCES
from natless.catalog.linked_roles import LINKED_ROLES
from natless.design.design import Design
from natless.design.images import given_image
from natless.spec.model import Spec

Role: TypeAlias = Literal["deploy", "push", "read", "exec"]

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
    "ecs:ListTaskDefinitions",
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

READ_CLUSTER = ("ecs:ListServices", "ecs:ListTasks")
"""Likewise, under the cluster as a condition: neither is asked on a resource."""

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
DESTROY = (
    "ecr:BatchDeleteImage",
    "ecr:DeleteRepository",
    "ecr:DescribeImageScanFindings",
    "ecr:ListImages",
    "logs:DeleteLogGroup",
)
"""What is asked past CloudFormation of images and logs, which outlive a stack."""
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

EXEC = ("cloudformation:DescribeStacks", "cloudformation:ListStackResources", "ecs:DescribeTasks", "ecs:ExecuteCommand")
"""What `exec` asks. Session Manager's own actions are not among them: the session's token opens it."""

_PUSHING = (TOKEN, *PUSH)
_READING = (*READ_STACK, *READ_LOGS, *READ)
_DEPLOYING = (*CHANGE_STACK, *LOOK_UP, *DESTROY, *OPERATE)

_PROFILE = "AWS::IAM::InstanceProfile"
_TAKERS = {
    "AWS::ECS::TaskDefinition": "ecs-tasks.amazonaws.com",
    _PROFILE: "ec2.amazonaws.com",
    "AWS::EC2::FlowLog": "vpc-flow-logs.amazonaws.com",
}
"""To whom a role is passed, by the type that names it."""
_BOUNDARY = {"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"}
_DELIVERY = {"logs:CreateLogDelivery", "logs:DeleteLogDelivery"}
_VIA_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}
"""CloudFormation asks with a forward access session, which says so ("Forward access sessions (FAS) requests and
permission evaluation", CloudFormation user guide): what stands under it, nobody may do past a stack."""
_FURTHER = {"autoscaling", "cloudwatch", "route53"}
"""What other services ask that CloudFormation calls: Cloud Map for its zone, ECS for a group's tags, scaling for its
alarms. That they say by whom they were called, no document does."""
_LAUNCH = "ec2:RunInstances"
_ANY_GROUP = "autoscaling:Describe*"
"""As AWS's registry writes what the handler of a group reads."""
_TAGGING = {"ec2:CreateTags", "ec2:DeleteTags"}
_LAUNCHED = ("instance", "volume")
"""What is tagged as instances are launched, and by no template."""


class Place(msgspec.Struct, frozen=True):
    """Where: `*` for what is not known stands for any."""

    partition: str = "aws"
    region: str = "*"
    account: str = "*"

    def arn(self, service: str, resource: str) -> str:
        """Give an ARN here; IAM's know no region."""
        return f"arn:{self.partition}:{service}:{'' if service == 'iam' else self.region}:{self.account}:{resource}"

    def arns(self, service: str, kinds: Iterable[str], name: str) -> list[str]:
        """Give the ARNs that resources of these types may have, of a deployment called `name`."""
        known = {"partition": self.partition, "region": self.region, "account": self.account, "service": service}
        return [FORMS[service][kind].format(**known, name=name) for kind in sorted(set(kinds))]


def role_policy(role: Role, design: Design, spec: Spec, place: Place) -> dict[str, Any]:
    """Give the policy document of a role: push for who builds, read for who looks, deploy for all of that.

    Commands in running tasks are a matter of their own (exec): who may run them has the task's secrets and its role.
    """
    match role:
        case "push":
            found = list(_granted(_PUSHING, spec, place))
        case "read":
            found = list(_read(_READING, spec, place))
        case "exec":
            found = [*_granted(EXEC, spec, place), _in_cluster(["ecs:ListTasks"], spec, place)]
        case "deploy":
            found = list(_deploy(design, spec, place))
    return {"Version": "2012-10-17", "Statement": [each for each in found if each["Action"] and each["Resource"]]}


def _allow(actions: Iterable[str], resources: list[str], **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": resources, **condition}


def _granted(
    actions: Iterable[str], spec: Spec, place: Place, *, leave: Iterable[str] = (), **condition: Any
) -> Iterator[dict[str, Any]]:
    """Allow actions on what they are asked on, and in a statement of its own on `*` what knows no resource.

    One statement for all services is as narrow as one for each, since an ARN says its service; a policy that stands in
    a role has room for 10,240 characters. `leave` are types of resource that are left out.
    """
    kinds = {action: set(ASKED_ON.get(action, ())) - set(leave) for action in actions}
    made = {each for action, some in kinds.items() if action not in _TAGGING for each in some}
    kinds |= {action: kinds[action] & made for action in _TAGGING & set(kinds)}
    arns: set[str] = set()
    for action, some in kinds.items():
        arns |= set(place.arns(action.partition(":")[0], some, spec.name))
    yield _allow([action for action, some in kinds.items() if not some], ["*"], **condition)
    yield _allow([action for action, some in kinds.items() if some], sorted(arns), **condition)


def _read(actions: Iterable[str], spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    yield from _granted(actions, spec, place)
    yield _in_cluster(READ_CLUSTER, spec, place)


def _in_cluster(actions: Iterable[str], spec: Spec, place: Place) -> dict[str, Any]:
    cluster = place.arn("ecs", f"cluster/{spec.name}")
    return _allow(actions, ["*"], Condition={"ArnEquals": {"ecs:cluster": cluster}})


def _deploy(design: Design, spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    types = _types(design)
    asked = {action for kind in types for action in PERMISSIONS[kind]} - set(READ)
    asked -= set() if spec.permissions_boundary else _BOUNDARY
    asked -= set() if "AWS::EC2::FlowLog" in types else _DELIVERY
    # "ssm:Get*" is asked for AMIs that a launch template names by a parameter; ours are named by their id.
    asked = {action for action in asked if not action.startswith("ssm:")}
    further = {each for each in asked if each == _LAUNCH or each.partition(":")[0] in _FURTHER} - {_ANY_GROUP}
    via = _without_covered(asked - further)
    yield from _read({*_PUSHING, *_READING, *_DEPLOYING, *further}, spec, place)
    yield from _granted(via, spec, place, leave=_LAUNCHED, Condition=_VIA_CLOUDFORMATION)
    yield from _launching(spec, place) if _LAUNCH in asked else ()
    yield from _given(spec, place)
    yield from _passed(types, spec, place)
    secrets = {each.identifier for service in spec.services for each in service.secrets if each.store != "ssm"}
    yield _allow(["secretsmanager:DescribeSecret"], [_secret(place, each) for each in sorted(secrets)])
    if _LAUNCH in asked:
        # AWS's own parameters belong to no account.
        images = f"arn:{place.partition}:ssm:{place.region}::parameter{IMAGES_OF_INSTANCES}/*"
        yield _allow(["ssm:GetParameter"], [images])


def _without_covered(actions: set[str]) -> set[str]:
    """Leave out what a pattern of AWS's own names as well."""
    patterns = tuple(each.removesuffix("*") for each in actions if each.endswith("*"))
    return {each for each in actions if each.endswith("*") or not each.startswith(patterns)}


def _launching(spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    """Allow to tag what a launch template launches: Auto Scaling asks it of whoever makes a group."""
    yield _allow(
        ["ec2:CreateTags"],
        place.arns("ec2", _LAUNCHED, spec.name),
        Condition={"StringEquals": {"ec2:CreateAction": "RunInstances"}},
    )


def _given(spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    """Allow to ask what images that are given are made for, each where it lies."""
    for image in [image for service in spec.services if (image := given_image(service)) is not None]:
        repository = f"arn:{place.partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
        yield _allow(GIVEN, [repository])


def _passed(types: set[str], spec: Spec, place: Place) -> Iterator[dict[str, Any]]:
    """Allow to hand this deployment's roles to services, and to make the roles that services have of their own."""
    takers = [service for kind, service in _TAKERS.items() if kind in types]
    condition = {"StringEquals": {"iam:PassedToService": takers}}
    yield _allow(["iam:PassRole"], place.arns("iam", ["role"], spec.name), Condition=condition)
    # The name of such a role follows from its service.
    linked = {
        "StringEquals": {"iam:AWSServiceName": [each.service for each in LINKED_ROLES if types & set(each.types)]}
    }
    yield _allow(["iam:CreateServiceLinkedRole"], place.arns("iam", ["service's role"], spec.name), Condition=linked)


def _types(design: Design) -> set[str]:
    templates = [design.main, *([design.images] if design.images is not None else [])]
    return {str(body["Type"]) for template in templates for body in template["Resources"].values()}


def _secret(place: Place, identifier: str) -> str:
    if identifier.startswith("arn:"):
        return identifier
    return place.arn("secretsmanager", f"secret:{identifier}-??????")
