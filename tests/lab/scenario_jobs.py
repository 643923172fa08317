"""examples/jobs on a real lab, by what a person types: a page, a queue, a worker, a table. Prints what was seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from lab_at_work import EXAMPLE, REGION, wait
from person import Person, fetch

from natless.lab import control
from natless.lab.client import connect

TOP = EXAMPLE.parents[1]
TEXT = "four words are <here>"
# What the worker may not do, though the endpoints stand: it receives and writes, and neither sends nor reads.
FORBIDDEN = """
import boto3, os
from botocore.exceptions import ClientError
sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
for call, asked in (
    (sqs.send_message, {"QueueUrl": url, "MessageBody": "no"}),
    (sqs.get_queue_url, {"QueueName": "others"}),
    (dynamodb.scan, {"TableName": "jobs-done"}),
    (dynamodb.delete_table, {"TableName": "jobs-done"}),
):
    try:
        call(**asked)
    except ClientError as error:
        print("refused", error.response["Error"]["Code"], error.response["Error"]["Message"])
    else:
        print("allowed", call)
"""


def stores(person: Person) -> None:
    """Make queue and table as the example's first lines say: env $(natless lab env) python stores.py."""
    code, said = person.types("lab", "env")
    assert code == 0, said
    given = dict(line.split("=", 1) for line in said.splitlines())
    subprocess.run(
        [sys.executable, "stores.py"], cwd=person.folder, env=os.environ | given, check=True, stdout=subprocess.DEVNULL
    )
    connect(_contact(), REGION)("sqs").create_queue(QueueName="others")


def _contact() -> control.Contact:
    contact = control.find()
    assert contact is not None
    return contact


def posted(said: str) -> str | None:
    """Post a job at the page, and give the page once the worker has done it."""
    url = said.rsplit(maxsplit=1)[-1]
    body = urllib.parse.urlencode({"text": TEXT}).encode()
    with urllib.request.urlopen(url, body, timeout=60) as answer:  # noqa: S310 - the lab's own address
        assert answer.status == 200
    page: str | None = wait(lambda: found if "<td>" in (found := fetch(said, "")) else None, 60)
    return page


def deployed(person: Person) -> dict[str, Any]:
    stores(person)
    code, said = person.types("deploy", "--to", "lab")
    seen: dict[str, Any] = {"deploy": code}
    if code:
        return seen | {"said": said}
    seen["page"] = posted(said)
    seen["logs"] = person.types("logs", "--to", "lab")[1]
    seen["forbidden"] = person.types("run", "worker", "--to", "lab", "--command", f"/python3 -c '{FORBIDDEN}'")[1]
    _, text = person.types("check", "lab:jobs", "--json")
    seen["verdicts"] = [[each["task"], each["need"], each["verdict"]] for each in json.loads(text)["verdicts"]]
    seen["destroyed"] = person.types("destroy", "--to", "lab", "--images", "--logs")[0]
    seen["left"] = connect(_contact(), REGION)("dynamodb").list_tables()["TableNames"]
    return seen


def main() -> None:
    os.environ["NATLESS_LAB"] = f"jobs-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="natless-jobs-") as scratch:
        person = Person(Path(scratch, "jobs"), TOP / "examples" / "jobs")
        tree = [sys.executable, str(TOP / "tools" / "python_tree.py"), str(person.folder / "python")]
        subprocess.run(tree, check=True)
        code, said = person.types("lab", "up")
        assert code == 0, said
        try:
            seen = {"check": person.types("check")[0], **deployed(person)}
        finally:
            person.types("lab", "down")
    sys.stdout.write(json.dumps(seen))


main()
