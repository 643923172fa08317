"""Building and pushing an image, as lines."""

from __future__ import annotations

from typing import assert_never

from natless.deploy.images.image import (
    BuildDone,
    BuildOutput,
    BuildStarted,
    ImageEvent,
    LayerDone,
    LayerProgress,
    MirrorStarted,
    PushDone,
)

_MIB = 1 << 20


def image_line(event: ImageEvent) -> str:  # noqa: PLR0911 - a line an event
    """Give the line that shows an event of an image, or "" for what comes too often to be a line."""
    match event:
        case BuildStarted(builder=builder, folder=folder):
            return f"{builder} builds {folder}"
        case MirrorStarted(source=source, digest=digest):
            return f"copying {source} ({digest[:19]}) into the private repository"
        case BuildOutput(line=line):
            return f"  {line}"
        case BuildDone(layers=layers, size=size):
            return f"built: {layers} layers, {size / _MIB:.1f} MiB"
        case LayerProgress():
            return ""
        case LayerDone(digest=digest, size=size, existed=existed):
            return f"layer {digest[:19]} {size / _MIB:.1f} MiB{': is there already' if existed else ''}"
        case PushDone(digest=digest, existed=existed):
            return f"image {digest[:19]}{': is there already' if existed else ''}"
        case never:
            assert_never(never)
