"""What AWS refuses although every template validator passes, in AWS's own words.

Each refusal carries the error code of the API, the text with the varying parts as `{names}`, and where the
text was read. The lab refuses with them, and `explain` recognises them.
"""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source


class Refusal(msgspec.Struct, frozen=True):
    """One thing that AWS refuses: `call` is the API call that meets it, `code` the error code, `text` the message."""

    call: str
    code: str
    text: str
    source: Source

    def say(self, **parts: object) -> str:
        """Give the message with its varying parts filled in; `parts` must name every one of them."""
        return self.text.format(**parts)


def _thread(repository: str, number: int) -> Source:
    return Source(document=f"https://github.com/{repository}/issues/{number}", read="2026-11")


_EC2_ERRORS = Source(
    document="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html", read="2026-11"
)


def _elb(call: str) -> Source:
    where = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference"
    return Source(document=f"{where}/API_{call}.html", read="2026-11")


_ELB_API = _elb("CreateLoadBalancer")
_ECS_API = Source(
    document="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html", read="2026-11"
)
_ECS_CLUSTER = Source(
    document="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html", read="2026-11"
)
_ECS_TASK = Source(
    document="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html", read="2026-11"
)
_ENDPOINT_DOC = Source(
    document="https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html", read="2026-11"
)
_IAM_DOC = Source(
    document="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html", read="2026-11"
)

# ECS Exec: what is refused when it is asked for, and when a service is made whose tasks could not serve it.
EXEC_NOT_ENABLED = Refusal(
    call="ecs:ExecuteCommand",
    code="InvalidParameterException",
    text="The execute command failed because execute command was not enabled when the task was run or the execute"
    " command agent isn\u2019t running. Wait and try again or run a new task with execute command enabled and try"
    " again.",
    source=_thread("fabfuel/ecs-deploy", 193),
)
EXEC_NOT_CONNECTED = Refusal(
    call="ecs:ExecuteCommand",
    code="TargetNotConnectedException",
    text="The execute command failed due to an internal error. Try again later.",
    source=_thread("aws-containers/amazon-ecs-exec-checker", 43),
)
EXEC_WITHOUT_ROLE = Refusal(
    call="ecs:CreateService",
    code="InvalidParameterException",
    text="The service couldn't be {done} because a valid taskRoleArn is not being used. Specify a valid task role in"
    " your task definition and try again.",
    source=_thread("aws/aws-cli", 6242),
)
EXEC_TASK_WITHOUT_ROLE = Refusal(
    call="ecs:RunTask",
    code="InvalidParameterException",
    text="The execute command failed because a valid task role is not being used. Specify a valid task role in your"
    " task definition or as a task override and try again.",
    source=_thread("boto/boto3", 3173),
)

# Order: what stands in no template edge, so that validators cannot see it.
NO_GATEWAY_FOR_BALANCER = Refusal(
    call="elasticloadbalancing:CreateLoadBalancer",
    code="InvalidSubnet",
    text="VPC {vpc} has no internet gateway",
    source=_thread("aws-cloudformation/aws-cloudformation-templates", 75),
)
ROUTE_BEFORE_ATTACHMENT = Refusal(
    call="ec2:CreateRoute",
    code="InvalidParameterValue",
    text="route table {route_table} and network gateway {gateway} belong to different networks",
    source=_thread("kubernetes-retired/kube-aws", 1077),
)
NO_GATEWAY_FOR_ADDRESS = Refusal(
    call="ec2:AssociateAddress",
    code="Gateway.NotAttached",
    text="Network {vpc} is not attached to any internet gateway",
    source=_EC2_ERRORS,
)
NO_GATEWAY_FOR_NAT = Refusal(
    call="ec2:CreateNatGateway",
    code="Gateway.NotAttached",
    text="Network {vpc} has no Internet gateway attached",
    source=Source(
        document="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html", read="2026-11"
    ),
)
TARGET_GROUP_WITHOUT_BALANCER = Refusal(
    call="ecs:CreateService",
    code="InvalidParameterException",
    text="The target group with targetGroupArn {target_group} does not have an associated load balancer.",
    source=_thread("Bayer-Group/cloudformation-template-generator", 181),
)

