"""What a person sees when a need is not met: the text of ECS, with the kind of address that it would show."""

from __future__ import annotations

from natless.catalog import ecs_errors, refusals
from natless.catalog.ecs_errors import EcsError
from natless.catalog.needs import LAYER_BUCKET
from natless.catalog.services import service as catalog_service
from natless.catalog.services import suffix
from natless.cloud import Cloud
from natless.cloud.text import is_symbolic
from natless.finding import rules
from natless.finding.rules import (
    CUSTOM_DNS_UNREACHABLE,
    DNS_SUPPORT_OFF,
    ENDPOINT_WITHOUT_SUBNET,
    INSTANCE_ROLE_MISSING,
    INSTANCE_ROLE_NOT_ASSUMABLE,
    Rule,
)
from natless.prove.answers import No

ENVIRONMENT_FILE = "s3, at the start"
"""The need of S3 where a task does not start without it, as it has environment files there."""

_TIMEOUTS = {
    "ecr.api": ecs_errors.TOKEN_TIMEOUT,
    "ecr.dkr": ecs_errors.MANIFEST_TIMEOUT,
    "s3-layers": ecs_errors.LAYER_TIMEOUT,
    "logs": ecs_errors.LOG_TIMEOUT,
    "secretsmanager": ecs_errors.SECRET_TIMEOUT,
    "ssm": ecs_errors.PARAMETER_TIMEOUT,
    ENVIRONMENT_FILE: ecs_errors.ENVIRONMENT_TIMEOUT,
    "image-source": ecs_errors.PUBLIC_REGISTRY_TIMEOUT,
    "alb->task": ecs_errors.TARGET_TIMEOUT,
    "ecs": ecs_errors.REGISTER_TIMEOUT,
    "ecs-agent": ecs_errors.POLL_TIMEOUT,
    "ecs-telemetry": ecs_errors.TELEMETRY_TIMEOUT,
}
_DENIALS = {
    "ecr.api": ecs_errors.TOKEN_DENIED,
    "ecr.dkr": ecs_errors.MANIFEST_DENIED,
    "s3-layers": ecs_errors.LAYER_DENIED,
    "logs": ecs_errors.LOG_DENIED,
    "secretsmanager": ecs_errors.SECRET_DENIED,
    "ssm": ecs_errors.PARAMETER_DENIED,
    ENVIRONMENT_FILE: ecs_errors.ENVIRONMENT_DENIED,
    "ecs": ecs_errors.REGISTER_DENIED,
}
_OTHERS = {
    "internet->alb": "The browser waits and gives up: ERR_CONNECTION_TIMED_OUT.",
    "ssmmessages": "An error occurred (TargetNotConnectedException) when calling the ExecuteCommand operation: The"
    " execute command failed due to an internal error. Try again later.",
}


def symptom(cloud: Cloud, need: str, no: No) -> str:
    """Give the text that shows when `need` (or ENVIRONMENT_FILE) fails by `no`; "" where there is none to tell."""
    refused = _refusal(need, no.rule)
    if refused:
        return refused
    error = _error(need, no)
    if error is None:
        return _OTHERS.get(need, "")
    public = no.public or need in {"s3-layers", "image-source"}
    region = cloud.region if not is_symbolic(cloud.region) else "REGION"
    parts = {
        "host": _host(need, region),
        "address": "<public IP>" if public else "<VPC IP>",
        "role": "<execution role>",
        "secret": "<secret>",
        "parameter": "<parameter>",
        "resource": "<log group>",
        "image": "<image>",
        "repository": "<repository>",
        "reference": "<tag or digest>",
        "key": "<layer>",
        "service": "<service>",
        "port": "<port>",
        "target_group": "<target group>",
    }
    return error.say(**parts)


def _refusal(need: str, rule: Rule) -> str:
    """Give the words with which ECS refuses, where nothing is started at all; "" for any other rule."""
    group = "<target group>"
    match rule:
        case rules.TARGET_PORT_MISMATCH:
            return refusals.PORT_NOT_IN_DEFINITION.say(container="<container>", port="<port>")
        case rules.TARGET_TYPE_MISMATCH:
            return refusals.TARGET_TYPE_INCOMPATIBLE.say(
                target_group=group, target_type="<target type>", mode="<network mode>"
            )
        case rules.TARGET_GROUP_UNATTACHED:
            return refusals.TARGET_GROUP_WITHOUT_BALANCER.say(target_group=group)
        case rules.EXECUTION_ROLE_MISSING:
            return refusals.EXECUTION_ROLE_NEEDED.say(what=_NEEDS_ROLE.get(need, "secrets"))
        case rules.ROLE_NOT_ASSUMABLE:
            return refusals.ROLE_NOT_ASSUMED.say(role="<role>")
        case _:
            return ""


_NEEDS_ROLE = {"ecr.api": "ECR images", "ecr.dkr": "ECR images", "logs": "log driver awslogs"}


def _error(need: str, no: No) -> EcsError | None:
    if no.rule in {INSTANCE_ROLE_MISSING, INSTANCE_ROLE_NOT_ASSUMABLE}:
        return ecs_errors.REGISTER_WITHOUT_ROLE
    if no.gate.kind == "placement":
        return ecs_errors.NOT_PLACED
    if no.rule in {DNS_SUPPORT_OFF, CUSTOM_DNS_UNREACHABLE, ENDPOINT_WITHOUT_SUBNET} and need in _TIMEOUTS:
        return ecs_errors.NAME_NOT_RESOLVED
    if no.gate.kind in {"identity", "endpoint-policy"}:
        return _DENIALS.get(need)
    return _TIMEOUTS.get(need)


def _host(need: str, region: str) -> str:
    if need == "s3-layers":
        return f"{LAYER_BUCKET.format(region=region)}.s3.{region}.{suffix(region)}"
    known = catalog_service(need)
    return known.host(region, "<account>") if known is not None else "<registry>"
