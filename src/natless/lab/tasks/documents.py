"""What an image says of itself: index, manifest and configuration, read with suspicion.

Shapes: OCI image specification (image-index.md, manifest.md, config.md) and Docker's schema 2. Media types that a
layer may have: containerd's `images.DiffCompression`; what it says of others: aws/aws-cdk #30258. Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from natless.catalog import containers

LARGEST = containers.LARGEST_MANIFEST.value
"""Bytes of a manifest or an image configuration."""

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_LAYER = re.compile(
    r"application/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1\.tar(\+gzip|\+zstd)?"
    r"|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar(\.gzip|\.zstd)?)"
)
_T = TypeVar("_T")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class DocumentError(Exception):
    """A document of an image that cannot be read, or must not be believed. The text is containerd's or like it."""


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """Where a part of an image is: what it is, its digest, its bytes."""

    digest: str
    size: int
    media_type: str = ""


class Platform(msgspec.Struct, frozen=True):
    """What a manifest of an index is for."""

    os: str = ""
    architecture: str = ""


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    """One image of an index."""

    digest: str
    platform: Platform = Platform()


class Document(msgspec.Struct, frozen=True):
    """A manifest (`config` and `layers`) or an index (`manifests`)."""

    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] | None = None
    manifests: tuple[Entry, ...] | None = None


class Settings(msgspec.Struct, frozen=True, rename="pascal"):
    """What of an image's configuration decides how it runs."""

    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: tuple[str, ...] | None = None
    user: str | None = None
    working_dir: str | None = None
    stop_signal: str | None = None


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: tuple[str, ...] = ()


class Configuration(msgspec.Struct, frozen=True):
    """An image's configuration: how it runs, and the digests of its layers once they are unpacked."""

    config: Settings | None = None
    rootfs: _RootFs | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that are given, by Docker's names."""
        found: dict[str, Any] = msgspec.to_builtins(self.config or Settings())
        return {name: value for name, value in found.items() if value is not None}


def read_document(text: bytes) -> Document:
    """Read a manifest or an index; raises DocumentError."""
    document = _decode(text, Document)
    named = [each.digest for each in document.layers or ()] + [each.digest for each in document.manifests or ()]
    for digest in [*named, *([document.config.digest] if document.config else [])]:
        check_digest(digest)
    for layer in document.layers or ():
        if layer.media_type and not _LAYER.fullmatch(layer.media_type):
            raise DocumentError(
                f"failed to extract layer {layer.digest}: failed to get stream processor for {layer.media_type}: "
                "no processor for media-type: unknown"
            )
        if layer.size < 0:
            raise DocumentError(f"invalid size of {layer.digest}: {layer.size}")
    return document


def read_configuration(text: bytes, layers: int) -> Configuration:
    """Read the configuration of an image with so many layers; raises DocumentError."""
    found = _decode(text, Configuration)
    if found.rootfs is not None and found.rootfs.diff_ids and len(found.rootfs.diff_ids) != layers:
        raise DocumentError("mismatched image rootfs and manifest layers")
    return found


def check_digest(text: str) -> None:
    """Refuse what is no SHA-256 digest: it becomes part of an address."""
    if not _DIGEST.fullmatch(text):
        raise DocumentError(f'invalid checksum digest format: "{text[:80]}"')


def _decode(text: bytes, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DocumentError(f"failed to decode: {str(error) or type(error).__name__}") from error
