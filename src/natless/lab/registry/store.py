"""Blobs on disk, named by their digest; uploads beside them until their digest is known to be right."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
CHUNK = 1 << 20


class DigestMismatchError(Exception):
    """What was uploaded is not what its digest says."""


class _Upload:
    """A blob on its way in: its file, its length and the hash of what has come so far."""

    def __init__(self, path: Path, repository: str) -> None:
        self.path = path
        self.repository = repository
        self.length = 0
        self.sha256 = hashlib.sha256()
        self.lock = threading.Lock()


class Store:
    """Blobs and uploads under one folder. Bytes are streamed: no blob is ever held in memory."""

    def __init__(self, folder: Path) -> None:
        """Make `folder/blobs` and `folder/uploads`."""
        self._blobs = folder / "blobs"
        self._waiting = folder / "uploads"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._waiting.mkdir(parents=True, exist_ok=True)
        self._uploads: dict[str, _Upload] = {}

    def begin(self, repository: str) -> str:
        """Open an upload and give its id."""
        name = str(uuid.uuid4())
        upload = _Upload(self._waiting / name, repository)
        upload.path.touch()
        self._uploads[name] = upload
        return name

    def progress(self, name: str, repository: str) -> int | None:
        """Give how many bytes of an upload have come, or None where this repository has no such upload."""
        upload = self._uploads.get(name)
        return upload.length if upload and upload.repository == repository else None

    def append(self, name: str, stream: IO[bytes]) -> int:
        """Add a stream to an upload and give the length so far, in bytes."""
        upload = self._uploads[name]
        with upload.lock, upload.path.open("ab") as file:
            while chunk := stream.read(CHUNK):
                file.write(chunk)
                upload.sha256.update(chunk)
                upload.length += len(chunk)
        return upload.length

    def finish(self, name: str, digest: str) -> int:
        """Turn an upload into a blob and give its size in bytes; raises DigestMismatchError, and forgets the upload."""
        upload = self._uploads.pop(name)
        with upload.lock:
            if f"sha256:{upload.sha256.hexdigest()}" != digest:
                upload.path.unlink()
                raise DigestMismatchError(digest)
            upload.path.replace(self.path(digest))
            return upload.length

    def cancel(self, name: str) -> None:
        """Forget an upload and its bytes."""
        self._uploads.pop(name).path.unlink()

    def path(self, digest: str) -> Path:
        """Give where a blob lies; raises ValueError for what is no sha256 digest."""
        if not DIGEST.fullmatch(digest):
            message = f"{digest!r} is no sha256 digest"
            raise ValueError(message)
        return self._blobs / digest.removeprefix("sha256:")

    def size(self, digest: str) -> int | None:
        """Give a blob's size in bytes, or None where it is not here."""
        try:
            return self.path(digest).stat().st_size
        except (FileNotFoundError, ValueError):
            return None

    def read(self, digest: str, first: int, length: int) -> Iterator[bytes]:
        """Give `length` bytes of a blob from byte `first`, in chunks."""
        with self.path(digest).open("rb") as file:
            file.seek(first, os.SEEK_SET)
            while length > 0 and (chunk := file.read(min(CHUNK, length))):
                length -= len(chunk)
                yield chunk
