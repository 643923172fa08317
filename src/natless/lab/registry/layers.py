"""The layer bucket: presigned URLs to it, and the server that honours them.

ECR answers a layer request with a redirect to `prod-REGION-starport-layer-bucket`: that is why a task needs the
S3 endpoint (facts section 1). The URLs are good for an hour and for one object only.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from natless.lab.registry.store import DIGEST, Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOUR = 3600
_SIGNED = ("X-Amz-Algorithm", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires", "X-Amz-Credential")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class LayerUrls:
    """Makes and checks URLs into the layer bucket of one region."""

    def __init__(self, account: str, region: str, secret: bytes) -> None:
        """Take the account and region that the URLs name, and the lab's secret that signs them."""
        self.host = f"prod-{region}-starport-layer-bucket.s3.{region}.amazonaws.com"
        self._account = account
        self._region = region
        self._secret = secret

    def make(self, repository: str, digest: str, lifetime: int = HOUR) -> str:
        """Give the URL of a blob; `lifetime` in seconds."""
        place = hashlib.sha256(repository.encode()).hexdigest()
        key = f"/{place[:4]}-{self._account}-{place[4:36]}/{digest.removeprefix('sha256:')}"
        now = time.gmtime()
        day = time.strftime("%Y%m%d", now)
        values = dict(
            zip(
                _SIGNED,
                (
                    "AWS4-HMAC-SHA256",
                    time.strftime("%Y%m%dT%H%M%SZ", now),
                    "host",
                    str(lifetime),
                    f"ASIANATLESSLAYERS/{day}/{self._region}/s3/aws4_request",
                ),
                strict=True,
            )
        )
        values["X-Amz-Signature"] = self._sign(key, values)
        return f"https://{self.host}{quote(key)}?{urlencode(values)}"

    def refusal(self, path: str, query: dict[str, str]) -> tuple[str, str] | None:
        """Give S3's code and text where the URL is not one of ours or has expired, else None."""
        if not all(name in query for name in (*_SIGNED, "X-Amz-Signature")):
            return "AccessDenied", "Access Denied"
        if not hmac.compare_digest(query["X-Amz-Signature"].encode(), self._sign(path, query).encode()):
            message = "The request signature we calculated does not match the signature you provided."
            return "SignatureDoesNotMatch", f"{message} Check your key and signing method."
        made = calendar.timegm(time.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        if time.time() > made + int(query["X-Amz-Expires"]):
            return "AccessDenied", "Request has expired"
        return None

    def _sign(self, path: str, values: dict[str, str]) -> str:
        text = "\n".join([path, *(values[name] for name in _SIGNED)])
        return hmac.new(self._secret, b"layer-url." + text.encode(), hashlib.sha256).hexdigest()


class LayerBucket:
    """The WSGI application behind the bucket's name: GET and HEAD, ranges, nothing else."""

    def __init__(
        self, urls: LayerUrls, store: Store, refuses: Callable[[WSGIEnvironment, str, str], str | None]
    ) -> None:
        """Take what checks URLs, where the bytes lie, and what refuses a request for a bucket's key in words."""
        self._urls = urls
        self._store = store
        self._refuses = refuses

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        refused = self._urls.refusal(request.path, request.args.to_dict())
        if refused is not None:
            return _error(403, *refused)
        forbidden = self._refuses(request.environ, self._urls.host.partition(".")[0], request.path)
        if forbidden is not None:
            return _error(403, "AccessDenied", forbidden)
        digest = f"sha256:{request.path.rpartition('/')[2]}"
        size = self._store.size(digest) if DIGEST.fullmatch(digest) else None
        if size is None:
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        asked = _span(request.headers.get("Range"), size)
        if asked is None:
            return _error(416, "InvalidRange", "The requested range is not satisfiable")
        first, length = asked
        answer = Response(
            () if request.method == "HEAD" else self._store.read(digest, first, length),
            status=206 if "Range" in request.headers else 200,
            headers={"Content-Length": str(length), "Accept-Ranges": "bytes", "ETag": f'"{digest[7:39]}"'},
            content_type="application/octet-stream",
        )
        if answer.status_code == 206:  # noqa: PLR2004 - Partial Content
            answer.headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
        return answer


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """Give (first byte, length) of a Range header, the whole where there is none, None where it cannot be met."""
    if header is None:
        return 0, size
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        length = min(int(last), size)
        return (size - length, length) if length else None
    end = min(int(last), size - 1) if last else size - 1
    return (int(first), end - int(first) + 1) if int(first) <= end else None


def _error(status: int, code: str, message: str) -> Response:
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    return Response(text, status=status, content_type="application/xml")
