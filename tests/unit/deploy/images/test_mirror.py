"""A public image copied: from a registry as Docker Hub is (a token for anybody, layers in storage elsewhere), into
Debian's docker-registry, which then holds the same bytes.

Requests and answers: the OCI distribution and image specifications, and distribution's token authentication.
"""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.deploy.images.images_by_hand import sha256
from tests.unit.deploy.images.registries import NAME, Ecr, answer_of, docker_registry

from natless.deploy.images.image import ImageError, ImageEvent, LayerDone, MirrorStarted, PushDone
from natless.deploy.images.mirror import mirror
from natless.spec.public_image import PublicImage, public_image

INDEX = "application/vnd.oci.image.index.v1+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
TOKEN = "for-anybody"  # noqa: S105 - the registry gives it to anybody


class Hub:
    """A public registry, and the storage that its layers lie in."""

    def __init__(self) -> None:
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.leaked = False
        self.challenge = True
        self.cut = 0
        self.url = ""

    def blob(self, content: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{sha256(content)}"
        self.blobs[digest] = content
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    def manifest(self, document: dict[str, Any], *tags: str) -> dict[str, Any]:
        text = json.dumps(document).encode()
        digest = f"sha256:{sha256(text)}"
        self.manifests |= dict.fromkeys((digest, *tags), (document["mediaType"], text))
        return {"mediaType": document["mediaType"], "digest": digest, "size": len(text)}

    def image(self, architecture: str, *tags: str, **layer: Any) -> dict[str, Any]:
        config = json.dumps({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []}})
        layers = [self.blob(gzip.compress(os.urandom(4096)), LAYER) | layer for _ in range(2)]
        document = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": self.blob(config.encode(), CONFIG),
            "layers": layers,
        }
        made = self.manifest(document, *tags)
        return {**made, "platform": {"os": "linux", "architecture": architecture}}

    def index(self, tag: str, *images: dict[str, Any]) -> None:
        attestation = {"mediaType": OCI, "digest": "sha256:" + "0" * 64, "size": 1}
        unknown = {**attestation, "platform": {"os": "unknown", "architecture": "unknown"}}
        self.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": [unknown, *images]}, tag)

    def reference(self, name: str) -> PublicImage:
        found = public_image(f"{self.url.removeprefix('http://')}/{name}")
        assert found is not None
        return found


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.hub.asked.append(parts.path)
        if parts.path == "/token":
            assert parse_qs(parts.query) == {"service": ["hub"], "scope": ["repository:library/app:pull"]}
            self.answer(200, json.dumps({"token": TOKEN}).encode(), {})
        elif parts.path.startswith("/storage/"):
            self.hub.leaked |= "Authorization" in self.headers
            self.store(self.hub.blobs[parts.path.rpartition("/")[2]])
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = (
                f'Bearer realm="{self.hub.url}/token",service="hub",scope="x"' if self.hub.challenge else "Basic"
            )
            self.answer(401, b"{}", {"WWW-Authenticate": challenge})
        else:
            self.give(parts.path)

    def store(self, content: bytes) -> None:
        if self.hub.cut and len(content) > 1000:
            self.hub.cut -= 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:100])
            self.close_connection = True
            return
        self.answer(200, content, {})

    def give(self, path: str) -> None:
        kind, _, reference = path.removeprefix("/v2/library/app/").partition("/")
        if kind == "blobs" and reference in self.hub.blobs:
            # By another name of this machine: to the client another host.
            where = self.hub.url.replace("127.0.0.1", "localhost")
            self.answer(307, b"", {"Location": f"{where}/storage/{reference}"})
        elif kind == "manifests" and reference in self.hub.manifests:
            media, text = self.hub.manifests[reference]
            self.answer(200, text, {"Content-Type": media})
        else:
            self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Say nothing."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr("natless.deploy.images.public.time.sleep", lambda _: None)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Hub()
    serving = type("Serving", (Handler,), {"hub": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), serving) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield made
        server.shutdown()
        thread.join()


def mirrored(hub: Hub, registry: str, scratch: Path, name: str = "library/app:1") -> tuple[str, list[ImageEvent]]:
    events: list[ImageEvent] = []
    image = hub.reference(name)
    return mirror(image, Ecr(registry), NAME, str(scratch), progress=events.append), events


