"""A layer of the archive as the registry takes it: one gzip file, its digest, its size."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from natless.deploy.images.image import BuiltLayer, ImageError

LEVEL = 6
"""zlib's. One for all: another level would give another digest for the same content. An image is pushed once and
pulled by every task that starts, so bytes count more than the seconds of one push."""

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20


class Blob(msgspec.Struct, frozen=True):
    """What a manifest says of a blob: digest and size in bytes."""

    digest: str
    size: int


def pack(archive: str, layer: BuiltLayer, target: Path) -> Blob:
    """Write a layer of the archive to the file `target` as gzip, and give what it is.

    A layer that the builder has compressed is taken as it is. Raises ImageError where the content is not what the
    configuration names.
    """
    with tarfile.open(archive, "r:") as opened, target.open("wb") as out:
        file = opened.extractfile(layer.member)
        if file is None:
            raise ImageError(f"{layer.member!r} in {archive} is no file")
        with file:
            head = file.read(4)
            file.seek(0)
            if head == _ZSTD_MAGIC:
                raise ImageError("the builder wrote layers in zstd: set its compression to gzip")
            content, digest, size = hashlib.sha256(), hashlib.sha256(), 0
            pieces = _as_they_are(file, content) if head.startswith(_GZIP_MAGIC) else _packed(file, content)
            for piece in pieces:
                digest.update(piece)
                size += out.write(piece)
    if f"sha256:{content.hexdigest()}" != layer.diff_id:
        raise ImageError(f"layer {layer.member!r} in {archive} is not what the image's configuration names")
    return Blob(f"sha256:{digest.hexdigest()}", size)


def _packed(file: IO[bytes], content: hashlib._Hash) -> Iterator[bytes]:
    # The gzip header that zlib writes itself has no time and no name: the same content gives the same bytes.
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    while piece := file.read(_CHUNK):
        content.update(piece)
        yield packer.compress(piece)
    yield packer.flush()


def _as_they_are(file: IO[bytes], content: hashlib._Hash) -> Iterator[bytes]:
    """Give the bytes unchanged, and hash what they unpack to; a gzip file may have several members."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        while piece := file.read(_CHUNK):
            yield piece
            while piece:
                content.update(unpacker.decompress(piece))
                piece = unpacker.unused_data
                if unpacker.eof:
                    unpacker = zlib.decompressobj(_GZIP)
    except zlib.error as error:
        raise ImageError(f"a layer is no readable gzip: {error}") from error
