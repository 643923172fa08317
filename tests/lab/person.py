"""Somebody with a copy of hello, who types natless's commands at a lab of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from lab_at_work import EXAMPLE

NATLESS = [sys.executable, "-m", "natless.cli.main"]
LONGEST_SECONDS = 400.0


class Person:
    """Somebody with a copy of hello, or of another example, at a terminal."""

    def __init__(self, folder: Path, example: Path = EXAMPLE) -> None:
        self.folder = folder
        shutil.copytree(example, folder, dirs_exist_ok=True)
        if example != EXAMPLE:
            return
        busybox = shutil.which("busybox")
        assert busybox is not None, "busybox is needed: tools/packages run"
        shutil.copy(busybox, folder / "busybox")
        (folder / "token").write_text("x\n")

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*NATLESS, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def types(self, *arguments: str) -> tuple[int, str]:
        process = self.begin(*arguments)
        said, _ = process.communicate(timeout=LONGEST_SECONDS)
        return process.returncode, said

    def page(self, name: str, text: str) -> None:
        (self.folder / "www" / name).write_text(text)

    def writes(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


def fetch(output: str, name: str) -> str:
    url = output.rsplit(maxsplit=1)[-1]
    assert url.startswith("http://127.0.0.1:"), output
    with urllib.request.urlopen(f"{url}{name}", timeout=240) as answer:  # noqa: S310 - loopback, as checked above
        return str(answer.read().decode()).strip()
