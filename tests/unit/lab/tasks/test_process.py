"""What a container runs. Rules: Docker's reference for ENTRYPOINT and CMD; ECS's API reference, ContainerDefinition."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from natless.lab.tasks.plan import Registration, TaskPlan
from natless.lab.tasks.process import Process, first_process
from natless.lab.tasks.pull import Image
from natless.lab.tasks.reference import ImageReference, read_reference
from natless.lab.tasks.secret_values import SecretReference, read_secret_arn
from natless.lab.tasks.words import StartError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name in ("entry", "other", "sh"):
        (tmp_path / "bin" / name).write_text("")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nweb:x:101:102::/srv:/bin/sh\nbroken\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nweb:x:102:\nmail:x:12:\n")
    return tmp_path


def process(
    root: Path,
    image: Mapping[str, Any],
    container: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Process:
    return first_process(container or {}, overrides or {}, Image(root, image, "sha256:1"), secrets or {})


ENTRY = {"Entrypoint": ["/bin/entry"], "Cmd": ["default"]}


@pytest.mark.parametrize(
    ("container", "overrides", "expected"),
    [
        ({}, {}, ("/bin/entry", "default")),
        ({"command": ["given"]}, {}, ("/bin/entry", "given")),
        ({"command": ["given"]}, {"command": ["overridden"]}, ("/bin/entry", "overridden")),
        ({"entryPoint": ["other"]}, {}, ("other",)),
        ({"entryPoint": ["other"], "command": ["given"]}, {}, ("other", "given")),
    ],
)
def test_entry_point_and_command(
    root: Path, container: dict[str, Any], overrides: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert process(root, ENTRY, container, overrides).arguments == expected


def test_what_a_definition_names_goes_before_its_files(root: Path) -> None:
    image = Image(root, {**ENTRY, "Env": ["A=image", "B=image", "C=image"]}, "sha256:1")
    container = {"environment": [{"name": "C", "value": "definition"}]}
    found = first_process(container, {}, image, {}, {"B": "file", "C": "file"}).environment
    assert (found["A"], found["B"], found["C"]) == ("image", "file", "definition")


def test_environment_from_the_least_to_the_most_particular(root: Path) -> None:
    image = {**ENTRY, "Env": ["A=image", "B=image", "C=image", "D=image", "EMPTY="]}
    container = {"environment": [{"name": name, "value": "definition"} for name in "BCD"]}
    overrides = {"environment": [{"name": "C", "value": "override"}]}
    found = process(root, image, container, overrides, {"D": "secret"}).environment
    assert {name: found[name] for name in ("A", "B", "C", "D", "EMPTY")} == {
        "A": "image",
        "B": "definition",
        "C": "override",
        "D": "secret",
        "EMPTY": "",
    }


@pytest.mark.parametrize(
    ("user", "expected", "home"),
    [
        ("", (0, 0), "/root"),
        ("root", (0, 0), "/root"),
        ("web", (101, 102), "/srv"),
        ("101", (101, 102), "/srv"),
        ("web:mail", (101, 12), "/srv"),
        ("1000", (1000, 0), "/"),
        ("1000:2000", (1000, 2000), "/"),
    ],
)
def test_users(root: Path, user: str, expected: tuple[int, int], home: str) -> None:
    found = process(root, {**ENTRY, "User": user})
    assert (found.user, found.group) == expected
    assert found.environment["HOME"] == home


@pytest.mark.parametrize("user", ["nobody", "web:nobody", "99999999"])
def test_users_that_do_not_exist(root: Path, user: str) -> None:
    with pytest.raises(StartError, match="CannotStartContainerError"):
        process(root, {**ENTRY, "User": user})


def test_a_passwd_that_is_a_link_is_read_inside_the_image(root: Path) -> None:
    (root / "etc/passwd").unlink()
    (root / "etc/passwd").symlink_to("/../../../../etc/passwd")
    with pytest.raises(StartError, match="no matching entries in passwd file"):
        process(root, {**ENTRY, "User": "daemon"})


@pytest.mark.parametrize(
    ("image", "container"),
    [
        ({"Env": ["A=x\0--bind\0/\0/mnt"]}, {}),
        ({"Cmd": ["x\0y"]}, {}),
        ({"WorkingDir": "/\0--bind\0/\0/mnt"}, {}),
        ({}, {"environment": [{"name": "A\0--share-net", "value": ""}]}),
        ({}, {"command": ["\0"]}),
    ],
)
def test_a_nul_byte_would_be_an_option_of_the_runner(
    root: Path, image: dict[str, Any], container: dict[str, Any]
) -> None:
    with pytest.raises(StartError, match="holds a nul byte"):
        process(root, {**ENTRY, **image}, container)


def test_a_passwd_that_is_a_pipe_is_not_waited_for(root: Path) -> None:
    (root / "etc/passwd").unlink()
    os.mkfifo(root / "etc/passwd")
    with pytest.raises(StartError, match="no matching entries in passwd file"):
        process(root, {**ENTRY, "User": "web"})


def test_a_command_that_is_not_in_the_image(root: Path) -> None:
    with pytest.raises(StartError, match=r'exec: "bash": executable file not found in \$PATH'):
        process(root, {"Cmd": ["bash"]})
    with pytest.raises(StartError, match="No command specified"):
        process(root, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b:v1",
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "a/b", "v1"),
        ),
        (
            "1.dkr.ecr.x.amazonaws.com/a@sha256:" + "0" * 64,
            ("1.dkr.ecr.x.amazonaws.com", "a", "sha256:" + "0" * 64),
        ),
        ("localhost:5000/a", ("localhost:5000", "a", "latest")),
        ("nginx", ("registry-1.docker.io", "library/nginx", "latest")),
        ("bitnami/redis:7", ("registry-1.docker.io", "bitnami/redis", "7")),
    ],
)
def test_references(text: str, expected: tuple[str, str, str]) -> None:
    found = read_reference(text)
    assert (found.host, found.name, found.version) == expected


def test_docker_hub_is_named_as_containerd_names_it() -> None:
    assert read_reference("nginx") == ImageReference(
        "docker.io/library/nginx:latest", "registry-1.docker.io", "library/nginx", "latest"
    )


ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ARN, SecretReference(ARN)),
        (f"{ARN}:url::", SecretReference(ARN, "url")),
        (f"{ARN}:url:AWSPREVIOUS:", SecretReference(ARN, "url", "AWSPREVIOUS")),
        (f"{ARN}:::v1", SecretReference(ARN, "", "", "v1")),
        ("prod/db", None),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/prod/db", None),
    ],
)
def test_secret_references(text: str, expected: SecretReference | None) -> None:
    assert read_secret_arn(text) == expected


def test_a_plan_knows_its_task() -> None:
    definition = {"containerDefinitions": [{"name": "web"}], "runtimePlatform": {"cpuArchitecture": "ARM64"}}
    overrides = {"containerOverrides": [{"name": "web", "command": ["x"]}]}
    arn = "arn:aws:ecs:eu-west-1:123456789012:task/c/abc"
    plan = TaskPlan(arn, "c", definition, overrides, "subnet-1", (), public=False, registrations=())
    assert (plan.id, plan.architecture, plan.overridden("web")) == ("abc", "arm64", {"name": "web", "command": ["x"]})
    assert plan.overridden("other") == {}
    assert Registration("tg", "web", 80).port == 80
