"""The releases of a deployment: what each revision of its task definitions ran, and whether it came up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from natless.deploy import digests
from natless.deploy.calls import Connect, code, pages
from natless.deploy.stacks import Events, Stack
from natless.design import Design
from natless.spec.image import ImageReferenceError, ecr_image
from natless.spec.model import Spec

_MOST = 20
"""Revisions of a service that are looked at."""

_TASK = "AWS::ECS::TaskDefinition"
_STACK = "AWS::CloudFormation::Stack"
_UP = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class Release(msgspec.Struct, frozen=True):
    """An image that a service was given, by the newest revision with it. `at` is when that was registered.

    `runs`: it is what the service has now. `came_up`: the stack's events say that it ran and was healthy; they are
    remembered for 90 days. `there`: its image lies in its repository still.
    """

    service: str
    revision: str
    digest: str
    at: datetime | None
    runs: bool
    came_up: bool
    there: bool


def releases(connect: Connect, design: Design, spec: Spec, stack: Stack) -> tuple[Release, ...]:
    """Give the releases of each service of a deployment that stands as `stack`, newest first; each image once."""
    running = digests.standing(design, spec, connect, stack.parameters)
    up = _came_up(connect, stack)
    return tuple(
        found
        for service in spec.services
        for found in _of(connect, f"{spec.name}-{service.name}", service.name, running[service.name], up)
    )


def _of(connect: Connect, family: str, service: str, running: str, up: frozenset[str]) -> Iterator[Release]:
    by_image: dict[str, list[Mapping[str, Any]]] = {}
    for about in _definitions(connect, family):
        by_image.setdefault(str(about["containerDefinitions"][0]["image"]), []).append(about)
    for image, revisions in by_image.items():
        newest, digest = revisions[0], image.rpartition("@")[2]
        yield Release(
            service,
            f"{newest['family']}:{newest['revision']}",
            digest,
            newest.get("registeredAt"),
            runs=digest == running,
            came_up=any(each["taskDefinitionArn"] in up for each in revisions),
            there=_there(connect, image),
        )


def _definitions(connect: Connect, family: str) -> Iterator[Mapping[str, Any]]:
    """Give the family's revisions, newest first: CloudFormation deregisters what it replaces, and ECS remembers it."""
    client = connect("ecs")
    arns = [
        arn
        for status in ("ACTIVE", "INACTIVE")
        for arn in pages(client, "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status=status)
        if arn.rpartition("/")[2].rpartition(":")[0] == family  # a prefix: web is also web-admin's
    ]
    for arn in sorted(arns, key=lambda arn: int(arn.rpartition(":")[2]), reverse=True)[:_MOST]:
        yield client.describe_task_definition(taskDefinition=arn)["taskDefinition"]


def _came_up(connect: Connect, stack: Stack) -> frozenset[str]:
    """Give the task definitions with which a creation or an update of the stack came to its good end."""
    given: dict[str, str] = {}
    good: set[str] = set()
    for event in Events(connect, stack.id, from_now=False).new():
        if event.status not in _UP:
            continue
        if event.type == _TASK:
            given[event.resource] = event.id
        elif event.type == _STACK and event.resource == stack.name:
            good.update(given.values())
    return frozenset(good)


def _there(connect: Connect, image: str) -> bool:
    try:
        wanted = ecr_image(image)
        connect("ecr").describe_images(
            registryId=wanted.account, repositoryName=wanted.repository, imageIds=[{"imageDigest": wanted.digest}]
        )
    except ImageReferenceError:
        return False
    except ClientError as error:
        if code(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            return False
        raise
    return True
