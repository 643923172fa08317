"""A site, an API and a worker in one natless.toml on a real lab, by what a person types. Prints what was seen."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab_at_work import REGION
from person import Person, fetch

from natless.lab import control
from natless.lab.client import connect

STORE = '\n[services.store]\nbuild = "store"\nport = 9100\npublic = false\n'
API = (
    '\n[services.api]\nbuild = "api"\nport = 9000\npath = ["/api", "/api/*"]\nhealth = "/api/who"\ncalls = ["store"]\n'
)
WORKER = '\n[services.worker]\nbuild = "worker"\npublic = false\n'
# A static busybox resolves names by itself in nslookup alone: its wget leans on the library for that.
ASK = """
address=$(/bin/busybox nslookup store.hello.internal | /bin/busybox sed -n 's/^Address: //p' | /bin/busybox tail -n 1)
printf 'GET /what HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 4 "$address" 9100
"""
AT_WORK = 'CMD ["sh", "-c", "/bin/busybox echo at work; exec /bin/busybox sleep 100000"]\n'


def furnish(person: Person) -> None:
    """Put an API's and a worker's folder beside hello's own."""
    for name in ("api", "worker", "store"):
        folder = person.folder / name
        shutil.copytree(person.folder / "www", folder / "www" / name)
        shutil.copy(person.folder / "busybox", folder / "busybox")
    (person.folder / "api" / "www" / "api" / "who").write_text("the api\n")
    begin = 'FROM scratch\nCOPY busybox /bin/busybox\nCOPY www /www\nENTRYPOINT ["/bin/busybox"]\n'
    (person.folder / "api" / "Dockerfile").write_text(f'{begin}CMD ["httpd", "-f", "-p", "9000", "-h", "/www"]\n')
    (person.folder / "store" / "www" / "what").write_text("kept apart\n")
    (person.folder / "store" / "Dockerfile").write_text(f'{begin}CMD ["httpd", "-f", "-p", "9100", "-h", "/www"]\n')
    (person.folder / "worker" / "Dockerfile").write_text(begin + AT_WORK)


def deployed(person: Person) -> dict[str, Any]:
    """Deploy, fetch from both services, prove what stands."""
    code, said = person.types("deploy", "--to", "lab")
    if code:
        return {"code": code, "said": said}
    proved, text = person.types("check", "lab:hello", "--json")
    worst: dict[str, set[str]] = {}
    for each in json.loads(text)["verdicts"]:
        worst.setdefault(each["need"], set()).add(each["verdict"])
    return {
        "code": code,
        "site": fetch(said, "healthz"),
        "api": fetch(said, "api/who"),
        "check": proved,
        "needs": {need: sorted(found) for need, found in worst.items()},
    }


def calls(person: Person) -> dict[str, Any]:
    """Ask the store by its name from the service that calls it, and from one that does not; and who is registered."""
    contact = control.find()
    assert contact is not None
    cloud_map = connect(contact, REGION)("servicediscovery")
    [name] = cloud_map.list_services()["Services"]
    instances = cloud_map.list_instances(ServiceId=name["Id"])["Instances"]
    ask = f"sh -c {shlex.quote(ASK)}"
    return {
        "caller": person.types("run", "api", "--to", "lab", "--command", ask),
        "other": person.types("run", "worker", "--to", "lab", "--command", ask),
        "named": person.types("run", "worker", "--to", "lab", "--command", "nslookup store.hello.internal")[1],
        "addresses": [each["Attributes"]["AWS_INSTANCE_IPV4"] for each in instances],
    }


def running() -> dict[str, int]:
    """Give how many tasks of each family run."""
    contact = control.find()
    assert contact is not None
    ecs = connect(contact, REGION)("ecs")
    arns = ecs.list_tasks(cluster="hello", desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster="hello", tasks=arns)["tasks"]
    families = [task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0] for task in tasks]
    return {family: families.count(family) for family in sorted(set(families))}


def main() -> None:
    os.environ["NATLESS_LAB"] = f"several-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-several-") as scratch:
        person = Person(Path(scratch))
        furnish(person)
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            seen: dict[str, Any] = {"one": person.types("deploy", "--to", "lab")[0]}
            toml = person.folder / "natless.toml"
            toml.write_text(toml.read_text() + API + STORE + WORKER)
            seen["three"] = deployed(person)
            seen["running"] = running()
            seen["calls"] = calls(person)
            seen["logs"] = person.types("logs", "--to", "lab")[1]
            seen["run"] = person.types("run", "worker", "--to", "lab")[0]
            seen["plan"] = person.types("plan", "--to", "lab")[0]
            toml.write_text(toml.read_text().replace(WORKER, ""))
            seen["two"] = deployed(person)["code"]
            seen["then"] = running()
            seen["checked"] = person.types("check")[1]
            seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
