"""A layer's tar archive, laid over a root folder. Nothing that an archive says leads outside that folder.

Whiteouts (`.wh.NAME` takes NAME away, `.wh..wh..opq` what lower layers put into a folder) as in the OCI image
specification, layer.md. Owners are not kept: every file belongs to the lab's own user, who is the only one there is
where the lab runs without root. Device nodes are left out: the container gets its /dev from the lab.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from natless.lab.tasks.archive import FARGATE, Counted, LayerError, Member, Room, must_guard, plain

__all__ = ["LayerError", "inside", "unpack"]

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_LINKS_FOLLOWED = 40
_DEEPEST = 255
"""Folders above a file: the kernel would take a thousand more, the walks that take them away again would not."""


class _Progress:
    """What a layer has done so far: the places it made, the folders it emptied."""

    def __init__(self) -> None:
        self.members = 0
        self.made: set[Path] = set()
        self.emptied: set[Path] = set()


def unpack(layer: Path, root: Path, room: Room = FARGATE) -> tuple[Room, str]:
    """Lay the archive in file `layer` (tar, or tar in gzip) over `root`; give the room left and the archive's digest.

    Raises LayerError, and may leave `root` half done then.
    """
    must_guard()
    done = _Progress()
    try:
        with contextlib.ExitStack() as opened:
            stream = Counted(opened.enter_context(plain(layer)), room.bytes)
            archive = opened.enter_context(tarfile.open(fileobj=stream, mode="r|", tarinfo=Member))
            for member in archive:
                done.members += 1
                if done.members > room.files:
                    raise LayerError("no space left on device")
                _lay(archive, member, root, done)
                # tarfile keeps every header, which a stream has no use for.
                archive.members.clear()  # type: ignore[attr-defined]  # the stubs lack it
            digest = stream.drain()
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise LayerError(f"archive/tar: invalid tar header: {error}") from error
    except OSError as error:
        text = os.strerror(error.errno).lower() if error.errno else str(error)  # BadGzipFile has no number
        raise LayerError(f"{_within(error.filename, root)}{text}") from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise LayerError(f"archive/tar: invalid tar header: {str(error) or type(error).__name__}") from error
    return Room(room.bytes - stream.length, room.files - done.members), digest


def _within(name: object, root: Path) -> str:
    """Give a place for a message, as the image sees it: the lab's own folders are nobody's business."""
    return f"{str(name).removeprefix(str(root)) or '/'}: " if name else ""


def _lay(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, done: _Progress) -> None:
    parts = _parts(member.name)
    if not parts:
        root.chmod(stat.S_IMODE(member.mode) | stat.S_IRWXU)
        return
    folder = inside(root, parts[:-1])
    _make_folders(folder, root)
    name = parts[-1]
    if name == _OPAQUE:
        if folder not in done.emptied:
            done.emptied.add(folder)
            _empty(folder, done.made)
    elif name.startswith(_WHITEOUT):
        _remove(folder / _one_name(name.removeprefix(_WHITEOUT)))
    else:
        _put(archive, member, folder / name, root)
        done.made.update([folder / name, *_above(folder / name, root)])


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
    if len(parts) > _DEEPEST:
        raise LayerError(f'"{name[:80]}...": file name too long')
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
