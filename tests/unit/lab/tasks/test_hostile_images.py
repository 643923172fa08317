"""Registries and manifests that lie: refused with ECS's kind of error, and nothing left on disk.

`CannotPullContainerError` and its parts: ECS developer guide, "CannotPullContainer task errors"; what follows it is
containerd's, or like it. A layer of another media type: aws/aws-cdk #30258.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, cast

import pytest

from natless.lab.tasks.ports import Patience
from natless.lab.tasks.pull import Image, Puller
from natless.lab.tasks.reference import read_reference
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.way import Way
from natless.lab.tasks.words import StartError

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Said:
    """An answer that is there already."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.status, self.reason, self.headers = status, "OK", dict[str, str]()
        self._body = io.BytesIO(body)

    def read(self, length: int | None = None) -> bytes:
        return self._body.read(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Registry:
    """A registry that gives what it was told to, whatever the digest."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.patience = Patience(retries=1, pause=0.0)

    def request(self, _method: str, url: str, _headers: Mapping[str, str]) -> Said:
        body = self.pages.get(url.partition("/v2/app/")[2])
        return Said(b"", 404) if body is None else Said(body)

    def blob(self, data: bytes, kind: str = LAYER) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.pages[f"blobs/{digest}"] = data
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def manifest(self, document: Any) -> None:
        self.pages["manifests/v1"] = document if isinstance(document, bytes) else json.dumps(document).encode()


def archive(name: str = "file") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        opened.addfile(tarfile.TarInfo(name), io.BytesIO())
    return buffer.getvalue()


@pytest.fixture
def registry() -> Registry:
    return Registry()


def pull(registry: Registry, folder: Path) -> Image:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    puller = Puller(cast("Way", registry), "", "amd64", Trees(scratch / "images"), str(scratch))
    return puller.pull(read_reference(f"{HOST}/app:v1"))


def refused(registry: Registry, folder: Path) -> str:
    with pytest.raises(StartError) as caught:
        pull(registry, folder)
    assert [each.name for each in (folder / "scratch").iterdir()] == ["images"]
    assert not list((folder / "scratch/images").iterdir())
    return str(caught.value)


def describe(registry: Registry, **configuration: Any) -> dict[str, Any]:
    """Give a whole manifest of one layer; the configuration is as given."""
    text = json.dumps({"architecture": "amd64", "os": "linux", **configuration}).encode()
    config = registry.blob(text, "application/vnd.oci.image.config.v1+json")
    return {"schemaVersion": 2, "config": config, "layers": [registry.blob(gzip.compress(archive()))]}


def test_an_honest_image(registry: Registry, tmp_path: Path) -> None:
    unpacked = f"sha256:{hashlib.sha256(archive()).hexdigest()}"
    registry.manifest(
        describe(
            registry, config={"Cmd": ["/file"], "WorkingDir": "/"}, rootfs={"type": "layers", "diff_ids": [unpacked]}
        )
    )
    image = pull(registry, tmp_path)
    assert image.configuration == {"Cmd": ("/file",), "WorkingDir": "/"}
    assert [each.name for each in image.root.iterdir()] == ["file"]


@pytest.mark.parametrize("kind", ["application/vnd.in-toto+json", "text/html", "application/vnd.cncf.helm.chart.v1"])
def test_a_layer_of_another_kind(registry: Registry, tmp_path: Path, kind: str) -> None:
    document = describe(registry)
    document["layers"][0]["mediaType"] = kind
    registry.manifest(document)
    said = refused(registry, tmp_path)
    assert said.startswith("CannotPullContainerError: pull image manifest has been retried 1 time(s): ")
    assert said.endswith(f"failed to get stream processor for {kind}: no processor for media-type: unknown")


@pytest.mark.parametrize(("difference", "said"), [(-1, "unexpected commit size more"), (1, "unexpected commit size ")])
def test_a_size_that_lies(registry: Registry, tmp_path: Path, difference: int, said: str) -> None:
    document = describe(registry)
    document["layers"][0]["size"] += difference
    registry.manifest(document)
    text = refused(registry, tmp_path)
    assert text.startswith(f"CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: {said}")


def test_a_blob_without_end_is_left_at_the_size_that_was_told(registry: Registry, tmp_path: Path) -> None:
    document = describe(registry)
    place = f"blobs/{document['layers'][0]['digest']}"
    registry.pages[place] += bytes(100 << 20)
    registry.manifest(document)
    assert "unexpected commit size more" in refused(registry, tmp_path)


def test_a_layer_whose_digest_lies(registry: Registry, tmp_path: Path) -> None:
    document = describe(registry)
    place = f"blobs/{document['layers'][0]['digest']}"
    registry.pages[place] = registry.pages[place][:-1] + b"x"
    registry.manifest(document)
    assert "failed to copy: unexpected commit digest sha256:" in refused(registry, tmp_path)


def test_a_configuration_whose_digest_lies(registry: Registry, tmp_path: Path) -> None:
    document = describe(registry)
    registry.pages[f"blobs/{document['config']['digest']}"] = b'{"config": {"Cmd": ["/evil"]}}'
    registry.manifest(document)
    assert "unexpected commit digest" in refused(registry, tmp_path)


def test_an_index_that_names_another_manifest_than_it_gives(registry: Registry, tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    registry.pages[f"manifests/{digest}"] = json.dumps(describe(registry)).encode()
    registry.manifest({"manifests": [{"digest": digest, "platform": {"os": "linux", "architecture": "amd64"}}]})
    assert f"expected {digest}: failed precondition" in refused(registry, tmp_path)


def test_a_wrong_diff_id(registry: Registry, tmp_path: Path) -> None:
    registry.manifest(describe(registry, rootfs={"diff_ids": ["sha256:" + "0" * 64]}))
    assert "failed to extract layer sha256:" in (said := refused(registry, tmp_path))
    assert "wrong diff id calculated on extraction" in said


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"x" * 4393217, "rejecting manifest: more than 4393216 bytes"),
        (b'{"a":' * 100_000, "failed to decode: "),
        (b"[]", "failed to decode: "),
        (b"\xff\xfe", "failed to decode: "),
        ({}, "the manifest names no layers"),
        ({"layers": "none"}, "failed to decode: "),
        ({"manifests": [7]}, "failed to decode: "),
        ({"manifests": [{"digest": "../../../../etc/passwd"}]}, "invalid checksum digest format"),
        ({"manifests": []}, "does not contain descriptor matching platform 'linux/amd64'"),
    ],
)
def test_manifests_that_are_none(registry: Registry, tmp_path: Path, document: Any, said: str) -> None:
    registry.manifest(document)
    text = refused(registry, tmp_path)
    assert text.startswith("CannotPullContainerError: ")
    assert said in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": "sha512:" + "0" * 128}, "invalid checksum digest format"),
        ({"digest": "sha256:../../v2/other/blobs/x"}, "invalid checksum digest format"),
        ({"size": -1}, "invalid size"),
        ({"size": "many"}, "failed to decode"),
        ({"size": 1e300}, "failed to decode"),
        ({"mediaType": 7}, "failed to decode"),
    ],
)
def test_layers_that_are_none(registry: Registry, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    document = describe(registry)
    document["layers"][0] |= change
    registry.manifest(document)
    assert said in refused(registry, tmp_path)


@pytest.mark.parametrize(
    "configuration",
    [
        {"config": []},
        {"config": {"Env": "A=b"}},
        {"config": {"Cmd": [1, 2]}},
        {"config": {"User": {}}},
        {"rootfs": {"diff_ids": ["sha256:" + "0" * 64] * 2}},
    ],
)
def test_configurations_that_are_none(registry: Registry, tmp_path: Path, configuration: dict[str, Any]) -> None:
    registry.manifest(describe(registry, **configuration))
    assert "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image: " in refused(
        registry, tmp_path
    )
