"""What a container runs: the image's configuration, what the task definition changes in it, what RunTask overrides."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from natless.lab.tasks import formats, words
from natless.lab.tasks.bounds import Bounds, container_bounds, ulimits
from natless.lab.tasks.pull import Image
from natless.lab.tasks.unpack import LayerError, inside

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LARGEST_ID = 65534
_LARGEST_TABLE = 1 << 20


class Process(msgspec.Struct, frozen=True):
    """The first process of a container. `user` and `group` are numeric ids in the container.

    `refused` is what the kernel would say of its program, "" where it runs it.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    directory: str
    user: int
    group: int
    read_only: bool = False
    init: bool = False
    bounds: Bounds = Bounds()
    ulimits: tuple[str, ...] = ()
    stop_signal: int = signal.SIGTERM
    refused: str = ""


def first_process(
    container: Mapping[str, Any],
    overrides: Mapping[str, Any],
    image: Image,
    secrets: Mapping[str, str],
    files: Mapping[str, str] = MappingProxyType({}),
) -> Process:
    """Merge a container definition, RunTask's overrides and an image; raises words.StartError.

    As Docker does: an entry point in the definition also takes the image's command away. `files` are the variables of
    environment files, which those that the definition names go before.
    """
    given = image.configuration
    arguments = _arguments(container, overrides, given)
    environment = {"PATH": _PATH} | dict(each.partition("=")[::2] for each in given.get("Env") or [])
    environment |= files
    for source in (container, overrides):
        environment |= {each["name"]: each.get("value", "") for each in source.get("environment") or []}
    environment |= secrets
    directory = container.get("workingDirectory") or given.get("WorkingDir") or "/"
    user, group, home = _account(image.root, container.get("user") or given.get("User") or "")
    environment.setdefault("HOME", home)
    if any("\0" in text for text in (*arguments, directory, *environment, *environment.values())):
        raise words.container("invalid argument: a command, folder or variable holds a nul byte")
    place, program = _program(image.root, arguments[0], environment["PATH"], directory)
    problem = formats.refusal(image.root, program)
    return Process(
        tuple(arguments),
        environment,
        directory,
        user,
        group,
        read_only=bool(container.get("readonlyRootFilesystem")),
        init=bool((container.get("linuxParameters") or {}).get("initProcessEnabled")),
        bounds=container_bounds(container),
        ulimits=ulimits(container),
        stop_signal=_stop_signal(str(given.get("StopSignal") or "SIGTERM")),
        refused=f"exec {place}: {problem}" if problem else "",
    )


def _arguments(container: Mapping[str, Any], overrides: Mapping[str, Any], image: Mapping[str, Any]) -> list[str]:
    entry = container.get("entryPoint")
    command = overrides.get("command") or container.get("command")
    default = [] if entry else image.get("Cmd") or []
    arguments = [*(entry or image.get("Entrypoint") or []), *(command or default)]
    if not arguments:
        raise words.container("Error response from daemon: No command specified")
    return arguments


def _stop_signal(text: str) -> int:
    """Read an image's STOPSIGNAL (`SIGQUIT`, `QUIT`, `3`); what is none is SIGTERM."""
    if text.isdigit():
        return int(text) if int(text) in set(signal.Signals) else signal.SIGTERM
    return signal.Signals.__members__.get(f"SIG{text.removeprefix('SIG')}", signal.SIGTERM)


def _account(root: Path, text: str) -> tuple[int, int, str]:
    """Read `user`, `uid`, `user:group`, ... against the image's own files; give (uid, gid, home)."""
    name, _, group_name = text.partition(":")
    users, groups = _table(root, "passwd"), _table(root, "group")
    user = next((row for row in users if name in (row[0], row[2])), None) if name else None
    if user is None and name and not name.isdigit():
        message = f"unable to find user {name}: no matching entries in passwd file"
        raise words.container(message)
    uid = int(user[2]) if user else int(name or 0)
    gid = int(user[3]) if user else 0
    if group_name:
        row = next((row for row in groups if group_name in (row[0], row[2])), None)
        if row is None and not group_name.isdigit():
            message = f"unable to find group {group_name}: no matching entries in group file"
            raise words.container(message)
        gid = int(row[2]) if row else int(group_name)
    if max(uid, gid) > _LARGEST_ID:
        message = f"user {text}: the lab has ids up to {_LARGEST_ID}"
        raise words.container(message)
    return uid, gid, user[5] if user else "/root" if uid == 0 else "/"


def _table(root: Path, name: str) -> list[list[str]]:
    """Read the usable rows of the image's /etc/passwd (7 fields) or /etc/group (4)."""
    fields, numbers = (7, (2, 3)) if name == "passwd" else (4, (2,))
    try:
        file = inside(root, ["etc", name])
        if not file.is_file() or file.stat().st_size > _LARGEST_TABLE:
            return []  # a fifo would be waited for, and nobody has so many users
        text = file.read_text(errors="replace")
    except (OSError, LayerError):
        return []
    rows = [line.split(":") for line in text.splitlines()]
    return [row for row in rows if len(row) == fields and all(row[number].isdigit() for number in numbers)]


def _program(root: Path, name: str, path: str, directory: str) -> tuple[str, Path]:
    """Give a command as a runtime names it, and its file; one that the image does not have is refused."""
    if "/" in name:
        places = {name: name if name.startswith("/") else f"{directory}/{name}"}
    else:
        places = {f"{folder}/{name}": f"{folder}/{name}" for folder in path.split(":")}
    for said, place in places.items():
        try:
            file = inside(root, [part for part in place.split("/") if part not in ("", ".")])
            if file.is_file():
                return said, file
        except LayerError:
            continue
    raise words.executable(name)
