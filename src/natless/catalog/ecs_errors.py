"""What ECS says when a task does not start, and what it means.

The texts are ECS's own shape with the varying parts as `{names}`, gathered from public issue threads. The lab stops
tasks with them, findings show them as the symptom, and `explain` recognises them.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from natless.catalog.source import Source


class Stage(enum.StrEnum):
    """The step of a task's start that failed, in ECS's order."""

    REGISTER = "registering the container instance"
    POLL = "asking ECS what the container instance should run"
    TELEMETRY = "sending the container instance's metrics"
    PLACEMENT = "finding a container instance for the task"
    TOKEN = "asking ECR for the pull token"  # noqa: S105 - the step's name
    SECRET = "fetching a Secrets Manager secret"  # noqa: S105 - the step's name
    PARAMETER = "fetching an SSM parameter"
    ENVIRONMENT = "reading an environment file from S3"
    MANIFEST = "reading the image manifest from ECR"
    LAYER = "reading an image layer from S3"
    LOG_STREAM = "creating the log stream"
    HEALTH = "answering the load balancer's health check"


Cause = Literal["timeout", "denied", "missing", "name", "architecture", "throttled", "internet", "placement"]


class EcsError(msgspec.Struct, frozen=True):
    """One error text. `mark` is the part that tells it apart; `need` is the endpoint's need it points at, "" for none.

    `meaning` says what has happened, for people.
    """

    stage: Stage
    cause: Cause
    text: str
    mark: str
    need: str
    meaning: str
    source: Source

    def say(self, **parts: object) -> str:
        """Give the text with its varying parts filled in; `parts` must name every one of them."""
        return self.text.format(**parts)


def _thread(repository: str, number: int) -> Source:
    return Source(f"https://github.com/{repository}/issues/{number}", "2026-11")


_PULL = "ResourceInitializationError: unable to pull secrets or registry auth: "
_TROUBLE = Source("Amazon ECS Developer Guide, 'CannotPullContainer task errors'", "2026-11")
_AGENT_LOG = Source(
    "Amazon ECS Developer Guide, 'Amazon ECS log file locations': /var/log/ecs/ecs-agent.log", "2026-11"
)
_INIT = Source("Amazon ECS Developer Guide, 'ResourceInitializationError errors'", "2026-11")

TOKEN_TIMEOUT = EcsError(
    Stage.TOKEN,
    "timeout",
    _PULL
    + "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon"
    ' ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://{host}/":'
    " dial tcp {address}:443: i/o timeout",
    "cannot pull registry auth from Amazon ECR",
    "ecr.api",
    "The task asked ECR for its pull token and got no answer.",
    _thread("aws/copilot-cli", 5927),
)
TOKEN_DENIED = EcsError(
    Stage.TOKEN,
    "denied",
    _PULL + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1"
    " time(s): AccessDeniedException: User: {role} is not authorized to perform:"
    " ecr:GetAuthorizationToken on resource: *",
    "unable to retrieve ecr registry auth",
    "ecr.api",
    "ECR refused to give the pull token: the execution role or the endpoint's policy does not allow it.",
    _INIT,
)
SECRET_TIMEOUT = EcsError(
    Stage.SECRET,
    "timeout",
    _PULL + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5"
    " time(s): failed to fetch secret {secret} from secrets manager: RequestCanceled: request context"
    " canceled caused by:"
    " context deadline exceeded. Please check your task network configuration.",
    "unable to retrieve secret from asm",
    "secretsmanager",
    "The task asked Secrets Manager for a secret and got no answer.",
    _thread("Releem/releem-agent", 195),
)
SECRET_DENIED = EcsError(
    Stage.SECRET,
    "denied",
    _PULL + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1"
    " time(s): failed to fetch secret {secret} from secrets manager: AccessDeniedException: User: {role}"
    " is not authorized"
    " to perform: secretsmanager:GetSecretValue on resource: {secret}",
    "secretsmanager:GetSecretValue",
    "secretsmanager",
    "Secrets Manager refused: the execution role or the endpoint's policy does not allow reading this secret.",
    _INIT,
)
PARAMETER_TIMEOUT = EcsError(
    Stage.PARAMETER,
    "timeout",
    _PULL + "execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 5"
    " time(s): RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task"
    " network configuration.",
    "unable to retrieve secrets from ssm",
    "ssm",
    "The task asked SSM for a parameter and got no answer.",
    _thread("hashicorp/terraform-provider-aws", 33044),
)
PARAMETER_DENIED = EcsError(
    Stage.PARAMETER,
    "denied",
    _PULL
    + "execution resource retrieval failed: unable to retrieve secrets from ssm: AccessDeniedException: User: {role}"
    " is not authorized to perform: ssm:GetParameters on resource: {parameter}",
    "ssm:GetParameters",
    "ssm",
    "SSM refused: the execution role or the endpoint's policy does not allow reading this parameter.",
    _INIT,
)
_ENVIRONMENT = (
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
)
ENVIRONMENT_TIMEOUT = EcsError(
    Stage.ENVIRONMENT,
    "timeout",
    _ENVIRONMENT + "RequestCanceled: request context canceled caused by: context deadline exceeded",
    "failed to download env files",
    "s3",
    "The task asked S3 for an environment file and got no answer.",
    _thread("aws/aws-cdk", 12720),
)
ENVIRONMENT_DENIED = EcsError(
    Stage.ENVIRONMENT,
    "denied",
    _ENVIRONMENT + "AccessDenied: Access Denied status code: 403",
    "failed to download env files: file download command: non empty error stream: AccessDenied",
    "s3",
    "S3 refused an environment file: the execution role, the endpoint's policy or the bucket's does not allow it.",
    Source("Amazon ECS Developer Guide, 'Use a file to pass environment variables to a container'", "2026-11"),
)
MANIFEST_TIMEOUT = EcsError(
    Stage.MANIFEST,
    "timeout",
    'CannotPullContainerError: ref pull has been retried 5 time(s): failed to resolve ref "{image}":'
    " failed to do request:"
    ' Head "https://{host}/v2/{repository}/manifests/{reference}": dial tcp {address}:443: i/o timeout',
    "failed to resolve ref",
    "ecr.dkr",
    "The token was given, but the registry's own name did not answer.",
    _thread("deepfence/terraform-aws-cloud-scanner", 13),
)
MANIFEST_DENIED = EcsError(
    Stage.MANIFEST,
    "denied",
    'CannotPullContainerError: ref pull has been retried 1 time(s): failed to resolve ref "{image}": pulling from host'
    " {host} failed with status code [manifests {reference}]: 403 Forbidden",
    "403 Forbidden",
    "ecr.dkr",
    "The registry refused: the execution role, the endpoint's policy or the repository's policy does not"
    " allow the pull.",
    _thread("aws/aws-cdk", 14457),
)
IMAGE_NOT_FOUND = EcsError(
    Stage.MANIFEST,
    "missing",
    'CannotPullContainerError: ref pull has been retried 1 time(s): failed to resolve ref "{image}":'
    " {image}: not found",
    ": not found",
    "",
    "The registry answered: it has no such image. The tag or digest was never pushed, or was deleted.",
    _TROUBLE,
)
LAYER_TIMEOUT = EcsError(
    Stage.LAYER,
    "timeout",
    "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker:"
    " failed open: failed to"
    ' do request: Get "https://{host}/{key}": dial tcp {address}:443: i/o timeout',
    "httpReadSeeker: failed open",
    "s3-layers",
    "The manifest was read, so ECR is reached; the layer, which lies in S3, did not come.",
    _TROUBLE,
)
LAYER_DENIED = EcsError(
    Stage.LAYER,
    "denied",
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker:"
    " failed open: unexpected"
    " status code https://{host}/{key}: 403 Forbidden",
    "httpReadSeeker: failed open: unexpected status code",
    "s3-layers",
    "S3 refused the layer: the gateway endpoint's policy does not allow ECR's layer bucket.",
    _TROUBLE,
)
LOG_TIMEOUT = EcsError(
    Stage.LOG_STREAM,
    "timeout",
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times:"
    " failed to create"
    ' Cloudwatch log stream: RequestError: send request failed caused by: Post "https://{host}/": dial'
    " tcp {address}:443:"
    " i/o timeout : exit status 1",
    "failed to validate logger args",
    "logs",
    "The awslogs driver could not reach CloudWatch Logs.",
    _INIT,
)
LOG_DENIED = EcsError(
    Stage.LOG_STREAM,
    "denied",
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times:"
    " failed to create"
    " Cloudwatch log stream: AccessDeniedException: User: {role} is not authorized to perform: logs:CreateLogStream on"
    " resource: {resource} : exit status 1",
    "failed to create Cloudwatch log stream: AccessDeniedException",
    "logs",
    "CloudWatch Logs refused: the execution role or the endpoint's policy does not allow it.",
    _thread("doctorray117/minecraft-ondemand", 12),
)
LOG_GROUP_NOT_FOUND = EcsError(
    Stage.LOG_STREAM,
    "missing",
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times:"
    " failed to create"
    " Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
    "The specified log group does not exist",
    "",
    "CloudWatch Logs answered: the log group is not there, and the driver was not told to create it.",
    _INIT,
)
NAME_NOT_RESOLVED = EcsError(
    Stage.TOKEN,
    "name",
    _PULL
    + "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon"
    ' ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://{host}/":'
    " dial tcp: lookup {host}: i/o timeout",
    "dial tcp: lookup",
    "",
    "The name did not resolve: the VPC's DNS server is off, or a custom one does not answer.",
    _INIT,
)
WRONG_ARCHITECTURE = EcsError(
    Stage.MANIFEST,
    "architecture",
    "CannotPullContainerError: image Manifest does not contain descriptor matching platform '{platform}'",
    "does not contain descriptor matching platform",
    "",
    "The image was built for another CPU architecture than the task definition asks for.",
    _TROUBLE,
)
TOO_MANY_REQUESTS = EcsError(
    Stage.MANIFEST,
    "throttled",
    "CannotPullContainerError: ref pull has been retried 5 time(s): toomanyrequests: You have reached"
    " your pull rate limit.",
    "toomanyrequests",
    "image-source",
    "A public registry throttles unauthenticated pulls. Mirror the image into a private ECR repository.",
    _TROUBLE,
)
PUBLIC_REGISTRY_TIMEOUT = EcsError(
    Stage.MANIFEST,
    "internet",
    'CannotPullContainerError: ref pull has been retried 5 time(s): failed to resolve ref "{image}":'
    " failed to do request:"
    ' Head "https://{host}/v2/{repository}/manifests/{reference}": dial tcp {address}:443: i/o timeout',
    "failed to do request: Head",
    "image-source",
    "The image lies in a public registry, which no VPC endpoint serves.",
    _thread("aws/containers-roadmap", 1160),
)
TARGET_TIMEOUT = EcsError(
    Stage.HEALTH,
    "timeout",
    "(service {service}) (port {port}) is unhealthy in (target-group {target_group}) due to (reason Request timed out)",
    "due to (reason Request timed out)",
    "alb->task",
    "The load balancer's health checks get no answer from the task.",
    Source("Amazon ECS Developer Guide, 'Troubleshooting service load balancers'", "2026-11"),
)

# What the agent of a container instance writes to its log, and what the service's events then say.
REGISTER_TIMEOUT = EcsError(
    Stage.REGISTER,
    "timeout",
    "Unable to register as a container instance with ECS: RequestError: send request failed caused by: Post"
    ' "https://{host}/": dial tcp {address}:443: i/o timeout',
    "Unable to register as a container instance with ECS",
    "ecs",
    "The ECS agent of the instance asked to be registered and got no answer.",
    _thread("aws/amazon-ecs-agent", 2329),
)
REGISTER_DENIED = EcsError(
    Stage.REGISTER,
    "denied",
    "Unable to register as a container instance with ECS: AccessDeniedException: User: {role} is not authorized to"
    " perform: ecs:RegisterContainerInstance on resource: {resource}",
    "ecs:RegisterContainerInstance",
    "ecs",
    "ECS refused to register the instance: its role or the endpoint's policy does not allow it.",
    _AGENT_LOG,
)
REGISTER_WITHOUT_ROLE = EcsError(
    Stage.REGISTER,
    "missing",
    "Unable to register as a container instance with ECS: NoCredentialProviders: no valid providers in chain",
    "NoCredentialProviders: no valid providers in chain",
    "ecs",
    "The ECS agent of the instance has no credentials: the instance has no profile, or no role in it.",
    _thread("aws/amazon-ecs-agent", 605),
)
POLL_TIMEOUT = EcsError(
    Stage.POLL,
    "timeout",
    "Error connecting to ACS: websocket client: unable to dial {host} response: : dial tcp {address}:443: i/o timeout",
    "Error connecting to ACS",
    "ecs-agent",
    "The ECS agent is registered, but cannot ask what to run: the instance stays disconnected.",
    _thread("aws/amazon-ecs-agent", 1143),
)
TELEMETRY_TIMEOUT = EcsError(
    Stage.TELEMETRY,
    "timeout",
    "Error connecting to TCS: websocket client: unable to dial {host} response: : dial tcp {address}:443: i/o timeout",
    "Error connecting to TCS",
    "ecs-telemetry",
    "The ECS agent cannot send metrics and the health of its containers: tasks run, and container health checks stay"
    " UNKNOWN to ECS.",
    _thread("aws/amazon-ecs-agent", 882),
)
NOT_PLACED = EcsError(
    Stage.PLACEMENT,
    "placement",
    "(service {service}) was unable to place a task because no container instance met all of its requirements. Reason:"
    " No Container Instances were found in your cluster. For more information, see the Troubleshooting section of the"
    " Amazon ECS Developer Guide.",
    "no container instance met all of its requirements",
    "",
    "No instance is registered with the cluster that could host the task.",
    Source("Amazon ECS Developer Guide, 'Viewing Amazon ECS service event messages'", "2026-11"),
)

# The more particular mark first, as `explain` takes the first that fits.
ERRORS: tuple[EcsError, ...] = (
    NOT_PLACED,
    REGISTER_WITHOUT_ROLE,
    REGISTER_DENIED,
    REGISTER_TIMEOUT,
    POLL_TIMEOUT,
    TELEMETRY_TIMEOUT,
    WRONG_ARCHITECTURE,
    TOO_MANY_REQUESTS,
    LAYER_DENIED,
    LAYER_TIMEOUT,
    LOG_GROUP_NOT_FOUND,
    LOG_DENIED,
    LOG_TIMEOUT,
    SECRET_DENIED,
    SECRET_TIMEOUT,
    PARAMETER_DENIED,
    PARAMETER_TIMEOUT,
    ENVIRONMENT_DENIED,
    ENVIRONMENT_TIMEOUT,
    NAME_NOT_RESOLVED,
    TOKEN_DENIED,
    TOKEN_TIMEOUT,
    MANIFEST_DENIED,
    IMAGE_NOT_FOUND,
    MANIFEST_TIMEOUT,
    PUBLIC_REGISTRY_TIMEOUT,
    TARGET_TIMEOUT,
)
