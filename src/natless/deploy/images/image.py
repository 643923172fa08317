"""What is built and pushed, and what is told on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from natless.deploy.error import DeployError


class ImageError(DeployError):
    """An image cannot be built, read, found or pushed."""


class BuiltLayer(msgspec.Struct, frozen=True):
    """One layer in the builder's archive: the member that holds it, the digest of its tar, its size there in bytes."""

    member: str
    diff_id: str
    size: int


class BuiltImage(msgspec.Struct, frozen=True):
    """An image as a builder exported it: a docker-archive file, its configuration, its layers from the bottom up.

    The configuration names every layer's content, so its digest stands for the whole image; layers are held against
    it when they are read.
    """

    archive: str
    config: bytes
    config_digest: str
    layers: tuple[BuiltLayer, ...]

    @property
    def tag(self) -> str:
        """The tag under which the image is pushed: the same content has the same tag, so tags can be immutable."""
        return self.config_digest.removeprefix("sha256:")[:16]


class BuildStarted(msgspec.Struct, frozen=True):
    """A build has begun, with the program `builder`."""

    builder: str
    folder: str


class BuildOutput(msgspec.Struct, frozen=True):
    """A line that the builder printed."""

    line: str


class BuildDone(msgspec.Struct, frozen=True):
    """A build has ended well; `size` is that of its layers, in bytes, not compressed."""

    config_digest: str
    layers: int
    size: int


class MirrorStarted(msgspec.Struct, frozen=True):
    """The image `digest` of a public registry is being copied."""

    source: str
    digest: str


class LayerProgress(msgspec.Struct, frozen=True):
    """`sent` of `total` bytes of a layer's upload are on their way; a new try begins at 0 again."""

    diff_id: str
    sent: int
    total: int


class LayerDone(msgspec.Struct, frozen=True):
    """A layer lies in the registry as `digest`; `existed`: it had lain there before."""

    diff_id: str
    digest: str
    size: int
    existed: bool


class PushDone(msgspec.Struct, frozen=True):
    """The image can be pulled as `digest`; `existed`: it had been pushed before."""

    digest: str
    tag: str
    existed: bool


ImageEvent: TypeAlias = MirrorStarted | BuildStarted | BuildOutput | BuildDone | LayerProgress | LayerDone | PushDone
Progress: TypeAlias = Callable[[ImageEvent], None]


def silent(_: ImageEvent) -> None:
    """Tell nobody."""
