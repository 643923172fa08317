"""`image = "..."` on a lab: the image that one deployment pushed runs in another; and builds that fail, in words.

The account and region are the lab's; the words for what is not there are ECR's own (botocore's models name the codes).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

NATLESS = Path(sys.executable).parent / "natless"
HELLO = Path(__file__).parents[2] / "examples" / "hello"
TOKEN = os.urandom(8).hex()
REPOSITORY = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/hello/web"


def natless(folder: Path, *arguments: str, expect: int = 0, path: str = "") -> str:
    environment = {**os.environ, "NATLESS_LAB": f"test-given-{os.getpid()}"}
    if path:
        environment["PATH"] = path
    done = subprocess.run(
        [NATLESS, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == expect, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the digest of the image that hello pushed into its repository."""
    folder = tmp_path_factory.mktemp("pushed") / "hello"
    shutil.copytree(HELLO, folder)
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is missing: tools/packages run"
    shutil.copy(busybox, folder / "busybox")
    (folder / "token").write_text(f"{TOKEN}\n")
    natless(folder, "lab", "up")
    try:
        found = re.search(r"pushed hello/web@(sha256:[0-9a-f]{64})", natless(folder, "deploy", "--to", "lab"))
        assert found is not None
        yield found[1]
    finally:
        natless(folder, "lab", "down")


def guest(folder: Path, image: str) -> None:
    (folder / "natless.toml").write_text(
        f'name = "guest"\n[services.web]\nimage = "{image}"\nport = 8080\nhealth = "/healthz"\n'
    )


def test_an_image_from_another_repository_is_deployed_answers_and_goes(digest: str, tmp_path: Path) -> None:
    guest(tmp_path, f"{REPOSITORY}@{digest}")
    said = natless(tmp_path, "deploy", "--to", "lab")
    assert "guest-images" not in said
    assert f"WebImageDigest = {digest}" in said
    with urllib.request.urlopen(said.split()[-1], timeout=240) as answer:  # noqa: S310 - what `deploy` printed
        assert TOKEN in answer.read().decode()
    assert "reachable: 8 of 8 promises hold" in natless(tmp_path, "check", "lab:guest")
    gone = natless(tmp_path, "destroy", "--to", "lab", "--images", "--logs")
    assert "stack guest: gone" in gone
    assert "there is no stack guest-images" in gone
    # The repository is another deployment's: it deploys again, with nothing to build or push.
    assert "guest: deployed" in natless(tmp_path, "deploy", "--to", "lab")
    natless(tmp_path, "destroy", "--to", "lab", "--logs")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (f"{REPOSITORY}:nosuch", "hello/web:nosuch is not there"),
        (f"{REPOSITORY.replace('hello', 'nobody')}:1", "nobody/web:1 is not there"),
    ],
)
@pytest.mark.usefixtures("digest")
def test_an_image_that_is_not_there_is_said_at_its_line(image: str, words: str, tmp_path: Path) -> None:
    guest(tmp_path, image)
    said = natless(tmp_path, "deploy", "--to", "lab", expect=4)
    assert said.startswith("natless: natless.toml:3: ")
    assert words in said
    assert "no stack guest" in natless(tmp_path, "destroy", "--to", "lab")


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [("FROM scratch\nCOPY nothing /x\n", "/nothing"), ("FRUM scratch\n", "FROM"), ("", "Dockerfile")],
)
@pytest.mark.usefixtures("digest")
def test_a_build_that_fails_ends_in_the_builders_words(dockerfile: str, words: str, tmp_path: Path) -> None:
    broken(tmp_path, dockerfile)
    said = natless(tmp_path, "deploy", "--to", "lab", expect=4)
    cause = said.partition("natless: ")[2]
    assert "ended with" in cause.splitlines()[0]
    assert words in cause


@pytest.mark.usefixtures("digest")
def test_without_a_builder_the_line_that_installs_one_is_said(tmp_path: Path) -> None:
    broken(tmp_path, "FROM scratch\nCOPY natless.toml /x\n")
    said = natless(tmp_path, "deploy", "--to", "lab", expect=4, path="/nowhere")
    assert "no program that builds images works here" in said
    assert "apt-get install" in said


def broken(folder: Path, dockerfile: str) -> None:
    (folder / "natless.toml").write_text(
        'name = "broken"\nregion = "ap-northeast-2"\n[services.web]\nbuild = "."\nport = 8080\n'
    )
    (folder / "Dockerfile").write_text(dockerfile)
