"""The registry API, version 2, as ECR speaks it.

Differences from an ordinary registry: Basic authentication by a token, no repository that was not created first,
immutable tags, layers by redirect. The host's own clients come in by a loopback address, have no way to the bucket,
and get the bytes themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.wrappers import Request, Response

from natless.catalog.authorization import REGISTRY_ACTIONS
from natless.lab.registry.images import Images, RefusalError
from natless.lab.registry.layers import LayerBucket, LayerUrls
from natless.lab.registry.store import DIGEST, DigestMismatchError, Store
from natless.lab.registry.tokens import Tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_NAME = r"(?P<name>(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)"
_REFERENCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64}")
_LARGEST_MANIFEST = 4 << 20
"""Bytes; ECR's quota is 4 MiB a manifest."""


class Guard(Protocol):
    """What says who may do what, in words that refuse, or None."""

    def registry(self, environ: WSGIEnvironment, key: str, action: str, repository: str) -> str | None:
        """Judge what the holder of an access key does to a repository."""

    def layer(self, environ: WSGIEnvironment, bucket: str, key: str) -> str | None:
        """Judge a layer request, which ECR signs as itself."""


class Registry:
    """The WSGI application for `/v2/`, on `ACCOUNT.dkr.ecr.REGION.amazonaws.com` and on the host's API port.

    `bucket` is the WSGI application for the layer bucket's name, `urls.host`.
    """

    def __init__(self, account: str, region: str, secret: bytes, folder: str, guard: Guard) -> None:
        """Take the account, its region, the lab's secret, the folder on scratch that blobs lie in, and who may."""
        self.host = f"{account}.dkr.ecr.{region}.amazonaws.com"
        self.tokens = Tokens(secret)
        self.urls = LayerUrls(account, region, secret)
        self._store = Store(Path(folder))
        self._images = Images(account, region)
        self._guard = guard
        self.bucket = LayerBucket(self.urls, self._store, guard.layer)
        self._routes: tuple[tuple[re.Pattern[str], Callable[..., Response]], ...] = (
            (re.compile(rf"/v2/{_NAME}/blobs/uploads/?"), self._begin),
            (re.compile(rf"/v2/{_NAME}/blobs/uploads/(?P<upload>[0-9a-f-]{{36}})"), self._continue),
            (re.compile(rf"/v2/{_NAME}/blobs/(?P<digest>[^/]+)"), self._blob),
            (re.compile(rf"/v2/{_NAME}/manifests/(?P<reference>[^/]+)"), self._manifest),
            (re.compile(rf"/v2/{_NAME}/tags/list"), self._tags),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            answer = self._answer(request)
        except RefusalError as refusal:
            answer = _errors(refusal.status, refusal.code, refusal.message)
        answer.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        holder = self.tokens.holder(request.headers.get("Authorization", ""))
        if holder is None:
            answer = _errors(401, "UNAUTHORIZED", "Not Authorized")
            challenge = f'Basic realm="https://{self.host}/",service="ecr.amazonaws.com"'
            answer.headers["Www-Authenticate"] = challenge
            return answer
        if request.path in ("/v2", "/v2/"):
            return Response(b"", status=200, content_type="text/plain; charset=utf-8")
        for pattern, answer_to in self._routes:
            match = pattern.fullmatch(request.path)
            if match:
                self._refuse_others(request, holder, match["name"])
                return answer_to(request, **match.groupdict())
        raise RefusalError(404, "NAME_INVALID", f"{request.path} is no path of the registry API")

    def _refuse_others(self, request: Request, holder: str, name: str) -> None:
        """Refuse who may not do what a request does."""
        rest = request.path.removeprefix(f"/v2/{name}/")
        kind = "uploads" if rest.startswith("blobs/uploads") else rest.partition("/")[0]
        action = REGISTRY_ACTIONS.get((kind, request.method))
        if action is None:
            raise _unsupported(request)
        refused = self._guard.registry(request.environ, holder, action, name)
        if refused is not None:
            raise RefusalError(403, "DENIED", refused)

    def _begin(self, request: Request, name: str) -> Response:
        """Open an upload; a `digest` in the query means that the whole blob comes with this request."""
        if request.method != "POST":
            raise _unsupported(request)
        self._images.repository(name)
        upload = self._store.begin(name)
        if "digest" in request.args:
            return self._finish(request, name, upload)
        return self._upload_state(name, upload, 0)

    def _continue(self, request: Request, name: str, upload: str) -> Response:
        self._images.repository(name)
        length = self._store.progress(upload, name)
        if length is None:
            raise RefusalError(404, "BLOB_UPLOAD_UNKNOWN", f"The upload '{upload}' does not exist")
        match request.method:
            case "PATCH":
                _refuse_gap(request, length)
                return self._upload_state(name, upload, self._store.append(upload, request.stream))
            case "PUT":
                return self._finish(request, name, upload)
            case "GET":
                answer = self._upload_state(name, upload, length)
                answer.status_code = 204
                return answer
            case "DELETE":
                self._store.cancel(upload)
                return Response(b"", status=204)
            case _:
                raise _unsupported(request)

    def _finish(self, request: Request, name: str, upload: str) -> Response:
        digest = request.args.get("digest", "")
        if not DIGEST.fullmatch(digest):
            raise RefusalError(400, "DIGEST_INVALID", f"'{digest}' is no sha256 digest")
        self._store.append(upload, request.stream)
        try:
            size = self._store.finish(upload, digest)
        except DigestMismatchError as error:
            message = f"Uploaded blob does not have the digest '{digest}'"
            raise RefusalError(400, "DIGEST_INVALID", message) from error
        self._images.record_layer(name, digest, size)
        headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
        return Response(b"", status=201, headers=headers)

    def _upload_state(self, name: str, upload: str, length: int) -> Response:
        headers = {
            "Location": f"/v2/{name}/blobs/uploads/{upload}",
            "Docker-Upload-UUID": upload,
            "Range": f"0-{max(length - 1, 0)}",
        }
        return Response(b"", status=202, headers=headers)

    def _blob(self, request: Request, name: str, digest: str) -> Response:
        """Answer HEAD from here, since a URL signed for GET is none for HEAD, and GET by redirect to the bucket."""
        size = self._store.size(digest) if self._images.holds_layer(name, digest) else None
        if size is None:
            raise RefusalError(404, "BLOB_UNKNOWN", f"The layer '{digest}' does not exist in the repository '{name}'")
        headers = {"Docker-Content-Digest": digest, "Content-Length": str(size)}
        match request.method:
            case "HEAD":
                return Response((), status=200, headers=headers, content_type="application/octet-stream")
            case "GET" if request.host.partition(":")[0] == self.host:
                return Response(b"", status=307, headers={"Location": self.urls.make(name, digest)})
            case "GET":
                stream = self._store.read(digest, 0, size)
                return Response(stream, status=200, headers=headers, content_type="application/octet-stream")
            case _:
                raise _unsupported(request)

    def _manifest(self, request: Request, name: str, reference: str) -> Response:
        self._images.repository(name)
        if not _REFERENCE.fullmatch(reference):
            raise RefusalError(400, "TAG_INVALID", f"'{reference}' is neither a tag nor a sha256 digest")
        match request.method:
            case "GET" | "HEAD":
                found = self._images.manifest(name, reference)
                headers = {"Docker-Content-Digest": found.digest, "Content-Length": str(len(found.text))}
                body = b"" if request.method == "HEAD" else found.text
                return Response(body, status=200, headers=headers, content_type=found.media_type)
            case "PUT":
                return self._put_manifest(request, name, reference)
            case _:
                raise _unsupported(request)

    def _put_manifest(self, request: Request, name: str, reference: str) -> Response:
        text = request.stream.read(_LARGEST_MANIFEST + 1)
        if len(text) > _LARGEST_MANIFEST:
            raise RefusalError(413, "SIZE_INVALID", f"A manifest has at most {_LARGEST_MANIFEST} bytes")
        media_type = request.headers.get("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        digest = self._images.record(name, reference, text, media_type)
        headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
        return Response(b"", status=201, headers=headers)

    def _tags(self, request: Request, name: str) -> Response:
        if request.method != "GET":
            raise _unsupported(request)
        return _json(200, {"name": name, "tags": self._images.tags(name)})


def _refuse_gap(request: Request, length: int) -> None:
    """Refuse a chunk that does not begin where the last one ended."""
    first = request.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if first and first != str(length):
        raise RefusalError(416, "BLOB_UPLOAD_INVALID", f"The next byte of this upload is {length}, not {first}")


def _unsupported(request: Request) -> RefusalError:
    return RefusalError(405, "UNSUPPORTED", f"{request.method} is not supported on {request.path}")


def _errors(status: int, code: str, message: str) -> Response:
    return _json(status, {"errors": [{"code": code, "message": message}]})


def _json(status: int, document: dict[str, Any]) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json; charset=utf-8")
