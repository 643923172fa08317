"""How `deploy` ends where it cannot begin: no credentials, no Dockerfile, a template that breaks its promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from tests.typed import typed

from natless import design
from natless.account import session
from natless.cli import deploy as room
from natless.cli.world import World
from natless.design import Design
from natless.spec import Spec

NATLESS = Path(sys.executable).parent / "natless"
WRITE = design.write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "natless.toml").write_text(
        'name = "hello"\nregion = "eu-west-1"\n[services.web]\nbuild = "."\nport = 8080\n'
    )
    return tmp_path


def asked(name: str) -> Any:
    raise AssertionError(f"{name} was asked, though nothing may be done")


def nowhere(region: str) -> World:
    return World(asked, region, lab=True, registry="")


def test_without_credentials_one_line_says_what_to_do(folder: Path) -> None:
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [NATLESS, "deploy", folder, "--to", "aws"], env=bare, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("natless: no AWS credentials were found: run `aws configure`")


def test_a_missing_dockerfile_is_said_before_anything_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "world_of", lambda *_: nowhere("eu-west-1"))
    done = typed("deploy", str(folder), "--to", "lab")
    assert done.exit_code == 4
    assert done.stderr == f"natless: {folder} has no Dockerfile: build = must name the folder that holds it\n"


def test_a_broken_promise_is_a_finding_and_nothing_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\n")

    def without_s3(spec: Spec) -> Design:
        whole = WRITE(spec)
        resources = {id_: body for id_, body in whole.main["Resources"].items() if id_ != "S3Endpoint"}
        resources["WebService"]["DependsOn"].remove("S3Endpoint")
        return msgspec.structs.replace(whole, main={**whole.main, "Resources": resources})

    monkeypatch.setattr(room, "world_of", lambda *_: nowhere("eu-west-1"))
    monkeypatch.setattr(design, "write", without_s3)
    done = typed("deploy", str(folder), "--to", "lab")
    assert done.exit_code == 1, done.output
    assert "error NL401 endpoint-missing" in done.stderr
    assert f"{folder}/natless.toml" in done.stderr


def test_a_region_of_another_partition_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "world_of", lambda *_: nowhere("cn-north-1"))
    done = typed("deploy", str(folder), "--to", "aws")
    assert done.exit_code == 2
    assert "cn-north-1 is not supported yet" in done.stderr


def test_a_spec_without_repositories_has_no_images_template(folder: Path) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1"
    (folder / "natless.toml").write_text(f'name = "guest"\n[services.web]\nimage = "{image}"\nport = 8080\n')
    done = subprocess.run([NATLESS, "template", folder, "--images"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no stack guest-images" in done.stderr


def scripted(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """Give an AWS that knows who asks, and fails whatever else is asked."""
    client = boto3.Session(aws_access_key_id="A", aws_secret_access_key="B", region_name="eu-west-1").client("sts")  # noqa: S106 - nobody's
    stubber = Stubber(client)
    caller = {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/deploy/ci", "UserId": "AROA:ci"}
    stubber.add_response("get_caller_identity", caller)
    stubber.activate()
    monkeypatch.setattr(session, "connect", lambda *_: lambda name: client if name == "sts" else asked(name))
    return stubber


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_without_a_terminal_and_without_yes_nothing_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    stubber = scripted(monkeypatch)
    done = typed(command, str(folder), "--to", "aws")
    assert done.exit_code == 2, done.output
    first, *rest = done.stderr.splitlines()
    assert first == "account 123456789012, region eu-west-1, as arn:aws:sts::123456789012:assumed-role/deploy/ci"
    assert "give --yes (`natless plan` shows what would change)" in " ".join(rest)
    assert done.stdout == ""
    stubber.assert_no_pending_responses()
