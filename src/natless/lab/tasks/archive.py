"""Reading a layer's archive: plain or gzip, no more than there is room for, and no header that eats memory.

A few kilobytes of gzip unpack to gigabytes, and a tar header may announce a name of gigabytes: both are met here,
before anything is written. Limits on headers as in Go's archive/tar, which containerd reads with (1 MiB).
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import sys
import tarfile
from pathlib import Path
from typing import IO, Self, cast

import msgspec

from natless.catalog import containers

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_LARGEST_HEADER = 1 << 20
_SPECIAL = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


_BROKEN: tuple[type[tarfile.HeaderError], ...] = (
    tarfile.InvalidHeaderError,  # type: ignore[attr-defined]  # the stubs lack them
    tarfile.TruncatedHeaderError,  # type: ignore[attr-defined]
)


class LayerError(Exception):
    """A layer that cannot be unpacked, or must not be. `layer` is its digest, once that is known."""

    layer: str = ""


class Room(msgspec.Struct, frozen=True):
    """How much one image may unpack to."""

    bytes: int
    files: int


FARGATE = Room(bytes=containers.EPHEMERAL_STORAGE.value, files=1_310_720)
"""Fargate's ephemeral storage, and as many files as a file system of that size has by its makers' default."""


class Counted(io.RawIOBase):
    """A layer's archive as a stream: counted against what is left of the room, and hashed."""

    def __init__(self, stream: IO[bytes], left: int) -> None:
        """Take the stream and the bytes that it may give."""
        super().__init__()
        self._stream = stream
        self._left = left
        self._seen = hashlib.sha256()
        self.length = 0

    def read(self, size: int = -1, /) -> bytes:
        """Give the next bytes; raises LayerError where there is no room for them."""
        data = self._stream.read(size)
        self.length += len(data)
        if self.length > self._left:
            raise LayerError("no space left on device")
        self._seen.update(data)
        return data

    def drain(self) -> str:
        """Read on to the end, and give the digest of all."""
        while self.read(1 << 18):
            pass
        return f"sha256:{self._seen.hexdigest()}"


class Member(tarfile.TarInfo):
    """A tar header that is small, and no sparse file's: such a one's map may be of any length.

    `_proc_member` is the place that tarfile's own comments name for subclasses. `frombuf` is not: Debian's Pythons
    with the security updates of 2026 read headers past it.
    """

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """Read the next header; one that is broken is no end of the archive, as tarfile would take it."""
        try:
            return super().fromtarfile(tarfile)
        except _BROKEN as error:
            raise LayerError(f"archive/tar: invalid tar header: {error}") from error

    def _proc_member(self, archive: tarfile.TarFile) -> Self:
        if self.type in _SPECIAL and not 0 <= self.size <= _LARGEST_HEADER:
            raise LayerError("archive/tar: header field too long")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise _sparse()
        read: Self = super()._proc_member(archive)  # type: ignore[misc]  # the stubs lack it
        return read

    def _proc_gnusparse_00(self, *_: object) -> None:
        raise _sparse()

    _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_gnusparse_00


@functools.cache
def must_guard() -> None:
    """See once that this Python's tarfile asks Member; raises LayerError where it reads past it: nothing is unpacked.

    The header that is tried announces a name of a terabyte, and no byte of it follows.
    """
    header = tarfile.TarInfo("name")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    archive = io.BytesIO(header.tobuf(tarfile.GNU_FORMAT))
    try:
        tarfile.open(fileobj=archive, mode="r|", tarinfo=Member).close()
    except LayerError:
        return
    except tarfile.TarError:
        pass
    raise LayerError(
        f"the lab cannot read images safely with this Python ({sys.version.split()[0]}): its tarfile reads headers "
        "past the lab's limits. Use another Python"
    )


def _sparse() -> LayerError:
    return LayerError("archive/tar: sparse files are not read by the lab: write the archive without holes")


def plain(layer: Path) -> IO[bytes]:
    """Open a layer's archive, taken out of its compression."""
    with layer.open("rb") as file:
        start = file.read(4)
    if start == _ZSTD:
        message = "the layer is compressed with zstd, which the lab does not read: build it with gzip"
        raise LayerError(message)
    if start.startswith(_GZIP):
        return cast("IO[bytes]", gzip.open(layer, "rb"))  # a GzipFile is one in all but its type
    return layer.open("rb")
