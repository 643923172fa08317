"""An account to deploy to, in a process of its own, and clients that answer from a script."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from natless.deploy import Connect, Pace, deploy, destroy
from natless.deploy.progress import Changes, Progress
from natless.design import Design, write
from natless.finding import Verdict
from natless.spec.model import Spec
from natless.spec.read import read

REGION = "eu-west-1"
KEY = "AKIALABLABLABLABLABL"


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file that names the calls of the stack engine which the account refuses."""
    file = tmp_path_factory.mktemp("account") / "faults"
    file.write_text("")
    return file


@pytest.fixture(scope="module")
def lab(faults: Path) -> Iterator[Connect]:
    """Give clients of an account without containers."""
    program = Path(__file__).with_name("account.py")
    with subprocess.Popen([sys.executable, str(program), str(faults)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, "the account did not start"
        yield clients(f"http://127.0.0.1:{port}")
        process.kill()


def clients(url: str | None) -> Connect:
    made: dict[str, Any] = {}
    make: Callable[..., Any] = boto3.Session(
        aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name=REGION
    ).client
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})

    def connect(service: str) -> Any:
        if service not in made:
            made[service] = make(service, endpoint_url=url, config=config)
        return made[service]

    return connect


@pytest.fixture
def pace() -> Pace:
    return Pace(every=0.05, patience=400.0, settling=400.0)


class Script:
    """Clients that answer exactly as written, in that order: a call, and its answer or (code, message)."""

    def __init__(self) -> None:
        self.connect = clients(None)
        self._stubbers: dict[str, Stubber] = {}

    def say(self, service: str, call: str, answer: dict[str, Any] | tuple[str, str], **asked: Any) -> None:
        """Write the next answer of a service. With `asked`, the call must have exactly these arguments."""
        if service not in self._stubbers:
            self._stubbers[service] = Stubber(self.connect(service))
            self._stubbers[service].activate()
        stubber = self._stubbers[service]
        if isinstance(answer, tuple):
            stubber.add_client_error(call, answer[0], answer[1], 400)
        else:
            stubber.add_response(call, answer, asked or None)

    def done(self) -> None:
        """Fail if something written was never asked."""
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()


@pytest.fixture
def script() -> Iterator[Script]:
    written = Script()
    yield written
    written.done()


def spec_named(name: str, more: str = "") -> Spec:
    text = f'name = "{name}"\n[services.web]\nbuild = "."\nport = 8080\npublic = true\n{more}'
    return read(text, "natless.toml")


class Deployment:
    """One name, deployed again and again."""

    def __init__(self, connect: Connect, name: str, pace: Pace) -> None:
        self.connect = connect
        self.name = name
        self.pace = pace
        self.examine: Callable[[], tuple[Verdict, ...]] = tuple
        self.spec = spec_named(name)
        self.design: Design = write(self.spec)

    def change(self, more: str) -> None:
        """Write more into the service's table."""
        self.spec = spec_named(self.name, more)
        self.design = write(self.spec)

    def events(self, digest: str, approve: Callable[[Changes], bool] = lambda _: True) -> Iterator[Progress]:
        """Deploy an image, and give what happens as it happens."""
        pushed: list[str] = []

        def push(_service: object, repository: str) -> str:
            pushed.append(repository)
            return digest

        self.pushed = pushed
        return deploy(self.design, self.spec, self.connect, push, approve=approve, pace=self.pace, examine=self.examine)

    def deploy(self, digest: str, approve: Callable[[Changes], bool] = lambda _: True) -> list[Progress]:
        """Deploy an image to its end; what was said is kept, also before a failure."""
        self.said: list[Progress] = []
        for event in self.events(digest, approve):
            self.said.append(event)
        return self.said

    def destroy(self, **also: bool) -> list[Progress]:
        return list(destroy(self.connect, self.name, pace=self.pace, **also))


@pytest.fixture
def deployment(lab: Connect, pace: Pace) -> Callable[[str], Deployment]:
    return lambda name: Deployment(lab, name, pace)
