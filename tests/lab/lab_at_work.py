"""A real lab in a process of its own for scenarios: brought up, given an image, deployed to by plain AWS calls."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from natless.account.snapshot import BALANCING, NETWORK, snapshot
from natless.deploy.images.archive import read_archive
from natless.deploy.images.push import push
from natless.lab import supervisor
from natless.lab.client import connect
from natless.lab.services.ledger import Timings
from natless.lab.starting import Plan, house
from natless.lab.tasks.patience import Patience

REGION = "ap-northeast-2"
EXAMPLE = Path(__file__).parents[2] / "examples" / "hello"
REPOSITORY = "hello/web"
PREFIX_LIST = "pl-78a54011"
"""S3's in REGION (catalog/prefix_lists)."""

Connect = Callable[[str], Any]


@contextlib.contextmanager
def lab(name: str, timings: Timings, patience: Patience) -> Iterator[tuple[Connect, str]]:
    """Run a lab of that name; give the way to its account, and its URL."""
    os.environ["NATLESS_LAB"] = name
    plan = Plan(REGION, partial(snapshot, sections=NETWORK | BALANCING), timings, patience)
    contact = supervisor.up(house(plan))
    try:
        yield connect(contact, REGION), contact.api
    finally:
        supervisor.down()


def push_image(connect: Connect, api: str, folder: Path) -> str:
    """Push the example's image, made without a builder, into hello's repository; give its digest."""
    connect("ecr").create_repository(repositoryName=REPOSITORY)
    command = ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
    return push(read_archive(archive(folder, _busybox(), command), "linux/amd64"), connect, REPOSITORY, api)


def _busybox() -> bytes:
    """Give a layer of busybox's web server and hello's pages."""
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox is needed: tools/packages run"
    tree = io.BytesIO()
    with tarfile.open(fileobj=tree, mode="w") as layer:
        layer.add(busybox, "bin/busybox")
        layer.add(EXAMPLE / "www", "www")
    return tree.getvalue()


def archive(folder: Path, content: bytes, command: list[str]) -> str:
    """Write an image of one layer, a tar, as `docker save` would; give the file."""
    digest = hashlib.sha256(content).hexdigest()
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": command},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    parts = {
        "config.json": json.dumps(settings).encode(),
        "layer.tar": content,
        "manifest.json": json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode(),
    }
    path = folder / "image.tar"
    with tarfile.open(path, "w") as whole:
        for name, part in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(part)
            whole.addfile(member, io.BytesIO(part))
    return str(path)


def begin(connect: Connect, name: str, template: Mapping[str, Any], digest: str) -> str:
    """Begin to make a stack of hello's template; give its ARN."""
    given = {"WebImageDigest": digest, "S3PrefixListId": PREFIX_LIST}
    made = connect("cloudformation").create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    return str(made["StackId"])


LONGEST_SECONDS = 400.0
"""What no state is waited for longer: on a slow machine too, it comes before."""


def wait(look: Callable[[], Any], seconds: float = LONGEST_SECONDS) -> Any:
    """Give the first answer of `look` that is not None, or None after `seconds`."""
    until = time.monotonic() + seconds
    while (found := look()) is None and time.monotonic() < until:
        time.sleep(0.2)
    return found
