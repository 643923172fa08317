"""The programs that build images, and which of them works here: a client without its daemon builds nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import msgspec

from natless.deploy.images.image import ImageError
from natless.deploy.images.memory import cache_folder

_PROBE_SECONDS = 20
_DOCKER_FORMAT = ("--format", "docker")

INSTALL = "sudo apt-get install --yes --no-install-recommends buildah netavark"
"""The smallest builder without a daemon on Debian; netavark, as it needs some network program, brings the least."""


class Commands(msgspec.Struct, frozen=True):
    """How a builder builds `folder` and writes the image to the file `archive`: argument lists, one after the other.

    `cleaning` comes after, and may fail: another build may be using what it would take away.
    """

    builder: str
    steps: tuple[tuple[str, ...], ...]
    cleaning: tuple[str, ...] = ()


def commands(folder: str, archive: str, platform: str) -> Commands:
    """Give the commands of the first of docker, podman and buildah that works here.

    Raises ImageError where none does, with what each said and the line that installs one.
    """
    reasons = []
    for name, probe, steps in (
        ("docker", ("docker", "version", "--format", "{{.Server.Version}}"), _docker),
        ("podman", ("podman", "info", "--format", "{{.Store.GraphRoot}}"), _podman),
        ("buildah", ("buildah", "version"), _buildah),
    ):
        reason = _reason_against(probe)
        if reason is None:
            return steps(folder, archive, platform)
        reasons.append(f"  {name}: {reason}")
    raise ImageError("no program that builds images works here", tuple(reasons), f"on Debian or Ubuntu, run: {INSTALL}")


def _reason_against(probe: tuple[str, ...]) -> str | None:
    """Ask a builder for what only a working one answers; give why it does not work, or None."""
    try:
        found = subprocess.run(
            probe, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PROBE_SECONDS, check=False
        )
    except FileNotFoundError:
        return "not installed"
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"did not answer `{' '.join(probe)}` in {_PROBE_SECONDS} s"
    if found.returncode == 0:
        return None
    lines = found.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"`{' '.join(probe)}` failed with {found.returncode}"


def _local_name(folder: str) -> str:
    """Give a name for the image on this machine: one a folder, so that a new build takes the place of the last."""
    return f"natless.local/{hashlib.sha256(os.path.realpath(folder).encode()).hexdigest()[:16]}:latest"


def _docker(folder: str, archive: str, platform: str) -> Commands:
    name = _local_name(folder)
    build: tuple[str, ...] = ("docker", "build")
    if _reason_against(("docker", "buildx", "version")) is None:
        # Attestations would make it an index, whose scan on push fails (buildkit #3499).
        build = ("docker", "buildx", "build", "--load", "--provenance=false", "--sbom=false")
    steps = (
        (*build, "--platform", platform, "--tag", name, folder),
        ("docker", "save", "--output", archive, name),
    )
    return Commands("docker", steps)


def _podman(folder: str, archive: str, platform: str) -> Commands:
    name = _local_name(folder)
    steps = (
        ("podman", "build", *_DOCKER_FORMAT, "--platform", platform, "--tag", name, folder),
        ("podman", "save", "--format", "docker-archive", "--output", archive, name),
    )
    return Commands("podman", steps)


def _buildah(folder: str, archive: str, platform: str, store: str = "") -> Commands:
    name = _local_name(folder)
    store = store or cache_folder("buildah") or f"{Path(archive).parent}/buildah"
    target = ("--platform", platform, "--tag", name)
    # vfs works everywhere, in a container and without subordinate ids too; a store of its own touches nobody else's.
    buildah = ("buildah", "--storage-driver", "vfs", "--root", f"{store}/root", "--runroot", f"{store}/run")
    steps = (
        # chroot: no OCI runtime, no cgroups. layers: unchanged steps are not built again, and keep their digests.
        (*buildah, "build", "--isolation", "chroot", "--layers", *_DOCKER_FORMAT, *target, folder),
        (*buildah, "push", "--quiet", name, f"docker-archive:{archive}:{name}"),
    )
    # What the last build left behind unnamed; vfs keeps whole copies.
    return Commands("buildah", steps, (*buildah, "rmi", "--prune"))