# Endpoints.
PRIVATE_DNS_NEEDS_ATTRIBUTES = Refusal(
    call="ec2:CreateVpcEndpoint",
    code="InvalidParameter",
    text="Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
    "{vpc}",
    source=_ENDPOINT_DOC,
)
PRIVATE_DNS_CONFLICT = Refusal(
    call="ec2:CreateVpcEndpoint",
    code="InvalidParameter",
    text="private-dns-enabled cannot be set because there is already a conflicting DNS domain for {domain} in the VPC "
    "{vpc}",
    source=_thread("hashicorp/terraform-provider-aws", 17535),
)
TWO_SUBNETS_IN_ONE_ZONE = Refusal(
    call="ec2:CreateVpcEndpoint",
    code="DuplicateSubnetsInSameZone",
    text="Found another VPC endpoint subnet in the availability zone of {subnet}. VPC endpoint subnets should be in "
    "different availability zones supported by the VPC endpoint service.",
    source=_thread("terraform-aws-modules/terraform-aws-vpc", 583),
)
ENDPOINT_KIND = Refusal(
    call="ec2:CreateVpcEndpoint",
    code="InvalidParameter",
    text="Endpoint type ({kind}) does not match available service types ([{kinds}]).",
    source=_ENDPOINT_DOC,
)
ENDPOINT_SERVICE_UNKNOWN = Refusal(
    call="ec2:CreateVpcEndpoint",
    code="InvalidServiceName",
    text="The Vpc Endpoint Service '{service}' does not exist",
    source=_EC2_ERRORS,
)
ENDPOINT_ROUTE_EXISTS = Refusal(
    call="ec2:CreateVpcEndpoint",
    code="RouteAlreadyExists",
    text="route table {route_table} already has a route with destination-prefix-list-id {prefix_list}",
    source=_EC2_ERRORS,
)

# Load balancers.
HEALTH_CHECK_TIMEOUT = Refusal(
    call="elasticloadbalancing:CreateTargetGroup",
    code="ValidationError",
    text="Health check interval must be greater than the timeout.",
    source=_thread("terraform-linters/tflint-ruleset-aws", 404),
)
BALANCER_NEEDS_TWO_ZONES = Refusal(
    call="elasticloadbalancing:CreateLoadBalancer",
    code="ValidationError",
    text="At least two subnets in two different Availability Zones must be specified",
    source=_ELB_API,
)
BALANCER_SUBNETS_SHARE_A_ZONE = Refusal(
    call="elasticloadbalancing:CreateLoadBalancer",
    code="InvalidConfigurationRequest",
    text="A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    source=_ELB_API,
)
BALANCER_NAME_TAKEN = Refusal(
    call="elasticloadbalancing:CreateLoadBalancer",
    code="DuplicateLoadBalancerName",
    text="A load balancer with the same name '{name}' exists, but with different settings",
    source=_ELB_API,
)
BALANCER_PROTECTED = Refusal(
    call="elasticloadbalancing:DeleteLoadBalancer",
    code="OperationNotPermitted",
    text="Load balancer '{balancer}' cannot be deleted because deletion protection is enabled",
    source=_ELB_API,
)
BALANCER_WITHOUT_GROUPS = Refusal(
    call="elasticloadbalancing:SetSecurityGroups",
    code="InvalidConfigurationRequest",
    text="You cannot set security groups on a Network Load Balancer which was created without any security groups.",
    source=_thread("kubernetes-sigs/cluster-api-provider-aws", 4790),
)
ZONE_HAS_SUBNET = Refusal(
    call="elasticloadbalancing:SetSubnets",
    code="InvalidConfigurationRequest",
    text="You cannot specify an additional subnet from an Availability Zone that is already associated with the load "
    "balancer. The Availability Zone '{zone}' corresponding to the new subnet '{subnet}' is already associated with "
    "the load balancer.",
    source=_thread("kubernetes-sigs/aws-load-balancer-controller", 4171),
)
ALLOCATION_IN_USE = Refusal(
    call="elasticloadbalancing:CreateLoadBalancer",
    code="ResourceInUse",
    text="The allocation IDs are not available for use",
    source=_thread("hashicorp/terraform-provider-aws", 15031),
)
LISTENER_EXISTS = Refusal(
    call="elasticloadbalancing:CreateListener",
    code="DuplicateListener",
    text="A listener already exists on this port for this load balancer '{balancer}'",
    source=_elb("CreateListener"),
)
LISTENER_NEEDS_CERTIFICATE = Refusal(
    call="elasticloadbalancing:CreateListener",
    code="ValidationError",
    text="A certificate must be specified for {protocol} listeners",
    source=_elb("CreateListener"),
)
CERTIFICATE_NOT_FOUND = Refusal(
    call="elasticloadbalancing:CreateListener",
    code="CertificateNotFound",
    text="Certificate '{certificate}' not found",
    source=_elb("CreateListener"),
)
TLS_POLICY_NOT_FOUND = Refusal(
    call="elasticloadbalancing:CreateListener",
    code="SSLPolicyNotFound",
    text="SSL policy '{policy}' not found",
    source=_elb("CreateListener"),
)
PRIORITY_TAKEN = Refusal(
    call="elasticloadbalancing:SetRulePriorities",
    code="PriorityInUse",
    text="Priority '{priority}' is currently in use",
    source=_elb("SetRulePriorities"),
)

