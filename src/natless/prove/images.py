"""Image references: which registry an image lies in."""

from __future__ import annotations

import re

import msgspec

from natless.cloud.text import is_symbolic, same
from natless.prove.truth import Truth

_PART = r"(?:\$\{[^}]*\}|[^./:@])+"
_ECR = re.compile(
    rf"(?P<account>{_PART})\.dkr\.ecr(?:-fips)?\.(?P<region>{_PART})\.(?:\$\{{[^}}]*\}}|[^/])+/"
    r"(?P<name>(?:\$\{[^}]*\}|[^:@])+)"
)


class EcrImage(msgspec.Struct, frozen=True):
    """An image in a private ECR repository; each part may be symbolic."""

    account: str
    region: str
    repository: str


class PublicImage(msgspec.Struct, frozen=True):
    """An image in any other registry, which no endpoint serves."""

    registry: str


class OpenImage(msgspec.Struct, frozen=True):
    """An image whose registry is not resolved."""


Image = EcrImage | PublicImage | OpenImage


def image(text: str) -> Image:
    """Read an image reference, maybe symbolic."""
    found = _ECR.match(text)
    if found is not None:
        return EcrImage(found["account"], found["region"], found["name"])
    host, slash, _ = text.partition("/")
    if is_symbolic(host):
        return OpenImage()
    named = bool(slash) and ("." in host or ":" in host or host == "localhost")
    return PublicImage(host if named else "docker.io")


def here(found: EcrImage, region: str) -> Truth | None:
    """Say whether the repository lies in the region that was read; None where that is open."""
    return same(found.region, region)
