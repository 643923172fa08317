"""Sessions of ECS Exec: what is asked of ECS, in the shapes of its API reference, and how the plugin is called.

The plugin's arguments are those that AWS's own command line gives it (aws-cli: customizations/ecs/executecommand.py and
sessionmanager.py): the answer, or the name of the variable that holds it; region, operation, profile, what was asked,
endpoint. The target's form: the same file.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from natless.deploy import DeployError, Pace
from natless.deploy.sessions import Session, carry, open_session, plugin

AT = datetime(2026, 11, 27, tzinfo=UTC)
PREFIX = "arn:aws:ecs:eu-west-1:123456789012"
QUICK = Pace(every=0.0, sleep=lambda _: None)
SECRET = "a-token-that-opens-it"  # noqa: S105 - of no session
OPENED = {"sessionId": "ecs-execute-command-1", "streamUrl": "wss://x", "tokenValue": SECRET}
NOT_CONNECTED = ("TargetNotConnectedException", "The execute command failed due to an internal error. Try again later.")


def arn(task: str) -> str:
    return f"{PREFIX}:task/hello/{task}"


def about(task: str, *, exec_: bool = True, minutes: int = 0, status: str = "RUNNING") -> dict[str, Any]:
    agent = {"name": "ExecuteCommandAgent", "lastStatus": "STOPPED", "reason": "Unable to start"}
    containers = [{"name": "proxy", "runtimeId": f"{task}-0"}, {"name": "web", "runtimeId": f"{task}-1"}]
    for each in containers if exec_ else ():
        each["managedAgents"] = [agent]  # type: ignore[assignment] # a list among texts
    return {
        "taskArn": arn(task),
        "lastStatus": status,
        "startedAt": AT + timedelta(minutes=minutes),
        "enableExecuteCommand": exec_,
        "containers": containers,
    }


def standing(script: Any, *tasks: dict[str, Any], listed: tuple[str, ...] = ()) -> None:
    """Write the stack, its service, and the service's tasks: those listed, where not all of them are asked about."""
    stack = {"StackName": "hello", "StackId": "arn", "CreationTime": AT, "StackStatus": "CREATE_COMPLETE"}
    script.say("cloudformation", "describe_stacks", {"Stacks": [stack]})
    service = {
        "LogicalResourceId": "WebService",
        "PhysicalResourceId": f"{PREFIX}:service/hello/web-1",
        "ResourceType": "AWS::ECS::Service",
        "LastUpdatedTimestamp": AT,
        "ResourceStatus": "CREATE_COMPLETE",
    }
    script.say("cloudformation", "list_stack_resources", {"StackResourceSummaries": [service]})
    arns = [each["taskArn"] for each in tasks]
    script.say("ecs", "list_tasks", {"taskArns": [arn(each) for each in listed] or arns})
    if tasks:
        script.say("ecs", "describe_tasks", {"tasks": list(tasks), "failures": []}, cluster="hello", tasks=arns)


def test_the_newest_task_and_the_services_own_container(script: Any) -> None:
    standing(script, about("7", minutes=1), about("8", minutes=2), about("9", status="PENDING"))
    asked = {"cluster": "hello", "task": arn("8"), "container": "web", "command": "ls -l", "interactive": True}
    script.say("ecs", "execute_command", {"session": OPENED}, **asked)
    found = open_session(script.connect, "hello", "web", "ls -l", pace=QUICK)
    assert found == Session("8", "web", "ecs:hello_8_8-1", "ecs-execute-command-1", "wss://x", SECRET)


def test_a_task_that_is_asked_for(script: Any) -> None:
    standing(script, about("8"), listed=("7", "8"))
    script.say("ecs", "execute_command", {"session": OPENED})
    assert open_session(script.connect, "hello", "web", "ls", task="8", pace=QUICK).task == "8"