# Deletions.
GROUP_IN_USE = Refusal(
    call="ec2:DeleteSecurityGroup",
    code="DependencyViolation",
    text="resource {group} has a dependent object",
    source=_EC2_ERRORS,
)
DEFAULT_GROUP_KEPT = Refusal(
    call="ec2:DeleteSecurityGroup",
    code="CannotDelete",
    text='the specified group: "{group}" name: "default" cannot be deleted by a user',
    source=_EC2_ERRORS,
)
SUBNET_IN_USE = Refusal(
    call="ec2:DeleteSubnet",
    code="DependencyViolation",
    text="The subnet '{subnet}' has dependencies and cannot be deleted.",
    source=_EC2_ERRORS,
)
VPC_IN_USE = Refusal(
    call="ec2:DeleteVpc",
    code="DependencyViolation",
    text="The vpc '{vpc}' has dependencies and cannot be deleted.",
    source=_EC2_ERRORS,
)
ADDRESSES_STILL_MAPPED = Refusal(
    call="ec2:DetachInternetGateway",
    code="DependencyViolation",
    text="Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching "
    "the gateway.",
    source=_thread("hashicorp/terraform", 1303),
)
ZONE_INVALID = Refusal(
    call="ec2:CreateSubnet",
    code="InvalidParameterValue",
    text="Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the "
    "following availability zones: {zones}.",
    source=_thread("TheSudoYT/terraform-aws-palworld", 9),
)
BLOCK_TAKEN = Refusal(
    call="ec2:CreateSubnet",
    code="InvalidSubnet.Conflict",
    text="The CIDR '{block}' conflicts with another subnet",
    source=_thread("waterbear-cloud/paco", 40),
)
GATEWAY_IN_USE = Refusal(
    call="ec2:DeleteInternetGateway",
    code="DependencyViolation",
    text="The internetGateway '{gateway}' has dependencies and cannot be deleted.",
    source=_EC2_ERRORS,
)
INTERFACE_IN_USE = Refusal(
    call="ec2:DeleteNetworkInterface",
    code="InvalidParameterValue",
    text="Network interface '{interface}' is currently in use.",
    source=_EC2_ERRORS,
)
ALREADY_ASSOCIATED = Refusal(
    call="ec2:AssociateRouteTable",
    code="Resource.AlreadyAssociated",
    text="the specified association for route table {route_table} conflicts with an existing association",
    source=_EC2_ERRORS,
)
CLUSTER_HAS_SERVICES = Refusal(
    call="ecs:DeleteCluster",
    code="ClusterContainsServicesException",
    text="The Cluster cannot be deleted while Services are active.",
    source=_ECS_CLUSTER,
)
CLUSTER_HAS_TASKS = Refusal(
    call="ecs:DeleteCluster",
    code="ClusterContainsTasksException",
    text="The Cluster cannot be deleted while Tasks are active.",
    source=_ECS_CLUSTER,
)

