"""A layer with this machine's Python and an unmodified boto3: what a container needs to call AWS as people do."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path

PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
LEFT_OUT = ("site-packages", "dist-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3", "pydoc_data")
_LIBRARY = re.compile(r"(/\S+) \(0x")
SITE = "/site"


def python() -> str:
    """Give the interpreter's path, the same in the image as here: it looks for its library from there."""
    return str(Path(sys.executable).resolve())


def layer(services: Iterable[str], files: dict[str, str]) -> bytes:
    """Give the tar: Python, boto3 with the models of `services` alone, and text `files` by path."""
    library, site = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    modules = Path(sysconfig.get_config_var("DESTSHARED") or library / "lib-dynload")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as whole:
        for path in {python(), *_libraries([Path(python()), *modules.glob("*.so")])}:
            whole.add(path, path)
        whole.add(library, str(library), filter=_wanted)
        models = {*services, "endpoints.json", "partitions.json", "_retry.json", "sdk-default-configuration.json"}
        for package in PACKAGES:
            whole.add(site / package, f"{SITE}/{package}", filter=lambda member: _modelled(member, models))
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            whole.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _libraries(programs: Iterable[Path]) -> set[str]:
    told = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=True).stdout
    return set(_LIBRARY.findall(told))


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = set(member.name.split("/"))
    return None if parts & set(LEFT_OUT) or any(part.startswith("config-") for part in parts) else member


def _modelled(member: tarfile.TarInfo, models: set[str]) -> tarfile.TarInfo | None:
    inside = member.name.partition("/botocore/data/")[2]
    return None if inside and inside.split("/")[0] not in models else member
