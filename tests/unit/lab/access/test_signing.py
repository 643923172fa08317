"""Signatures: the published test vector, and those that an unmodified SDK makes."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from natless.lab.access import signing

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # noqa: S105 - the vector's own, published


def environ(request: Any) -> dict[str, Any]:
    parts = urlsplit(request.url)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    headers["HTTP_HOST"] = parts.netloc
    if "HTTP_CONTENT_TYPE" in headers:
        headers["CONTENT_TYPE"] = headers.pop("HTTP_CONTENT_TYPE")
    return {"REQUEST_METHOD": request.method, "RAW_URI": parts.path, "QUERY_STRING": parts.query, **headers}


def test_the_published_vector() -> None:
    # "get-vanilla" of AWS's Signature Version 4 test suite.
    signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    asked = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/",
        "QUERY_STRING": "",
        "HTTP_HOST": "example.amazonaws.com",
        "HTTP_X_AMZ_DATE": "20150830T123600Z",
        "HTTP_AUTHORIZATION": (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}"
        ),
    }
    found = signing.read(asked)
    assert found is not None
    assert signing.genuine(found, SECRET, asked, b"")
    assert not signing.genuine(found, SECRET[:-1], asked, b"")
    assert not signing.timely(found, dt.datetime.now(dt.UTC))
    assert signing.timely(found, dt.datetime(2015, 8, 30, 12, 50, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("service", "url", "method", "body"),
    [
        ("logs", "https://logs.eu-west-1.amazonaws.com/", "POST", b'{"logGroupName": "/x"}'),
        ("s3", "https://orders.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC%2Bx?x-id=GetObject&prefix=a%2Fb", "GET", b""),
        ("execute", "https://x.eu-west-1.amazonaws.com/a%20b?z=1&a=&b=c%20d", "GET", b""),
    ],
)
def test_what_an_sdk_signs(service: str, url: str, method: str, body: bytes) -> None:
    request = botocore.awsrequest.AWSRequest(method, url, headers={"Content-Type": "text/x"}, data=body)
    keys = botocore.credentials.Credentials("ASIAKEY", SECRET, "the token")
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signer(keys, service, "eu-west-1").add_auth(request)
    asked = environ(request.prepare())
    found = signing.read(asked)
    assert found is not None
    assert found.token.split() == ["the", "token"]
    assert signing.genuine(found, SECRET, asked, body)
    assert signing.timely(found, dt.datetime.now(dt.UTC))
    assert not signing.genuine(found, SECRET, {**asked, "QUERY_STRING": "other=1"}, body)
    assert not signing.genuine(found, SECRET, {**asked, "HTTP_X_AMZ_SECURITY_TOKEN": "another"}, body)
    if body:
        assert not signing.genuine(found, SECRET, asked, body + b" ")


def test_a_presigned_url() -> None:
    request = botocore.awsrequest.AWSRequest("GET", "https://orders.s3.eu-west-1.amazonaws.com/a")
    keys = botocore.credentials.Credentials("ASIAKEY", SECRET, "token")
    botocore.auth.S3SigV4QueryAuth(keys, "s3", "eu-west-1", expires=60).add_auth(request)
    asked = environ(request.prepare())
    found = signing.read(asked)
    assert found is not None
    assert (found.token, found.seconds) == ("token", 60)
    assert signing.genuine(found, SECRET, asked, b"")
    assert signing.timely(found, dt.datetime.now(dt.UTC))
    assert not signing.timely(found, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90))


@pytest.mark.parametrize("header", ["", "Basic QVdTOng=", "AWS4-HMAC-SHA256 Credential=x"])
def test_no_signature(header: str) -> None:
    assert signing.read({"HTTP_AUTHORIZATION": header}) is None
