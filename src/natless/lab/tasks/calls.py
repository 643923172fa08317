"""Calls of AWS services from a task's address, signed with a session of its execution role.

Only JSON services are called at start-up (ECR, Secrets Manager, Systems Manager, CloudWatch Logs), so a call is one
signed POST: no client is built, and each error keeps the words that ECS shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import msgspec

from natless.lab.services.identities import Session
from natless.lab.tasks.way import RequestError, Way

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
        session = self.keys()
        keys = botocore.credentials.Credentials(session.access_key_id, session.secret_access_key, session.token)
        botocore.auth.SigV4Auth(keys, service, self.region).add_auth(request)
        try:
            with self.way.request("POST", url, dict(request.headers.items()), body) as answer:
                text, status = answer.read(), answer.status
                request_id = answer.headers.get("x-amzn-requestid", "")
        except (RequestError, OSError) as error:
            message = f"RequestError: send request failed caused by: {error}"
            raise CallError(message, connection=True) from error
        return _answer(text, status, request_id)


def _answer(text: bytes, status: int, request_id: str) -> dict[str, Any]:
    try:
        document = json.loads(text or b"{}")
    except ValueError:
        document = None
    if status == 200 and isinstance(document, dict):  # noqa: PLR2004 - OK
        return document
    fields = document if isinstance(document, dict) else {}
    code = str(fields.get("__type", "UnknownError")).rpartition("#")[2]
    message = fields.get("message") or fields.get("Message") or ""
    words = f"{code}: {message} status code: {status}, request id: {request_id}"
    raise CallError(words, connection=False, code=code)
