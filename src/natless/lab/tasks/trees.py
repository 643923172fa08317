"""Unpacked images, kept by the digests of their layers. Only unpacking is spared: each task still fetches every byte.

Fargate keeps no image from one task to the next, so a task whose way to the layers is cut must fail here as well.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

from natless.lab.tasks.archive import FARGATE, LayerError, Room
from natless.lab.tasks.unpack import unpack


class Trees:
    """Root folders of images under one folder, each made once."""

    def __init__(self, folder: Path) -> None:
        """Make `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._guard = threading.Lock()
        self._locks: dict[Path, threading.Lock] = {}

    def folder(self, digests: tuple[str, ...]) -> Path:
        """Give where the tree of these layers lies, or will."""
        return self._folder / hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def holds(self, digests: tuple[str, ...]) -> bool:
        """Say whether the tree of these layers stands."""
        return self.folder(digests).is_dir()

    def make(self, digests: tuple[str, ...], layers: tuple[Path, ...], unpacked: tuple[str, ...] = ()) -> Path:
        """Unpack `layers` one over the other and give their tree; raises LayerError and leaves nothing.

        `unpacked` are the digests that the image's configuration gives for them once they are out of compression.
        """
        place = self.folder(digests)
        with self._guard:
            lock = self._locks.setdefault(place, threading.Lock())
        with lock:  # one image that takes long keeps no other waiting
            if place.is_dir():
                return place
            growing = Path(tempfile.mkdtemp(prefix="growing-", dir=self._folder))
            try:
                growing.chmod(0o755)
                room = self._room()
                for number, layer in enumerate(layers):
                    room = _lay(layer, growing, room, digests[number], unpacked[number] if unpacked else "")
                growing.replace(place)
            except BaseException:
                shutil.rmtree(growing, ignore_errors=True)
                raise
            return place

    def _room(self) -> Room:
        """Give half of what is free, for one image must not take the lab's last byte; Fargate's storage at most."""
        found = os.statvfs(self._folder)
        files = found.f_favail // 2 or FARGATE.files  # a file system that counts no files says 0
        return Room(min(found.f_bavail * found.f_frsize // 2, FARGATE.bytes), min(files, FARGATE.files))


def _lay(layer: Path, root: Path, room: Room, digest: str, expected: str) -> Room:
    try:
        left, seen = unpack(layer, root, room)
    except LayerError as error:
        error.layer = digest
        raise
    if expected and seen != expected:
        wrong = LayerError(f'wrong diff id calculated on extraction "{seen}"')
        wrong.layer = digest
        raise wrong
    return left
