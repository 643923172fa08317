"""A site, an API and a worker in one natless.toml on a real lab, by what a person types. Prints what was seen."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab_at_work import REGION
from person import Person, fetch

from natless.lab import control
from natless.lab.client import connect

API = '\n[services.api]\nbuild = "api"\nport = 9000\npath = ["/api", "/api/*"]\nhealth = "/api/who"\n'
WORKER = '\n[services.worker]\nbuild = "worker"\npublic = false\n'
AT_WORK = 'CMD ["sh", "-c", "/bin/busybox echo at work; exec /bin/busybox sleep 100000"]\n'


def furnish(person: Person) -> None:
    """Put an API's and a worker's folder beside hello's own."""
    for name in ("api", "worker"):
        folder = person.folder / name
        shutil.copytree(person.folder / "www", folder / "www" / name)
        shutil.copy(person.folder / "busybox", folder / "busybox")
    (person.folder / "api" / "www" / "api" / "who").write_text("the api\n")
    begin = 'FROM scratch\nCOPY busybox /bin/busybox\nCOPY www /www\nENTRYPOINT ["/bin/busybox"]\n'
    (person.folder / "api" / "Dockerfile").write_text(f'{begin}CMD ["httpd", "-f", "-p", "9000", "-h", "/www"]\n')
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
            toml.write_text(toml.read_text() + API + WORKER)
            seen["three"] = deployed(person)
            seen["running"] = running()
            seen["logs"] = person.types("logs", "--to", "lab")[1]
            seen["run"] = person.types("run", "worker", "--to", "lab")[0]
            seen["plan"] = person.types("plan", "--to", "lab")[0]
            toml.write_text(toml.read_text().replace(WORKER, ""))
            seen["two"] = deployed(person)["code"]
            seen["then"] = running()
            seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
