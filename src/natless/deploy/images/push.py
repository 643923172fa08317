"""An image into its ECR repository: what is there already is not sent again, and a broken push goes on where it was."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from natless.deploy.images.image import (
    BuiltImage,
    BuiltLayer,
    ImageError,
    ImageEvent,
    LayerDone,
    LayerProgress,
    Progress,
    PushDone,
    silent,
)
from natless.deploy.images.layers import Blob, pack
from natless.deploy.images.memory import remember, remembered
from natless.deploy.images.registry import Refused, Registry

Connect: TypeAlias = Callable[[str], Any]
Format: TypeAlias = Literal["docker", "oci"]

_AT_ONCE = 4
"""Layers at the same time: zlib and the socket both let go of Python's lock."""


class _MediaTypes(msgspec.Struct, frozen=True):
    manifest: str
    config: str
    layer: str


_MEDIA_TYPES: dict[Format, _MediaTypes] = {
    "docker": _MediaTypes(
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
    "oci": _MediaTypes(
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    ),
}


def push(
    image: BuiltImage,
    connect: Connect,
    repository: str,
    registry_url: str | None = None,
    progress: Progress = silent,
    *,
    media: Format = "docker",
) -> str:
    """Push `image` to `repository` under the tag of its content, and give the digest to pull it by (`sha256:...`).

    `registry_url` takes the place of the registry that the token is for (the lab's is on loopback). `progress` is
    called from several threads, never from two at once. Packed layers lie beside the image's archive. Raises
    ImageError.
    """
    token, own_url = authorize(connect)
    url = registry_url or own_url
    told = _told_by_one(progress)
    with Registry(url, token, repository) as registry:
        standing = _standing(registry, image)
        if standing:
            told(PushDone(standing, image.tag, existed=True))
            return standing
        blobs = _push_layers(image, lambda: Registry(url, token, repository), told)
        config = Blob(image.config_digest, len(image.config))
        if not registry.has(config.digest):
            path = _beside(image, "config.json")
            path.write_bytes(image.config)
            registry.upload(config, path, lambda _: None)
        digest = _put(registry, image, manifest(config, blobs, media), _MEDIA_TYPES[media].manifest)
    told(PushDone(digest, image.tag, existed=False))
    return digest


def authorize(connect: Connect) -> tuple[str, str]:
    """Ask ECR for a token: give it and the URL of the registry that it is for."""
    [data] = connect("ecr").get_authorization_token()["authorizationData"]
    return data["authorizationToken"], data["proxyEndpoint"]


def manifest(config: Blob, layers: list[Blob], media: Format) -> bytes:
    """Give the image manifest: the same parts give the same bytes, and so the same digest."""
    types = _MEDIA_TYPES[media]
    document = {
        "schemaVersion": 2,
        "mediaType": types.manifest,
        "config": {"mediaType": types.config, "size": config.size, "digest": config.digest},
        "layers": [{"mediaType": types.layer, "size": layer.size, "digest": layer.digest} for layer in layers],
    }
    return json.dumps(document, indent=3).encode()


def _standing(registry: Registry, image: BuiltImage) -> str | None:
    """Give the digest under the image's tag, where it is this image. ECR refuses to push the same again."""
    text = registry.manifest(image.tag)
    if text is None:
        return None
    try:
        config = json.loads(text)["config"]["digest"]
    except (ValueError, KeyError, TypeError):
        config = "an index"
    if config != image.config_digest:
        raise ImageError(
            f"the tag {image.tag} holds another image ({config}), and tags are immutable",
            advice=f"delete that tag (aws ecr batch-delete-image --image-ids imageTag={image.tag}) and run it again",
        )
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _put(registry: Registry, image: BuiltImage, text: bytes, media_type: str) -> str:
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    try:
        said = registry.put_manifest(image.tag, text, media_type)
    except Refused as error:
        # Somebody else, or a try whose answer was lost, was faster.
        standing = _standing(registry, image) if error.code in ("TAG_INVALID", "TAG_ALREADY_EXISTS") else None
        if standing is None:
            raise
        return standing
    if said and said != digest:
        raise ImageError(f"the registry stored the manifest as {said}, not as {digest}")
    return digest


def _push_layers(image: BuiltImage, client: Callable[[], Registry], progress: Progress) -> list[Blob]:
    """Push every layer, several at a time, and give their blobs in the image's order."""
    different = list({layer.diff_id: layer for layer in image.layers}.values())
    stop = threading.Event()

    def one(layer: BuiltLayer) -> tuple[str, Blob]:
        if stop.is_set():
            raise ImageError("the push was given up")
        with client() as registry:
            return layer.diff_id, _push_layer(registry, image, layer, progress)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = [pool.submit(one, layer) for layer in different]
        try:
            done = dict(future.result() for future in running)
        except BaseException:
            # Those that run end; those that wait do not begin.
            stop.set()
            raise
    return [done[layer.diff_id] for layer in image.layers]


def _push_layer(registry: Registry, image: BuiltImage, layer: BuiltLayer, progress: Progress) -> Blob:
    known = remembered(layer.diff_id)
    if known is not None and registry.has(known.digest):
        progress(LayerDone(layer.diff_id, known.digest, known.size, existed=True))
        return known
    path = _beside(image, f"{layer.diff_id.removeprefix('sha256:')}.tar.gz")
    blob = pack(image.archive, layer, path)
    existed = registry.has(blob.digest)
    if not existed:
        registry.upload(blob, path, lambda sent: progress(LayerProgress(layer.diff_id, sent, blob.size)))
    path.unlink()
    remember(layer.diff_id, blob)
    progress(LayerDone(layer.diff_id, blob.digest, blob.size, existed))
    return blob


def _beside(image: BuiltImage, name: str) -> Path:
    return Path(image.archive).parent / name


def _told_by_one(progress: Progress) -> Progress:
    lock = threading.Lock()

    def told(event: ImageEvent) -> None:
        with lock:
            progress(event)

    return told
