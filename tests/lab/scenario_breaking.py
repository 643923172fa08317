"""Hello on a lab, with each kind of `lab break` in turn: what a new task, `check` and `lab trace` say, and mending.

Prints what was seen as JSON (read by test_breaking.py).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab_at_work import EXAMPLE, lab
from tests.typed import typed

from natless.account.snapshot import NETWORK, snapshot
from natless.lab import control
from natless.lab.control import LabError
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience

QUICK = Timings(endpoint_pending=0, balancer_provisioning=0, held_back=0, poll=0.02)
IMPATIENT = Patience(connect=0.5, answer=3.0, name=2.0, retries=1, pause=0.05)
# What is traced: a need that each kind takes away.
KINDS = {
    "s3": "s3-layers",
    "endpoint:logs": "logs",
    "rule": "ecr.api",
    "route": "s3-layers",
    "route:visitors": "internet->alb",
    "private-dns": "ecr.api",
    "dns": "ecr.dkr",
    "nacl": "s3-layers",
    "zone": "s3-layers",
    "policy": "s3-layers",
    "role": "ecr.api",
    "slow": "ecr.api",
}
# No configuration shows these: `check` knows them from what a task has met.
LIVED = ("slow",)
# An interface and an association have other ids after they were made anew, on AWS too; nothing else may differ.
_FLEETING = (
    "NetworkInterfaces",
    "NetworkInterfaceIds",
    "Description",
    "AvailableIpAddressCount",
    "RouteTableAssociationId",
    "NetworkAclAssociationId",
)


class Person:
    """Somebody with a copy of hello, at a terminal."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        busybox = shutil.which("busybox")
        assert busybox is not None, "busybox is needed: tools/packages run"
        shutil.copy(busybox, folder / "busybox")
        (folder / "token").write_text("x\n")
        os.chdir(folder)

    def types(self, *arguments: str) -> tuple[int, str]:
        done = typed(*arguments)
        return done.exit_code, done.output


def without_fleeting(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: without_fleeting(value) for key, value in thing.items() if key not in _FLEETING}
    if isinstance(thing, list):
        return sorted((without_fleeting(each) for each in thing), key=str)
    return thing


def one(person: Person, kind: str, need: str, connect: Any) -> dict[str, Any]:
    """Break, look, mend."""
    before = without_fleeting(snapshot(connect, NETWORK))
    seen: dict[str, Any] = {}
    if kind in LIVED:
        # What earlier kinds left is overruled by a task that starts.
        seen["well"] = person.types("run", "web", "--to", "lab"), person.types("check", "lab:hello", "--json")
    seen["broken"] = person.types("lab", "break", kind)
    if kind not in LIVED:
        seen["check"] = person.types("check", "lab:hello", "--json")
    seen["trace"] = person.types("lab", "trace", "web", need, "--json")
    seen["ran"] = person.types("run", "web", "--to", "lab")
    if kind in LIVED:
        seen["check"] = person.types("check", "lab:hello", "--json")
    seen["mended"] = person.types("lab", "mend")
    after = without_fleeting(snapshot(connect, NETWORK))
    seen["differs"] = [key for key in before if before[key] != after.get(key)]
    seen["traced again"] = person.types("lab", "trace", "web", need)
    return seen


def refused(subject: str, need: str) -> str:
    try:
        control.ask("trace", subject=subject, need=need)
    except LabError as refusal:
        return str(refusal)
    return ""


def scenario() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, lab(f"test-breaking-{os.getpid()}", QUICK, IMPATIENT) as (connect, _):
        person = Person(Path(folder))
        seen: dict[str, Any] = {"deployed": person.types("deploy", "--to", "lab")}
        seen["kinds"] = {kind: one(person, kind, need, connect) for kind, need in KINDS.items()}
        for kind in ("s3", "rule", "dns"):
            person.types("lab", "break", kind)
        seen["several"] = person.types("lab", "mend")
        seen["listed"] = person.types("lab", "break")
        seen["nothing of that name"] = person.types("lab", "break", "endpoint:sqs")
        seen["no such kind"] = person.types("lab", "break", "nacll")
        seen["no such task"] = refused(subject="wep", need="logs")
        seen["no such need"] = refused(subject="web", need="ecr.app")
        seen["text"] = person.types("lab", "trace", "web", "alb->task")
        seen["ran"] = person.types("run", "web", "--to", "lab")
        seen["checked"] = person.types("check", "lab:hello")
        seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")
        os.chdir("/")
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(scenario()))
