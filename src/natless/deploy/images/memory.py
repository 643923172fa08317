"""What is kept between runs to save time: the builder's store, and which blob a layer's content became.

All of it can be deleted at any time.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from natless.deploy.images.layers import Blob

_REMEMBERED = re.compile(r"(sha256:[0-9a-f]{64}) ([0-9]{1,15})\n")


def cache_folder(name: str) -> str | None:
    """Give a folder for `name` that is this user's alone, made where it is not there; None where none can be made."""
    base = os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME') or '/nowhere'}/.cache"
    # The user's number is in the path: sudo may keep HOME, and root's files would then lock the user out.
    top = Path(base, f"natless-{os.getuid()}")
    try:
        # One level each: a home that does not exist is not made.
        top.parent.mkdir(mode=0o700, exist_ok=True)
        top.mkdir(mode=0o700, exist_ok=True)
        folder = top / name
        folder.mkdir(mode=0o700, exist_ok=True)
        owned = top.stat().st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return None
    return str(folder) if owned else None


def remembered(diff_id: str) -> Blob | None:
    """Give the blob that a layer's content became the last time, if it is known."""
    folder = cache_folder("layers")
    try:
        text = Path(folder, _file(diff_id)).read_text(encoding="ascii") if folder else ""
    except (OSError, ValueError):
        return None
    match = _REMEMBERED.fullmatch(text)
    return Blob(match[1], int(match[2])) if match else None


def remember(diff_id: str, blob: Blob) -> None:
    """Note the blob that a layer's content became. Where that cannot be noted, the next push is slower."""
    folder = cache_folder("layers")
    if folder is None:
        return
    target = Path(folder, _file(diff_id))
    half = target.with_suffix(f".{os.getpid()}")
    try:
        half.write_text(f"{blob.digest} {blob.size}\n", encoding="ascii")
        half.replace(target)
    except OSError:
        return


def _file(diff_id: str) -> str:
    return diff_id.removeprefix("sha256:")
