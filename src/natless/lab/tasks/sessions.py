"""ECS Exec: a command in a container that runs, asked for by ExecuteCommand.

On AWS the agent in the task holds a control channel to ssmmessages, and opens a data channel for each session. Here the
task opens both when a session is asked for: with its own keys, from its own address, so that what AWS would not let
through is met here as well. What the session carries goes by a socket of the lab's own. Texts: catalog.refusals.
"""

from __future__ import annotations

import secrets
import shlex
import socket
import string
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from natless.catalog import refusals
from natless.lab.control import LabError
from natless.lab.services import ssmmessages
from natless.lab.services.refusing import AccountError, refuse
from natless.lab.tasks.book import Book
from natless.lab.tasks.calls import Caller, CallError
from natless.lab.tasks.life import TaskLife
from natless.lab.tasks.terminal import Terminal

_KEPT = 60.0
"""Seconds for which a session waits for who asked for it."""
_LARGEST = 500


class _Opened(msgspec.Struct, frozen=True):
    """A session that nobody has come to yet."""

    token: str
    task: str
    container: str
    command: tuple[str, ...]
    since: float


class Sessions:
    """The sessions of one lab."""

    def __init__(self, region: str, book: Book, life: Callable[[str], TaskLife | None]) -> None:
        """Take the region, the account's reading side, and what finds the life of a task by its id."""
        self._region = region
        self._book = book
        self._life = life
        self._lock = threading.Lock()
        self._opened: dict[str, _Opened] = {}
        self._running: dict[str, Terminal] = {}

    def execute(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer ExecuteCommand; raises AccountError in ECS's words."""
        if not asked.get("interactive"):
            raise AccountError("InvalidParameterException", "Interactive is the only mode supported currently.")
        record = self._book.task(str(asked.get("cluster") or "default"), str(asked.get("task", "")))
        if record is None:
            raise AccountError("InvalidParameterException", "The referenced task was not found.")
        name = str(asked.get("container") or "") or record.containers[0]["name"]
        life = self._life(record.id)
        container = life.container(name) if life is not None else None
        if life is None or container is None or not record.enable_execute_command or life.agent is None:
            raise refuse(refusals.EXEC_NOT_ENABLED)
        _connect(life.agent, f"ecs:{record.cluster_name}_{record.id}_{name}")
        identifier, token = f"ecs-execute-command-{_random(25)}", secrets.token_urlsafe(48)
        opened = _Opened(token, record.id, name, tuple(_words(str(asked.get("command", "")))), time.monotonic())
        with self._lock:
            now = time.monotonic()
            self._opened = {key: each for key, each in self._opened.items() if now - each.since < _KEPT}
            self._opened[identifier] = opened
        host = f"ssmmessages.{self._region}.amazonaws.com"
        stream = f"wss://{host}{ssmmessages.path(ssmmessages.DATA, identifier)}?role=publish_subscribe"
        said = next(each for each in record.containers if each["name"] == name)
        return {
            "clusterArn": record.cluster_arn,
            "containerArn": said["containerArn"],
            "containerName": name,
            "interactive": True,
            "session": {"sessionId": identifier, "streamUrl": stream, "tokenValue": token},
            "taskArn": record.task_arn,
        }

    def attach(
        self, session: str, token: str, rows: int, columns: int, sockets: list[socket.socket] | None = None
    ) -> None:
        """Lead a session that was opened over the one of `sockets`; raises LabError."""
        link = sockets[0] if sockets else None
        with self._lock:
            opened = self._opened.pop(session, None)
        life = self._life(opened.task) if opened is not None else None
        container = life.container(opened.container) if life is not None and opened is not None else None
        if opened is None or container is None or link is None or not secrets.compare_digest(token, opened.token):
            raise LabError(f"the session {session} is over, or never was")
        threading.Thread(
            target=self._lead, args=(session, container, opened.command, link, (rows, columns)), daemon=True
        ).start()

    def resize(self, session: str, rows: int, columns: int) -> None:
        """Give a session's terminal another size; one that is over has none."""
        with self._lock:
            terminal = self._running.get(session)
        if terminal is not None:
            terminal.resize(rows, columns)

    def _lead(
        self, session: str, container: Any, command: tuple[str, ...], link: socket.socket, size: tuple[int, int]
    ) -> None:
        terminal = Terminal(container, command, link, size)
        with self._lock:
            self._running[session] = terminal
        try:
            terminal.run()
        finally:
            with self._lock:
                self._running.pop(session, None)


def _connect(agent: Caller, target: str) -> None:
    """Have the task open its channels; what is refused or does not answer leaves its agent unconnected."""
    try:
        for channel in (ssmmessages.CONTROL, ssmmessages.DATA):
            for method in ("POST", "GET"):
                agent.rest(ssmmessages.SERVICE, method, ssmmessages.path(channel, target))
    except CallError as error:
        raise refuse(refusals.EXEC_NOT_CONNECTED) from error


def _words(command: str) -> list[str]:
    """Take a command apart as a shell does, but run without one (amazon-ssm-agent: shlex.Split)."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise AccountError(
            "InvalidParameterException", f"command {command[:_LARGEST]!r} cannot be read: {error}"
        ) from error
    if not words:
        raise AccountError("InvalidParameterException", "command must not be blank.")
    return words


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))
