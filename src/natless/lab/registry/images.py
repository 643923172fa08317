"""The registry's record of repositories and images: moto's ECR, with what it gets wrong put right."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from moto.ecr.models import ECRBackend, Image, Repository, ecr_backends

from natless.lab.services.ledger import LEDGER


class RefusalError(Exception):
    """What ECR answers instead: HTTP status, the registry API's error code, and the text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the parts of the answer."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Manifest(msgspec.Struct, frozen=True):
    """A manifest as it was pushed: exact bytes, media type, digest."""

    text: bytes
    media_type: str
    digest: str


class _PushedImage(Image):
    """An image whose size is that of its layers and configuration, as DescribeImages says on AWS (moto: 50 MiB)."""

    def get_image_size_in_bytes(self) -> int | None:
        document = json.loads(self.image_manifest)
        parts = [*document.get("layers", []), *([document["config"]] if "config" in document else [])]
        return sum(int(part["size"]) for part in parts) if parts else None


class Images:
    """Repositories and images of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        """Name the account and region; nothing is read yet."""
        self.account = account
        self.region = region

    def repository(self, name: str) -> Repository:
        """Give a repository; refuses one that was never created (ECR makes none by being pushed to)."""
        backend: ECRBackend = ecr_backends[self.account][self.region]
        found = backend.repositories.get(name)
        if found is None:
            message = f"The repository with name '{name}' does not exist in the registry with id '{self.account}'"
            raise RefusalError(404, "NAME_UNKNOWN", message)
        return found

    def record_layer(self, name: str, digest: str, size: int) -> None:
        """Record a blob as this repository's (size in bytes), so that BatchCheckLayerAvailability answers."""
        self.repository(name).layers[digest] = size

    def holds_layer(self, name: str, digest: str) -> bool:
        """Say whether a blob is this repository's."""
        return digest in self.repository(name).layers

    def manifest(self, name: str, reference: str) -> Manifest:
        """Give a manifest by tag or digest; refuses one that is not there."""
        repository = self.repository(name)
        for image in list(repository.images):
            if reference == image.get_image_digest() or reference in image.image_tags:
                media_type = image.image_manifest_media_type or "application/vnd.oci.image.manifest.v1+json"
                return Manifest(image.image_manifest.encode(), media_type, image.get_image_digest())
        raise RefusalError(404, "MANIFEST_UNKNOWN", "Requested image not found")

    def tags(self, name: str) -> list[str]:
        """Give every tag of a repository, sorted."""
        return sorted({tag for image in self.repository(name).images for tag in image.image_tags})

    def record(self, name: str, reference: str, text: bytes, media_type: str) -> str:
        """Record a pushed manifest under a tag (or its digest) and give its digest.

        Refuses a digest that is not the text's, a manifest whose parts are not here, and a tag that is taken
        where tags are immutable.
        """
        repository = self.repository(name)
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        by_digest = reference.startswith("sha256:")
        if by_digest and reference != digest:
            raise RefusalError(400, "DIGEST_INVALID", f"Manifest has digest '{digest}', not '{reference}'")
        document = _read(text)
        self._refuse_missing_parts(repository, document)
        with LEDGER.lock:
            if not by_digest:
                _refuse_taken_tag(repository, reference)
            self._add(repository, None if by_digest else reference, text, media_type, digest)
        return digest

    def _add(self, repository: Repository, tag: str | None, text: bytes, media_type: str, digest: str) -> None:
        images: list[Image] = repository.images
        for other in images:
            if tag is not None and tag in other.image_tags:
                other.remove_tag(tag)
        image = next((each for each in images if each.get_image_digest() == digest), None)
        if image is None:
            image = _PushedImage(self.account, "", text.decode(), repository.name, media_type, digest, self.account)
            image.image_tags = []
            image.image_tag = None  # type: ignore[assignment]  # moto's own value for an untagged image
            scanning: Any = repository.image_scanning_configuration  # moto says str, and keeps the request's object
            if (scanning or {}).get("scanOnPush"):
                image.last_scan = datetime.now(UTC)
            images.append(image)
        if tag is not None:
            image.update_tag(tag)

    def _refuse_missing_parts(self, repository: Repository, document: dict[str, Any]) -> None:
        parts = [part["digest"] for part in [document.get("config"), *document.get("layers", [])] if part]
        missing = sorted(digest for digest in parts if digest not in repository.layers)
        if missing:
            listed = ", ".join(missing)
            message = (
                f"Layers with digests '[{listed}]' required for pushing image into repository with name "
                f"'{repository.name}' in the registry with id '{self.account}' do not exist"
            )
            raise RefusalError(400, "BLOB_UNKNOWN", message)
        known = {image.get_image_digest() for image in repository.images}
        absent = sorted(part["digest"] for part in document.get("manifests", []) if part["digest"] not in known)
        if absent:
            message = f"Images with digests '[{', '.join(absent)}]' required for pushing image do not exist"
            raise RefusalError(400, "MANIFEST_BLOB_UNKNOWN", message)


def _read(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
        parts = [document.get("config"), *document.get("layers", []), *document.get("manifests", [])]
        readable = all(isinstance(part["digest"], str) and int(part["size"]) >= 0 for part in parts if part)
    except (ValueError, AttributeError, KeyError, TypeError):
        readable = False
    if not readable or not isinstance(document, dict) or document.get("schemaVersion") != 2:  # noqa: PLR2004 - the only version ECR takes
        raise RefusalError(400, "MANIFEST_INVALID", "Invalid parameter at 'ImageManifest' failed to satisfy constraint")
    return document


def _refuse_taken_tag(repository: Repository, tag: str) -> None:
    """Refuse a tag that is taken, the same digest included (containers-roadmap #2179)."""
    if not repository.is_tag_immutable():
        return
    if any(tag in image.image_tags for image in repository.images):
        message = (
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            "because the repository is immutable."
        )
        raise RefusalError(400, "TAG_INVALID", message)
