"""Image references: `HOST/NAME:TAG@DIGEST`, with Docker's defaults."""

from __future__ import annotations

import msgspec


class ImageReference(msgspec.Struct, frozen=True):
    """Where an image is. `text` is the whole, as ECS repeats it; `version` a tag, or a digest where one is given."""

    text: str
    host: str
    name: str
    version: str


def read_reference(text: str) -> ImageReference:
    """Read a reference; a name without a registry's host is Docker Hub's."""
    rest, _, digest = text.partition("@")
    first, slash, after = rest.partition("/")
    has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, name = (first, after) if has_host else ("docker.io", rest)
    name, colon, tag = name.rpartition(":") if ":" in name else (name, "", "")
    version = digest or (tag if colon else "latest")
    if host == "docker.io":
        name = name if "/" in name else f"library/{name}"
        full = f"docker.io/{name}{f'@{digest}' if digest else f':{version}'}"
        return ImageReference(full, "registry-1.docker.io", name, version)
    return ImageReference(text if digest or colon else f"{text}:latest", host, name, version)
