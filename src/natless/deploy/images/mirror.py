"""A public image into the private repository: the one platform that the task runs on, byte for byte as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from natless.deploy.images.archive import DIGEST
from natless.deploy.images.image import (
    ImageError,
    LayerDone,
    LayerProgress,
    MirrorStarted,
    Progress,
    PushDone,
    silent,
)
from natless.deploy.images.layers import Blob
from natless.deploy.images.public import PublicRegistry
from natless.deploy.images.push import Connect, authorize
from natless.deploy.images.registry import MANIFEST_TYPES, Refused, Registry
from natless.spec.public_image import PublicImage

_INDEXES = {MANIFEST_TYPES[2], MANIFEST_TYPES[3]}
_IMAGES = {MANIFEST_TYPES[0], MANIFEST_TYPES[1]}


def mirror(
    image: PublicImage,
    connect: Connect,
    repository: str,
    scratch: str,
    registry_url: str | None = None,
    *,
    progress: Progress = silent,
    platform: str = "linux/amd64",
) -> str:
    """Copy a public image into `repository` and give the digest to pull it by, which is the one it had before.

    Of an index the image for `platform` is taken; an image that is for another is refused before anything is copied.
    What lies there already is not read again. Raises ImageError.
    """
    source = PublicRegistry(image)
    text, kind = _for_platform(source, image, platform)
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    progress(MirrorStarted(f"{image.host}/{image.repository}:{image.reference}", digest))
    config, layers = _parts(text, image)
    _must_fit(source.document(config), image, platform)
    token, own_url = authorize(connect)
    tag = digest.removeprefix("sha256:")[:16]
    with Registry(registry_url or own_url, token, repository) as target:
        if target.manifest(digest) is not None:
            progress(PushDone(digest, tag, existed=True))
            return digest
        for blob in dict.fromkeys((*layers, config)):
            _copy(source, target, blob, Path(scratch), progress)
        _put(target, tag, text, kind)
    progress(PushDone(digest, tag, existed=False))
    return digest


def _for_platform(source: PublicRegistry, image: PublicImage, platform: str) -> tuple[bytes, str]:
    """Give the manifest of the image for one platform, and its media type."""
    text, kind = source.manifest(image.reference)
    document = _document(text, image)
    kind = str(document.get("mediaType") or kind)
    if kind in _INDEXES:
        offered = {_platform(each): str(each.get("digest", "")) for each in document.get("manifests", ())}
        if platform not in offered:
            known = ", ".join(name for name in offered if not name.startswith("unknown")) or "none"
            raise ImageError(f"{_name(image)} has no image for {platform}: it has {known}")
        text, kind = source.manifest(_checked(offered[platform], image))
        kind = str(_document(text, image).get("mediaType") or kind)
    if kind not in _IMAGES:
        raise ImageError(f"{_name(image)} is no image that ECR takes ({kind or 'no media type'})")
    return text, kind


def _platform(descriptor: dict[str, Any]) -> str:
    about = descriptor.get("platform") or {}
    return f"{about.get('os', 'unknown')}/{about.get('architecture', 'unknown')}"


def _parts(text: bytes, image: PublicImage) -> tuple[Blob, list[Blob]]:
    document = _document(text, image)
    try:
        layers = [_blob(each, image) for each in document["layers"]]
        return _blob(document["config"], image), layers
    except (KeyError, TypeError) as error:
        raise ImageError(f"{_name(image)} has a manifest that cannot be read: it lacks {error}") from error


def _blob(descriptor: dict[str, Any], image: PublicImage) -> Blob:
    if descriptor.get("urls"):
        raise ImageError(f"{_name(image)} has a layer that may not be copied: it lies at {descriptor['urls'][0]}")
    return Blob(_checked(str(descriptor["digest"]), image), int(descriptor["size"]))


def _checked(digest: str, image: PublicImage) -> str:
    if not DIGEST.fullmatch(digest):
        raise ImageError(f"{_name(image)} names a part by something that is no sha256 digest")
    return digest


def _must_fit(config: bytes, image: PublicImage, platform: str) -> None:
    document = _document(config, image)
    made_for = f"{document.get('os')}/{document.get('architecture')}"
    if made_for != platform:
        raise ImageError(
            f"{_name(image)} is built for {made_for}, and the task runs on {platform}",
            advice="give another tag, or build your own from it",
        )


def _copy(source: PublicRegistry, target: Registry, blob: Blob, scratch: Path, progress: Progress) -> None:
    existed = target.has(blob.digest)
    if not existed:
        path = scratch / blob.digest.removeprefix("sha256:")
        source.download(blob, path, lambda _: None)
        target.upload(blob, path, lambda sent: progress(LayerProgress(blob.digest, sent, blob.size)))
        path.unlink()
    progress(LayerDone(blob.digest, blob.digest, blob.size, existed))


def _put(target: Registry, tag: str, text: bytes, kind: str) -> None:
    """Store the manifest as it was, so that its digest is the same here. Tags are immutable: ours names the digest."""
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    try:
        said = target.put_manifest(tag, text, kind)
    except Refused as error:
        if error.code not in ("TAG_INVALID", "TAG_ALREADY_EXISTS") or target.manifest(digest) is None:
            raise
        return
    if said and said != digest:
        raise ImageError(f"the registry stored the manifest as {said}, not as {digest}")


def _document(text: bytes, image: PublicImage) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ImageError(f"{_name(image)}: the registry's answer is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ImageError(f"{_name(image)}: the registry's answer is no manifest")
    return found


def _name(image: PublicImage) -> str:
    return f"{image.host}/{image.repository}:{image.reference}"
