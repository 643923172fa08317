"""Killed in the middle of an upload, at each of its requests, a deploy is finished by the next one.

A request with a body is broken off half-way through it; where it has none, nothing of it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.deploy.images.images_by_hand import as_buildah, layer, write

from natless.deploy import Connect, deploy, stacks, status
from natless.deploy.images.archive import read_archive
from natless.deploy.images.push import push
from natless.deploy.images.registry import Answer, Registry
from natless.deploy.progress import Deployed

Make = Callable[[str], Any]
UPLOAD = ["POST", "PATCH", "PUT"]
PUSH = ["GET", "HEAD", *UPLOAD, "HEAD", *UPLOAD, "PUT"]
"""The tag; the layer, which is not there; the configuration likewise; the manifest ("Distribution", API, push)."""


class Killed(BaseException):
    """Stands for SIGKILL: nothing that waits for an error takes it."""


class Killing:
    """Counts the registry's requests, and kills in the middle of the `at`th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.made: list[str] = []
        self._request = Registry._request

        def counted(registry: Registry, *asked: Any) -> Answer:
            return self._counted(registry, *asked)

        monkeypatch.setattr(Registry, "_request", counted)

    def _counted(
        self,
        registry: Registry,
        method: str,
        target: str,
        body: Callable[[], bytes | Iterator[bytes]] | None = None,
        *more: Any,
    ) -> Answer:
        self.made.append(method)
        if len(self.made) != self.at:
            return self._request(registry, method, target, body, *more)
        content = b"" if body is None else self._whole(body())
        if not content:
            raise Killed

        def half() -> Iterator[bytes]:
            yield content[: len(content) // 2]
            raise Killed

        return self._request(registry, method, target, half, *more)

    def _whole(self, body: bytes | Iterator[bytes]) -> bytes:
        return body if isinstance(body, bytes) else b"".join(body)


class Release:
    """An image of its own, pushed and deployed."""

    def __init__(self, made: Any, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        content = layer(page=folder.name.encode() * 5000)
        self._image = read_archive(write(folder, as_buildah(content)), "linux/amd64")
        self._made = made

    def deploy(self, lab: Connect) -> list[Any]:
        url = lab("ec2").meta.endpoint_url
        made = self._made
        return list(
            deploy(made.design, made.spec, lab, lambda _, name: push(self._image, lab, name, url), pace=made.pace)
        )


def described(lab: Connect, name: str) -> list[Any]:
    """Give what the account has of a deployment, without what is generated."""
    found: list[Any] = [status(lab, name).state]
    for each in (name, f"{name}-images"):
        found += sorted((one.resource, one.type) for one in stacks.resources(lab, each))
    [service] = status(lab, name).services
    [task] = [task for task in service.tasks if not task.reason]
    definition = lab("ecs").describe_task_definition(taskDefinition=task.definition)["taskDefinition"]
    digest = definition["containerDefinitions"][0]["image"].rpartition("@")[2]
    [image] = lab("ecr").describe_images(repositoryName=f"{name}/web", imageIds=[{"imageDigest": digest}])[
        "imageDetails"
    ]
    return [*found, service.settled, len(image["imageTags"])]


def test_every_request_of_an_upload(
    lab: Connect, deployment: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    killing, made = Killing(monkeypatch), deployment("uploads")
    assert isinstance(Release(made, tmp_path / "first").deploy(lab)[-1], Deployed)
    assert killing.made == PUSH
    ends = []
    for at in range(1, len(PUSH) + 1):
        release = Release(made, tmp_path / f"release{at}")
        killing.at, killing.made = at, []
        with pytest.raises(Killed):
            release.deploy(lab)
        assert killing.made == PUSH[:at]
        killing.at = 0
        assert isinstance(release.deploy(lab)[-1], Deployed)
        whole = described(lab, "uploads")
        assert (whole[0], whole[-2:]) == ("UPDATE_COMPLETE", [True, 1])
        ends.append(whole)
    assert all(each == ends[0] for each in ends)
    made.destroy(images=True, logs=True)
    names = [each["StackName"] for each in lab("cloudformation").describe_stacks()["Stacks"]]
    assert [each for each in names if each.startswith("uploads")] == []
    repositories = lab("ecr").describe_repositories()["repositories"]
    assert [each for each in repositories if each["repositoryName"].startswith("uploads")] == []
    assert lab("logs").describe_log_groups(logGroupNamePrefix="uploads-")["logGroups"] == []
