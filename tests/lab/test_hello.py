"""The whole way by the commands a user types: hello on a lab, deployed, answered, broken, explained, mended, destroyed.

Expected texts are ECS's own (facts in catalog/ecs_errors.py, each with its thread); the page is what this run wrote.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from visiting import Load

pytestmark = pytest.mark.lab

NATLESS = Path(sys.executable).parent / "natless"
HELLO = Path(__file__).parents[2] / "examples" / "hello"
TOKEN = os.urandom(8).hex()
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Hello(NamedTuple):
    """Hello as it stands on the lab of these tests."""

    folder: Path
    url: str

    def natless(self, *arguments: str, expect: int = 0) -> str:
        """Run a command in hello's folder and give both of its outputs; the exit code must be `expect`."""
        done = subprocess.run(
            [NATLESS, *arguments],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=800,
            check=False,
        )
        assert done.returncode == expect, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout

    def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(self.natless(*arguments, "--json", expect=expect))


def environment() -> dict[str, str]:
    # A lab of its own: these tests must not end the one that a person runs beside them.
    return {**os.environ, "NATLESS_LAB": f"test-hello-{os.getpid()}"}


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=240) as answer:  # noqa: S310 - what `deploy` printed, on loopback
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hello]:
    folder = tmp_path_factory.mktemp("hello") / "hello"
    shutil.copytree(HELLO, folder)
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is missing: tools/packages run"
    shutil.copy(busybox, folder / "busybox")
    (folder / "token").write_text(f"{TOKEN}\n")
    standing = Hello(folder, "")
    standing.natless("lab", "up")
    try:
        said = standing.natless("deploy", "--to", "lab")
        yield standing._replace(url=said.split()[-1])
    finally:
        standing.natless("lab", "down")


def test_the_page_of_this_run_comes_through_the_balancer_from_a_private_address(hello: Hello) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", hello.url)
    text = page(hello.url)
    assert TOKEN in text
    # 10.0.128.0/17 is the private half of the VPC: the container says its own address.
    assert re.search(r"10\.0\.(1[2-9]\d|2[0-5]\d)\.\d+", text), text


def test_a_browser_shows_the_page(hello: Hello, tmp_path: Path) -> None:
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    assert chromium, "a browser is missing: tools/packages test"
    done = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path}",
            "--dump-dom",
            hello.url,
        ],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert TOKEN in done.stdout, done.stderr


def test_what_stands_is_proved_from_describe_calls(hello: Hello) -> None:
    found = hello.json("check", "lab:hello")
    assert found["verdict"] == "reachable"
    needs = {each["need"]: each["verdict"] for each in found["verdicts"]}
    assert needs == {
        "image-source": "reachable",
        "ecr.api": "reachable",
        "ecr.dkr": "reachable",
        "s3-layers": "reachable",
        "logs": "reachable",
        "internet->alb": "reachable",
        "alb->task": "reachable",
        "task->internet": "blocked",
    }


def test_a_broken_s3_endpoint_is_met_named_explained_and_mended(hello: Hello) -> None:
    hello.natless("lab", "break", "s3")
    try:
        said = hello.natless("run", "web", "--to", "lab", expect=4)
        cause = next(line for line in said.splitlines() if "CannotPullContainerError" in line)
        # The layer leg in ECS's words, and an address as Amazon's S3 has: public, since a gateway endpoint has none.
        assert "failed to copy: httpReadSeeker: failed open" in cause
        assert re.search(r"prod-ap-northeast-2-starport-layer-bucket\.s3\.ap-northeast-2\.amazonaws\.com", cause)
        address = re.search(r"dial tcp (\d+\.\d+\.\d+\.\d+):443: i/o timeout", cause)
        assert address is not None
        assert not address[1].startswith("10.0.")
        found = hello.json("check", "lab:hello", expect=1)
        blocked = [
            each for each in found["verdicts"] if each["verdict"] == "blocked" and each["need"] != "task->internet"
        ]
        assert [each["need"] for each in blocked] == ["s3-layers"]
        assert re.fullmatch(r"vpce-[0-9a-f]+", blocked[0]["gate"])
        assert "NL202" in hello.natless("explain", cause)
        # The stack's template has it right, so a deploy changes nothing and mends nothing: a plan says so.
        planned = hello.natless("plan", "--to", "lab")
        assert "changed past the stack, and not mended by a deploy" in planned
        assert re.search(r"web s3-layers +blocked → reachable", planned)
        # What runs goes on: it needs S3 no more.
        assert TOKEN in page(hello.url)
    finally:
        hello.natless("lab", "mend")
    assert hello.json("check", "lab:hello")["verdict"] == "reachable"
    assert "RUNNING" in hello.natless("run", "web", "--to", "lab")


