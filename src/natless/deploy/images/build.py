"""A folder with a Dockerfile to an image."""

from __future__ import annotations

import contextlib
import subprocess
from collections import deque
from pathlib import Path

from natless.deploy.images.archive import read_archive
from natless.deploy.images.builders import commands
from natless.deploy.images.image import (
    BuildDone,
    BuildOutput,
    BuildStarted,
    BuiltImage,
    ImageError,
    Progress,
    silent,
)

_LINES_SHOWN = 20
_ADVICE = (
    "RUN needs subordinate ids, which this user lacks; once: "
    'sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$USER"'
)


def require_dockerfile(folder: str) -> None:
    """Raise ImageError where `folder` holds no Dockerfile: before anything else is done for it."""
    if not Path(folder, "Dockerfile").is_file():
        raise ImageError(f"{folder} has no Dockerfile: build = must name the folder that holds it")


def build(folder: str, scratch: str, platform: str = "linux/amd64", progress: Progress = silent) -> BuiltImage:
    """Build the image of `folder` for `platform`, with whichever of docker, podman and buildah works.

    `scratch` is a folder for the exported image, the caller's to delete once it is pushed. Raises ImageError with the
    end of what the builder said.
    """
    require_dockerfile(folder)
    archive = str(Path(scratch, "image.tar").resolve())
    # A docker-archive file is added to, not replaced.
    Path(archive).unlink(missing_ok=True)
    found = commands(str(Path(folder).resolve()), archive, platform)
    progress(BuildStarted(found.builder, folder))
    for step in found.steps:
        _run(found.builder, step, progress)
    if found.cleaning:
        with contextlib.suppress(ImageError):
            _run(found.builder, found.cleaning, progress)
    image = read_archive(archive, platform)
    progress(BuildDone(image.config_digest, len(image.layers), sum(layer.size for layer in image.layers)))
    return image


def _run(builder: str, step: tuple[str, ...], progress: Progress) -> None:
    last: deque[str] = deque(maxlen=_LINES_SHOWN)
    with subprocess.Popen(
        step,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                last.append(line.rstrip())
                progress(BuildOutput(line.rstrip()))
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        cause = f"{builder} ended with {process.returncode}: {' '.join(step)}"
        ids_lack = any("supplemental groups" in line for line in last)
        raise ImageError(cause, tuple(f"  {line}" for line in last), _ADVICE if ids_lack else "")
