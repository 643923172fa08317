"""Whether the kernel runs a program: one for another CPU, or a script that names no interpreter, it does not.

Asked before a container is begun, since what begins it (`execvp`) hands to a shell what the kernel refuses, and AWS's
runtime does not. Formats: elf(5), the kernel's admin guide, "Kernel Support for miscellaneous Binary Formats".
"""

from __future__ import annotations

import platform
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from natless.lab.tasks.unpack import LayerError, inside

_HEADS = 512
"""Bytes of a program that formats are told by: more than the 256 that the kernel looks at."""

_MACHINES = {"x86_64": {3, 62}, "aarch64": {40, 183}}
"""e_machine of what this machine's kernel may run, 32-bit programs among it (elf.h: EM_386, EM_X86_64, EM_ARM, ...)."""

_DEEPEST = 5
"""How often an interpreter may be a script itself (the kernel's own bound)."""

_SCRIPT = re.compile(rb"#![ \t]*([^ \t\n]+)")
"""A script's first line, with its interpreter: what else is blank elsewhere (\\r, say) is part of the name."""

_HANDLERS = "/proc/sys/fs/binfmt_misc"


def refusal(root: Path, program: Path, handlers: str = _HANDLERS) -> str:
    """Give what the kernel says of a program in an image's root: "exec format error", ..., or "" where it runs it.

    `handlers` lists the formats that somebody had the kernel hand to an interpreter of this machine's (qemu).
    """
    for _ in range(_DEEPEST):
        try:
            with program.open("rb") as file:
                head = file.read(_HEADS)
        except OSError:
            return ""  # what cannot be read is left to the kernel
        if any(_matches(head, path) for path in _entries(handlers)):
            return ""
        if head.startswith(b"\x7fELF"):
            return "" if _machine(head) in _MACHINES.get(platform.machine(), {_machine(head)}) else "exec format error"
        line = _SCRIPT.match(head)
        if line is None:
            return "exec format error"
        found = _at(root, line[1].decode(errors="replace"))
        if found is None:
            return "no such file or directory"
        program = found
    return "too many levels of symbolic links"


def _machine(head: bytes) -> int | None:
    if len(head) < 20:  # noqa: PLR2004 - where e_machine ends
        return None
    order = ">" if head[5] == 2 else "<"  # noqa: PLR2004 - EI_DATA, ELFDATA2MSB
    return int(struct.unpack_from(f"{order}H", head, 18)[0])


def _at(root: Path, name: str) -> Path | None:
    try:
        found = inside(root, [part for part in name.split("/") if part not in ("", ".")])
    except LayerError:
        return None
    return found if found.is_file() else None


def _entries(folder: str) -> Iterator[dict[str, str]]:
    """Give what the kernel was told of other formats, those that are in use."""
    try:
        files = [path for path in Path(folder).iterdir() if path.name not in ("register", "status")]
        texts = [path.read_text(errors="replace") for path in files]
    except OSError:
        return
    for text in texts:
        lines = text.splitlines()
        if "enabled" in lines:
            yield dict(line.split(" ", 1) for line in lines if " " in line)


def _matches(head: bytes, entry: dict[str, str]) -> bool:
    try:
        magic, offset = bytes.fromhex(entry["magic"]), int(entry.get("offset", "0"))
        mask = bytes.fromhex(entry.get("mask", "")) or b"\xff" * len(magic)
    except (KeyError, ValueError):
        return False
    seen = head[offset : offset + len(magic)]
    return len(seen) == len(magic) and all(a & m == b & m for a, b, m in zip(seen, magic, mask, strict=False))
