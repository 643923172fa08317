"""Taking a deployment away; what holds data only when asked by name."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from natless.deploy import stacks
from natless.deploy.calls import Connect, Pace, code, pages
from natless.deploy.changes import must_be_ours
from natless.deploy.error import DeployError
from natless.deploy.leftovers import LOG_GROUP, REPOSITORY, left_behind
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
    # What earlier stacks and templates of this name left counts too: each service had a log group of its own.
    groups = tuple(dict.fromkeys((*log_groups(connect, name, every=True), *left_behind(connect, name, LOG_GROUP))))
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
    found = [each for each in stacks.resources(connect, stack.id) if each.type == REPOSITORY] if stack else []
    held = [each.id for each in found if each.id]
    left = [each for each in left_behind(connect, name, REPOSITORY) if each not in held and _stands(connect, each)]
    if delete:
        for repository in (*held, *left):
            count = _empty(connect, repository)
            if count:
                yield Destroyed(f"{count} images of repository {repository}")
        for repository in left:
            connect("ecr").delete_repository(repositoryName=repository)
            yield Destroyed(f"repository {repository}")
    else:
        yield from (Kept(f"repository {repository}", "natless destroy --images") for repository in left)
    if stack is None:
        if delete:
            yield Said(f"there is no stack {name}: images that lie elsewhere are not deleted")
    elif delete:
        yield from stacks.delete(connect, stack, pace)
        yield Destroyed(f"stack {name}")
    else:
        yield Kept(f"stack {name} (repositories: {', '.join(held) or 'none'})", "natless destroy --images")


def _stands(connect: Connect, repository: str) -> bool:
    try:
        return bool(connect("ecr").describe_repositories(repositoryNames=[repository])["repositories"])
    except ClientError as error:
        if code(error) == "RepositoryNotFoundException":
            return False
        raise


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
