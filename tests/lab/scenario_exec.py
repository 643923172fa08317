"""ECS Exec on a real lab, by what a person types: a command, a terminal, and each thing that keeps it from coming up.

Prints what was seen as JSON (read by test_exec.py).
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from lab_at_work import REGION, wait
from person import NATLESS, Person

from natless.deploy.sessions import open_session
from natless.lab import control
from natless.lab.client import connect

EXEC = ("exec", "web", "--to", "lab")


def calls(name: str) -> Any:
    contact = control.find()
    assert contact is not None
    return connect(contact, REGION)(name)


def running() -> str:
    [task] = calls("ecs").list_tasks(cluster="hello", desiredStatus="RUNNING")["taskArns"]
    return str(task)


def asked(task: str = "", **changes: Any) -> str:
    """Call ExecuteCommand by boto3, on the task that runs where none is named; give what refused it, "" for nothing."""
    given = {"cluster": "hello", "task": task or running(), "command": "busybox id", "interactive": True, **changes}
    try:
        calls("ecs").execute_command(**given)
    except ClientError as error:
        return str(error)
    return ""


def at_a_terminal(person: Person) -> dict[str, Any]:
    """Sit at a terminal of 40 rows and 120 columns, and type."""
    inner, outer = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    before = termios.tcgetattr(outer)
    command = [*NATLESS, *EXEC, "--command", "busybox sh"]
    process = subprocess.Popen(command, cwd=person.folder, stdin=outer, stdout=outer, stderr=subprocess.DEVNULL)
    said, seen = b"", 0

    def until(mark: str) -> str:
        """Read on until something matches behind what matched before."""
        nonlocal said, seen
        while (found := re.compile(mark.encode()).search(said, seen)) is None:
            part = os.read(inner, 4096)
            assert part, said
            said += part
        seen = found.end()
        return found[0].decode()

    def types(keys: bytes) -> None:
        os.write(inner, keys)

    def size() -> str:
        types(b"busybox stty size\n")
        return until(r"\d+ \d+\r\n")

    until("# ")
    first = size()
    types(b"busybox sh -c 'echo begun; exec busybox sleep 1000'\n")
    until("begun\r\n")
    types(b"\x03")  # to what runs there, and not to natless
    types(b"echo still-$((40+2))\n")
    until("still-42\r")
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    process.send_signal(28)  # SIGWINCH, which the kernel sends to the terminal's foreground group
    wait(lambda: size() == "50 132\r\n" or None, 60)
    types(b"exit\n")
    code = process.wait(60)
    restored = termios.tcgetattr(outer) == before
    for descriptor in (inner, outer):
        os.close(descriptor)
    return {"code": code, "first": first, "said": said.decode(errors="replace"), "restored": restored}


def hung_up(person: Person) -> list[str]:
    """Leave in the middle, and give what of the command still runs."""
    process = person.begin(*EXEC, "--command", "busybox sleep 4321")

    def processes() -> str:
        return person.types(*EXEC, "--command", "busybox ps")[1]

    assert wait(lambda: "sleep 4321" in processes() or None, 60)
    process.kill()
    process.wait()

    def left() -> list[str]:
        return [line for line in processes().splitlines() if "sleep 4321" in line]

    wait(lambda: None if left() else True, 60)
    return left()


def without(person: Person) -> dict[str, Any]:
    """Take away, one after the other, what the agent needs, and see what ECS says and what the proof names."""
    seen: dict[str, Any] = {}
    person.types("lab", "break", "endpoint:ssmmessages")
    seen["no endpoint"] = {"said": asked(), "typed": person.types(*EXEC, "--command", "busybox id"), **proved(person)}
    person.types("lab", "mend")
    role = calls("ecs").describe_task_definition(taskDefinition="hello-web")["taskDefinition"]["taskRoleArn"]
    name = role.rpartition("/")[2]
    denied = {"Effect": "Deny", "Action": "ssmmessages:OpenDataChannel", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    calls("iam").put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=policy)
    seen["denied"] = {"said": asked(), **proved(person)}
    calls("iam").delete_role_policy(RoleName=name, PolicyName="deny")
    seen["mended"] = {"said": asked(), **proved(person)}
    return seen


def proved(person: Person) -> dict[str, str]:
    verdicts = json.loads(person.types("check", "lab:hello", "--json")[1])["verdicts"]
    [found] = [each for each in verdicts if each["need"] == "ssmmessages"]
    return {"verdict": found["verdict"], "gate": found["gate"]}


def by_role(person: Person) -> dict[str, str]:
    """Open a session with nothing but the printed policy, and try what it does not hold."""
    policy = person.types("template", "--role", "exec")[1]
    iam = calls("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName="guest", PolicyName="exec", PolicyDocument=policy)
    keys = calls("sts").assume_role(RoleArn=role, RoleSessionName="guest")["Credentials"]
    session: Any = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    url = calls("sts").meta.endpoint_url
    opened = open_session(lambda name: session.client(name, endpoint_url=url), "hello", "web", "busybox id")
    said = {"opened": opened.task, "running": running().rpartition("/")[2]}
    try:
        session.client("ecs", endpoint_url=url).stop_task(cluster="hello", task=opened.task)
    except ClientError as error:
        said["stop"] = str(error)
    return said


def one_off() -> dict[str, str]:
    """Start a task by RunTask with ECS Exec, and one whose definition has no role for it."""
    ecs = calls("ecs")
    about = ecs.describe_services(cluster="hello", services=ecs.list_services(cluster="hello")["serviceArns"])
    [service] = about["services"]
    given = {name: service[name] for name in ("networkConfiguration", "capacityProviderStrategy")}
    wanted = {"cluster": "hello", "enableExecuteCommand": True, **given}
    arn = ecs.run_task(taskDefinition=service["taskDefinition"], **wanted)["tasks"][0]["taskArn"]
    wait(lambda: ecs.describe_tasks(cluster="hello", tasks=[arn])["tasks"][0].get("startedAt"), 120)
    said = {"said": asked(arn)}
    ecs.stop_task(cluster="hello", task=arn)
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    kept = ("containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities", "executionRoleArn")
    ecs.register_task_definition(family="without", **{name: definition[name] for name in kept})
    try:
        ecs.run_task(taskDefinition="without", **wanted)
    except ClientError as error:
        said["without a role"] = str(error)
    return said


def followed(person: Person) -> dict[str, Any]:
    seen: dict[str, Any] = {"deploy without": person.types("deploy", "--to", "lab")[0]}
    seen["off"] = person.types(*EXEC)
    seen["off, by the API"] = asked()
    person.writes("natless.toml", "port = 8080\n", "port = 8080\nexec = true\n")
    seen["deploy"] = person.types("deploy", "--to", "lab")[0]
    about = calls("ecs").describe_tasks(cluster="hello", tasks=[running()])["tasks"][0]
    seen["agents"] = [each["name"] + " " + each["lastStatus"] for each in about["containers"][0]["managedAgents"]]
    seen["command"] = person.types(*EXEC, "--command", "busybox sh -c 'echo $GREETING; busybox hostname; busybox id'")
    seen["address"] = about["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    seen["by a role"] = by_role(person)
    seen["one-off"] = one_off()
    seen["none"] = person.types(*EXEC, "--command", "/none")
    seen["terminal"] = at_a_terminal(person)
    seen["hung up"] = hung_up(person)
    seen["refused"] = {
        "a task that is none": asked(task="0" * 32),
        "not interactive": asked(interactive=False),
        "another service": person.types("exec", "api", "--to", "lab"),
        "another task": person.types(*EXEC, "--task", "0" * 32),
    }
    return {**seen, **without(person)}


def main() -> None:
    os.environ["NATLESS_LAB"] = f"exec-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-exec-") as scratch:
        person = Person(Path(scratch, "hello"))
        person.writes("natless.toml", "health = ", 'environment = { GREETING = "hello there" }\nhealth = ')
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            seen = followed(person)
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
