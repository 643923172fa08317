"""Archives of docker, podman and buildah are read; whatever is hostile or wrong is refused in words."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.deploy.images.images_by_hand import as_buildah, as_docker, config, layer, manifest, sha256, write

from natless.deploy.images.archive import read_archive
from natless.deploy.images.image import BuiltLayer, ImageError
from natless.deploy.images.layers import Blob, pack

ONE = layer(a=b"one" * 1000)
TWO = layer(b=b"two" * 1000)
LINUX = "linux/amd64"


def refused(path: str) -> str:
    with pytest.raises(ImageError) as caught:
        read_archive(path, LINUX)
    return str(caught.value)


def test_buildahs(tmp_path: Path) -> None:
    image = read_archive(write(tmp_path, as_buildah(ONE, TWO)), LINUX)
    assert image.config == config(ONE, TWO)
    assert image.config_digest == f"sha256:{sha256(config(ONE, TWO))}"
    assert image.tag == sha256(config(ONE, TWO))[:16]
    assert image.layers == tuple(
        BuiltLayer(f"{sha256(each)}.tar", f"sha256:{sha256(each)}", len(each)) for each in (ONE, TWO)
    )


def test_layers_by_links_inside(tmp_path: Path) -> None:
    files = as_buildah(ONE)
    files["manifest.json"] = manifest(f"{sha256(config(ONE))}.json", [f"{sha256(ONE)[:12]}/layer.tar"])
    [found] = read_archive(write(tmp_path, files), LINUX).layers
    assert found.member == f"{sha256(ONE)}.tar"


def test_dockers_packed_layers_are_taken_as_they_are(tmp_path: Path) -> None:
    image = read_archive(write(tmp_path, as_docker(ONE)), LINUX)
    packed = gzip.compress(ONE)
    target = tmp_path / "out"
    assert pack(image.archive, image.layers[0], target).size == len(target.read_bytes())
    assert gzip.decompress(target.read_bytes()) == ONE
    assert len(target.read_bytes()) == len(packed)


def test_packing_is_the_same_each_time(tmp_path: Path) -> None:
    image = read_archive(write(tmp_path, as_buildah(ONE)), LINUX)
    first, second = (pack(image.archive, image.layers[0], tmp_path / name) for name in ("1", "2"))
    content = (tmp_path / "1").read_bytes()
    assert first == second == Blob(f"sha256:{sha256(content)}", len(content))
    assert content == (tmp_path / "2").read_bytes()
    assert content[4:8] == bytes(4), "the header's time (RFC 1952) is 0"
    assert gzip.decompress(content) == ONE


@pytest.mark.parametrize("joined", [True, False])
def test_gzip_of_several_members(tmp_path: Path, joined: bool) -> None:  # noqa: FBT001 - pytest's parameter
    def several(each: bytes) -> bytes:
        return gzip.compress(each[:700]) + gzip.compress(each[700:]) if joined else gzip.compress(each)

    image = read_archive(write(tmp_path, as_docker(ONE, pack=several)), LINUX)
    assert pack(image.archive, image.layers[0], tmp_path / "out").size > 0


@pytest.mark.parametrize(
    "content", [TWO, gzip.compress(TWO, mtime=0), ONE[:-1], gzip.compress(ONE, mtime=0)[:-20], b""]
)
def test_content_that_is_not_what_the_configuration_names(tmp_path: Path, content: bytes) -> None:
    files = as_buildah(ONE)
    files[f"{sha256(ONE)}.tar"] = content
    image = read_archive(write(tmp_path, files), LINUX)
    with pytest.raises(ImageError, match="not what the image's configuration names"):
        pack(image.archive, image.layers[0], tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "said"), [(b"\x28\xb5\x2f\xfd....", "zstd"), (b"\x1f\x8b\x00nonsense", "no readable gzip")]
)
def test_layers_in_another_form(tmp_path: Path, content: bytes, said: str) -> None:
    files = as_buildah(ONE)
    files[f"{sha256(ONE)}.tar"] = content
    image = read_archive(write(tmp_path, files), LINUX)
    with pytest.raises(ImageError, match=said):
        pack(image.archive, image.layers[0], tmp_path / "out")


def test_another_platform(tmp_path: Path) -> None:
    files = as_buildah(ONE, settings=config(ONE, architecture="arm64"))
    assert "built for linux/arm64, the task runs on linux/amd64" in refused(write(tmp_path, files))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/etc/passwd", "holds no such file"),
        ("../../etc/passwd", "holds no such file"),
        ("missing.tar", "holds no such file"),
        ("out", "holds no such file"),
        ("absolute", "holds no such file"),
        ("loop", "holds no such file"),
    ],
)
@pytest.mark.parametrize("role", ["config", "layer"])
def test_names_lead_nowhere_but_into_the_archive(tmp_path: Path, name: str, said: str, role: str) -> None:
    files = as_buildah(ONE) | {"out": "../../../etc/passwd", "absolute": "/etc/passwd", "loop": "loop"}
    settings, content = f"{sha256(config(ONE))}.json", f"{sha256(ONE)}.tar"
    files["manifest.json"] = manifest(name, [content]) if role == "config" else manifest(settings, [name])
    assert said in refused(write(tmp_path, files))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "not what it should be"),
        (b"{}", "not what it should be"),
        (b"[]", "holds 0 images"),
        (b"[1]", "not what it should be"),
        (manifest("x", [])[:-1] + b"," + manifest("x", [])[1:], "holds 2 images"),
        (b" " * ((4 << 20) + 1), "at most 4194304 are read"),
    ],
)
def test_bad_manifests(tmp_path: Path, text: bytes, said: str) -> None:
    assert said in refused(write(tmp_path, as_buildah(ONE) | {"manifest.json": text}))


def with_diff_ids(*diff_ids: str) -> bytes:
    return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": diff_ids}}).encode()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (b"[", "not what it should be"),
        (b"{}", "not what it should be"),
        (with_diff_ids(), "1 layers, its configuration names 0"),
        (with_diff_ids("sha256:../../x"), "no sha256 digest"),
        (with_diff_ids(f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"), "1 layers, its configuration names 2"),
    ],
)
def test_bad_configurations(tmp_path: Path, settings: bytes, said: str) -> None:
    assert said in refused(write(tmp_path, as_buildah(ONE, settings=settings)))


def test_too_many_layers(tmp_path: Path) -> None:
    many = [layer(a=str(number).encode()) for number in range(128)]
    assert "128 layers" in refused(write(tmp_path, as_buildah(*many)))


def test_a_device_is_no_layer(tmp_path: Path) -> None:
    path = write(tmp_path, as_buildah(ONE) | {"manifest.json": manifest(f"{sha256(config(ONE))}.json", ["dev"])})
    with tarfile.open(path, "a") as archive:
        device = tarfile.TarInfo("dev")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    assert "holds no such file" in refused(path)


def test_what_is_no_archive(tmp_path: Path) -> None:
    assert "no readable image archive" in refused(str(tmp_path / "missing"))
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    assert "no readable image archive" in refused(str(tmp_path / "text"))


@given(cut=st.integers(0, 20_000), flip=st.integers(0, 20_000))
def test_a_damaged_archive_is_refused_or_whole(tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = Path(write(folder, as_buildah(ONE)))
    content = bytearray(path.read_bytes()[: cut + 1])
    content[flip % len(content)] ^= 0x55
    path.write_bytes(content)
    try:
        image = read_archive(str(path), LINUX)
        pack(image.archive, image.layers[0], folder / "out")
    except ImageError:
        return
    assert gzip.decompress((folder / "out").read_bytes()) == ONE
