"""References to images in other registries: natless copies them into private ECR, where tasks can pull them."""

from __future__ import annotations

import re

import msgspec

_HOST = r"(?:(?P<host>localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:[0-9]+/))(?P<port>:[0-9]{1,5})?/)?"
_REST = (
    r"(?P<repository>(?:[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""The grammar of the distribution project's references ("reference", distribution/reference)."""

_HUB = "docker.io"
_HUB_API = "registry-1.docker.io"


class PublicImage(msgspec.Struct, frozen=True):
    """An image in a registry other than private ECR. `host` is where its API answers, with a port where one is named.

    `tag` and `digest` may both be "": then the reference means whatever is latest.
    """

    host: str
    repository: str
    tag: str
    digest: str

    @property
    def reference(self) -> str:
        """Give what the registry is asked for: the digest where there is one, else the tag."""
        return self.digest or self.tag


def public_image(text: str) -> PublicImage | None:
    """Read a reference as docker does; None where it is none, or looks like private ECR's."""
    match = re.fullmatch(_HOST + _REST, text)
    if match is None or ".dkr.ecr." in (match["host"] or ""):
        return None
    host, repository = (match["host"] or _HUB) + (match["port"] or ""), match["repository"]
    if host == _HUB:
        host, repository = _HUB_API, repository if "/" in repository else f"library/{repository}"
    return PublicImage(host, repository, match["tag"] or "", match["digest"] or "")
