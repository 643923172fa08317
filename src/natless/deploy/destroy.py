"""Taking a deployment away; what holds data only when asked by name."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from natless.deploy import stacks
from natless.deploy.calls import Connect, Pace, code, pages
from natless.deploy.changes import must_be_ours
from natless.deploy.error import DeployError
from natless.deploy.logs import log_groups
from natless.deploy.progress import Destroyed, Kept, Progress, Said

_IMAGES_A_CALL = 100


def destroy(
    connect: Connect, name: str, *, images: bool = False, logs: bool = False, pace: Pace | None = None
) -> Iterator[Progress]:
    """Delete the stack of a deployment, and say what is kept.

    Args:
        connect: gives a service's boto3 client.
        name: the deployment's name.
        images: delete the images and their repositories (the stack NAME-images) too.
        logs: delete the log groups too.
        pace: how often the account is asked.

    Raises:
        DeployError: something could not be deleted; it says which resource, and AWS's reason.
    """
    pace = pace or Pace()
    for each in (name, f"{name}-images"):
        standing = stacks.find(connect, each)
        if standing is not None:
            must_be_ours(standing, name)
    # What earlier stacks of this name left counts too: each has a log group of its own.
    groups = tuple(dict.fromkeys((*log_groups(connect, name), *_groups_of_deleted(connect, name))))
    yield from _stack(connect, name, pace)
    yield from _logs(connect, groups, delete=logs)
    yield from _images(connect, f"{name}-images", pace, delete=images)


def _stack(connect: Connect, name: str, pace: Pace) -> Iterator[Progress]:
    stack = stacks.find(connect, name)
    if stack is None:
        yield Said(f"there is no stack {name}")
        return
    yield from stacks.delete(connect, stack, pace)
    yield Destroyed(f"stack {name}")


def _groups_of_deleted(connect: Connect, name: str) -> tuple[str, ...]:
    """Give the log groups that deleted stacks of this name left; CloudFormation remembers them for 90 days."""
    found = pages(connect("cloudformation"), "list_stacks", "StackSummaries", StackStatusFilter=["DELETE_COMPLETE"])
    return tuple(
        resource.id
        for stack in found
        if stack["StackName"] == name
        for resource in stacks.resources(connect, stack["StackId"])
        if resource.type == "AWS::Logs::LogGroup" and resource.id and resource.status == "DELETE_SKIPPED"
    )


def _logs(connect: Connect, groups: tuple[str, ...], *, delete: bool) -> Iterator[Progress]:
    client = connect("logs")
    for group in groups:
        standing = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if not any(each["logGroupName"] == group for each in standing):
            continue
        if delete:
            client.delete_log_group(logGroupName=group)
            yield Destroyed(f"log group {group}")
        else:
            yield Kept(f"log group {group}", "natless destroy --logs")


def _images(connect: Connect, name: str, pace: Pace, *, delete: bool) -> Iterator[Progress]:
    stack = stacks.find(connect, name)
    if stack is None:
        if delete:
            yield Said(f"there is no stack {name}: images that lie elsewhere are not deleted")
        return
    found = [each for each in stacks.resources(connect, stack.id) if each.type == "AWS::ECR::Repository" and each.id]
    if not delete:
        names = ", ".join(each.id for each in found) or "none"
        yield Kept(f"stack {name} (repositories: {names})", "natless destroy --images")
        return
    for repository in found:
        count = _empty(connect, repository.id)
        if count:
            yield Destroyed(f"{count} images of repository {repository.id}")
    yield from stacks.delete(connect, stack, pace)
    yield Destroyed(f"stack {name}")


def _empty(connect: Connect, repository: str) -> int:
    """Delete all images of a repository. An index is deleted before what it lists: ECR refuses the other order."""
    client = connect("ecr")
    count = 0
    while digests := _digests(connect, repository):
        deleted = 0
        for start in range(0, len(digests), _IMAGES_A_CALL):
            some = [{"imageDigest": digest} for digest in digests[start : start + _IMAGES_A_CALL]]
            deleted += len(client.batch_delete_image(repositoryName=repository, imageIds=some).get("imageIds", ()))
        if not deleted:
            raise DeployError(f"ECR deletes none of the {len(digests)} images left in repository {repository}")
        count += len(digests)
    return count


def _digests(connect: Connect, repository: str) -> list[str]:
    try:
        found = pages(connect("ecr"), "list_images", "imageIds", repositoryName=repository)
        return sorted({each["imageDigest"] for each in found if "imageDigest" in each})
    except ClientError as error:
        if code(error) == "RepositoryNotFoundException":
            return []
        raise
