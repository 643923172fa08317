"""What a request asks for, read from WSGI's environ: whose key, which service, which call, which protocol."""

from __future__ import annotations

import io
import re
from typing import Any, Literal
from urllib.parse import parse_qs

import msgspec

from natless.lab.services import ssmmessages

Protocol = Literal["ec2", "query", "json", "rest-xml", "rest-json"]

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")
SCOPE_PARTS = 5
"""key/day/region/service/aws4_request"""

READING = ("Describe", "List", "Get", "Lookup", "Batch", "Head", "Search", "Filter", "Validate", "Estimate", "Simulate")
DATA = (
    *("PutLogEvents", "CreateLogStream", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"),
    *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "Publish"),
    *("ChangeMessageVisibility", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "Query", "Scan"),
    *("TransactGetItems", "TransactWriteItems", "Encrypt", "Decrypt", "GenerateDataKey", "AssumeRole"),
)
"""What writes data and changes no resource: a chatty container must not look like a changing network."""

READING_BATCHES = ("BatchGet", "BatchCheck", "BatchDescribe")


class Asked(msgspec.Struct, frozen=True):
    """A request. `key` is the access key id ("" where unsigned), `call` the operation ("" where the path says it)."""

    key: str
    service: str
    call: str
    protocol: Protocol
    method: str

    @property
    def changes(self) -> bool:
        """Say whether the request may change a resource. What it is not sure of, it calls a change."""
        if self.call in DATA or (self.service == "s3" and not self.call):
            return False
        if not self.call:
            return self.method not in {"GET", "HEAD", "OPTIONS"}
        if self.call.startswith("Batch"):
            return not self.call.startswith(READING_BATCHES)
        return not self.call.startswith(READING)


def read(environ: dict[str, Any]) -> Asked:
    """Read a request; its body stays readable."""
    key, service = _credential(environ)
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    method = str(environ.get("REQUEST_METHOD", "GET"))
    if target:
        return Asked(key, service, target.rsplit(".", maxsplit=1)[-1], "json", method)
    if str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        action = _ACTION.search(_body(environ))
        call = action.group(1).decode() if action else ""
        return Asked(key, service, call, "ec2" if service == "ec2" else "query", method)
    query = parse_qs(str(environ.get("QUERY_STRING", "")))
    if "Action" in query:
        return Asked(key, service, query["Action"][0], "ec2" if service == "ec2" else "query", method)
    call = ssmmessages.operation(method, str(environ.get("PATH_INFO", ""))) if service == ssmmessages.SERVICE else ""
    return Asked(key, service, call, "rest-xml" if service == "s3" else "rest-json", method)


def key(authorization: str) -> str:
    """Give the access key id that an Authorization header names, "" where there is none."""
    found = _CREDENTIAL.search(authorization)
    return found.group(1) if found else ""


def _credential(environ: dict[str, Any]) -> tuple[str, str]:
    """Give the access key id and the service of the signature, in the header or in a presigned URL."""
    found = _CREDENTIAL.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    if found:
        return found.group(1), found.group(3)
    presigned = parse_qs(str(environ.get("QUERY_STRING", ""))).get("X-Amz-Credential", [""])[0].split("/")
    return (
        (presigned[0], presigned[3]) if len(presigned) == len(["key", "day", "region", "service", "end"]) else ("", "")
    )


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def body(environ: dict[str, Any]) -> bytes:
    """Give the body of a request, and leave it readable."""
    return _body(environ)
