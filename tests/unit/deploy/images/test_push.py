"""push: what another registry (Debian's docker-registry) then holds, and what happens where one fails.

Expected requests and answers: the OCI distribution specification, and ECR's own texts where named.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.deploy.images.images_by_hand import as_buildah, layer, sha256, write
from tests.unit.deploy.images.registries import NAME, TOKEN, Ecr, answer_of, docker_registry, failing

from natless.deploy.images import ImageError, ImageEvent, LayerDone, LayerProgress, PushDone, push
from natless.deploy.images.archive import read_archive
from natless.deploy.images.image import BuiltImage
from natless.deploy.images.registry import Registry

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
BASE = layer(base=os.urandom(3 << 20))
NOTHING: tuple[int, dict[str, str], bytes] = (404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("natless.deploy.images.registry.time.sleep", lambda _: None)


def image(folder: Path, *layers: bytes) -> BuiltImage:
    return read_archive(write(folder, as_buildah(*layers)), "linux/amd64")


@pytest.mark.parametrize(("media", "type_"), [("docker", DOCKER), ("oci", OCI)])
def test_another_registry_holds_it(registry: str, tmp_path: Path, media: str, type_: str) -> None:
    top = layer(top=media.encode())
    built = image(tmp_path, BASE, top)
    events: list[ImageEvent] = []
    digest = push(built, Ecr(registry), NAME, progress=events.append, media="docker" if media == "docker" else "oci")
    status, headers, text = answer_of(registry, f"/v2/{NAME}/manifests/{built.tag}", type_)
    assert (status, headers["content-type"]) == (200, type_)
    assert digest == headers["docker-content-digest"] == f"sha256:{sha256(text)}"
    document = json.loads(text)
    assert document["config"]["digest"] == built.config_digest
    contents = []
    for part in document["layers"]:
        _, _, packed = answer_of(registry, f"/v2/{NAME}/blobs/{part['digest']}")
        assert (len(packed), f"sha256:{sha256(packed)}") == (part["size"], part["digest"])
        contents.append(gzip.decompress(packed))
    assert contents == [BASE, top]
    assert answer_of(registry, f"/v2/{NAME}/blobs/{built.config_digest}")[2] == built.config
    assert events[-1] == PushDone(digest, built.tag, existed=False)
    done = {event.diff_id for event in events if isinstance(event, LayerDone)}
    assert done == {each.diff_id for each in built.layers}


def test_the_same_again_is_one_request(registry: str, tmp_path: Path) -> None:
    built = image(tmp_path, layer(again=b"x"))
    first = push(built, Ecr(registry), NAME)
    events: list[ImageEvent] = []
    assert push(built, Ecr(registry), NAME, progress=events.append) == first
    assert events == [PushDone(first, built.tag, existed=True)]


def test_what_is_there_is_not_sent_again(registry: str, tmp_path: Path) -> None:
    shared = layer(shared=os.urandom(1000))
    push(image(tmp_path, shared), Ecr(registry), NAME)
    events: list[ImageEvent] = []
    other = layer(other=os.urandom(1000))
    push(image(tmp_path, shared, other, shared), Ecr(registry), NAME, progress=events.append)
    assert {event.diff_id for event in events if isinstance(event, LayerProgress)} == {f"sha256:{sha256(other)}"}
    existed = {event.diff_id: event.existed for event in events if isinstance(event, LayerDone)}
    assert existed == {f"sha256:{sha256(shared)}": True, f"sha256:{sha256(other)}": False}


def test_without_a_memory_of_the_last_push(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = layer(forgotten=os.urandom(1000))
    push(image(tmp_path, shared), Ecr(registry), NAME)
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    events: list[ImageEvent] = []
    push(image(tmp_path, shared, layer(a=b"forgot")), Ecr(registry), NAME, progress=events.append)
    assert any(isinstance(event, LayerDone) and event.existed for event in events)


def test_a_memory_that_is_wrong_is_no_harm(registry: str, tmp_path: Path) -> None:
    content = layer(wrong=os.urandom(1000))
    memory = tmp_path / "cache" / f"natless-{os.getuid()}" / "layers"
    memory.mkdir(parents=True)
    (memory / sha256(content)).write_text(f"sha256:{'0' * 64} 5\n", encoding="ascii")
    built = image(tmp_path, content)
    push(built, Ecr(registry), NAME)
    document = json.loads(answer_of(registry, f"/v2/{NAME}/manifests/{built.tag}", DOCKER)[2])
    assert document["layers"][0]["digest"] != f"sha256:{'0' * 64}"


def test_a_push_that_was_broken_off_goes_on(registry: str, tmp_path: Path) -> None:
    parts = [layer(part=os.urandom(1000)) for _ in range(3)]
    built = image(tmp_path, *parts)

    class StopError(Exception):
        """As Ctrl-C: raised in the middle."""

    def stop(event: ImageEvent) -> None:
        if isinstance(event, LayerDone):
            raise StopError

    with pytest.raises(StopError):
        push(built, Ecr(registry), NAME, progress=stop)
    events: list[ImageEvent] = []
    push(built, Ecr(registry), NAME, progress=events.append)
    assert any(isinstance(event, LayerDone) and event.existed for event in events)
    assert answer_of(registry, f"/v2/{NAME}/manifests/{built.tag}", DOCKER)[0] == 200


def test_a_wrong_password(registry: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="401 UNAUTHORIZED") as caught:
        push(image(tmp_path, layer(a=b"1")), Ecr(registry, "QVdTOndyb25n"), NAME)
    assert "QVdTOndyb25n" not in str(caught.value)
    assert "token has expired" in str(caught.value)


def test_packed_layers_are_not_left_behind(registry: str, tmp_path: Path) -> None:
    push(image(tmp_path, layer(left=b"x")), Ecr(registry), NAME)
    assert not list(tmp_path.glob("*.tar.gz"))


@pytest.mark.parametrize(
    "url", ["http://registry.example", "http://192.0.2.1", "http://localhost.example:80", "http://[2001:db8::1]"]
)
def test_the_token_goes_over_no_open_wire(tmp_path: Path, url: str) -> None:
    with pytest.raises(ImageError, match="is not encrypted"):
        push(image(tmp_path, layer(a=b"1")), Ecr("https://x"), NAME, url)


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "127.0.0.1:5000"])
def test_what_is_no_url(tmp_path: Path, url: str) -> None:
    with pytest.raises(ImageError, match="is no URL"):
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)


@pytest.mark.parametrize("token", ["", "a\r\nX: y", "a b"])
def test_a_token_that_is_none(token: str) -> None:
    with pytest.raises(ImageError, match="a token that is none"):
        Registry("https://x", token, NAME)


def test_an_upload_that_breaks_is_begun_anew(tmp_path: Path) -> None:
    built = image(tmp_path, layer(a=b"1"))
    begun = (202, {"Location": "/v2/up/1?state=x"}, b"")
    with failing(
        ("GET .*/manifests/", [None, (503, {}, b""), NOTHING]),
        ("HEAD", [(404, {}, b"")] * 2),
        ("POST", [begun] * 3),
        ("PATCH", [None, begun, begun]),
        (r"PUT /v2/up/1\?state=x&digest=", [(201, {}, b"")] * 2),
        ("PUT .*/manifests/", [(500, {}, b""), (201, {}, b"")]),
    ) as (url, asked):
        assert push(built, Ecr(url), NAME).startswith("sha256:")
    methods = [line.split()[0] for line in asked]
    assert methods == [
        *("GET", "GET", "GET"),
        *("HEAD", "POST", "PATCH", "POST", "PATCH", "PUT"),
        *("HEAD", "POST", "PATCH", "PUT"),
        *("PUT", "PUT"),
    ]


def test_a_registry_that_stays_away(tmp_path: Path) -> None:
    with failing(("GET", [None] * 4)) as (url, asked):
        with pytest.raises(ImageError, match="cannot be reached") as caught:
            push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)
        assert len(asked) == 4
    assert "what is uploaded is kept" in str(caught.value)


def test_a_repository_that_is_not_there(tmp_path: Path) -> None:
    text = b'{"errors":[{"code":"NAME_UNKNOWN","message":"The repository with name \'hello/web\' does not exist"}]}'
    with failing(("GET", [(404, {}, text)])) as (url, _), pytest.raises(ImageError) as caught:
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)
    assert "The repository with name 'hello/web' does not exist" in str(caught.value)
    assert "made by the stack NAME-images" in str(caught.value)


def test_a_caller_that_may_not(tmp_path: Path) -> None:
    with failing(("GET", [(403, {}, b"")])) as (url, _), pytest.raises(ImageError, match="ecr:PutImage"):
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)


def test_the_token_is_sent_to_no_other_host(tmp_path: Path) -> None:
    with (
        failing(
            ("GET", [NOTHING]),
            ("HEAD", [(404, {}, b"")]),
            ("POST", [(202, {"Location": "https://evil.example/v2/up"}, b"")]),
        ) as (url, _),
        pytest.raises(ImageError, match=r"another host, evil\.example"),
    ):
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)


def test_a_tag_that_holds_something_else(tmp_path: Path) -> None:
    text = json.dumps({"config": {"digest": f"sha256:{'a' * 64}"}}).encode()
    with failing(("GET", [(200, {}, text)])) as (url, _), pytest.raises(ImageError, match="holds another image"):
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"manifests": []}', b"{"])
def test_a_tag_that_holds_no_image(tmp_path: Path, text: bytes) -> None:
    with failing(("GET", [(200, {}, text)])) as (url, _), pytest.raises(ImageError, match="holds another image"):
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)


def test_somebody_else_was_faster(tmp_path: Path) -> None:
    built = image(tmp_path, layer(a=b"1"))
    # ECR refuses a tag that is taken even for the same image (containers-roadmap #2179).
    taken = b'{"errors":[{"code":"TAG_INVALID","message":"The image tag already exists"}]}'
    theirs = json.dumps({"config": {"digest": built.config_digest}}).encode()
    with failing(
        ("GET", [NOTHING, (200, {}, theirs)]),
        ("HEAD", [(200, {}, b""), (307, {"Location": "https://elsewhere/"}, b"")]),
        ("PUT", [(400, {}, taken)]),
    ) as (url, _):
        assert push(built, Ecr(url), NAME) == f"sha256:{sha256(theirs)}"


def test_a_registry_that_stores_something_else(tmp_path: Path) -> None:
    with (
        failing(
            ("GET", [NOTHING]),
            ("HEAD", [(200, {}, b"")] * 2),
            ("PUT", [(201, {"Docker-Content-Digest": f"sha256:{'b' * 64}"}, b"")]),
        ) as (url, _),
        pytest.raises(ImageError, match="stored the manifest as"),
    ):
        push(image(tmp_path, layer(a=b"1")), Ecr(url), NAME)


def test_no_event_and_no_error_holds_the_token(registry: str, tmp_path: Path) -> None:
    events: list[ImageEvent] = []
    push(image(tmp_path, layer(secret=b"1")), Ecr(registry), NAME, progress=events.append)
    assert TOKEN not in repr(events)
    assert TOKEN not in repr(Registry(registry, TOKEN, NAME))
