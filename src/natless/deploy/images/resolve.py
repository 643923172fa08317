"""`image = "..."`: an image that lies in private ECR already, by tag or digest, pinned to its digest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from natless.deploy.images.image import ImageError
from natless.spec.image import ImageReferenceError, ecr_image


def resolve(image: str, connect: Callable[[str], Any]) -> str:
    """Give `image` by digest (`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:...`), as ECR has it now.

    Raises ImageError where it is no image of private ECR, lies in another region than `connect`'s, is not there, or
    has under its tag another digest than the reference names.
    """
    try:
        wanted = ecr_image(image)
    except ImageReferenceError as error:
        raise ImageError(error.message, advice=f"write instead: {error.instead}") from error
    client = connect("ecr")
    if client.meta.region_name != wanted.region:
        raise ImageError(
            f"{image} lies in {wanted.region}, and no VPC endpoint in {client.meta.region_name} reaches there",
            advice=f"copy it into a repository in {client.meta.region_name}",
        )
    # By tag where there is one: that a digest is given beside it is a promise to be held against the tag.
    chosen = {"imageTag": wanted.tag} if wanted.tag else {"imageDigest": wanted.digest}
    missing = (client.exceptions.ImageNotFoundException, client.exceptions.RepositoryNotFoundException)
    try:
        [found, *_] = client.describe_images(
            registryId=wanted.account, repositoryName=wanted.repository, imageIds=[chosen]
        )["imageDetails"]
    except missing as error:
        said = error.response["Error"]["Message"]
        raise ImageError(f"{image} is not there: {said}", advice="push it, or correct image = in the file") from error
    digest: str = found["imageDigest"]
    if wanted.digest and digest != wanted.digest:
        raise ImageError(f"{image}: the tag {wanted.tag} is {digest} now", advice="remove the tag or the digest")
    return wanted.at(digest)
