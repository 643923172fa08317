"""Archives made by hand to do harm: nothing outside the root, nothing left, and nothing eaten while they are read.

What is neutralised and what is refused: OCI image specification, layer.md; Go's archive/tar (limits on headers).
"""

import gzip
import io
import stat
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from natless.lab.tasks.archive import LayerError, Member, Room, must_guard
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.unpack import unpack

BLOCK = 512


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def tar(*entries: tuple[tarfile.TarInfo, bytes] | tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            info, data = entry if isinstance(entry, tuple) else (entry, b"")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def header(name: str, kind: bytes, size: int) -> bytes:
    info = member(name, kind)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(records: dict[str, str], then: bytes) -> bytes:
    """Give a pax header with `records`, and what comes after it."""
    text = b""
    for key, value in records.items():
        body = f" {key}={value}\n".encode()
        length = len(body) + len(str(len(body) + 3))
        text += f"{length}".encode() + body
    padded = text.ljust(-(-len(text) // BLOCK) * BLOCK, b"\0")
    return header("pax", tarfile.XHDTYPE, len(text)) + padded + then


def refused(trees: Trees, folder: Path, data: bytes, *, unpacked: str = "") -> str:
    """Have an archive refused; give the words, and hold that nothing of it is left."""
    layer = folder / "layer"
    layer.write_bytes(data)
    with pytest.raises(LayerError) as caught:
        trees.make(("sha256:1",), (layer,), (unpacked,) if unpacked else ())
    assert not list((folder / "trees").iterdir())
    assert sorted(each.name for each in folder.iterdir()) == ["layer", "trees"]
    assert caught.value.layer == "sha256:1"
    return str(caught.value)


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    return Trees(tmp_path / "trees")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root"
    place.mkdir()
    return place


@pytest.mark.parametrize("packed", [True, False])
def test_a_bomb_is_stopped_where_the_room_ends(tmp_path: Path, root: Path, *, packed: bool) -> None:
    data = tar((member("zeros"), bytes(50 << 20)))
    layer = tmp_path / "layer"
    layer.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(LayerError, match="no space left on device"):
        unpack(layer, root, Room(bytes=1 << 20, files=100))
    assert sum(each.stat().st_size for each in root.iterdir()) <= 1 << 20


def test_a_bomb_in_what_is_not_written_counts_as_well(tmp_path: Path, root: Path) -> None:
    layer = tmp_path / "layer"
    # A device's data is skipped; gzip upon gzip is no archive; what comes after the end is read for the digest.
    layer.write_bytes(gzip.compress(header("null", tarfile.CHRTYPE, 50 << 20) + bytes(50 << 20)))
    with pytest.raises(LayerError, match="no space left on device"):
        unpack(layer, root, Room(bytes=1 << 20, files=100))
    layer.write_bytes(gzip.compress(tar(member("file")) + bytes(50 << 20)))
    with pytest.raises(LayerError, match="no space left on device"):
        unpack(layer, root, Room(bytes=1 << 20, files=100))


def test_too_many_files(tmp_path: Path, root: Path) -> None:
    layer = tmp_path / "layer"
    layer.write_bytes(tar(*(member(str(number)) for number in range(200))))
    with pytest.raises(LayerError, match="no space left on device"):
        unpack(layer, root, Room(bytes=10 << 20, files=100))
    assert len(list(root.iterdir())) == 100


def test_layers_share_one_room(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    layer.write_bytes(tar((member("file"), bytes(1 << 20))))
    place = tmp_path / "root"
    place.mkdir()
    left, _ = unpack(layer, place, Room(bytes=(1 << 20) + 20_000, files=10))
    assert left.files == 9
    with pytest.raises(LayerError, match="no space left on device"):
        unpack(layer, place, left)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_of_gigabytes_is_refused_unread(trees: Trees, tmp_path: Path, kind: bytes) -> None:
    data = gzip.compress(header("long", kind, 64 << 20) + bytes(64 << 20))
    tracemalloc.start()
    try:
        assert refused(trees, tmp_path, data) == "archive/tar: header field too long"
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_headers_upon_headers(trees: Trees, tmp_path: Path) -> None:
    assert "invalid tar header" in refused(trees, tmp_path, header("deep", tarfile.XHDTYPE, 0) * 5000)


def test_a_python_that_reads_past_the_limits_unpacks_nothing(
    trees: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    must_guard.cache_clear()
    monkeypatch.setattr(Member, "_proc_member", tarfile.TarInfo._proc_member)  # type: ignore[attr-defined]
    assert "cannot read images safely" in refused(trees, tmp_path, tar(member("harmless")))


SPARSE_MAP = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "9" * 12}


@pytest.mark.parametrize(
    "data",
    [
        header("sparse", tarfile.GNUTYPE_SPARSE, 0),
        pax(SPARSE_MAP, header("sparse", tarfile.REGTYPE, BLOCK) + b"9999999\n".ljust(BLOCK, b"1")),
        pax({"GNU.sparse.map": "0,1,1,1", "GNU.sparse.size": "1"}, header("sparse", tarfile.REGTYPE, 0)),
        pax({"GNU.sparse.size": "1"}, header("sparse", tarfile.REGTYPE, 0)),
    ],
)
def test_sparse_files(trees: Trees, tmp_path: Path, data: bytes) -> None:
    assert "sparse files are not read" in refused(trees, tmp_path, data + bytes(2 * BLOCK))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (tar(member("/".join("d" * 1500) + "/x")), "file name too long"),
        (tar(member("/".join(["d" * 200] * 30))), "file name too long"),
        (tar(member("n" * 300)), "file name too long"),
        (tar(member("a/../../../escaped")), "outside of the image's root"),
        (tar(member("hard", tarfile.LNKTYPE, "../../escaped")), "outside of the image's root"),
        (tar(member("hard", tarfile.LNKTYPE, "hard")), "no file of the image"),
        (tar(member("d", tarfile.DIRTYPE), member("hard", tarfile.LNKTYPE, "d")), "no file of the image"),
        (pax({"mtime": "nan"}, tar(member("when"))), "invalid tar header"),
        (pax({"mtime": "1e300"}, tar(member("when"))), "invalid tar header"),
        (pax({"size": "-512"}, tar(member("before"))), "invalid tar header"),
        (pax({"path": "a\0/../../escaped"}, tar(member("nul"))), "outside of the image's root"),
        (pax({"linkpath": "a\0b"}, tar(member("nul", tarfile.SYMTYPE, "a"))), "invalid tar header"),
        (tar((member("half"), bytes(4096)))[:2048], "invalid tar header"),
        (gzip.compress(tar((member("half"), bytes(4096))))[:-20], "invalid tar header"),
        (gzip.compress(tar(member("a")))[:-8] + b"12345678", "CRC check failed"),
        (header("first", tarfile.REGTYPE, 0) + b"no header".ljust(BLOCK) + tar(member("later")), "invalid tar header"),
        (header("first", tarfile.REGTYPE, 0) + header("cut", tarfile.REGTYPE, 0)[:100], "invalid tar header"),
        (gzip.compress(gzip.compress(tar(member("twice")))), "invalid tar header"),
        (b"BZh91AY&SY" + bytes(100), "invalid tar header"),
    ],
)
def test_archives_that_are_refused(trees: Trees, tmp_path: Path, data: bytes, said: str) -> None:
    assert said in refused(trees, tmp_path, data)


def test_a_wrong_digest_of_the_unpacked_archive(trees: Trees, tmp_path: Path) -> None:
    said = refused(trees, tmp_path, gzip.compress(tar(member("a"))), unpacked="sha256:" + "0" * 64)
    assert said.startswith('wrong diff id calculated on extraction "sha256:')


def lay(root: Path, *entries: tuple[tarfile.TarInfo, bytes] | tarfile.TarInfo) -> None:
    layer = root.parent / "layer"
    layer.write_bytes(tar(*entries))
    unpack(layer, root)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_no_device_is_made(root: Path, kind: bytes) -> None:
    lay(root, member("dev/sda", kind))
    assert not [
        each for each in root.rglob("*") if stat.S_ISCHR(each.stat().st_mode) or stat.S_ISBLK(each.stat().st_mode)
    ]


def test_a_fifo_is_made_and_waited_for_by_nobody(root: Path) -> None:
    lay(root, member("pipe", tarfile.FIFOTYPE))
    assert (root / "pipe").is_fifo()
    lay(root, (member("pipe"), b"a file now"))
    assert (root / "pipe").read_bytes() == b"a file now"


def test_a_folder_becomes_a_link_half_way(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    lay(
        root,
        member("d", tarfile.DIRTYPE),
        (member("d/a"), b"1"),
        member("d", tarfile.SYMTYPE, str(outside)),
        (member("d/b"), b"2"),
        member("d/.wh.a"),
        member("d/.wh..wh..opq"),
        member("d/hard", tarfile.LNKTYPE, "d/b"),
    )
    assert not list(outside.iterdir())
    # The link is followed as a root would: to a folder of the same name in the image.
    assert (root / str(outside).lstrip("/") / "b").read_bytes() == b"2"


def test_a_link_becomes_a_folder_half_way(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    lay(
        root,
        member("d", tarfile.SYMTYPE, "../../outside"),
        member("d", tarfile.DIRTYPE),
        (member("d/a"), b"1"),
    )
    assert not (root / "d").is_symlink()
    assert (root / "d/a").read_bytes() == b"1"
    assert not list(outside.iterdir())


def test_a_file_is_not_written_through_a_link_in_its_place(root: Path) -> None:
    precious = root.parent / "precious"
    precious.write_text("stays")
    lay(root, member("f", tarfile.SYMTYPE, str(precious)), (member("f"), b"mine"))
    assert precious.read_text() == "stays"
    assert (root / "f").read_bytes() == b"mine"


def test_a_hard_link_to_a_link_leads_nowhere(root: Path) -> None:
    precious = root.parent / "precious"
    precious.write_text("stays")
    lay(root, member("s", tarfile.SYMTYPE, str(precious)), member("h", tarfile.LNKTYPE, "s"), (member("h"), b"mine"))
    assert precious.read_text() == "stays"


def test_the_last_of_duplicates_is_what_stays(root: Path) -> None:
    lay(root, (member("f"), b"first"), member("f", mode=0o600), (member("f", mode=0o755), b"last"))
    assert (root / "f").read_bytes() == b"last"
    assert stat.S_IMODE((root / "f").stat().st_mode) == 0o755


def test_marks_without_end_cost_no_more_than_one(root: Path) -> None:
    lay(root, *(member(f"d/{number}") for number in range(300)), *[member("d/.wh..wh..opq") for _ in range(300)])
    assert len(list((root / "d").iterdir())) == 300


def test_a_root_that_nobody_may_enter_stays_open_to_the_lab(root: Path) -> None:
    lay(root, member(".", tarfile.DIRTYPE, mode=0), member("d", tarfile.DIRTYPE, mode=0), (member("d/f"), b"1"))
    assert (root / "d/f").read_bytes() == b"1"
