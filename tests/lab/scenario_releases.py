"""Releases that cannot come up, one after the other over one that runs, under load, by what a person types.

Prints what each said, and how the old release fared meanwhile. Read by test_releases.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lab_at_work import REGION, Connect, lab
from person import Person
from visiting import Load

from natless.lab.services.ledger import Timings
from natless.lab.tasks.patience import Patience

NAME = "closed/db"
"""Exists, and its own policy lets nobody read it: no role's policy helps there."""

CLOSED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"},
    ],
}
OTHER_MACHINE = {"x86_64": 183, "aarch64": 62}[platform.machine()]
"""elf.h's number of an architecture that is not this machine's."""

Change = Callable[[Person], None]


def secret(person: Person) -> None:
    toml = person.folder / "natless.toml"
    toml.write_text(f'{toml.read_text()}\n[services.web.secrets]\nURL = "secretsmanager:{NAME}"\n')


def architecture(person: Person) -> None:
    """Put a program for another CPU into an image that says it is for this one: as a download gone wrong is."""
    program = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 2, OTHER_MACHINE) + bytes(44)
    (person.folder / "foreign").write_bytes(program)
    (person.folder / "foreign").chmod(0o755)
    person.writes("Dockerfile", "COPY token /token", "COPY token /token\nCOPY foreign /bin/foreign")
    person.writes("Dockerfile", 'ENTRYPOINT ["/bin/busybox"]', 'ENTRYPOINT ["/bin/foreign"]')


def health(person: Person) -> None:
    person.writes("Dockerfile", "COPY www /www", "COPY token /www/nobody")


def tag(person: Person) -> None:
    image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/hello/web:nobody"
    person.writes("natless.toml", 'build = "."', f'image = "{image}"')


def slow(person: Person) -> None:
    (person.folder / "token").write_text("another release\n")
    assert person.types("lab", "break", "slow:ecr.api")[0] == 0


CHANGES: dict[str, Change] = {each.__name__: each for each in (secret, architecture, health, tag, slow)}


@contextlib.contextmanager
def put_back(person: Person) -> Iterator[None]:
    """Have the folder's files, and the lab, be again what they were."""
    names = ("natless.toml", "Dockerfile", "token")
    kept = {name: (person.folder / name).read_text() for name in names}
    try:
        yield
    finally:
        for name, text in kept.items():
            (person.folder / name).write_text(text)
        person.types("lab", "mend")


def released(person: Person, change: Change, load: Load) -> dict[str, Any]:
    """Try a release; give how it ended, and how often the old one answered after."""
    with put_back(person):
        change(person)
        code, said = person.types("deploy", "--to", "lab")
    return {"code": code, "said": said, "served": load.more()}


def scenario(connect: Connect, person: Person) -> dict[str, Any]:
    secrets = connect("secretsmanager")
    secrets.create_secret(Name=NAME, SecretString="x")
    secrets.put_resource_policy(SecretId=NAME, ResourcePolicy=json.dumps(CLOSED))
    code, said = person.types("deploy", "--to", "lab")
    assert code == 0, said
    with Load(f"{said.split()[-1]}healthz", "ok") as load:
        load.more()
        seen: dict[str, Any] = {name: released(person, change, load) for name, change in CHANGES.items()}
        code, said = person.types("deploy", "--to", "lab")
        seen["again"] = {"code": code, "said": said, "served": load.more()}
    return {**seen, "failed": load.failed, "count": load.served}


def main() -> None:
    patience = Patience(check_pace=0.05, answer=2.0, retries=1)  # three seconds of grace for sixty
    with (
        lab(f"releases-{os.getpid()}", Timings(), patience) as (connect, _),
        tempfile.TemporaryDirectory(prefix="natless-releases-") as scratch,
    ):
        seen = scenario(connect, Person(Path(scratch)))
    sys.stdout.write(json.dumps(seen))


main()