def test_a_task_that_has_stopped(script: Any) -> None:
    standing(script, about("7", status="STOPPED"))
    with pytest.raises(DeployError, match="web has no running task 7 here"):
        open_session(script.connect, "hello", "web", "ls", task="7", pace=QUICK)


def test_a_service_without_a_task(script: Any) -> None:
    standing(script)
    with pytest.raises(DeployError, match="web has no running task here\n`natless status`"):
        open_session(script.connect, "hello", "web", "ls", pace=QUICK)


def test_a_task_that_was_started_without_it(script: Any) -> None:
    standing(script, about("7", exec_=False))
    with pytest.raises(DeployError, match=r"without ECS Exec\nwrite exec = true under \[services.web\]"):
        open_session(script.connect, "hello", "web", "ls", pace=QUICK)


def test_an_agent_that_comes_late_is_waited_for(script: Any) -> None:
    standing(script, about("7"))
    script.say("ecs", "execute_command", NOT_CONNECTED)
    script.say("ecs", "execute_command", {"session": OPENED})
    assert open_session(script.connect, "hello", "web", "ls", pace=QUICK).token == SECRET


def test_an_agent_that_does_not_come_says_where_to_look(script: Any) -> None:
    standing(script, about("7"))
    for _ in range(2):
        script.say("ecs", "execute_command", NOT_CONNECTED)
    pace = Pace(every=11.0, sleep=lambda _: None, now=iter([0.0, 0.0, 11.0]).__next__)
    with pytest.raises(DeployError) as caught:
        open_session(script.connect, "hello", "web", "ls", pace=pace)
    assert "no connection to ssmmessages" in str(caught.value)
    assert "aws:hello" in caught.value.advice


def test_what_ecs_refuses_stands_with_the_agents_own_words(script: Any) -> None:
    standing(script, about("7"))
    script.say("ecs", "execute_command", ("InvalidParameterException", "The execute command failed because"))
    with pytest.raises(DeployError) as caught:
        open_session(script.connect, "hello", "web", "ls", pace=QUICK)
    assert caught.value.cause == "ECS refused: InvalidParameterException: The execute command failed because"
    assert caught.value.evidence == ("ExecuteCommandAgent is STOPPED", "Unable to start")


def written(folder: Path, version: str) -> Path:
    """Write a plugin that notes how it was called."""
    file = folder / "session-manager-plugin"
    seen = folder / "seen.json"
    file.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"if sys.argv[1:] == ['--version']:\n    print({version!r})\n    sys.exit()\n"
        f"with open({str(seen)!r}, 'w') as file:\n    json.dump([sys.argv[1:], dict(os.environ)], file)\n"
        "sys.exit(3)\n"
    )
    file.chmod(0o755)
    return file


def test_the_plugin_gets_the_token_by_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "1.2.764.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    session = Session("8", "web", "ecs:hello_8_8-1", "s-1", "wss://x", SECRET)
    assert plugin() == str(file)
    assert carry(str(file), session, "eu-west-1", "https://ecs.eu-west-1.amazonaws.com", "mine") == 3
    arguments, environment = json.loads((tmp_path / "seen.json").read_text())
    name = "AWS_SSM_START_SESSION_RESPONSE"
    assert json.loads(environment[name]) == {"SessionId": "s-1", "TokenValue": SECRET, "StreamUrl": "wss://x"}
    target = '{"Target": "ecs:hello_8_8-1"}'
    assert arguments == [name, "eu-west-1", "StartSession", "mine", target, "https://ecs.eu-west-1.amazonaws.com"]
    assert SECRET not in "".join(arguments)


@pytest.mark.parametrize("version", ["1.2.497.0", "1.2.30.0", "1.1", "", "unknown"])
def test_a_plugin_that_shows_the_token_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    written(tmp_path, version)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match="takes the session's token from its command line alone") as caught:
        plugin()
    assert "install a newer one: https://docs.aws.amazon.com/" in caught.value.advice


def test_no_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match="session-manager-plugin is not installed"):
        plugin()
