"""Unpacked images, kept by the digests of their layers. Only unpacking is spared: each task still fetches every byte.

Fargate keeps no image from one task to the next, so a task whose way to the layers is cut must fail here as well.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from pathlib import Path

from natless.lab.tasks.unpack import unpack


class Trees:
    """Root folders of images under one folder, each made once."""

    def __init__(self, folder: Path) -> None:
        """Make `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()

    def folder(self, digests: tuple[str, ...]) -> Path:
        """Give where the tree of these layers lies, or will."""
        return self._folder / hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def holds(self, digests: tuple[str, ...]) -> bool:
        """Say whether the tree of these layers stands."""
        return self.folder(digests).is_dir()

    def make(self, digests: tuple[str, ...], layers: tuple[Path, ...]) -> Path:
        """Unpack `layers` one over the other and give their tree; raises LayerError and leaves nothing."""
        with self._lock:
            place = self.folder(digests)
            if place.is_dir():
                return place
            growing = Path(tempfile.mkdtemp(prefix="growing-", dir=self._folder))
            try:
                growing.chmod(0o755)
                for layer in layers:
                    unpack(layer, growing)
                growing.replace(place)
            except BaseException:
                shutil.rmtree(growing, ignore_errors=True)
                raise
            return place
