"""The registry against ECR's documented behaviour (ECR user guide and API reference; containers-roadmap #2179)."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from moto.ecr.models import ecr_backends
from werkzeug.test import Client, TestResponse

from natless.lab.registry import Registry

ACCOUNT, REGION = "123456789012", "ap-northeast-2"
CONFIG = b'{"architecture":"amd64","os":"linux"}'
LAYER = bytes(range(256)) * 40
TAKEN = (
    "The image tag 'v1' already exists in the 'hello' repository and cannot be overwritten "
    "because the repository is immutable."
)
OCI = "application/vnd.oci.image.manifest.v1+json"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest(layer: bytes = LAYER) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "size": len(CONFIG),
            "digest": digest(CONFIG),
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": len(layer), "digest": digest(layer)}
        ],
    }
    return json.dumps(document).encode()


class Anyone:
    """Lets everyone do everything: who may do what is judged elsewhere (test_guard.py)."""

    def registry(self, environ: Any, key: str, action: str, repository: str) -> str | None:
        del environ, key, action, repository
        return None

    def layer(self, environ: Any, bucket: str, key: str) -> str | None:
        del environ, bucket, key
        return None


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    backend = ecr_backends[ACCOUNT][REGION]
    backend.repositories.clear()
    backend.create_repository("hello", ACCOUNT, {}, {"scanOnPush": True}, "IMMUTABLE", [])
    yield Registry(ACCOUNT, REGION, b"secret", str(tmp_path), Anyone())
    backend.repositories.clear()


class Docker:
    """A registry client with ECR's host name (or the host's own) and a token."""

    def __init__(self, registry: Registry, host: str | None = None) -> None:
        self.client = Client(registry)
        self.host = host or registry.host
        self.headers = {"Authorization": f"Basic {registry.tokens.authorization('AKIA')[0]}"}

    def ask(self, method: str, path: str, data: bytes = b"", **headers: str) -> TestResponse:
        return self.client.open(
            path, method=method, data=data, base_url=f"http://{self.host}", headers={**self.headers, **headers}
        )

    def upload(self, data: bytes, name: str = "hello") -> TestResponse:
        return self.ask("POST", f"/v2/{name}/blobs/uploads/?digest={digest(data)}", data)

    def push(self, reference: str) -> TestResponse:
        self.upload(CONFIG)
        self.upload(LAYER)
        return self.ask("PUT", f"/v2/hello/manifests/{reference}", manifest(), **{"Content-Type": OCI})


def error(answer: TestResponse) -> tuple[int, str, str]:
    document = json.loads(answer.data)["errors"][0]
    return answer.status_code, document["code"], document["message"]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer x", "Basic !!", f"Basic {base64.b64encode(b'AWS:123456789012-auth-token').decode()}"],
)
def test_no_token_is_answered_with_ecrs_challenge(registry: Registry, header: str) -> None:
    answer = Client(registry).get("/v2/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["Www-Authenticate"] == (
        'Basic realm="https://123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/",service="ecr.amazonaws.com"'
    )


def test_an_expired_token_or_one_of_another_lab_is_refused(registry: Registry, tmp_path: Path) -> None:
    password, _ = registry.tokens.issue("AKIA", lifetime=-1)
    assert registry.tokens.holder("Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()) is None
    other = Registry(ACCOUNT, REGION, b"other secret", str(tmp_path / "other"), Anyone())
    assert registry.tokens.holder(f"Basic {other.tokens.authorization('AKIA')[0]}") is None


def test_a_token_opens_the_registry(registry: Registry) -> None:
    assert Docker(registry).ask("GET", "/v2/").status_code == 200


def test_no_repository_is_made_by_pushing(registry: Registry) -> None:
    status, code, message = error(Docker(registry).ask("POST", "/v2/other/blobs/uploads/"))
    assert (status, code) == (404, "NAME_UNKNOWN")
    assert message == "The repository with name 'other' does not exist in the registry with id '123456789012'"


def test_a_pushed_image_is_pulled_by_tag_and_by_digest(registry: Registry) -> None:
    docker = Docker(registry)
    pushed = docker.push("v1")
    assert pushed.status_code == 201
    assert pushed.headers["Docker-Content-Digest"] == digest(manifest())
    for reference in ("v1", digest(manifest())):
        pulled = docker.ask("GET", f"/v2/hello/manifests/{reference}")
        assert pulled.data == manifest()
        assert pulled.headers["Content-Type"] == OCI
        assert docker.ask("HEAD", f"/v2/hello/manifests/{reference}").headers["Docker-Content-Digest"] == digest(
            manifest()
        )
    assert error(docker.ask("GET", "/v2/hello/manifests/v2"))[:2] == (404, "MANIFEST_UNKNOWN")


def test_ecrs_own_calls_see_the_image(registry: Registry) -> None:
    Docker(registry).push("v1")
    repository = ecr_backends[ACCOUNT][REGION].repositories["hello"]
    (image,) = repository.images
    assert image.image_tags == ["v1"]
    assert image.image_size_in_bytes == len(CONFIG) + len(LAYER)
    assert image.last_scan is not None  # scan on push


def test_an_immutable_tag_is_not_pushed_twice(registry: Registry) -> None:
    docker = Docker(registry)
    docker.push("v1")
    assert error(docker.push("v1")) == (
        400,
        "TAG_INVALID",
        TAKEN,
    )
    assert docker.push("v2").status_code == 201
    assert docker.push(digest(manifest())).status_code == 201
    assert json.loads(docker.ask("GET", "/v2/hello/tags/list").data)["tags"] == ["v1", "v2"]


def test_a_mutable_tag_moves(registry: Registry) -> None:
    ecr_backends[ACCOUNT][REGION].repositories["hello"].image_tag_mutability = "MUTABLE"
    docker = Docker(registry)
    docker.push("v1")
    docker.upload(b"another layer")
    other = manifest(b"another layer")
    assert docker.ask("PUT", "/v2/hello/manifests/v1", other, **{"Content-Type": OCI}).status_code == 201
    assert docker.ask("GET", "/v2/hello/manifests/v1").data == other
    assert docker.ask("GET", f"/v2/hello/manifests/{digest(manifest())}").data == manifest()


def test_a_chunked_upload_is_put_together(registry: Registry) -> None:
    docker = Docker(registry)
    place = docker.ask("POST", "/v2/hello/blobs/uploads/").headers["Location"]
    for first, chunk in ((0, LAYER[:4000]), (4000, LAYER[4000:])):
        answer = docker.ask("PATCH", place, chunk, **{"Content-Range": f"{first}-{first + len(chunk) - 1}"})
        assert (answer.status_code, answer.headers["Range"]) == (202, f"0-{first + len(chunk) - 1}")
    assert error(docker.ask("PATCH", place, b"x", **{"Content-Range": "7-7"}))[0] == 416
    assert docker.ask("PUT", f"{place}?digest={digest(LAYER)}").status_code == 201
    assert docker.ask("HEAD", f"/v2/hello/blobs/{digest(LAYER)}").headers["Content-Length"] == str(len(LAYER))


def test_a_wrong_digest_is_refused_and_nothing_kept(registry: Registry) -> None:
    docker = Docker(registry)
    answer = docker.ask("POST", f"/v2/hello/blobs/uploads/?digest={digest(b'other')}", LAYER)
    assert error(answer)[:2] == (400, "DIGEST_INVALID")
    assert docker.ask("HEAD", f"/v2/hello/blobs/{digest(LAYER)}").status_code == 404
    assert docker.ask("HEAD", f"/v2/hello/blobs/{digest(b'other')}").status_code == 404


def test_a_manifest_without_its_layers_is_refused(registry: Registry) -> None:
    docker = Docker(registry)
    docker.upload(CONFIG)
    status, _, message = error(docker.ask("PUT", "/v2/hello/manifests/v1", manifest()))
    assert status == 400
    assert digest(LAYER) in message


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"schemaVersion": 2, "layers": ["x"]}', b'{"schemaVersion": 1}'])
def test_what_is_no_manifest_is_refused(registry: Registry, text: bytes) -> None:
    assert error(Docker(registry).ask("PUT", "/v2/hello/manifests/v1", text))[:2] == (400, "MANIFEST_INVALID")


def test_an_index_needs_its_images(registry: Registry) -> None:
    docker = Docker(registry)
    part = {"digest": digest(manifest()), "size": len(manifest()), "mediaType": OCI}
    media_type = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [part]}).encode()
    headers = {"Content-Type": media_type}
    assert error(docker.ask("PUT", "/v2/hello/manifests/v1", index, **headers))[0] == 400
    docker.push(digest(manifest()))
    assert docker.ask("PUT", "/v2/hello/manifests/v1", index, **headers).status_code == 201
    assert docker.ask("GET", "/v2/hello/manifests/v1").headers["Content-Type"] == media_type


def test_a_layer_comes_by_redirect_from_the_bucket(registry: Registry) -> None:
    docker = Docker(registry)
    docker.push("v1")
    answer = docker.ask("GET", f"/v2/hello/blobs/{digest(LAYER)}")
    assert answer.status_code == 307
    url = urlsplit(answer.headers["Location"])
    assert url.hostname == "prod-ap-northeast-2-starport-layer-bucket.s3.ap-northeast-2.amazonaws.com"
    bucket = Client(registry.bucket)
    place = f"{url.path}?{url.query}"
    assert bucket.get(place).data == LAYER
    part = bucket.get(place, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, LAYER[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(LAYER)}"
    assert bucket.get(place, headers={"Range": "bytes=-5"}).data == LAYER[-5:]
    assert bucket.get(place, headers={"Range": f"bytes={len(LAYER)}-"}).status_code == 416


def test_the_bucket_opens_to_signed_urls_only(registry: Registry) -> None:
    Docker(registry).push("v1")
    bucket = Client(registry.bucket)
    url = urlsplit(registry.urls.make("hello", digest(LAYER)))
    assert b"AccessDenied" in bucket.get(url.path).data
    assert bucket.get(url.path).status_code == 403
    other = url.path[:-1] + ("0" if url.path[-1] != "0" else "1")
    assert b"SignatureDoesNotMatch" in bucket.get(f"{other}?{url.query}").data
    expired = urlsplit(registry.urls.make("hello", digest(LAYER), lifetime=-1))
    assert b"Request has expired" in bucket.get(f"{expired.path}?{expired.query}").data
    assert bucket.put(f"{url.path}?{url.query}").status_code == 405


def test_the_host_itself_gets_the_bytes(registry: Registry) -> None:
    docker = Docker(registry, host="127.0.0.1:4566")
    docker.push("v1")
    assert docker.ask("GET", f"/v2/hello/blobs/{digest(LAYER)}").data == LAYER


def test_a_layer_of_another_repository_is_not_shown(registry: Registry) -> None:
    ecr_backends[ACCOUNT][REGION].create_repository("other", ACCOUNT, {}, {}, "MUTABLE", [])
    docker = Docker(registry)
    docker.push("v1")
    assert error(docker.ask("GET", f"/v2/other/blobs/{digest(LAYER)}"))[:2] == (404, "BLOB_UNKNOWN")
    assert error(docker.ask("GET", "/v2/hello/blobs/sha256:../../etc/passwd"))[0] == 404
