"""Scenarios of the lab: scripts that run in namespaces of their own, as each kind of user, and print what they saw."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Run = Callable[[str], Any]

CHECKOUT = Path(__file__).parents[2]
SOURCE = CHECKOUT / "src"
LONGEST_SECONDS = 840
"""What no scenario takes on any machine: a hang is told before pytest ends it."""

NAMESPACES = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--mount-proc"]
OWN_RUN = ["sh", "-c", 'mount -t tmpfs run /run && mkdir /run/netns && exec "$@"', "sh"]
# Root tries both; anybody else can only be who they are.
USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
ORDINARY = 12345


# An ordinary user may look into neither root's home nor, maybe, this checkout: what a script needs is shown elsewhere,
# in a mount namespace that ends with it. $1 is the place, then pairs of folder and name, then --, then the command.
_SHOW_AND_RUN = """
place=$1; shift
while [ "$1" != -- ]; do mount --bind "$1" "$place/$2"; shift 2; done
shift
exec "$@"
"""


def _as_ordinary_user(script: str, place: Path) -> tuple[list[str], str]:
    """Give the command that runs a script of this folder as nobody in particular, and its PYTHONPATH."""
    place.chmod(0o755)
    folders = {
        "tests": Path(__file__).parents[1],
        "src": SOURCE,
        "site": Path(sysconfig.get_path("purelib")),
        "python": Path(sys.base_prefix).resolve(),
    }
    shown = []
    for name, folder in folders.items():
        (place / name).mkdir(mode=0o755)
        shown += [str(folder), name]
    python = place / "python" / Path(sys.executable).resolve().relative_to(folders["python"])
    user = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    command = [*user, str(python), str(place / "tests" / "lab" / script)]
    show = ["unshare", "--mount", "sh", "-euc", _SHOW_AND_RUN, "show", str(place), *shown, "--", *command]
    return show, os.pathsep.join([str(place / "src"), str(place / "site")])


def _seen(command: list[str], environment: dict[str, str] | None = None) -> Any:
    """Run a scenario to its end and give what it printed."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def whole() -> Run:
    """Run a script of this folder that brings a whole lab up; give what it printed as JSON."""
    # A script finds its own folder by itself, and what the other tests share by the checkout.
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return lambda script: _seen([sys.executable, str(Path(__file__).with_name(script))], environment)


@pytest.fixture(scope="session")
def apart() -> Run:
    """Run a script of this folder in namespaces where the only user is root of none but its own."""
    return lambda script: _seen([*NAMESPACES, *OWN_RUN, sys.executable, str(Path(__file__).with_name(script))])


@pytest.fixture(scope="module", params=USERS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a script of this folder as root or as an ordinary user; give what it printed as JSON."""

    def running(script: str) -> Any:
        command = [sys.executable, str(Path(__file__).with_name(script))]
        places = os.pathsep.join([str(SOURCE), sysconfig.get_path("purelib")])
        if request.param == "ordinary" and os.geteuid() == 0:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="natless-ordinary-", dir="/tmp"))
            command, places = _as_ordinary_user(script, Path(place))
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
        if command[0] == "unshare":
            # A Python with a shared library looks for it where it was built.
            environment["LD_LIBRARY_PATH"] = str(Path(place) / "python" / "lib")
        return _seen(command, environment)

    with contextlib.ExitStack() as stack:
        yield running
