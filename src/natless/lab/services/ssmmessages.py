"""ssmmessages: where the agent of ECS Exec in a task opens its channels.

On AWS a channel is a web socket; here one request over TLS that is answered stands for it. Paths: amazon-ssm-agent,
agent/session/config (APIVersion, ControlChannel, DataChannel). Read 2026-11.
"""

from __future__ import annotations

import json
import secrets

SERVICE = "ssmmessages"
CONTROL, DATA = "control-channel", "data-channel"
_CHANNELS = {CONTROL: "ControlChannel", DATA: "DataChannel"}
_VERBS = {"POST": "Create", "GET": "Open"}


def path(channel: str, target: str) -> str:
    """Give the path of a channel of a target."""
    return f"/v1/{channel}/{target}"


def operation(method: str, place: str) -> str:
    """Give the operation that a method on a path is, "" for none."""
    match place.strip("/").split("/"):
        case ["v1", channel, _] if channel in _CHANNELS and method in _VERBS:
            return f"{_VERBS[method]}{_CHANNELS[channel]}"
        case _:
            return ""


def answer(call: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Answer an operation: a channel that is made gets a token, one that is opened is open."""
    token = {"TokenValue": secrets.token_urlsafe(24)} if call.startswith("Create") else {}
    headers = [("Content-Type", "application/json")]
    return 201 if token else 200, headers, json.dumps(token).encode()
