"""AWS's error answers, in the shape of each protocol."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from natless.lab.services.requests import Asked, Protocol

StartResponse = Callable[..., Any]


def fault(status: int, code: str, message: str, protocol: Protocol) -> tuple[int, list[tuple[str, str]], bytes]:
    """Give an error answer: status, headers and body."""
    request = str(uuid.uuid4())
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    match protocol:
        case "ec2":
            text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request}</RequestID></Response>"
        case "query":
            error = f"<Error><Type>Sender</Type>{inner}</Error>"
            text = f"<ErrorResponse>{error}<RequestId>{request}</RequestId></ErrorResponse>"
        case "rest-xml":
            text = f"<Error>{inner}<RequestId>{request}</RequestId></Error>"
        case "json" | "rest-json":
            text = json.dumps({"__type": code, "message": message})
    kind = "application/x-amz-json-1.1" if protocol in {"json", "rest-json"} else "text/xml"
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request), ("x-amzn-ErrorType", code)]
    return status, headers, text.encode()


def unknown_key(asked: Asked) -> tuple[int, str, str]:
    """Give what AWS says to a key that it does not know, or to none: status, code, message."""
    if not asked.key:
        return 403, "MissingAuthenticationToken", "Request is missing Authentication Token"
    if asked.protocol == "ec2":
        return 401, "AuthFailure", "AWS was not able to validate the provided access credentials"
    if asked.service == "s3":
        return 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
    code = "InvalidClientTokenId" if asked.protocol == "query" else "UnrecognizedClientException"
    return 403, code, "The security token included in the request is invalid."


def expired(asked: Asked) -> tuple[int, str, str]:
    """Give what AWS says to a session that is over: status, code, message."""
    if asked.protocol == "ec2":
        return 400, "RequestExpired", "Request has expired."
    if asked.service == "s3":
        return 400, "ExpiredToken", "The provided token has expired."
    code = "ExpiredToken" if asked.protocol == "query" else "ExpiredTokenException"
    status = 403 if asked.protocol == "query" else 400
    return status, code, "The security token included in the request is expired"


def wrong_signature(asked: Asked) -> tuple[int, str, str]:
    """Give what AWS says to a signature that the key's secret did not make: status, code, message."""
    if asked.protocol == "ec2":
        return 401, "AuthFailure", "AWS was not able to validate the provided access credentials"
    message = "The request signature we calculated does not match the signature you provided. Check your"
    if asked.service == "s3":
        return 403, "SignatureDoesNotMatch", f"{message} key and signing method."
    message = f"{message} AWS Secret Access Key and signing method. Consult the service documentation for details."
    if asked.protocol == "query":
        return 403, "SignatureDoesNotMatch", message
    return 400, "InvalidSignatureException", message


def not_served(asked: Asked) -> tuple[int, str, str]:
    """Give the answer to a call that the lab lacks."""
    code = "UnknownOperationException" if asked.protocol in {"json", "rest-json"} else "InvalidAction"
    call = f"{asked.service}:{asked.call}" if asked.call else f"this {asked.method} of {asked.service}"
    return 400, code, f"The lab does not serve {call}; it serves what a private ECS service needs."


def send(answer: tuple[int, list[tuple[str, str]], bytes], start_response: StartResponse) -> Iterable[bytes]:
    """Send an answer through WSGI."""
    status, headers, text = answer
    start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, ("Content-Length", str(len(text)))])
    return [text]