def test_status_and_logs_show_what_runs(hello: Hello) -> None:
    page(hello.url)
    found = hello.json("status", "--to", "lab")
    # As it was made, or as it is after the test of a failed release.
    assert found["state"] in {"CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE"}
    [service] = found["services"]
    assert service["running"] == service["desired"] == 1
    assert [target["state"] for target in service["targets"] if target["state"] != "draining"] == ["healthy"]
    assert "response:200" in hello.natless("logs", "--to", "lab", "--since", "5m")


def test_a_command_runs_to_its_end_in_the_services_network(hello: Hello) -> None:
    shown = "sh -c 'cat /token'"
    said = hello.natless("run", "web", "--to", "lab", "--command", shown)
    assert TOKEN in said, said
    assert "exited with 0" in said
    failed = hello.natless("run", "web", "--to", "lab", "--command", "false", expect=1)
    assert "exited with 1" in failed


def test_a_release_that_does_not_come_up_is_stopped_early_and_nobody_notices(hello: Hello) -> None:
    dockerfile = hello.folder / "Dockerfile"
    written = dockerfile.read_text()
    with Load(hello.url, TOKEN) as load:
        served = [load.more()]
        try:
            leaving = 'CMD ["sh", "-c", "echo no DATABASE_URL; exit 3"]'
            dockerfile.write_text(re.sub(r"^CMD .*$", leaving, written, flags=re.MULTILINE))
            stopped = hello.natless("deploy", "--to", "lab", expect=4)
            served.append(load.more())
        finally:
            dockerfile.write_text(written)
        # It waits for the way back. A builder may give the same Dockerfile another digest: then it is a release.
        again = hello.natless("deploy", "--to", "lab")
        served.append(load.more())
    cause = next(line for line in stopped.splitlines() if line.startswith("natless: "))
    assert "tasks exit: Essential container in task exited; web exited with 3: no DATABASE_URL" in cause
    # The way back may have ended by the time it is looked at.
    assert re.search(r"(is being|has been) rolled back", stopped), stopped
    assert again.split()[-1] == hello.url
    # The old release served every request, and whoever asked saw nothing of it.
    assert load.failed == []
    assert min(served) >= 5


def test_deploying_the_same_again_changes_nothing(hello: Hello) -> None:
    planned = hello.json("plan", "--to", "lab")
    assert (planned["nothing"], planned["turns"]) == (True, [])
    said = hello.natless("deploy", "--to", "lab")
    assert said.count("nothing to change") == 2
    assert said.split()[-1] == hello.url
    listed = hello.natless("rollback", "--to", "lab", "--list")
    assert re.search(r"hello-web:\d+ sha256:[0-9a-f]{12} runs$", listed, re.MULTILINE)


def test_destroy_leaves_nothing_and_keeps_data_unless_asked(hello: Hello, tmp_path: Path) -> None:
    folder = tmp_path / "brief"
    shutil.copytree(hello.folder, folder)
    spec = folder / "natless.toml"
    spec.write_text(spec.read_text().replace('name = "hello"', 'name = "brief"'))
    before = hello.json("lab", "status")
    brief = hello._replace(folder=folder)
    said = brief.natless("deploy", "--to", "lab")
    assert TOKEN in page(said.split()[-1])
    kept = brief.natless("destroy", "--to", "lab")
    assert "--images" in kept
    assert "--logs" in kept
    assert brief.json("status", "--to", "lab", expect=4)["state"] == ""
    gone = brief.natless("destroy", "--to", "lab", "--images", "--logs")
    assert re.search(r"log group brief-\S+: gone", gone)
    assert "images of repository brief/web: gone" in gone
    after = hello.json("lab", "status")
    assert after["vpcs"] == before["vpcs"]
    # At most: a task that an earlier test ran may still have been stopping before.
    assert after["network_interfaces"] <= before["network_interfaces"]
    assert TOKEN in page(hello.url)


def test_the_lab_listens_on_loopback_only(hello: Hello) -> None:
    del hello
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # State 0A is LISTEN; addresses are little-endian hexadecimal.
    ours = subprocess.run([NATLESS, "lab", "status", "--json"], env=environment(), capture_output=True, check=True)
    ports = {
        int(url.rsplit(":", 1)[1].strip("/")) for url in re.findall(r"http://127\.0\.0\.1:\d+", ours.stdout.decode())
    }
    listening = {(line[1].split(":")[0], int(line[1].split(":")[1], 16)) for line in lines if line[3] == "0A"}
    assert {address for address, port in listening if port in ports} == {"0100007F"}
