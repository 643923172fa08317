"""References to images in private ECR: the one kind of image that a task in a private subnet can pull."""

from __future__ import annotations

import re

import msgspec

from natless.catalog.partitions import partition_of

# Compiled when first asked for: most runs of `check` never ask.
_ECR = (
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+)"
    r"/(?P<repository>(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class EcrImage(msgspec.Struct, frozen=True):
    """`ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG@DIGEST`, read. At least one of `tag` and `digest` is set."""

    account: str
    region: str
    host: str
    repository: str
    tag: str
    digest: str

    def at(self, digest: str) -> str:
        """Give the reference by digest."""
        return f"{self.host}/{self.repository}@{digest}"


class ImageReferenceError(Exception):
    """The text is no image of private ECR. `instead` is what to write."""

    def __init__(self, message: str, instead: str) -> None:
        """Take what is wrong and what to write instead, as TOML."""
        super().__init__(message)
        self.message = message
        self.instead = instead


def ecr_image(text: str) -> EcrImage:
    """Read a reference. Raises ImageReferenceError for an image elsewhere, or one that names neither tag nor digest."""
    match = re.fullmatch(_ECR, text)
    if match is None or match["suffix"] != partition_of(match["region"]).suffix:
        raise ImageReferenceError(
            f"image {text!r} is not in private ECR (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG), and no VPC "
            "endpoint serves another registry",
            f'build = "."   # with a Dockerfile that begins: FROM {text}' if text.isprintable() else 'build = "."',
        )
    tag, digest = match["tag"] or "", match["digest"] or ""
    if not (tag or digest):
        raise ImageReferenceError(
            f"image {text!r} names neither a tag nor a digest, so it could mean another image tomorrow",
            f'image = "{text}:TAG"',
        )
    host = text.partition("/")[0]
    return EcrImage(match["account"], match["region"], host, match["repository"], tag, digest)
