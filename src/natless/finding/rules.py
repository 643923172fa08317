"""The rule registry: every code that natless says, with its name, severity and title.

The hundred says where it stops: 0 spec, 1 names, 2 routes, 3 filters, 4 endpoints, 5 identity, 6 limits and
zones, 7 cost, 8 deploy, 9 unknown. A code is never used again for something else. Each rule has its page,
`finding/pages/NLnnn.md`.
"""

from __future__ import annotations

import msgspec

from natless.finding.finding import Finding, Fix, Severity
from natless.finding.origin import Origin


class Rule(msgspec.Struct, frozen=True):
    """One rule. `name` is the problem in two or three words (`route-missing`), `title` the problem in a sentence."""

    code: str
    name: str
    severity: Severity
    title: str

    def finding(self, subject: str, origin: Origin, message: str, symptom: str = "", fix: Fix | None = None) -> Finding:
        """Give the finding of this rule on `subject`."""
        return Finding(self.code, self.name, self.severity, subject, origin, message, symptom, fix)


_ERROR = Severity.ERROR
_WARNING = Severity.WARNING
_NOTE = Severity.NOTE

# 0: spec (natless.toml)
TOML_SYNTAX = Rule("NL001", "toml-syntax", _ERROR, "The file is not TOML, so nothing in it can be read")
KEY_UNKNOWN = Rule("NL002", "key-unknown", _ERROR, "The key means nothing here, so it would be ignored")
TYPE_WRONG = Rule("NL003", "type-wrong", _ERROR, "The value is of another type than the key takes")
KEY_MISSING = Rule("NL004", "key-missing", _ERROR, "A key is missing that has no default")
NAME_INVALID = Rule("NL005", "name-invalid", _ERROR, "AWS would refuse the name, or one that is made from it")
CIDR_INVALID = Rule("NL006", "cidr-invalid", _ERROR, "The address block is none that a VPC can have")
CIDR_TOO_SMALL = Rule("NL007", "cidr-too-small", _ERROR, "The address block has no room for the subnets")
FARGATE_SIZE_IMPOSSIBLE = Rule(
    "NL008", "fargate-size-impossible", _ERROR, "Fargate has no task of this CPU and this memory"
)
NUMBER_OUT_OF_RANGE = Rule("NL009", "number-out-of-range", _ERROR, "The number is smaller or larger than AWS takes")
IMAGE_SOURCE_UNCLEAR = Rule(
    "NL010", "image-source-unclear", _ERROR, "A service needs a folder to build or an image, and only one of them"
)
IMAGE_REFERENCE_UNUSABLE = Rule(
    "NL011", "image-reference-unusable", _ERROR, "The image is not one that a task in this network can pull"
)
HEALTH_PATH_INVALID = Rule("NL012", "health-path-invalid", _ERROR, "A load balancer cannot ask for this health path")
REGION_INVALID = Rule("NL013", "region-invalid", _ERROR, "This is not the name of an AWS region")
VARIABLE_NAME_INVALID = Rule(
    "NL014", "variable-name-invalid", _ERROR, "The environment variable's name is not valid, or belongs to ECS"
)
VARIABLE_TWICE = Rule("NL015", "variable-twice", _ERROR, "A variable is both in the environment and in the secrets")
SECRET_REFERENCE_INVALID = Rule(
    "NL016", "secret-reference-invalid", _ERROR, "The text names no secret and no parameter that ECS can fetch"
)
NOT_SUPPORTED_YET = Rule("NL017", "not-supported-yet", _ERROR, "This version of natless cannot do this yet")
COUNT_MIN_ABOVE_MAX = Rule("NL018", "count-min-above-max", _ERROR, "The least number of tasks is above the most")
VALUE_INVALID = Rule("NL019", "value-invalid", _ERROR, "The text is empty, or holds what cannot stand there")
SERVICE_NAMES_ALIKE = Rule(
    "NL020", "service-names-alike", _ERROR, "Two services have names of which AWS's resources get the same ids"
)
ROUTE_INVALID = Rule("NL021", "route-invalid", _ERROR, "A load balancer cannot tell requests by this host or path")
ROUTE_TAKEN = Rule("NL022", "route-taken", _ERROR, "Two services are to answer the same requests")
PORT_UNREACHED = Rule("NL023", "port-unreached", _ERROR, "A service listens on a port that nothing leads to")
USE_INVALID = Rule("NL040", "use-invalid", _ERROR, "The text names nothing that a task can be allowed to use")
CALL_INVALID = Rule("NL041", "call-invalid", _ERROR, "The service that is to be called cannot be, by a private name")
INSTANCE_TYPE_MISSING = Rule(
    "NL030", "instance-type-missing", _ERROR, "Tasks on EC2 instances need to be told which type of instance"
)
INSTANCE_TYPE_UNKNOWN = Rule(
    "NL031", "instance-type-unknown", _ERROR, "The instance type is none whose limits natless knows"
)
INSTANCE_WITHOUT_EC2 = Rule(
    "NL032", "instance-without-ec2", _ERROR, "The key is for tasks on EC2 instances, and these tasks run on Fargate"
)
TASK_LARGER_THAN_INSTANCE = Rule(
    "NL033", "task-larger-than-instance", _ERROR, "Not one task fits on an instance of this type"
)
INSTANCES_TOO_FEW = Rule(
    "NL034", "instances-too-few", _ERROR, "The instances have no room for all tasks and for a release"
)
INSTANCE_ARCHITECTURE_WRONG = Rule(
    "NL035", "instance-architecture-wrong", _ERROR, "The instances have other processors than the image is built for"
)

