"""What an image is made for: manifests and configurations in the shapes of the OCI image specification."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from natless.deploy.images import platform
from natless.deploy.images.image import ImageError
from natless.deploy.images.platform import platform_of, require_platform
from natless.spec.image import ecr_image
from natless.spec.read import read

DIGEST = "sha256:" + "a" * 64
IMAGE = ecr_image(f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app@{DIGEST}")
URL = "https://layers.example/config"


class Ecr:
    """The two ECR calls that are made."""

    def __init__(self, manifest: dict[str, Any] | None, denied: str = "") -> None:
        self._manifest, self._denied = manifest, denied

    def __call__(self, service: str) -> Ecr:
        assert service == "ecr"
        return self

    def batch_get_image(self, **asked: Any) -> dict[str, Any]:
        assert (asked["registryId"], asked["repositoryName"]) == ("123456789012", "team/app")
        assert asked["imageIds"] == [{"imageDigest": DIGEST}]
        if self._denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": self._denied}}, "BatchGetImage")
        return {"images": [{"imageManifest": json.dumps(self._manifest)}] if self._manifest else []}

    def get_download_url_for_layer(self, **asked: Any) -> dict[str, Any]:
        assert asked["layerDigest"] == "sha256:config"
        return {"downloadUrl": URL}


def index(*architectures: str) -> dict[str, Any]:
    return {"manifests": [{"platform": {"os": "linux", "architecture": each}} for each in architectures]}


SINGLE = {"config": {"digest": "sha256:config"}, "layers": []}


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the configuration say that it is for ARM."""
    config = json.dumps({"os": "linux", "architecture": "arm64"}).encode()
    monkeypatch.setattr(platform, "_read", lambda url: config if url == URL else b"")


def test_an_index_fits_where_it_has_the_platform() -> None:
    ecr = Ecr(index("arm64", "amd64"))
    assert require_platform(IMAGE, DIGEST, ecr, "linux/amd64") == ""
    with pytest.raises(ImageError, match=r"is made for linux/arm64, linux/amd64, and the task runs on linux/s390x"):
        require_platform(IMAGE, DIGEST, ecr, "linux/s390x")


@pytest.mark.usefixtures("arm")
def test_a_single_image_is_told_by_its_configuration() -> None:
    assert require_platform(IMAGE, DIGEST, Ecr(SINGLE), "linux/arm64") == ""
    with pytest.raises(ImageError, match=r"is made for linux/arm64, and the task runs on linux/amd64") as caught:
        require_platform(IMAGE, DIGEST, Ecr(SINGLE), "linux/amd64")
    assert "architecture =" in caught.value.advice


@pytest.mark.parametrize(
    ("ecr", "why"),
    [
        (Ecr(None), "the manifest of .* was not given"),
        (Ecr(SINGLE, denied="not authorized"), "could not be seen: not authorized"),
        (Ecr({"layers": []}), "could not be seen"),
    ],
)
def test_what_cannot_be_seen_is_said_and_stops_nothing(ecr: Ecr, why: str) -> None:
    said = require_platform(IMAGE, DIGEST, ecr, "linux/amd64")
    assert re.search(why, said)


def test_a_url_that_is_not_encrypted_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ecr = Ecr(SINGLE)
    monkeypatch.setattr(ecr, "get_download_url_for_layer", lambda **_: {"downloadUrl": "http://layers.example/config"})
    assert "not encrypted" in require_platform(IMAGE, DIGEST, ecr, "linux/amd64")


@pytest.mark.parametrize(("architecture", "expected"), [("x86_64", "linux/amd64"), ("arm64", "linux/arm64")])
def test_a_services_platform_is_its_architectures(architecture: str, expected: str) -> None:
    text = f'name = "hello"\n[services.web]\nbuild = "."\nport = 80\npublic = true\narchitecture = "{architecture}"\n'
    [service] = read(text, "natless.toml").services
    assert platform_of(service) == expected