def test_the_tasks_platform_is_copied_byte_for_byte(hub: Hub, registry: str, tmp_path: Path) -> None:
    wanted = hub.image("amd64")
    hub.index("1", hub.image("arm64"), wanted)
    hub.cut = 1  # the first connection breaks in the middle of a layer
    digest, events = mirrored(hub, registry, tmp_path)
    assert digest == wanted["digest"]
    assert isinstance(events[0], MirrorStarted)
    assert sum(isinstance(event, LayerDone) for event in events) == 3
    assert hub.cut == 0
    assert events[-1] == PushDone(digest, digest[7:23], existed=False)

    status, headers, text = answer_of(registry, f"/v2/{NAME}/manifests/{digest}", OCI)
    assert (status, headers["content-type"], text) == (200, OCI, hub.manifests[digest][1])
    document = json.loads(text)
    for part in (document["config"], *document["layers"]):
        status, _, content = answer_of(registry, f"/v2/{NAME}/blobs/{part['digest']}")
        assert (status, content) == (200, hub.blobs[part["digest"]])
    # The token for anybody is for this registry, and not for where its layers lie.
    assert not hub.leaked
    assert list(tmp_path.iterdir()) == []

    hub.asked.clear()
    again, events = mirrored(hub, registry, tmp_path)
    assert (again, events[-1]) == (digest, PushDone(digest, digest[7:23], existed=True))
    assert not any("/storage/" in path for path in hub.asked if not path.endswith(document["config"]["digest"]))


def test_a_digest_means_one_image_whatever_a_tag_says(hub: Hub, registry: str, tmp_path: Path) -> None:
    wanted, _ = hub.image("amd64"), hub.image("amd64", "1")
    digest, _ = mirrored(hub, registry, tmp_path, f"library/app:1@{wanted['digest']}")
    assert digest == wanted["digest"]


def test_an_image_for_another_processor_is_refused_before_anything_is_copied(
    hub: Hub, registry: str, tmp_path: Path
) -> None:
    hub.index("many", hub.image("arm64"), hub.image("s390x"))
    hub.image("arm64", "one")
    with pytest.raises(ImageError, match=r"app:many has no image for linux/amd64: it has linux/arm64, linux/s390x"):
        mirrored(hub, registry, tmp_path, "library/app:many")
    with pytest.raises(ImageError, match=r"app:one is built for linux/arm64, and the task runs on linux/amd64"):
        mirrored(hub, registry, tmp_path, "library/app:one")
    layers = [digest for digest, content in hub.blobs.items() if content.startswith(b"\x1f\x8b")]
    assert not any(path.endswith(digest) for path in hub.asked for digest in layers)


def test_what_is_not_what_it_should_be_is_not_kept(hub: Hub, registry: str, tmp_path: Path) -> None:
    hub.image("amd64", "1")
    layer = next(digest for digest, content in hub.blobs.items() if content.startswith(b"\x1f\x8b"))
    hub.blobs[layer] = hub.blobs[layer][:-1] + b"!"
    with pytest.raises(ImageError, match=f"gives another blob than {layer}"):
        mirrored(hub, registry, tmp_path)
    assert answer_of(registry, f"/v2/{NAME}/blobs/{layer}")[0] == 404


def test_a_layer_that_may_not_be_copied_is_said(hub: Hub, registry: str, tmp_path: Path) -> None:
    hub.image("amd64", "1", urls=["https://mcr.microsoft.com/layer"])
    with pytest.raises(ImageError, match=r"has a layer that may not be copied: it lies at https://mcr\.micro"):
        mirrored(hub, registry, tmp_path)


def test_a_registry_that_wants_credentials_or_has_no_such_tag_is_said(hub: Hub, registry: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="library/app has no such image"):
        mirrored(hub, registry, tmp_path, "library/app:none")
    hub.challenge = False
    with pytest.raises(ImageError, match="wants credentials, and natless copies what anybody may read"):
        mirrored(hub, registry, tmp_path)


def test_a_registry_that_does_not_answer_is_said_with_what_a_copy_needs(
    registry: str, tmp_path: Path, hub: Hub
) -> None:
    hub.url = "http://127.0.0.1:1"
    with pytest.raises(ImageError, match=r"the registry of 127\.0\.0\.1:1/library/app cannot be reached") as caught:
        mirrored(hub, registry, tmp_path)
    assert "needs a way to that registry" in caught.value.advice