# 1: names
DNS_SUPPORT_OFF = Rule("NL101", "dns-support-off", _ERROR, "The VPC's DNS server is off, so no name resolves")
DNS_HOSTNAMES_OFF = Rule(
    "NL102", "dns-hostnames-off", _ERROR, "DNS hostnames are off in the VPC, so private DNS of endpoints does not work"
)
PRIVATE_DNS_OFF = Rule(
    "NL103", "private-dns-off", _ERROR, "The endpoint's private DNS is off, so the name resolves to a public address"
)
CUSTOM_DNS_UNREACHABLE = Rule(
    "NL104", "custom-dns-unreachable", _ERROR, "The DNS server of the DHCP options cannot be asked by the task"
)
PRIVATE_NAME_ELSEWHERE = Rule(
    "NL105", "private-name-elsewhere", _ERROR, "The namespace of the called service is that of another VPC"
)

# 2: routes
ROUTE_MISSING = Rule("NL201", "route-missing", _ERROR, "The subnet's route table has no route to the destination")
GATEWAY_NOT_ROUTED = Rule(
    "NL202", "gateway-endpoint-not-routed", _ERROR, "The gateway endpoint is not on the subnet's route table"
)
ROUTE_BLACKHOLE = Rule("NL203", "route-blackhole", _ERROR, "The route leads to something that is not there")
PUBLIC_ADDRESS_MISSING = Rule(
    "NL204", "public-address-missing", _ERROR, "The route leads to the internet gateway, but the task has no public IP"
)
BALANCER_NOT_PUBLIC = Rule(
    "NL205", "balancer-subnet-private", _ERROR, "A subnet of the public load balancer has no route to the internet"
)
NAT_WITHOUT_INTERNET = Rule(
    "NL206", "nat-without-internet", _ERROR, "The NAT gateway itself has no way to the internet"
)
TASK_REACHES_INTERNET = Rule(
    "NL207", "task-reaches-internet", _ERROR, "The task can reach the internet although it was promised not to"
)

# 3: filters
TASK_EGRESS_MISSING = Rule(
    "NL301", "task-egress-missing", _ERROR, "The task's security groups do not let the request out"
)
PREFIX_LIST_EGRESS_MISSING = Rule(
    "NL302", "prefix-list-egress-missing", _ERROR, "The task's security groups do not let requests to S3 out"
)
ENDPOINT_INGRESS_MISSING = Rule(
    "NL303", "endpoint-ingress-missing", _ERROR, "The endpoint's security groups do not let the task in"
)
ACL_DENIES_REQUEST = Rule("NL304", "acl-denies-request", _ERROR, "A network ACL stops the request")
ACL_DENIES_REPLY = Rule(
    "NL305",
    "acl-denies-reply",
    _ERROR,
    "A network ACL stops the answer: it is stateless, and ephemeral ports are closed",
)
BALANCER_INGRESS_MISSING = Rule(
    "NL306", "balancer-ingress-missing", _ERROR, "The load balancer's security groups let nobody from the internet in"
)
BALANCER_EGRESS_MISSING = Rule(
    "NL307", "balancer-egress-missing", _ERROR, "The load balancer's security groups do not let it reach the task"
)
TASK_INGRESS_MISSING = Rule(
    "NL308",
    "task-ingress-missing",
    _ERROR,
    "The task's security groups do not let the load balancer, or a calling service, in",
)
TASK_EXPOSED = Rule("NL309", "task-exposed", _ERROR, "The task answers to the whole internet, past the load balancer")
RULE_OPEN_TO_ALL = Rule(
    "NL310", "ingress-open-to-all", _WARNING, "The task's security group lets any address in; only the subnet hides it"
)
SELF_RULE_MISSING = Rule(
    "NL311", "self-rule-missing", _ERROR, "One group on both ends allows nothing without a rule that names itself"
)

