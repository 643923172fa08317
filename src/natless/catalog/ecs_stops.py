"""Why ECS stops tasks for reasons other than one named step of their start: the container's own, or text cut short.

`explain` knows them, so that who pastes one learns whether the network is to blame. Nothing else leans on them.
"""

from __future__ import annotations

import msgspec

from natless.catalog.source import Source
from natless.finding import rules
from natless.finding.rules import Rule


class Stop(msgspec.Struct, frozen=True):
    """One reason. `marks` are small letters, all of which the text holds; `rules` are what to look at, likeliest first.

    `meaning` says what has happened, and what to do where no rule is to blame.
    """

    marks: tuple[str, ...]
    title: str
    meaning: str
    source: Source
    rules: tuple[Rule, ...] = ()


def _guide(page: str) -> Source:
    return Source(f"Amazon ECS Developer Guide, '{page}'", "2026-11")


_START = _guide("CannotStartContainerError errors")
_PULL = _guide("CannotPullContainer task errors")
_INIT = _guide("ResourceInitializationError errors")
_STOPPED = _guide("Stopped tasks error messages")
_TARGETS = _guide("Troubleshooting service load balancers")
_ARCHITECTURE = _guide("Task definitions for 64-bit ARM workloads")

_ROLE = (rules.EXECUTION_ROLE_DENIES, rules.ENDPOINT_POLICY_DENIES, rules.TOKEN_SCOPED)
_NO_ANSWER = (
    rules.ENDPOINT_MISSING,
    rules.PRIVATE_DNS_OFF,
    rules.ENDPOINT_INGRESS_MISSING,
    rules.TASK_EGRESS_MISSING,
    rules.DNS_HOSTNAMES_OFF,
    rules.PUBLIC_ADDRESS_MISSING,
)

