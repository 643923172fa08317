"""A client of the registry API, version 2, for one repository: what `docker push` does, and no more.

Over HTTPS, or over plain HTTP to this machine alone. The token is in no error and no event.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from natless.deploy.images.image import ImageError
from natless.deploy.images.layers import Blob

TRIES = 4
_SECONDS = 60
_CHUNK = 1 << 20
_LARGEST_ANSWER = 8 << 20
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]+")

MANIFEST_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)

_Given = TypeVar("_Given")
Sent: TypeAlias = Callable[[int], None]


class Answer(msgspec.Struct, frozen=True):
    """What the registry answered. `headers` are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Refused(ImageError):  # noqa: N818 - it is the registry's refusal, an answer and not a failure
    """The registry said no. `code` is the registry API's, or ""."""

    def __init__(self, action: str, status: int, code: str, text: str) -> None:
        """Take what was asked, the HTTP status, the API's code and text."""
        said = " ".join(part for part in (str(status), code, text) if part)
        super().__init__(f"the registry refuses to {action}: {said}", advice=_advice(status, code))
        self.status = status
        self.code = code


class Registry:
    """One repository of a registry. A client holds one connection: each thread has its own client."""

    def __init__(self, url: str, token: str, repository: str) -> None:
        """Take the registry's URL (`https://HOST`), the Basic token of ecr:GetAuthorizationToken, the repository."""
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ImageError(f"{url} is no URL of a registry")
        if parts.scheme == "http" and not is_here(parts.hostname):
            raise ImageError(f"{url} is not encrypted: the token would go over the wire in the clear")
        if not _TOKEN.fullmatch(token):
            raise ImageError("ecr:GetAuthorizationToken gave a token that is none")
        self._parts = parts
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._headers = {"Authorization": f"Basic {token}", "User-Agent": "natless"}
        self._path = f"/v2/{quote(repository)}"
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the connection."""
        self.close()

    def manifest(self, reference: str) -> bytes | None:
        """Give the manifest of a tag or digest, or None where there is none."""
        answer = self._asked(
            "GET", f"{self._path}/manifests/{reference}", headers={"Accept": ", ".join(MANIFEST_TYPES)}
        )
        if answer.status == HTTPStatus.NOT_FOUND and _error(answer)[0] in ("MANIFEST_UNKNOWN", ""):
            return None
        return _granted(answer, "read a manifest", HTTPStatus.OK).body

    def put_manifest(self, reference: str, text: bytes, media_type: str) -> str:
        """Store a manifest under a tag, and give the digest that the registry says it has ("" where it says none)."""
        answer = self._asked(
            "PUT", f"{self._path}/manifests/{reference}", lambda: text, {"Content-Type": media_type}, len(text)
        )
        return _granted(answer, "store the manifest", HTTPStatus.CREATED).headers.get("docker-content-digest", "")

    def has(self, digest: str) -> bool:
        """Say whether a blob is there. A registry that would redirect a reader has it."""
        answer = self._asked("HEAD", f"{self._path}/blobs/{digest}")
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        _granted(answer, "look for a blob", HTTPStatus.OK, HTTPStatus.TEMPORARY_REDIRECT)
        return True

    def upload(self, blob: Blob, path: Path, sent: Sent) -> None:
        """Upload the file at `path`, which is `blob`. A connection that breaks begins the upload anew, TRIES times."""
        self._retrying(lambda: self._upload(blob, path, sent))

    def _upload(self, blob: Blob, path: Path, sent: Sent) -> None:
        answer = self._request("POST", f"{self._path}/blobs/uploads/")
        target = self._location(_granted(answer, "begin an upload", HTTPStatus.ACCEPTED))
        kind = {"Content-Type": "application/octet-stream"}
        sent(0)
        answer = self._request("PATCH", target, lambda: _pieces(path, sent), kind, blob.size)
        target = self._location(_granted(answer, "take a layer", HTTPStatus.ACCEPTED))
        target += ("&" if "?" in target else "?") + urlencode({"digest": blob.digest})
        _granted(self._request("PUT", target, lambda: b"", kind, 0), "keep a layer", HTTPStatus.CREATED)

    def _location(self, answer: Answer) -> str:
        """Give path and query of where an upload goes on. The token is not sent to another host."""
        parts = urlsplit(urljoin(self._base, answer.headers.get("location", "")))
        if parts.hostname != self._parts.hostname:
            raise ImageError(f"the registry sends the upload on to another host, {parts.hostname}")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _asked(
        self,
        method: str,
        target: str,
        body: Callable[[], bytes | Iterator[bytes]] | None = None,
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> Answer:
        """Ask, and ask again where the connection breaks or the registry is busy."""
        return self._retrying(lambda: self._request(method, target, body, headers, length))

    def _retrying(self, attempt: Callable[[], _Given]) -> _Given:
        for number in range(1, TRIES + 1):
            try:
                return attempt()
            except (OSError, http.client.HTTPException, _BusyError) as error:
                self.close()
                if number == TRIES:
                    cause = f"the registry {self._parts.netloc} cannot be reached: {str(error) or type(error).__name__}"
                    raise ImageError(cause, advice="run it again: what is uploaded is kept") from error
                time.sleep(2 ** (number - 2))
        raise AssertionError

    def _request(
        self,
        method: str,
        target: str,
        body: Callable[[], bytes | Iterator[bytes]] | None = None,
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> Answer:
        connection = self._connection = self._connection or _connect(self._parts.hostname or "", self._parts)
        size = {} if length is None else {"Content-Length": str(length)}
        size = {"Content-Length": "0"} if method == "POST" else size
        connection.request(method, target, body() if body else None, {**self._headers, **(headers or {}), **size})
        with connection.getresponse() as response:
            text = response.read(_LARGEST_ANSWER)
            found = {name.lower(): value for name, value in response.getheaders()}
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise _BusyError(f"it answered {response.status} {response.reason}")
            if response.will_close:
                self.close()
            return Answer(response.status, found, text)


class _BusyError(Exception):
    """The registry could not answer now."""


def _connect(host: str, parts: Any) -> http.client.HTTPConnection:
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)
    context = trusted()
    proxy = urlsplit("" if proxy_bypass(host) else getproxies().get("https", ""))
    if not proxy.hostname:
        return http.client.HTTPSConnection(host, parts.port, timeout=_SECONDS, context=context)
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=_SECONDS, context=context)
    connection.set_tunnel(host, parts.port or http.client.HTTPS_PORT)
    return connection


def trusted() -> ssl.SSLContext:
    """Give the certificates that are trusted: the system's, and those that boto3 takes from the environment."""
    bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
    context = ssl.create_default_context()
    if bundle:
        with contextlib.suppress(OSError):
            context.load_verify_locations(bundle)
    return context


def is_here(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _pieces(path: Path, sent: Sent) -> Iterator[bytes]:
    done = 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
            done += len(piece)
            sent(done)


def _granted(answer: Answer, action: str, *good: HTTPStatus) -> Answer:
    if answer.status not in good:
        raise Refused(action, answer.status, *_error(answer))
    return answer


def _error(answer: Answer) -> tuple[str, str]:
    """Give code and text of the API's first error, as far as there is one."""
    try:
        [first, *_] = json.loads(answer.body)["errors"]
        return str(first.get("code", "")), str(first.get("message", ""))[:500]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def _advice(status: int, code: str) -> str:
    match status, code:
        case 401, _:
            return "the token has expired or is for another registry: run it again"
        case (403, _) | (_, "DENIED"):
            return (
                "the caller needs ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, "
                "ecr:CompleteLayerUpload, ecr:PutImage and ecr:BatchGetImage on the repository"
            )
        case 404, "NAME_UNKNOWN":
            return "the repository is made by the stack NAME-images: `natless deploy` makes it first"
        case _:
            return ""
