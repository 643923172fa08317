"""Signature Version 4, checked: was this request signed with the secret of the key that it names?

Source: IAM user guide, "Create a signed AWS API request". Read 2026-11.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import msgspec

SKEW = dt.timedelta(minutes=15)
"""How old a signature may be (IAM user guide, as above)."""

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<scope>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_UNSIGNED = "UNSIGNED-PAYLOAD"


class Signature(msgspec.Struct, frozen=True):
    """A request's signature taken apart. `seconds` says how long a presigned URL is good for, None in a header."""

    scope: str
    headers: tuple[str, ...]
    signature: str
    moment: str
    token: str
    seconds: int | None = None


def read(environ: Mapping[str, Any]) -> Signature | None:
    """Give the signature in the header or in the query; None where there is none that can be read."""
    found = _HEADER.match(str(environ.get("HTTP_AUTHORIZATION", "")))
    if found:
        moment, token = str(environ.get("HTTP_X_AMZ_DATE", "")), str(environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""))
        return Signature(found["scope"], tuple(found["headers"].split(";")), found["signature"], moment, token)
    query = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
    try:
        return Signature(
            query["X-Amz-Credential"],
            tuple(query["X-Amz-SignedHeaders"].split(";")),
            query["X-Amz-Signature"],
            query["X-Amz-Date"],
            query.get("X-Amz-Security-Token", ""),
            int(query["X-Amz-Expires"]),
        )
    except (KeyError, ValueError):
        return None


def timely(signature: Signature, now: dt.datetime) -> bool:
    """Say whether a signature is not too old, and not of a time to come."""
    try:
        made = dt.datetime.strptime(signature.moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    if signature.seconds is not None:
        return made - SKEW <= now <= made + dt.timedelta(seconds=signature.seconds)
    return abs(now - made) <= SKEW


def genuine(signature: Signature, secret: str, environ: Mapping[str, Any], body: bytes) -> bool:
    """Say whether `secret` made this signature of this request. S3's bodies are hashed by their sender alone."""
    scope = signature.scope.split("/")
    if len(scope) != len(("key", "day", "region", "service", "end")):
        return False
    canonical = _canonical(signature, environ, body, plain=scope[3] == "s3")
    told = "\n".join(
        ["AWS4-HMAC-SHA256", signature.moment, "/".join(scope[1:]), hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{secret}".encode()
    for part in scope[1:]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, told.encode(), hashlib.sha256).hexdigest(), signature.signature)


def _canonical(signature: Signature, environ: Mapping[str, Any], body: bytes, *, plain: bool) -> str:
    path = str(environ.get("RAW_URI") or environ.get("PATH_INFO") or "/").partition("?")[0] or "/"
    # S3 signs the path as sent; every other service signs it encoded once more.
    shown = quote(unquote(path), safe="/~") if plain else quote(path, safe="/~")
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in signature.headers)
    if signature.seconds is not None:
        payload = _UNSIGNED if plain else hashlib.sha256(body).hexdigest()
    else:
        payload = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256") or hashlib.sha256(body).hexdigest())
        if not plain and payload != _UNSIGNED:
            payload = hashlib.sha256(body).hexdigest()
    parts = [str(environ["REQUEST_METHOD"]), shown, _query(environ), headers, ";".join(signature.headers), payload]
    return "\n".join(parts)


def _query(environ: Mapping[str, Any]) -> str:
    pairs = parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
    encoded = [(quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs if name != "X-Amz-Signature"]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _header(environ: Mapping[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return " ".join(str(value).split())
