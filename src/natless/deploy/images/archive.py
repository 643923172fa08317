"""A docker-archive file (`docker save`, `podman save`, `buildah push`) read as what it is: somebody's input.

Nothing is unpacked onto the disk. Names lead only to members of the archive itself, sizes are bounded before they are
read, and every layer is held against the digest that the configuration names for it.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import tarfile
from typing import Any

import msgspec

from natless.deploy.images.image import BuiltImage, BuiltLayer, ImageError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST_LAYERS = 127
"""What overlay file systems, and so container runtimes, can stack."""
_LARGEST_DOCUMENT = 4 << 20
"""Bytes of a manifest or configuration: ECR's and most clients' limit."""


class _Entry(msgspec.Struct):
    """One image of the archive's manifest.json."""

    config: str = msgspec.field(name="Config")
    layers: list[str] = msgspec.field(name="Layers")


class _RootFs(msgspec.Struct):
    diff_ids: list[str]


class _Config(msgspec.Struct):
    """Of an image's configuration, what is leant on."""

    architecture: str
    os: str
    rootfs: _RootFs


def read_archive(path: str, platform: str) -> BuiltImage:
    """Read the one image of the archive at `path`; `platform` (`linux/amd64`) is what it must be made for.

    Raises ImageError where the file is no such archive, holds another number of images, or is for another platform.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            return _read(path, archive, platform)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise ImageError(f"{path} is no readable image archive: {error}") from error


def _read(path: str, archive: tarfile.TarFile, platform: str) -> BuiltImage:
    members = {member.name.removeprefix("./"): member for member in archive.getmembers()}
    [entry] = _decode(_document(archive, members, "manifest.json"), list[_Entry], "manifest.json")
    text = _document(archive, members, entry.config)
    config = _decode(text, _Config, entry.config)
    if f"{config.os}/{config.architecture}" != platform:
        raise ImageError(
            f"the image is built for {config.os}/{config.architecture}, the task runs on {platform}: "
            "the base image in the Dockerfile has no such variant, or FROM names another --platform"
        )
    diff_ids = config.rootfs.diff_ids
    if len(diff_ids) != len(entry.layers) or not 0 < len(diff_ids) <= _MOST_LAYERS:
        raise ImageError(f"the archive has {len(entry.layers)} layers, its configuration names {len(diff_ids)}")
    if not all(DIGEST.fullmatch(diff_id) for diff_id in diff_ids):
        raise ImageError("the configuration names a layer by something that is no sha256 digest")
    found = [_regular(members, name) for name in entry.layers]
    layers = tuple(
        BuiltLayer(member.name, diff_id, member.size) for member, diff_id in zip(found, diff_ids, strict=True)
    )
    return BuiltImage(path, text, f"sha256:{hashlib.sha256(text).hexdigest()}", layers)


def _regular(members: dict[str, tarfile.TarInfo], name: str) -> tarfile.TarInfo:
    """Give the file called `name`, through at most one link inside the archive (docker save writes some)."""
    member = members.get(posixpath.normpath(name))
    if member is not None and (member.issym() or member.islnk()):
        target = member.linkname if member.islnk() else posixpath.join(posixpath.dirname(name), member.linkname)
        member = members.get(posixpath.normpath(target))
    if member is None or not member.isreg():
        raise ImageError(f"the archive names {name!r}, and holds no such file")
    return member


def _document(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> bytes:
    member = _regular(members, name)
    if member.size > _LARGEST_DOCUMENT:
        raise ImageError(f"{name!r} in the archive has {member.size} bytes: at most {_LARGEST_DOCUMENT} are read")
    file = archive.extractfile(member)
    if file is None:
        raise ImageError(f"{name!r} in the archive is no file")
    with file:
        return file.read()


def _decode(text: bytes, into: Any, name: str) -> Any:
    try:
        found = msgspec.json.decode(text, type=into)
    except msgspec.DecodeError as error:
        raise ImageError(f"{name!r} in the archive is not what it should be: {error}") from error
    if isinstance(found, list) and len(found) != 1:
        raise ImageError(f"the archive holds {len(found)} images: one was built")
    return found
