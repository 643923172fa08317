"""A deployment's life on a real lab, by the commands that a person types: run, again, interrupted, rolled back.

Prints what was seen as JSON (read by test_life.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab_at_work import REGION
from person import LONGEST_SECONDS, Person, fetch

from natless.lab import control
from natless.lab.client import connect


def account() -> Callable[[str], Any]:
    contact = control.find()
    assert contact is not None
    return connect(contact, REGION)


def status() -> str:
    """Give the status of stack hello, "" where there is none."""
    stacks = account()("cloudformation").list_stacks()["StackSummaries"]
    standing = [one["StackStatus"] for one in stacks if one["StackName"] == "hello"]
    return next((one for one in standing if one != "DELETE_COMPLETE"), "")


AT_ONCE = 'CMD ["httpd"'
MARK = "31341"
"""How long the container waits, in seconds, unless somebody ends that: a number that no other process has."""

LATE = f'CMD ["sh", "-c", "/bin/busybox sleep {MARK}; exec /bin/busybox \\"$@\\"", "sh", "httpd"'


def interrupted(person: Person) -> dict[str, Any]:
    """Press Ctrl-C while the stack is being made, then deploy again.

    The container does not answer before the second deploy has looked, so that the stack is still being made then.
    """
    person.writes("Dockerfile", AT_ONCE, LATE)
    process = person.begin("deploy", "--to", "lab")
    assert process.stdout is not None
    for line in process.stdout:
        if "Vpc " in line and "CREATE_COMPLETE" in line:
            process.send_signal(signal.SIGINT)
            break
    said, _ = process.communicate(timeout=LONGEST_SECONDS)
    meanwhile = status()
    again = person.begin("deploy", "--to", "lab")
    assert again.stdout is not None
    said_again = ""
    for line in again.stdout:
        said_again += line
        if "waiting for it" in line:
            wake()
    code = again.wait(LONGEST_SECONDS)
    page = fetch(said_again, "healthz") if code == 0 else ""
    person.writes("Dockerfile", LATE, AT_ONCE)
    return {
        "code": process.returncode,
        "said": said.splitlines()[-1],
        "meanwhile": meanwhile,
        "again": [code, "waiting for it" in said_again, page],
    }


def wake() -> None:
    """End the container's wait once it waits."""
    until = time.monotonic() + LONGEST_SECONDS
    while not (found := waiting()) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in found:
        os.kill(pid, signal.SIGTERM)


def waiting() -> list[int]:
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if each.read_bytes() == f"/bin/busybox\0sleep\0{MARK}\0".encode():
                found.append(int(each.parent.name))
    return found


def ran(person: Person) -> dict[str, Any]:
    """Start one more task: as it is, with S3 broken, and mended."""
    seen: dict[str, Any] = {"whole": person.types("run", "web", "--to", "lab")}
    seen["last"] = last_task()
    person.types("lab", "break", "s3")
    seen["broken"] = person.types("run", "web", "--to", "lab")
    person.types("lab", "mend")
    seen["mended"] = person.types("run", "web", "--to", "lab")
    return seen


def last_task() -> dict[str, Any]:
    """Give the one-off task once it has stopped."""
    ecs = account()("ecs")
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        arns = ecs.list_tasks(cluster="hello", desiredStatus="STOPPED")["taskArns"]
        tasks = ecs.describe_tasks(cluster="hello", tasks=arns)["tasks"] if arns else []
        found = [one for one in tasks if one["startedBy"] == "natless run" and one["lastStatus"] == "STOPPED"]
        if found:
            return {name: found[0].get(name) for name in ("capacityProviderName", "launchType", "stoppedReason")}
        time.sleep(0.2)
    return {}


def changed(person: Person) -> dict[str, Any]:
    """Deploy an edited page, then another size, then one that cannot start."""
    person.page("page", "second")
    code, said = person.types("deploy", "--to", "lab")
    seen: dict[str, Any] = {"page": [code, fetch(said, "page"), status()]}
    person.writes("natless.toml", "cpu = 256\nmemory = 512", "cpu = 512\nmemory = 1024")
    code, said = person.types("deploy", "--to", "lab")
    seen["size"] = [code, fetch(said, "page"), status()]
    url = said
    stands = person.types("status", "--to", "lab")[1]
    seen["url"] = [line for line in stands.splitlines() if line.startswith("url ")]
    seen["deployed"] = said.rsplit(maxsplit=1)[-1]
    seen["nobody"] = person.types("run", "nobody", "--to", "lab")
    person.types("lab", "break", "s3")
    person.page("page", "third")
    code, said = person.types("deploy", "--to", "lab")
    seen["broken"] = [code, "CannotPullContainerError" in said, fetch(url, "page")]
    person.types("lab", "mend")
    code, said = person.types("deploy", "--to", "lab")
    seen["mended"] = [code, fetch(said, "page"), status()]
    return seen


def rolled_back(person: Person) -> dict[str, Any]:
    """Deploy where the first creation was rolled back and left nothing but its name."""
    cloudformation = account()("cloudformation")
    template = {"Resources": {"Lonely": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "nobody:1"}}}}
    made = cloudformation.create_stack(StackName="hello", TemplateBody=json.dumps(template))["StackId"]
    until = time.monotonic() + LONGEST_SECONDS
    while status() != "ROLLBACK_COMPLETE" and time.monotonic() < until:
        time.sleep(0.1)
    before = status()
    code, said = person.types("deploy", "--to", "lab")
    gone = cloudformation.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"]
    return {"before": before, "after": [code, "was rolled back: cleaning up" in said, status(), gone]}


def main() -> None:
    os.environ["NATLESS_LAB"] = f"life-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-life-") as scratch:
        person = Person(Path(scratch))
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            seen: dict[str, Any] = {"interrupted": interrupted(person), "ran": ran(person), "changed": changed(person)}
            seen["destroyed"] = [person.types("destroy", "--to", "lab")[0], status()]
            seen["rolled back"] = rolled_back(person)
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