# ECS.
FARGATE_SIZE = Refusal(
    call="ecs:RegisterTaskDefinition",
    code="ClientException",
    text="No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS "
    "documentation for the valid values.",
    source=_ECS_TASK,
)
ESSENTIAL_DEPENDENCY = Refusal(
    call="ecs:RegisterTaskDefinition",
    code="ClientException",
    text="A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    source=_thread("boto/boto3", 2436),
)
DEPENDENCY_MISSING = Refusal(
    call="ecs:RegisterTaskDefinition",
    code="ClientException",
    text="Cannot depend on container + '{container}' because it does not exist",
    source=_thread("eagletmt/hako", 99),
)
FARGATE_LOGS_NEED_ROLE = Refusal(
    call="ecs:RegisterTaskDefinition",
    code="ClientException",
    text="Fargate requires task definition to have execution role ARN to support log driver awslogs.",
    source=_thread("virtual-kubelet/virtual-kubelet", 193),
)
FARGATE_IMAGES_NEED_ROLE = Refusal(
    call="ecs:RegisterTaskDefinition",
    code="ClientException",
    text="Fargate requires task definition to have execution role ARN to support ECR images.",
    source=_thread("hashicorp/terraform-provider-aws", 3051),
)
SERVICE_EXISTS = Refusal(
    call="ecs:CreateService",
    code="InvalidParameterException",
    text="Creation of service was not idempotent.",
    source=_ECS_API,
)
CONTAINER_NOT_IN_DEFINITION = Refusal(
    call="ecs:CreateService",
    code="InvalidParameterException",
    text="The container {container} does not exist in the task definition.",
    source=_ECS_API,
)
PORT_NOT_IN_DEFINITION = Refusal(
    call="ecs:CreateService",
    code="InvalidParameterException",
    text="The container {container} did not have a container port {port} defined.",
    source=_ECS_API,
)
EXECUTION_ROLE_NEEDED = Refusal(
    call="ecs:RegisterTaskDefinition",
    code="ClientException",
    text="Fargate requires task definition to have execution role ARN to support {what}.",
    source=_thread("hashicorp/terraform-provider-aws", 3051),
)
ROLE_NOT_ASSUMED = Refusal(
    call="ecs:RunTask",
    code="ClientException",
    text="ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being"
    " passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this"
    " role.",
    source=_thread("telia-oss/terraform-aws-ecs-fargate", 58),
)
TARGET_TYPE_INCOMPATIBLE = Refusal(
    call="ecs:CreateService",
    code="InvalidParameterException",
    text="The provided target group {target_group} has target type {target_type}, which is incompatible with the "
    "{mode} network mode specified in the task definition.",
    source=_thread("hashicorp/terraform", 24266),
)

# CloudFormation.
CIRCUIT_BREAKER = Refusal(
    call="cloudformation:AWS::ECS::Service",
    code="GeneralServiceException",
    text="Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.",
    source=_thread("aws/copilot-cli", 5296),
)
NOT_STABILIZED = Refusal(
    call="cloudformation:AWS::ECS::Service",
    code="NotStabilized",
    text="Exceeded attempts to wait",
    source=_thread("aws/containers-roadmap", 328),
)

# IAM: met when the task starts, not when the stack is made.
TOKEN_NOT_ALLOWED = Refusal(
    call="ecr:GetAuthorizationToken",
    code="AccessDeniedException",
    text="User: {principal} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no "
    "identity-based policy allows the ecr:GetAuthorizationToken action",
    source=_IAM_DOC,
)

REFUSALS: tuple[Refusal, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Refusal))
"""Every refusal of this module."""
