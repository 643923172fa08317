"""A client that reads from a public registry, as anybody may: API version 2, with the token that it hands to anybody.

Over HTTPS, or over plain HTTP to this machine alone. A token goes to no host but the one that asked for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPSHandler, Request, build_opener

from natless.deploy.images.image import ImageError
from natless.deploy.images.layers import Blob
from natless.deploy.images.registry import MANIFEST_TYPES, TRIES, is_here, trusted
from natless.spec.public_image import PublicImage

_SECONDS = 60
_CHUNK = 1 << 20
_LARGEST_ANSWER = 8 << 20
_FIELD = re.compile(r'([a-z]+)="([^"]*)"')
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, *(status for status in HTTPStatus if status >= HTTPStatus.INTERNAL_SERVER_ERROR)}

_Given = TypeVar("_Given")


class PublicRegistry:
    """One repository of a public registry."""

    def __init__(self, image: PublicImage) -> None:
        """Take the image whose repository is read."""
        scheme = "http" if is_here(urlsplit(f"//{image.host}").hostname or "") else "https"
        self._base = f"{scheme}://{image.host}/v2/{image.repository}"
        self._name = f"{image.host}/{image.repository}"
        self._scope = f"repository:{image.repository}:pull"
        self._opener = build_opener(HTTPSHandler(context=trusted()))
        self._token = ""

    def manifest(self, reference: str) -> tuple[bytes, str]:
        """Give a manifest or index and its media type. Raises ImageError where there is none."""
        text, kind = self._retrying(lambda: self._read(f"manifests/{reference}", ", ".join(MANIFEST_TYPES)))
        if reference.startswith("sha256:") and _digest(text) != reference:
            raise ImageError(f"{self._name} gives another manifest than {reference}")
        return text, kind

    def document(self, blob: Blob) -> bytes:
        """Give a blob that is a document, held against its digest."""
        text, _ = self._retrying(lambda: self._read(f"blobs/{blob.digest}", "*/*"))
        if _digest(text) != blob.digest:
            raise ImageError(f"{self._name} gives another blob than {blob.digest}")
        return text

    def _read(self, path: str, accept: str) -> tuple[bytes, str]:
        with self._asked(path, accept) as answer:
            text: bytes = answer.read(_LARGEST_ANSWER)
            if len(text) < min(int(answer.headers.get("Content-Length") or 0), _LARGEST_ANSWER):
                raise ConnectionError("the connection broke")
            return text, str(answer.headers.get("Content-Type", "")).partition(";")[0]

    def download(self, blob: Blob, target: Path, read: Callable[[int], None]) -> None:
        """Write a blob into a file, held against its digest and size; begun anew where the connection breaks."""
        self._retrying(lambda: self._download(blob, target, read))

    def _download(self, blob: Blob, target: Path, read: Callable[[int], None]) -> None:
        digest, size = hashlib.sha256(), 0
        with self._asked(f"blobs/{blob.digest}", "*/*") as answer, target.open("wb") as out:
            while size <= blob.size and (piece := answer.read(_CHUNK)):
                digest.update(piece)
                size += out.write(piece)
                read(size)
        if size < blob.size:
            raise ConnectionError(f"the connection broke after {size} of {blob.size} bytes")
        if f"sha256:{digest.hexdigest()}" != blob.digest or size != blob.size:
            raise ImageError(f"{self._name} gives another blob than {blob.digest} with {blob.size} bytes")

    def _retrying(self, attempt: Callable[[], _Given]) -> _Given:
        for number in range(1, TRIES + 1):
            try:
                return attempt()
            except HTTPError as error:
                if error.code not in _BUSY or number == TRIES:
                    raise self._refusal(error) from error
            except (OSError, HTTPException) as error:  # URLError among them
                if number == TRIES:
                    reason = error.reason if isinstance(error, URLError) else error
                    raise ImageError(
                        f"the registry of {self._name} cannot be reached: {reason}",
                        advice="natless copies a public image from where it runs, which needs a way to that registry",
                    ) from error
            time.sleep(2 ** (number - 2))
        raise AssertionError

    def _asked(self, path: str, accept: str) -> Any:
        try:
            return self._request(f"{self._base}/{path}", accept)
        except HTTPError as error:
            if error.code != HTTPStatus.UNAUTHORIZED or self._token:
                raise
            self._token = self._anonymous(str(error.headers.get("WWW-Authenticate", "")))
        return self._request(f"{self._base}/{path}", accept)

    def _request(self, url: str, accept: str) -> Any:
        request = Request(url, headers={"Accept": accept, "User-Agent": "natless"})  # noqa: S310 - https, or loopback
        if self._token:
            # Not carried along a redirect: layers lie in storage elsewhere, whose URLs are signed.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return self._opener.open(request, timeout=_SECONDS)

    def _anonymous(self, challenge: str) -> str:
        """Get the token that the registry gives to anybody ("Token Authentication Specification", distribution)."""
        fields = dict(_FIELD.findall(challenge))
        realm = urlsplit(fields.get("realm", ""))
        if not challenge.lower().startswith("bearer ") or not _safe(realm.scheme, realm.hostname or ""):
            raise ImageError(
                f"{self._name} wants credentials, and natless copies what anybody may read",
                advice="push it into private ECR yourself, and give that reference in image =",
            )
        query = urlencode({"service": fields.get("service", ""), "scope": self._scope})
        request = Request(f"{fields['realm']}?{query}", headers={"User-Agent": "natless"})  # noqa: S310 - as above
        with self._opener.open(request, timeout=_SECONDS) as answer:
            found = json.loads(answer.read(_LARGEST_ANSWER))
        return str(found.get("token") or found.get("access_token") or "")

    def _refusal(self, error: HTTPError) -> ImageError:
        match error.code:
            case HTTPStatus.NOT_FOUND:
                return ImageError(f"{self._name} has no such image", advice="correct image = in the file")
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return ImageError(
                    f"{self._name} is not there, or not for anybody to read ({error.code})",
                    advice="correct image =, or push it into private ECR yourself and give that reference",
                )
            case HTTPStatus.TOO_MANY_REQUESTS:
                return ImageError(f"{self._name}: the registry throttles who reads without an account: try again later")
            case _:
                return ImageError(f"the registry of {self._name} answers {error.code} {error.reason}")


def _safe(scheme: str, host: str) -> bool:
    return scheme == "https" or (scheme == "http" and is_here(host))


def _digest(text: bytes) -> str:
    return f"sha256:{hashlib.sha256(text).hexdigest()}"
