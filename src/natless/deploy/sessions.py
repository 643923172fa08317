"""ECS Exec: a session in a task that runs, opened by ECS and carried by Session Manager's plugin."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from natless.deploy import services
from natless.deploy.calls import Connect, Pace, about_who_asks, code, message, pages
from natless.deploy.error import DeployError

_AGENT = "ExecuteCommandAgent"
_NOT_CONNECTED = "TargetNotConnectedException"
_CONNECTS = 10.0
"""Seconds in which the agent of a task that has just started connects (aws/containers-roadmap #187)."""

_PLUGIN = "session-manager-plugin"
_PLUGIN_PAGE = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)
_LAST_WITH_TOKEN_SHOWN = (1, 2, 497, 0)
"""The last plugin that reads the session's token from its command line alone (aws-cli: sessionmanager.py)."""
_RESPONSE = "AWS_SSM_START_SESSION_RESPONSE"


class Session(msgspec.Struct, frozen=True):
    """A session that ECS has opened. `target` is the container as Session Manager names it; `token` is a secret."""

    task: str
    container: str
    target: str
    id: str
    url: str
    token: str


def open_session(
    connect: Connect, name: str, service: str, command: str, *, task: str = "", pace: Pace | None = None
) -> Session:
    """Have ECS start `command` in a running task of a service, and give the session.

    Args:
        connect: gives a service's boto3 client.
        name: the deployment.
        service: its service, as natless.toml names it.
        command: what to run, taken apart as a shell does and run without one.
        task: the id of the task; "" for the one that started last.
        pace: how often it is tried again while the task's agent connects.

    Raises:
        DeployError: there is no such service or task, ECS Exec was not on when it started, or ECS refused.
    """
    client = connect("ecs")
    named = services.deployed(connect, name, service)
    about = _task(client, named, service, task)
    container = _container(about, service)
    asked = {"cluster": named.cluster, "task": about["taskArn"], "container": container["name"], "command": command}
    answer = _executed(client, asked, container, pace or Pace())
    opened = answer["session"]
    identifier = str(about["taskArn"]).rpartition("/")[2]
    target = f"ecs:{named.cluster}_{identifier}_{container['runtimeId']}"
    return Session(
        identifier, str(container["name"]), target, opened["sessionId"], opened["streamUrl"], opened["tokenValue"]
    )


def _task(client: Any, named: services.ServiceName, service: str, wanted: str) -> Mapping[str, Any]:
    """Give the running task that is meant."""
    arns = list(
        pages(client, "list_tasks", "taskArns", cluster=named.cluster, serviceName=named.name, desiredStatus="RUNNING")
    )
    arns = [arn for arn in arns if not wanted or arn.rpartition("/")[2] == wanted.rpartition("/")[2]]
    found = client.describe_tasks(cluster=named.cluster, tasks=arns[:100])["tasks"] if arns else []
    running = [each for each in found if each["lastStatus"] == "RUNNING"]
    if not running:
        which = f"task {wanted}" if wanted else "task"
        raise DeployError(f"{service} has no running {which} here", advice="`natless status` lists its tasks")
    newest: Mapping[str, Any] = max(running, key=lambda each: each["startedAt"])
    return newest


def _container(task: Mapping[str, Any], service: str) -> Mapping[str, Any]:
    """Give the container to go into: the one that the service's own name says, else the first."""
    identifier = str(task["taskArn"]).rpartition("/")[2]
    if not task.get("enableExecuteCommand"):
        raise DeployError(
            f"task {identifier} was started without ECS Exec",
            advice=f"write exec = true under [services.{service}] and `natless deploy`: new tasks have it",
        )
    containers: list[Mapping[str, Any]] = task["containers"]
    return next((each for each in containers if each["name"] == service), containers[0])


def _executed(client: Any, asked: Mapping[str, Any], container: Mapping[str, Any], pace: Pace) -> Mapping[str, Any]:
    """Ask ECS, and again for a while where the agent has not connected yet."""
    for elapsed in pace.ticks():
        try:
            answer: Mapping[str, Any] = client.execute_command(**asked, interactive=True)
        except ClientError as error:
            if about_who_asks(error):
                raise
            if code(error) == _NOT_CONNECTED and elapsed < _CONNECTS:
                continue
            raise _refused(error, str(asked["cluster"]), container) from error
        return answer
    raise AssertionError


def _refused(error: ClientError, cluster: str, container: Mapping[str, Any]) -> DeployError:
    """Say what ECS refused, and where its words do not say why, what they come from."""
    cause = f"ECS refused: {code(error)}: {message(error)}"
    if code(error) == _NOT_CONNECTED:
        return DeployError(
            cause,
            ("the agent in the task has no connection to ssmmessages: its endpoint, its group, or the task role",),
            f"`natless check` says which: of the template, or (aws:{cluster}, lab:{cluster}) of what stands",
        )
    agents: list[Mapping[str, Any]] = container.get("managedAgents", [])
    agent: Mapping[str, Any] = next((each for each in agents if each.get("name") == _AGENT), {})
    said = f"{_AGENT} is {agent['lastStatus']}" if agent.get("lastStatus") else ""
    return DeployError(cause, tuple(filter(None, (said, str(agent.get("reason", ""))))))


def plugin() -> str:
    """Give Session Manager's plugin, before anything is opened; raises DeployError where it cannot be used."""
    found = shutil.which(_PLUGIN)
    if found is None:
        raise DeployError(f"{_PLUGIN} is not installed, which carries the session", advice=f"see {_PLUGIN_PAGE}")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if not re.fullmatch(r"\d+(\.\d+){1,3}", said) or _parts(said) <= _LAST_WITH_TOKEN_SHOWN:
        raise DeployError(
            f"{_PLUGIN} {said or 'of no known version'} takes the session's token from its command line alone, where"
            " everyone on this machine can read it",
            advice=f"install a newer one: {_PLUGIN_PAGE}",
        )
    return found


def _parts(version: str) -> tuple[int, ...]:
    found = [int(part) for part in version.split(".")]
    return (*found, *[0] * (4 - len(found)))


def carry(program: str, session: Session, region: str, endpoint: str, profile: str = "") -> int:
    """Have the plugin carry a session at this terminal, and give its exit code.

    The token goes by the environment. Signals are the session's: Ctrl-C ends what runs there, and not this process.
    """
    opened = {"SessionId": session.id, "TokenValue": session.token, "StreamUrl": session.url}
    asked = [program, _RESPONSE, region, "StartSession", profile, json.dumps({"Target": session.target}), endpoint]
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)}
    try:
        return subprocess.run(asked, env={**os.environ, _RESPONSE: json.dumps(opened)}, check=False).returncode
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