ACL_NARROW_EPHEMERAL = Rule(
    "NL312", "acl-narrow-ephemeral", _WARNING, "A network ACL lets only some of the ephemeral ports pass"
)
BALANCER_DEGRADED = Rule(
    "NL313", "balancer-degraded", _ERROR, "Some of the load balancer's addresses do not answer the internet"
)
DYNAMIC_PORTS_CLOSED = Rule(
    "NL314",
    "dynamic-ports-closed",
    _ERROR,
    "The load balancer is not let through to the ports that Docker gives out on the instances",
)

# 4: endpoints
ENDPOINT_MISSING = Rule(
    "NL401", "endpoint-missing", _ERROR, "No endpoint serves the service, and no path leads to its public address"
)
ENDPOINT_POLICY_DENIES = Rule(
    "NL402", "endpoint-policy-denies", _ERROR, "The endpoint's policy does not allow the call"
)
ENDPOINT_DEGRADED = Rule(
    "NL403", "endpoint-degraded", _WARNING, "Some of the endpoint's interfaces are not reachable from the task"
)
ENDPOINT_NOT_AVAILABLE = Rule("NL404", "endpoint-not-available", _ERROR, "The endpoint stands but is not available")
S3_INTERFACE_ONLY = Rule(
    "NL405",
    "s3-interface-endpoint",
    _ERROR,
    "Image layers need a gateway endpoint: ECR does not use an S3 interface endpoint",
)
IMAGE_NOT_PRIVATE = Rule(
    "NL406", "image-not-private", _ERROR, "The image lies in a registry that no VPC endpoint serves"
)

ENDPOINT_WITHOUT_SUBNET = Rule(
    "NL407", "endpoint-without-subnet", _ERROR, "The interface endpoint stands in no subnet, so it has no address"
)

ENDPOINT_SILENT = Rule(
    "NL408",
    "endpoint-silent",
    _WARNING,
    "Every gate on the way is open, and yet a task was stopped because the service did not answer",
)

# 5: identity
EXECUTION_ROLE_MISSING = Rule("NL501", "execution-role-missing", _ERROR, "The task definition names no execution role")
EXECUTION_ROLE_DENIES = Rule(
    "NL502", "execution-role-denies", _ERROR, "The execution role does not allow what starting the task needs"
)
TASK_ROLE_DENIES = Rule("NL503", "task-role-denies", _ERROR, "The task role does not allow what the containers need")
TOKEN_SCOPED = Rule(
    "NL504", "token-scoped", _ERROR, "ecr:GetAuthorizationToken is allowed on a repository, but it knows only *"
)
ROLE_NOT_ASSUMABLE = Rule("NL505", "role-not-assumable", _ERROR, "The role does not trust ecs-tasks.amazonaws.com")
SECRET_BARE_NAME = Rule(
    "NL506", "secret-bare-name", _WARNING, "A bare name means an SSM parameter; a Secrets Manager secret needs its ARN"
)
INSTANCE_ROLE_MISSING = Rule(
    "NL507", "instance-role-missing", _ERROR, "The container instances have no role, so their agent cannot register"
)
INSTANCE_ROLE_DENIES = Rule(
    "NL508", "instance-role-denies", _ERROR, "The container instances' role does not allow what hosting tasks needs"
)
INSTANCE_ROLE_NOT_ASSUMABLE = Rule(
    "NL509", "instance-role-not-assumable", _ERROR, "The container instances' role does not trust ec2.amazonaws.com"
)

