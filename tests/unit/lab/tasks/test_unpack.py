"""Unpacking, by the OCI image specification (layer.md) and against archives that mean harm."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from natless.lab.tasks.trees import Trees
from natless.lab.tasks.unpack import LayerError, inside, unpack

Entry = tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def folder(name: str) -> tarfile.TarInfo:
    return member(name, tarfile.DIRTYPE, mode=0o755)


def layer(place: Path, *entries: Entry, packed: bool = False) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in entries:
            info, data = entry if isinstance(entry, tuple) else (entry, b"")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    place.write_bytes(gzip.compress(buffer.getvalue()) if packed else buffer.getvalue())
    return place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root"
    place.mkdir()
    return place


@pytest.mark.parametrize("packed", [False, True])
def test_files_modes_and_links(tmp_path: Path, root: Path, *, packed: bool) -> None:
    archive = layer(
        tmp_path / "layer",
        folder("./bin"),
        (member("bin/tool", mode=0o755), b"text"),
        member("bin/hard", tarfile.LNKTYPE, "bin/tool"),
        member("bin/soft", tarfile.SYMTYPE, "/bin/tool"),
        (member("/absolute"), b"is below the root"),
        (member("no/parents/listed"), b"x"),
        packed=packed,
    )
    unpack(archive, root)
    assert (root / "bin/tool").read_bytes() == b"text"
    assert (root / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (root / "bin/hard").samefile(root / "bin/tool")
    assert str((root / "bin/soft").readlink()) == "/bin/tool"
    assert (root / "absolute").exists()
    assert (root / "no/parents/listed").exists()


def test_a_whiteout_takes_away_what_a_lower_layer_put(tmp_path: Path, root: Path) -> None:
    unpack(layer(tmp_path / "1", folder("d"), (member("d/a"), b"a"), (member("d/b"), b"b"), (member("c"), b"c")), root)
    unpack(layer(tmp_path / "2", member("d/.wh.a"), member(".wh.c")), root)
    assert sorted(str(each.relative_to(root)) for each in root.rglob("*")) == ["d", "d/b"]


@pytest.mark.parametrize("first", [True, False])
def test_an_opaque_folder_hides_the_lower_layers_only(tmp_path: Path, root: Path, *, first: bool) -> None:
    unpack(layer(tmp_path / "1", folder("d"), (member("d/old"), b""), folder("d/e"), (member("d/e/old"), b"")), root)
    mine: list[Entry] = [(member("d/new"), b""), (member("d/e/new"), b"")]
    opaque = member("d/.wh..wh..opq")
    unpack(layer(tmp_path / "2", *([opaque, *mine] if first else [*mine, opaque])), root)
    assert sorted(str(each.relative_to(root)) for each in root.rglob("*")) == ["d", "d/e", "d/e/new", "d/new"]


def test_a_later_layer_writes_through_a_link_inside_the_root(tmp_path: Path, root: Path) -> None:
    unpack(layer(tmp_path / "1", folder("usr"), folder("usr/lib"), member("lib", tarfile.SYMTYPE, "usr/lib")), root)
    unpack(layer(tmp_path / "2", (member("lib/libc.so"), b"c")), root)
    assert (root / "usr/lib/libc.so").read_bytes() == b"c"
    assert (root / "lib").is_symlink()


def test_a_file_takes_the_place_of_a_folder_and_back(tmp_path: Path, root: Path) -> None:
    unpack(layer(tmp_path / "1", folder("x"), (member("x/y"), b""), (member("z"), b"")), root)
    unpack(layer(tmp_path / "2", (member("x"), b"file"), folder("z")), root)
    assert (root / "x").read_bytes() == b"file"
    assert (root / "z").is_dir()


@pytest.mark.parametrize(
    "entries",
    [
        [member("../outside")],
        [member("a/../../outside")],
        [member("hard", tarfile.LNKTYPE, "../outside")],
        [member("hard", tarfile.LNKTYPE, "/etc/passwd")],
        [member("a", tarfile.SYMTYPE, "b"), member("b", tarfile.SYMTYPE, "a"), member("a/x")],
        [member("d/.wh...")],
        [member("d/.wh.")],
    ],
)
def test_archives_that_mean_harm_are_refused(tmp_path: Path, root: Path, entries: list[tarfile.TarInfo]) -> None:
    with pytest.raises(LayerError):
        unpack(layer(tmp_path / "layer", *entries), root)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["layer", "root"]


@pytest.mark.parametrize("target", ["/", "..", "../..", "/../../..", "sub/../../.."])
def test_links_that_climb_stay_in_the_root(tmp_path: Path, root: Path, target: str) -> None:
    entries: list[Entry] = [member("way", tarfile.SYMTYPE, target), (member("way/outside"), b"caught")]
    unpack(layer(tmp_path / "layer", *entries), root)
    assert not (tmp_path / "outside").exists()
    assert [each for each in root.rglob("outside") if not each.is_symlink()]


def test_a_whiteout_through_a_link_takes_nothing_away_outside(tmp_path: Path, root: Path) -> None:
    (tmp_path / "precious").write_text("stays")
    unpack(layer(tmp_path / "layer", member("way", tarfile.SYMTYPE, ".."), member("way/.wh.precious")), root)
    assert (tmp_path / "precious").exists()


def test_an_opaque_mark_follows_no_link(tmp_path: Path, root: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("stays")
    link = member("d/way", tarfile.SYMTYPE, str(tmp_path / "kept"))
    unpack(layer(tmp_path / "layer", folder("d"), link, member("d/.wh..wh..opq")), root)
    assert (tmp_path / "kept/file").exists()


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8bnot gzip", gzip.compress(b"x" * 2000, mtime=0)[:20]])
def test_what_is_no_archive_is_refused(tmp_path: Path, root: Path, data: bytes) -> None:
    place = tmp_path / "layer"
    place.write_bytes(data)
    with pytest.raises(LayerError):
        unpack(place, root)


def test_zstd_says_what_to_do(tmp_path: Path, root: Path) -> None:
    place = tmp_path / "layer"
    place.write_bytes(b"\x28\xb5\x2f\xfd rest")
    with pytest.raises(LayerError, match="build it with gzip"):
        unpack(place, root)


def test_inside_resolves_as_a_root_would(root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc/real").write_text("")
    (root / "abs").symlink_to("/etc")
    (root / "etc/up").symlink_to("../../../etc/real")
    assert inside(root, ["abs", "real"]) == root / "etc/real"
    assert inside(root, ["etc", "up"]) == root / "etc/real"


def test_a_tree_is_made_once_and_a_failed_one_leaves_nothing(tmp_path: Path) -> None:
    trees = Trees(tmp_path / "trees")
    good = layer(tmp_path / "good", (member("file"), b"1"))
    made = trees.make(("sha256:1",), (good,))
    good.unlink()
    assert trees.holds(("sha256:1",))
    assert trees.make(("sha256:1",), (good,)) == made
    bad = layer(tmp_path / "bad", member("../x"))
    with pytest.raises(LayerError):
        trees.make(("sha256:2",), (bad,))
    assert [each.name for each in (tmp_path / "trees").iterdir()] == [made.name]
