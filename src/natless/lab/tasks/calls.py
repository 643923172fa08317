"""Calls of AWS services from a task's address, signed with a session of its execution role.

JSON services are called at start-up (ECR, Secrets Manager, Systems Manager, CloudWatch Logs), and S3 for objects, so a
call is one signed request: no client is built, and each error keeps the words that ECS shows.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import msgspec

from natless.lab.services.identities import Session
from natless.lab.tasks.way import RequestError, Way

_OK, _FIRST_ERROR = 200, 400
_LARGEST_ANSWER = 1 << 16
_Result = TypeVar("_Result")

ServiceName: TypeAlias = Literal["ecr", "secretsmanager", "ssm", "logs", "ecs"]

_SERVICES: dict[ServiceName, tuple[str, str]] = {
    "ecr": ("api.ecr", "AmazonEC2ContainerRegistry_V20150921"),
    "secretsmanager": ("secretsmanager", "secretsmanager"),
    "ssm": ("ssm", "AmazonSSM"),
    "logs": ("logs", "Logs_20140328"),
    "ecs": ("ecs", "AmazonEC2ContainerServiceV20141113"),
}
"""Host name before `.REGION.amazonaws.com`, and the target prefix (botocore's service models)."""


class CallError(Exception):
    """A call failed. `connection` says whether no answer came at all; the text is aws-sdk-go's, as ECS shows it."""

    def __init__(self, text: str, *, connection: bool, code: str = "") -> None:
        """Take the text, whether no answer came, and the service's error code."""
        super().__init__(text)
        self.connection = connection
        self.code = code


class Caller(msgspec.Struct, frozen=True):
    """Signs and sends calls over one task's way. `keys` gives the session that signs, and is asked for each call."""

    way: Way
    region: str
    keys: Callable[[], Session]

    def call(self, service: ServiceName, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call `operation` and give its answer; raises CallError."""
        host, target = _SERVICES[service]
        url = f"https://{host}.{self.region}.amazonaws.com/"
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{target}.{operation}"}
        body = json.dumps(arguments).encode()
        request = botocore.awsrequest.AWSRequest("POST", url, headers=headers, data=body)
        botocore.auth.SigV4Auth(self._credentials(), service, self.region).add_auth(request)
        try:
            with self.way.request("POST", url, dict(request.headers.items()), body) as answer:
                text, status = answer.read(), answer.status
                request_id = answer.headers.get("x-amzn-requestid", "")
        except (RequestError, OSError) as error:
            raise _unanswered(error) from error
        return _answer(text, status, request_id)

    def object(self, bucket: str, key: str, most: int) -> bytes:
        """Give an object of S3, at most `most` bytes of it; raises CallError."""
        host = f"s3.{self.region}.amazonaws.com"
        # A name with a dot in it is under no wildcard certificate.
        place = f"{host}/{bucket}" if "." in bucket else f"{bucket}.{host}"
        url = f"https://{place}/{quote(key, safe='/~')}"
        return self._rest(botocore.auth.S3SigV4Auth, "s3", "GET", url, most)

    def rest(self, service: str, method: str, path: str) -> bytes:
        """Send one request without a body to a service whose paths say what is asked; raises CallError."""
        url = f"https://{service}.{self.region}.amazonaws.com{path}"
        return self._rest(botocore.auth.SigV4Auth, service, method, url, _LARGEST_ANSWER)

    def _rest(self, sign: type[botocore.auth.SigV4Auth], service: str, method: str, url: str, most: int) -> bytes:
        request = botocore.awsrequest.AWSRequest(method, url)
        sign(self._credentials(), service, self.region).add_auth(request)
        try:
            with self.way.request(method, url, dict(request.headers.items())) as answer:
                if answer.status < _FIRST_ERROR:
                    return answer.read(most)
                text, status = answer.read(most), answer.status
                request_id = answer.headers.get("x-amz-request-id", "")
        except (RequestError, OSError) as error:
            raise _unanswered(error) from error
        code, message = (_element(text, name) for name in ("Code", "Message"))
        said = f"{code}: {message} status code: {status}, request id: {request_id}"
        raise CallError(said, connection=False, code=code)

    def _credentials(self) -> botocore.credentials.Credentials:
        session = self.keys()
        return botocore.credentials.Credentials(session.access_key_id, session.secret_access_key, session.token)


def retried(caller: Caller, action: Callable[[], _Result]) -> _Result:
    """Do a call, and again where no answer came, as often as ECS does."""
    patience = caller.way.patience
    for attempt in range(patience.retries + 1):
        try:
            return action()
        except CallError as error:
            if not error.connection or attempt == patience.retries:
                raise
        time.sleep(patience.pause)
    raise AssertionError


def _unanswered(error: Exception) -> CallError:
    return CallError(f"RequestError: send request failed caused by: {error}", connection=True)


def _element(text: bytes, name: str) -> str:
    """Read one element of an error document of S3 ("REST error responses", S3 API reference)."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", text.decode(errors="replace"))
    return found[1] if found else "UnknownError"


def _answer(text: bytes, status: int, request_id: str) -> dict[str, Any]:
    try:
        document = json.loads(text or b"{}")
    except ValueError:
        document = None
    if status == _OK and isinstance(document, dict):
        return document
    fields = document if isinstance(document, dict) else {}
    code = str(fields.get("__type", "UnknownError")).rpartition("#")[2]
    message = fields.get("message") or fields.get("Message") or ""
    words = f"{code}: {message} status code: {status}, request id: {request_id}"
    raise CallError(words, connection=False, code=code)