# 6: limits and zones

# 7: cost

# 8: deploy
START_BEFORE_ENDPOINT = Rule(
    "NL801", "starts-before-endpoint", _WARNING, "The service may start before the endpoints its tasks need"
)
START_BEFORE_RULE = Rule(
    "NL802", "starts-before-rule", _WARNING, "The service may start before the group rules or routes its tasks need"
)
START_BEFORE_LISTENER = Rule(
    "NL803", "starts-before-listener", _ERROR, "The service may be made before its target group has a load balancer"
)
TARGET_GROUP_UNATTACHED = Rule(
    "NL804", "target-group-unattached", _ERROR, "No listener forwards to the service's target group"
)
TARGET_TYPE_MISMATCH = Rule(
    "NL805",
    "target-type-mismatch",
    _ERROR,
    "Tasks in awsvpc mode need a target group of type ip, in bridge and host mode one of type instance",
)
TARGET_PORT_MISMATCH = Rule(
    "NL806", "target-port-mismatch", _ERROR, "The service registers a container port that the container does not open"
)
LOG_GROUP_MISSING = Rule(
    "NL807", "log-group-missing", _WARNING, "The log group is not among what was read, and the task may not create it"
)
BALANCER_WITHOUT_LISTENER = Rule("NL808", "listener-missing", _ERROR, "The load balancer has no listener")
INSTANCE_CLUSTER_MISMATCH = Rule(
    "NL815", "instance-cluster-mismatch", _ERROR, "The container instances register with another cluster"
)
NO_CONTAINER_INSTANCE = Rule(
    "NL816", "no-container-instance", _ERROR, "The cluster has no container instance to place the task on"
)

# Also 8, but only an account can tell: what a deploy asks before it changes anything.
LINKED_ROLE_MISSING = Rule(
    "NL809", "linked-role-missing", _WARNING, "A service-linked role does not stand yet, and the first stack needs it"
)
QUOTA_PASSED = Rule("NL810", "quota-passed", _ERROR, "The account's quota has no room for what would be made")
ZONE_NOT_OFFERED = Rule(
    "NL811", "zone-not-offered", _ERROR, "An endpoint's service is not offered in a zone of the private subnets"
)
PRIVATE_DNS_TAKEN = Rule(
    "NL812", "private-dns-taken", _ERROR, "Another endpoint in the VPC holds the private DNS name already"
)
GUARDDUTY_AGENT_BLOCKED = Rule(
    "NL813", "guardduty-agent-blocked", _WARNING, "GuardDuty adds an agent to every task, whose image they may not pull"
)
CALLER_DENIED = Rule("NL814", "caller-denied", _WARNING, "The caller may not do all that the deployment needs")
NETWORK_STAYS = Rule(
    "NL817", "network-stays", _ERROR, "The VPC's block and zones cannot be changed under what stands in it"
)

# 9: unknown
TEMPLATE_UNREADABLE = Rule("NL901", "template-unreadable", _ERROR, "The text is no CloudFormation template")
TEMPLATE_MALFORMED = Rule(
    "NL902", "template-malformed", _ERROR, "A part of the template does not have the form that CloudFormation asks for"
)
REFERENCE_UNDEFINED = Rule("NL903", "reference-undefined", _ERROR, "The template refers to something it does not hold")
REFERENCE_CIRCLE = Rule("NL904", "reference-circle", _ERROR, "Resources refer to each other in a circle")
PARAMETER_REFUSED = Rule("NL905", "parameter-refused", _ERROR, "The template does not take this parameter or value")
SNAPSHOT_MALFORMED = Rule(
    "NL906", "snapshot-malformed", _ERROR, "A part of the describe JSON does not have the form that AWS gives it"
)

# Collected, not listed again, so that no rule can be forgotten.
RULES: tuple[Rule, ...] = tuple(value for value in tuple(globals().values()) if isinstance(value, Rule))

_BY_WORD = {word: rule for rule in RULES for word in (rule.code, rule.name)}


def rule(word: str) -> Rule | None:
    """Give the rule of a code (`NL201`, in any case) or of a name (`route-missing`), or None."""
    return _BY_WORD.get(word.strip().upper()) or _BY_WORD.get(word.strip().lower())