STOPS: tuple[Stop, ...] = (
    Stop(
        ("exec format error",),
        "The container's program is for another CPU architecture",
        "The image was pulled, so the network is right. Build the image for the architecture that the task definition"
        " names (RuntimePlatform.CpuArchitecture, X86_64 where it is not set), or name the image's.",
        _ARCHITECTURE,
    ),
    Stop(
        ("outofmemory",),
        "The container used more memory than it has",
        "The container ran, so the network is right. Raise `memory`, or make the program use less.",
        _guide("OutOfMemoryError errors"),
    ),
    Stop(
        ("killed due to memory usage",),
        "The container used more memory than it has",
        "The container ran, so the network is right. Raise `memory`, or make the program use less.",
        _guide("OutOfMemoryError errors"),
    ),
    Stop(
        ("no space left on device",),
        "The image, or what the container writes, does not fit on the task's disk",
        "Raise EphemeralStorage of the task definition (20 GiB where it is not set), or make the image smaller.",
        _PULL,
    ),
    Stop(
        ("failed to invoke efs utils", "resolve"),
        "The task failed while mounting an EFS file system: its name did not resolve",
        "The name resolves only in zones where the file system has a mount target, and only with the VPC's DNS on.",
        _INIT,
        (rules.DNS_SUPPORT_OFF, rules.CUSTOM_DNS_UNREACHABLE),
    ),
    Stop(
        ("failed to invoke efs utils",),
        "The task failed while mounting an EFS file system",
        "The mount target's security group must let the task's group in on tcp 2049, and the task's group let it out.",
        _INIT,
        (rules.TASK_EGRESS_MISSING, rules.ACL_DENIES_REPLY, rules.ACL_DENIES_REQUEST),
    ),
    Stop(
        ("health checks failed with these codes",),
        "The task answers the load balancer's health check with a code that is not healthy",
        "An answer came, so the network is right. Look at the health check's path and matcher, and at the container's"
        " own log.",
        _TARGETS,
    ),
    Stop(
        ("failed elb health checks",),
        "The load balancer's health checks of the task failed",
        "This text does not say whether an answer came: the target's description in its target group does"
        " (Target.Timeout is the network, Target.ResponseCodeMismatch the container).",
        _TARGETS,
        (rules.TASK_INGRESS_MISSING, rules.BALANCER_EGRESS_MISSING, rules.ACL_DENIES_REPLY),
    ),
    Stop(
        ("not authorized to perform", "ecr:"),
        "ECR refused the pull",
        "ECR answered, so it is reached: the execution role or the endpoint's policy does not allow the call.",
        _PULL,
        _ROLE,
    ),
    Stop(
        ("not authorized to perform",),
        "AWS refused a call",
        "The service answered, so it is reached: the role that is named, or the endpoint's policy, does not allow it.",
        _INIT,
        _ROLE[:2],
    ),
    Stop(
        ("unable to assume the role",),
        "ECS could not assume a role of the task",
        "The role that is named does not trust ecs-tasks.amazonaws.com, or does not exist.",
        _STOPPED,
        (rules.ROLE_NOT_ASSUMABLE,),
    ),
    Stop(
        ("requires task definition to have execution role",),
        "The task definition names no execution role",
        "ECS refuses the task definition: images of ECR, logs and secrets are asked for by its execution role.",
        _STOPPED,
        (rules.EXECUTION_ROLE_MISSING,),
    ),
    Stop(
        ("no basic auth credentials",),
        "The registry was asked without a token",
        "ECR answered, so it is reached: the execution role does not allow ecr:GetAuthorizationToken, or is missing.",
        _PULL,
        (rules.EXECUTION_ROLE_MISSING, *_ROLE),
    ),
    Stop(
        ("pull access denied",),
        "The registry has no such repository, or does not show it to the task",
        "The registry answered, so it is reached: the image's name is wrong, or the execution role may not pull it.",
        _PULL,
        _ROLE[:2],
    ),
    Stop(
        ("cannotpull", "awaiting headers", ".dkr.ecr."),
        "The task failed while reading the image manifest from ECR",
        "The registry's own name did not answer.",
        _PULL,
        _NO_ANSWER,
    ),
    Stop(
        ("cannotpull", "awaiting headers"),
        "The task failed while pulling its image",
        "The registry did not answer. No VPC endpoint serves a registry other than this region's ECR.",
        _PULL,
        (rules.IMAGE_NOT_PRIVATE, rules.ENDPOINT_MISSING),
    ),
    Stop(
        ("cannotpull",),
        "The task failed while pulling its image",
        "The text ends before the cause. Paste all of it: `aws ecs describe-tasks` gives it as stoppedReason and, for"
        " each container, as reason.",
        _PULL,
        (rules.ENDPOINT_MISSING, rules.GATEWAY_NOT_ROUTED, rules.IMAGE_NOT_PRIVATE, rules.EXECUTION_ROLE_DENIES),
    ),
    Stop(
        ("unable to pull secrets or registry auth",),
        "The task failed while asking for its pull token or its secrets",
        "The text ends before it says which. Paste all of it: `aws ecs describe-tasks` gives it as stoppedReason.",
        _INIT,
        (*_NO_ANSWER[:4], rules.EXECUTION_ROLE_DENIES),
    ),
    Stop(
        ("resourceinitializationerror",),
        "The task failed before its containers started",
        "The text ends before the cause. Paste all of it: `aws ecs describe-tasks` gives it as stoppedReason.",
        _INIT,
        _NO_ANSWER[:4],
    ),
    Stop(
        ("cannotstartcontainererror",),
        "The container was made and did not start",
        "The image was pulled, so the network is right. Look at the image's entry point, its files and its user.",
        _START,
    ),
    Stop(
        ("cannotcreatecontainererror",),
        "The container could not be made",
        "The image was pulled, so the network is right. Look at the task definition: volumes, links, memory.",
        _STOPPED,
    ),
    Stop(
        ("essential", "exited"),
        "A container that the task cannot do without has ended by itself",
        "The container ran, so the network let it start. Its exit code and its log say why it ended: 137 is out of"
        " memory or killed, 139 a crash, 1 the program's own error.",
        _STOPPED,
    ),
    Stop(
        ("taskfailedtostart",),
        "The task did not start",
        "This is the stop code alone. The reason stands beside it: paste stoppedReason of `aws ecs describe-tasks`.",
        _STOPPED,
    ),
    Stop(
        ("spotinterruption",),
        "Fargate Spot took its capacity back",
        "The network is right: the service starts another task.",
        _STOPPED,
    ),
)
"""The more particular first, as `explain` takes the first that fits."""


def stop(text: str) -> Stop | None:
    """Give the reason that a text holds, in any case, or None."""
    text = text.lower()
    return next((known for known in STOPS if all(mark in text for mark in known.marks)), None)
