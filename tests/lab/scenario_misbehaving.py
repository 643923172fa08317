"""Hostile images and tasks that misbehave, beside hello on a real lab; prints what was seen (test_misbehaving.py)."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import socket
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab_at_work import EXAMPLE, LONGEST_SECONDS, REPOSITORY, Connect, begin, lab, push_image, wait

from natless import design
from natless.lab import control
from natless.lab.services.ledger import Timings
from natless.lab.tasks.ports import Patience
from natless.spec.read import read

MARK = "sleep 31338"


class Visitor(threading.Thread):
    """Fetches hello's page and lists tasks, over and over, and notes what fails."""

    def __init__(self, url: str, connect: Connect) -> None:
        super().__init__(daemon=True)
        self._url, self._ecs = url, connect("ecs")
        self._going = True
        self.pages, self.answers = 0, 0
        self.problems: list[str] = []

    def run(self) -> None:
        while self._going:
            try:
                with urllib.request.urlopen(self._url, timeout=240) as answer:  # noqa: S310 - loopback
                    self.pages += answer.status == 200
                self._ecs.list_tasks(cluster="hello")
                self.answers += 1
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is what is looked for
                self.problems.append(f"{type(problem).__name__}: {problem}")
            time.sleep(0.1)

    def more(self) -> bool:
        """Wait until it has had one more of each, or met a problem; say whether it had."""
        pages, answers = self.pages, self.answers
        wait(lambda: True if (self.pages > pages and self.answers > answers) or self.problems else None)
        return self.pages > pages and self.answers > answers

    def finish(self) -> dict[str, Any]:
        self._going = False
        self.join()
        return {"problems": self.problems}


