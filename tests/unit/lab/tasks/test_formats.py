"""Which programs the kernel runs. Numbers: elf.h (e_machine); formats: elf(5), execve(2), the kernel's binfmt-misc."""

from __future__ import annotations

import os
import platform
import shutil
import struct
from pathlib import Path

import pytest

from natless.lab.tasks.formats import refusal
from natless.lab.tasks.process import first_process
from natless.lab.tasks.pull import Image

NUMBERS = {"x86_64": 62, "aarch64": 183}
HERE = NUMBERS[platform.machine()]
[ELSEWHERE] = set(NUMBERS.values()) - {HERE}
WRONG = "exec format error"


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 2, machine) + bytes(44)


def asked(root: Path, content: bytes, handlers: str = "/nowhere") -> str:
    program = root / "program"
    program.write_bytes(content)
    return refusal(root, program, handlers)


def test_a_program_of_this_machine_runs_and_one_for_another_does_not(tmp_path: Path) -> None:
    assert asked(tmp_path, elf(HERE)) == ""
    assert asked(tmp_path, elf(ELSEWHERE)) == WRONG
    assert refusal(tmp_path, Path(shutil.which("busybox") or "/bin/sh"), "/nowhere") == ""


@pytest.mark.parametrize("content", [b"", b"echo hello\n", b"#!\necho\n", b"\x7fELF"])
def test_what_is_no_program_is_not_given_to_a_shell(tmp_path: Path, content: bytes) -> None:
    # The kernel itself, where there is one to ask: execve(2), ENOEXEC. A shell or execvp would try `sh` instead.
    if content[:4] != b"\x7fELF":
        assert asked(tmp_path, content) == WRONG
    (tmp_path / "program").write_bytes(content)
    (tmp_path / "program").chmod(0o755)
    pid = os.fork()
    if not pid:
        try:
            os.execve(str(tmp_path / "program"), ["program"], {})  # noqa: S606 - that it does not run is the point
        except OSError as error:
            os._exit(error.errno or 0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 8  # ENOEXEC


def test_a_script_runs_where_its_interpreter_does(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").write_bytes(elf(HERE))
    (tmp_path / "bin/foreign").write_bytes(elf(ELSEWHERE))
    assert asked(tmp_path, b"#! /bin/sh -e\nls\n") == ""
    assert asked(tmp_path, b"#!/bin/foreign\n") == WRONG
    assert asked(tmp_path, b"#!/bin/sh\r\nls\r\n") == "no such file or directory"  # a file from Windows


def test_what_the_kernel_was_told_of_other_formats_counts(tmp_path: Path) -> None:
    handlers = tmp_path / "handlers"
    handlers.mkdir()
    (handlers / "status").write_text("enabled\n")
    magic = elf(ELSEWHERE)[:20].hex()
    entry = f"interpreter /usr/bin/qemu\nflags: F\noffset 0\nmagic {magic}\nmask {'ff' * 16}feffffff\n"
    (handlers / "qemu").write_text(f"disabled\n{entry}")
    assert asked(tmp_path, elf(ELSEWHERE), str(handlers)) == WRONG
    (handlers / "qemu").write_text(f"enabled\n{entry}")
    assert asked(tmp_path, elf(ELSEWHERE), str(handlers)) == ""


def test_a_container_with_such_a_program_is_begun_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "web").write_bytes(elf(ELSEWHERE))
    image = Image(tmp_path, {"Entrypoint": ["./web"], "WorkingDir": "/"}, "sha256:1")
    assert first_process({}, {}, image, {}).refused == "exec ./web: exec format error"
