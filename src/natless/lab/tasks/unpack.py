"""A layer's tar archive, laid over a root folder. Nothing that an archive says leads outside that folder.

Whiteouts (`.wh.NAME` takes NAME away, `.wh..wh..opq` what lower layers put into a folder) as in the OCI image
specification, layer.md. Owners are not kept: every file belongs to the lab's own user, who is the only one there is
where the lab runs without root. Device nodes are left out: the container gets its /dev from the lab.
"""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_LINKS_FOLLOWED = 40
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class LayerError(Exception):
    """A layer that cannot be unpacked, or must not be."""


def unpack(layer: Path, root: Path) -> None:
    """Lay the archive in file `layer` (tar, or tar in gzip) over `root`; raises LayerError."""
    made: set[Path] = set()
    try:
        with _plain(layer) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                _lay(archive, member, root, made)
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        message = f"archive/tar: invalid tar header: {error}"
        raise LayerError(message) from error
    except OSError as error:
        message = f"{error.filename or root}: {os.strerror(error.errno or 0).lower()}"
        raise LayerError(message) from error


def _plain(layer: Path) -> gzip.GzipFile | IO[bytes]:
    with layer.open("rb") as file:
        start = file.read(4)
    if start == _ZSTD:
        message = "the layer is compressed with zstd, which the lab does not read: build it with gzip"
        raise LayerError(message)
    return gzip.open(layer, "rb") if start.startswith(_GZIP) else layer.open("rb")


def _lay(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, made: set[Path]) -> None:
    parts = _parts(member.name)
    if not parts:
        root.chmod(stat.S_IMODE(member.mode) | stat.S_IRWXU)
        return
    folder = inside(root, parts[:-1])
    _make_folders(folder, root)
    name = parts[-1]
    if name == _OPAQUE:
        _empty(folder, made)
    elif name.startswith(_WHITEOUT):
        _remove(folder / _one_name(name.removeprefix(_WHITEOUT)))
    else:
        _put(archive, member, folder / name, root)
        made.update([folder / name, *_above(folder / name, root)])


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path, root: Path) -> None:
    if member.isdir():
        if place.is_symlink() or not place.is_dir():
            _remove(place)
            place.mkdir()
        place.chmod(stat.S_IMODE(member.mode) | stat.S_IRWXU)
        return
    _remove(place)
    if member.issym():
        place.symlink_to(member.linkname)
    elif member.islnk():
        _hard_link(member, place, root)
    elif member.isfile():
        _write(archive, member, place)
    elif member.isfifo():
        os.mkfifo(place, stat.S_IMODE(member.mode))


def _hard_link(member: tarfile.TarInfo, place: Path, root: Path) -> None:
    parts = _parts(member.linkname)
    source = inside(root, parts[:-1]) / parts[-1] if parts else root
    if not source.is_symlink() and not source.is_file():
        message = f'hard link "{member.name}" names "{member.linkname}", which is no file of the image'
        raise LayerError(message)
    os.link(source, place, follow_symlinks=False)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    source = archive.extractfile(member)
    with place.open("xb") as file:
        if source is not None:
            shutil.copyfileobj(source, file, 1 << 20)
    place.chmod(stat.S_IMODE(member.mode))
    os.utime(place, (member.mtime, member.mtime))


def inside(root: Path, parts: list[str]) -> Path:
    """Give the real place of a path in an image, every link on the way followed as if `root` were `/`.

    The result lies in `root`, and none of its folders is a link; it need not exist. Raises LayerError where links
    go in circles.
    """
    waiting, done = list(reversed(parts)), list[str]()
    for _ in range(_LINKS_FOLLOWED):
        if (link := _walk(root, waiting, done)) is None:
            return root.joinpath(*done)
        if link.startswith("/"):
            done.clear()
        waiting.extend(reversed([part for part in link.split("/") if part not in ("", ".")]))
    message = f'"{"/".join(parts)}": too many levels of symbolic links'
    raise LayerError(message)


def _walk(root: Path, waiting: list[str], done: list[str]) -> str | None:
    """Move parts from `waiting` to `done` up to the next link, and give what it points to; None at the end."""
    while waiting:
        part = waiting.pop()
        if part == "..":
            del done[-1:]
            continue
        place = root.joinpath(*done, part)
        if place.is_symlink():
            return str(place.readlink())
        done.append(part)
    return None


def _parts(name: str) -> list[str]:
    """Split a path of an archive; refuses one that climbs, as containerd does."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        message = f'"{name}" is outside of the image\'s root'
        raise LayerError(message)
    return parts


def _one_name(name: str) -> str:
    if name in ("", ".", ".."):
        message = f'invalid whiteout name "{_WHITEOUT}{name}"'
        raise LayerError(message)
    return name


def _make_folders(folder: Path, root: Path) -> None:
    for place in [*reversed(list(_above(folder, root))), folder]:
        if place != root and not place.is_dir():
            _remove(place)
            place.mkdir(mode=0o755)


def _above(place: Path, root: Path) -> Iterator[Path]:
    """Give the folders between `place` and `root`, the nearest first."""
    for parent in place.parents:
        if parent == root:
            return
        yield parent


def _empty(folder: Path, made: set[Path]) -> None:
    """Take away what lower layers put into a folder, and leave what this layer has put there."""
    for child in list(folder.iterdir()):
        if child not in made:
            _remove(child)
        elif child.is_dir() and not child.is_symlink():
            _empty(child, made)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
