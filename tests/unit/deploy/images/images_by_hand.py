"""Image archives made by hand, in the forms that builders write."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def layer(**files: bytes) -> bytes:
    """Give a layer's tar, with no times in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def config(*layers: bytes, architecture: str = "amd64", system: str = "linux") -> bytes:
    document = {
        "architecture": architecture,
        "os": system,
        "config": {"Cmd": ["/bin/true"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(each)}" for each in layers]},
    }
    return json.dumps(document).encode()


def as_buildah(*layers: bytes, settings: bytes | None = None) -> dict[str, bytes | str]:
    """Give the members of a docker-archive as `buildah push` writes it; a str is a symbolic link."""
    settings = settings or config(*layers)
    files: dict[str, bytes | str] = {}
    for each in layers:
        files[f"{sha256(each)}.tar"] = each
        files[f"{sha256(each)[:12]}/layer.tar"] = f"../{sha256(each)}.tar"
    files[f"{sha256(settings)}.json"] = settings
    files["manifest.json"] = manifest(f"{sha256(settings)}.json", [f"{sha256(each)}.tar" for each in layers])
    return files


def as_docker(*layers: bytes, pack: Callable[[bytes], bytes] = gzip.compress) -> dict[str, bytes | str]:
    """Give the members as `docker save` writes them since version 25, with containerd's store: packed, by digest."""
    settings = config(*layers)
    packed = [pack(each) for each in layers]
    files: dict[str, bytes | str] = {f"blobs/sha256/{sha256(each)}": each for each in (settings, *packed)}
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    names = [f"blobs/sha256/{sha256(each)}" for each in packed]
    files["manifest.json"] = manifest(f"blobs/sha256/{sha256(settings)}", names)
    return files


def manifest(settings: str, layers: list[str], **more: Any) -> bytes:
    return json.dumps([{"Config": settings, "RepoTags": ["x:latest"], "Layers": layers, **more}]).encode()


def write(folder: Path, files: Mapping[str, bytes | str]) -> str:
    path = folder / "image.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return str(path)
