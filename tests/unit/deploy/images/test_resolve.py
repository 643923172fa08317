"""resolve: `image = "..."` by the digest that ECR (moto's) has for it now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from natless.deploy.images import ImageError, resolve

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = {"digest": f"sha256:{'a' * 64}", "size": 2}
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": TYPE, "config": CONFIG, "layers": []})


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        ecr = session.client("ecr")
        ecr.create_repository(repositoryName="team/app")
        ecr.put_image(repositoryName="team/app", imageTag="1.0", imageManifest=MANIFEST)
        client: Any = session.client
        yield client


def digest(connect: Callable[[str], Any]) -> str:
    wanted = [{"imageTag": "1.0"}]
    [found] = connect("ecr").batch_get_image(repositoryName="team/app", imageIds=wanted)["images"]
    return str(found["imageId"]["imageDigest"])


def test_by_tag(connect: Callable[[str], Any]) -> None:
    assert resolve(f"{HOST}/team/app:1.0", connect) == f"{HOST}/team/app@{digest(connect)}"


def test_by_digest(connect: Callable[[str], Any]) -> None:
    by_digest = f"{HOST}/team/app@{digest(connect)}"
    assert resolve(by_digest, connect) == by_digest
    assert resolve(by_digest.replace("@", ":1.0@"), connect) == by_digest


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (f"{HOST}/team/app:2.0", "is not there"),
        (f"{HOST}/other/app:1.0", "is not there"),
        (f"{HOST}/team/app@sha256:{'0' * 64}", "is not there"),
        (f"{HOST}/team/app:1.0@sha256:{'0' * 64}", "the tag 1.0 is sha256:"),
        (f"{HOST}/team/app", "neither a tag nor a digest"),
        (f"{HOST.replace('us-east-1', 'eu-west-1')}/team/app:1.0", "lies in eu-west-1"),
        ("nginx:1.27", "not in private ECR"),
        ("public.ecr.aws/nginx/nginx:1.27", "not in private ECR"),
    ],
)
def test_what_cannot_be_used(connect: Callable[[str], Any], image: str, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        resolve(image, connect)
