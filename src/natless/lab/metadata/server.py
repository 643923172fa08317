"""The server at 169.254.170.2: to each task its own credentials and metadata, and nothing of another's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec

from natless.lab.endpoints.serving import Server
from natless.lab.metadata.documents import container_id, task_document
from natless.lab.metadata.links import ADDRESS, Links
from natless.lab.services.identities import Session

Keys: TypeAlias = Callable[[], Session]
"""Gives a role's present session; it is renewed before it ends."""

_CREDENTIALS = "/v2/credentials/"
_METADATA = "/v4/"


class Admission(msgspec.Struct, frozen=True):
    """What a task was given: the address that it asks from, and its containers' variables by their names."""

    address: str
    variables: dict[str, dict[str, str]]
    arn: str = ""


class _Task(msgspec.Struct, frozen=True):
    """Whom an address belongs to. `secret` is the unguessable part of the credentials' path, "" without a role."""

    arn: str
    cluster: str
    containers: dict[str, str]
    secret: str
    keys: Keys | None


class TaskMetadata:
    """Tells tasks about themselves."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        """Open the server; `connect` gives clients of the lab's account."""
        self._connect = connect
        self._tasks: dict[str, tuple[_Task, ...]] = {}
        self._links = Links()
        Server("metadata").listen(self._links.listener(), lambda _host: self._answer)

    def admit(self, arn: str, cluster: str, namespace: str, containers: Sequence[str], keys: Keys | None) -> Admission:
        """Link a task whose ENI has its namespace at that path; `keys` are its task role's, None without one."""
        address = self._links.join(namespace)
        ids = {container_id(arn, name): name for name in containers}
        secret = str(uuid.uuid4()) if keys is not None else ""
        self._tasks[address] = (*self._tasks.get(address, ()), _Task(arn, cluster, ids, secret, keys))
        role = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"{_CREDENTIALS}{secret}"} if secret else {}
        variables = {
            name: {**role, "ECS_CONTAINER_METADATA_URI_V4": f"http://{ADDRESS}{_METADATA}{identifier}"}
            for identifier, name in ids.items()
        }
        return Admission(address, variables, arn)

    def dismiss(self, admission: Admission) -> None:
        """Forget a task that ended."""
        left = tuple(task for task in self._tasks.pop(admission.address, ()) if task.arn != admission.arn)
        if left:
            self._tasks[admission.address] = left
        self._links.leave(admission.address)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        asking = self._tasks.get(str(environ["REMOTE_ADDR"]), ())
        # Tasks of one instance in host mode ask from one address: the path tells them apart.
        task = next((each for each in asking if _is_of(path, each)), asking[0] if asking else None)
        if task is None or environ["REQUEST_METHOD"] != "GET":
            status, document = HTTPStatus.NOT_FOUND, _said("NotFound", "no task asks from this address", 404)
        elif path.startswith(_CREDENTIALS):
            status, document = _credentials(task, path.removeprefix(_CREDENTIALS))
        else:
            status, document = self._metadata(task, path)
        text = json.dumps(document).encode()
        start(
            f"{status.value} {status.phrase}",
            [("Content-Type", "application/json"), ("Content-Length", str(len(text)))],
        )
        return [text]

    def _metadata(self, task: _Task, path: str) -> tuple[HTTPStatus, Any]:
        identifier, _, rest = path.removeprefix(_METADATA).partition("/")
        if path.startswith(_METADATA) and identifier in task.containers and rest in ("", "task"):
            whole = task_document(self._connect, task.cluster, task.arn)
            own = next(each for each in whole["Containers"] if each["DockerId"] == identifier)
            return HTTPStatus.OK, whole if rest else own
        return HTTPStatus.NOT_FOUND, f"V4 metadata handler: the lab has nothing at {path}"


def _is_of(path: str, task: _Task) -> bool:
    """Say whether a path is one of those that a task was given."""
    if path.startswith(_CREDENTIALS):
        return bool(task.secret) and path == f"{_CREDENTIALS}{task.secret}"
    return path.removeprefix(_METADATA).partition("/")[0] in task.containers


def _credentials(task: _Task, secret: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Answer as the ECS agent does (amazon-ecs-agent, credentials handler, version 2)."""
    if not secret:
        message = "CredentialsV2Request: No ID in the request"
        return HTTPStatus.BAD_REQUEST, _said("NoIdInRequest", message, 400)
    if task.keys is None or secret != task.secret:
        return HTTPStatus.BAD_REQUEST, _said("InvalidIdInRequest", "CredentialsV2Request: Credentials not found", 400)
    session = task.keys()
    return HTTPStatus.OK, {
        "RoleArn": session.principal.issuer,
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.token,
        "Expiration": datetime.fromtimestamp(session.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _said(code: str, message: str, status: int) -> dict[str, Any]:
    return {"code": code, "message": message, "HTTPErrorCode": status}