class Ground:
    """Hello, deployed; and a way to run other things in its place."""

    def __init__(self, connect: Connect, api: str, digest: str) -> None:
        self.connect, self.api, self.digest = connect, api, digest
        self.ecs = connect("ecs")
        service = self.ecs.describe_services(
            cluster="hello", services=self.ecs.list_services(cluster="hello")["serviceArns"]
        )
        self.service = service["services"][0]
        found = self.ecs.describe_task_definition(taskDefinition=self.service["taskDefinition"])["taskDefinition"]
        self.definition = found
        self.registry = found["containerDefinitions"][0]["image"].partition("@")[0]

    def start(self, script: str, image: str = "", **changes: Any) -> str:
        """Run a script with busybox's shell, or an image as it is; give the task's ARN."""
        own = self.definition["containerDefinitions"][0]
        kept = {name: own[name] for name in ("name", "logConfiguration")}
        entry = {"entryPoint": ["/bin/busybox", "sh", "-c", script]} if script else {}
        container = {**kept, "essential": True, "image": image or own["image"], **entry, **changes}
        made = self.ecs.register_task_definition(
            family="beside",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            executionRoleArn=self.definition["executionRoleArn"],
            containerDefinitions=[container],
        )
        return str(
            self.ecs.run_task(
                cluster="hello",
                taskDefinition=made["taskDefinition"]["taskDefinitionArn"],
                launchType="FARGATE",
                networkConfiguration=self.service["networkConfiguration"],
            )["tasks"][0]["taskArn"]
        )

    def task(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_tasks(cluster="hello", tasks=[arn])["tasks"][0]
        return found

    def stopped(self, arn: str, seconds: float = LONGEST_SECONDS) -> dict[str, Any] | None:
        """Wait for a task's end and give what ECS says of it."""

        def look() -> dict[str, Any] | None:
            task = self.task(arn)
            if task["lastStatus"] != "STOPPED":
                return None
            container = task["containers"][0]
            lasted = (task["stoppedAt"] - task.get("stoppingAt", task["stoppedAt"])).total_seconds()
            return {
                "code": task["stopCode"],
                "reason": task["stoppedReason"],
                "exit": container.get("exitCode"),
                "container": container.get("reason"),
                "seconds": lasted,
            }

        found: dict[str, Any] | None = wait(look, seconds)
        return found

    def stop(self, arn: str) -> dict[str, Any] | None:
        self.ecs.stop_task(cluster="hello", task=arn, reason="seen")
        return self.stopped(arn)

    def lines(self, arn: str) -> list[str]:
        options = self.definition["containerDefinitions"][0]["logConfiguration"]["options"]
        logs = self.connect("logs")
        streams = logs.describe_log_streams(logGroupName=options["awslogs-group"])["logStreams"]
        mine = [one["logStreamName"] for one in streams if one["logStreamName"].endswith(arn.rpartition("/")[2])]
        found = [logs.get_log_events(logGroupName=options["awslogs-group"], logStreamName=one) for one in mine]
        return [event["message"] for one in found for event in one["events"]]


def forks(ground: Ground) -> Any:
    arn = ground.start("f() { f | f & }; f; busybox sleep 1000".replace("busybox", "/bin/busybox"))
    # Where the lab is not root's, the kernel's own limit may hold them: then somebody stops the task.
    ended = ground.stopped(arn, LONGEST_SECONDS if os.geteuid() == 0 else 15.0)
    return ended or ground.stop(arn)


def disk(ground: Ground) -> Any:
    arn = ground.start("/bin/busybox dd if=/dev/zero of=/fill bs=1M 2>&1; /bin/busybox cat /fill > /again; exit 6")
    ended = ground.stopped(arn)
    return {**(ended or {}), "full": any("No space left on device" in line for line in ground.lines(arn))}


def memory(ground: Ground) -> Any:
    return ground.stopped(ground.start("a=xxxxxxxxxxxxxxxx; while :; do a=$a$a; done"))


def flood(ground: Ground) -> Any:
    arn = ground.start("exec /bin/busybox yes a line that nobody reads")
    wait(lambda: True if ground.lines(arn) else None)
    time.sleep(4)
    kept = len(ground.lines(arn))
    return {**(ground.stop(arn) or {}), "some": kept > 0, "memory": resident() < 1 << 30}


def resident() -> int:
    """Give the bytes that the lab's own process uses."""
    contact = control.find()
    assert contact is not None
    main = Path(f"/proc/{contact.pid}/task/{contact.pid}/children").read_text().split()[0]
    lines = Path(f"/proc/{main}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


def stubborn(ground: Ground) -> Any:
    arn = ground.start('trap ":" TERM; echo ready; while :; do /bin/busybox sleep 0.1; done', stopTimeout=3)
    wait(lambda: True if "ready" in ground.lines(arn) else None)
    return ground.stop(arn)


def grandchildren(ground: Ground) -> Any:
    script = f"(/bin/busybox setsid /bin/busybox {MARK} &); (/bin/busybox {MARK} &); exit 3"
    ended = ground.stopped(ground.start(script))
    left = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            left += [each.parent.name] if MARK.split()[1].encode() in each.read_bytes() else []
    return {**(ended or {}), "left": left}


def closed(ground: Ground) -> Any:
    return ground.stopped(ground.start("exec >&- 2>&-; /bin/busybox sleep 0.5; exit 4"))


def at_once(ground: Ground) -> Any:
    return ground.stopped(ground.start("exit 0"))


def archive(*members: tuple[str, bytes, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            opened.addfile(info)
    return buffer.getvalue()


IMAGES = {
    "traversal": archive(("ok", tarfile.REGTYPE, ""), ("../../../../../../tmp/natless-escaped", tarfile.REGTYPE, "")),
    "hard link": archive(("hard", tarfile.LNKTYPE, "../../../../etc/passwd")),
    "deep": archive(("d/" * 1500 + "x", tarfile.REGTYPE, "")),
    "links in circles": archive(("a", tarfile.SYMTYPE, "b"), ("b", tarfile.SYMTYPE, "a"), ("a/x", tarfile.REGTYPE, "")),
    "no archive": b"this is no archive",
}


def hostile(ground: Ground) -> dict[str, Any]:
    """Push and run each image; give what ECS says, and what the lab has on its disk then."""
    seen: dict[str, Any] = {}
    for name, data in IMAGES.items():
        digest = push_raw(ground, gzip.compress(data))
        ended = ground.stopped(ground.start("", image=f"{ground.registry}@{digest}")) or {}
        seen[name] = [ended.get("code"), ended.get("reason")]
    contact = control.find()
    assert contact is not None
    scratch = Path(f"/proc/{contact.pid}/root/run/natless")
    images = [each.name for each in (scratch / "images").iterdir()]
    seen["left"] = [len(images), [each for each in images if each.startswith("growing")]]
    seen["pulls"] = [each.name for each in scratch.glob("pull-*")]
    seen["outside"] = [each.name for each in Path("/tmp").glob("natless-escaped")]  # noqa: S108 - where it would land
    return seen


def push_raw(ground: Ground, layer: bytes) -> str:
    """Push an image of one layer, as it is."""
    token = ground.connect("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]

    def send(method: str, path: str, data: bytes, kind: str) -> str:
        headers = {"Authorization": f"Basic {token}", "Content-Type": kind}
        request = urllib.request.Request(f"{ground.api}/v2/{REPOSITORY}/{path}", data, headers, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=240) as answer:  # noqa: S310 - as above
            return str(answer.headers["Docker-Content-Digest"])

    def blob(data: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        send("POST", f"blobs/uploads/?digest={digest}", data, "application/octet-stream")
        return {"mediaType": f"application/vnd.oci.image.{kind}", "size": len(data), "digest": digest}

    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/ok"]}}).encode()
    kind = "application/vnd.oci.image.manifest.v1+json"
    document = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": blob(config, "config.v1+json"),
        "layers": [blob(layer, "layer.v1.tar+gzip")],
    }
    text = json.dumps(document).encode()
    return send("PUT", f"manifests/sha256:{hashlib.sha256(text).hexdigest()}", text, kind)


@contextlib.contextmanager
def ground_of(scratch: str) -> Iterator[tuple[Ground, str]]:
    """Bring a lab up with hello on it; give it, and the address of hello's page."""
    source = EXAMPLE / "natless.toml"
    template = design.write(read(source.read_text("utf-8"), str(source))).main
    timings, patience = Timings(endpoint_pending=0.2, balancer_provisioning=0.1), Patience(settled=0.3, drain=0.1)
    with lab(f"misbehaving-{os.getpid()}", timings, patience) as (connect, api), socket.socket() as listener:
        digest = push_image(connect, api, Path(scratch))
        stack = begin(connect, "hello", template, digest)

        def made() -> dict[str, Any] | None:
            found = connect("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
            return found if found["StackStatus"] != "CREATE_IN_PROGRESS" else None

        outputs = {one["OutputKey"]: one["OutputValue"] for one in (wait(made) or {}).get("Outputs", [])}
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        name = connect("elbv2").describe_load_balancers()["LoadBalancers"][0]["DNSName"]
        assert outputs, "the stack was not made"
        yield Ground(connect, api, digest), control.ask("publish", sockets=[listener], name=name)


PARTS = (forks, disk, memory, flood, stubborn, grandchildren, closed, at_once)


def main() -> None:
    seen: dict[str, Any] = {"root": os.geteuid() == 0}
    with tempfile.TemporaryDirectory() as scratch, ground_of(scratch) as (ground, url):
        for part in PARTS:
            visitor = Visitor(url, ground.connect)
            visitor.start()
            before, ended, after = visitor.more(), part(ground), visitor.more()
            seen[part.__name__] = {"ended": ended, "meanwhile": {"served": [before, after], **visitor.finish()}}
        seen["hostile"] = hostile(ground)
    sys.stdout.write(json.dumps(seen))


main()
