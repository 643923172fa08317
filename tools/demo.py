"""What `make demo` runs: the whole way on the embedded lab, by the commands that a user would type.

Builds examples/hello with a token made in this run, proves it, brings the lab up, deploys, fetches the page through the
load balancer, breaks the S3 endpoint, shows what a new task says and what natless says of it, mends, and takes
everything down. Any step that does not end as it should ends the demo with exit code 1.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path

HELLO = Path(__file__).resolve().parent.parent / "examples" / "hello"
NATLESS = Path(sys.executable).parent / "natless"


class DemoError(Exception):
    """A step did not end as it should."""


def say(text: str) -> None:
    """Print what happens next, set apart from what the commands print."""
    sys.stdout.write(f"\n\033[1m== {text}\033[0m\n" if sys.stdout.isatty() else f"\n== {text}\n")
    sys.stdout.flush()


def natless(folder: Path, *arguments: str, expect: int = 0) -> str:
    """Run one natless command, show its output as it comes, and give it. Raises DemoError on another exit code."""
    sys.stdout.write(f"$ {textwrap.shorten(shlex.join(['natless', *arguments]), 160, placeholder=' ...')}\n")
    sys.stdout.flush()
    lines: list[str] = []
    with subprocess.Popen(
        [str(NATLESS), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(f"  {line}")
            sys.stdout.flush()
            lines.append(line)
    if process.returncode != expect:
        raise DemoError(f"natless {' '.join(arguments)} ended with {process.returncode}, not {expect}")
    return "".join(lines)


def holds(statement: str, *, true: bool) -> None:
    """Print a checked statement, or raise DemoError."""
    if not true:
        raise DemoError(f"does not hold: {statement}")
    sys.stdout.write(f"  ok: {statement}\n")


def page(url: str) -> str:
    """Fetch a page as curl would; loopback only."""
    if not url.startswith("http://127.0.0.1:"):
        raise DemoError(f"{url} is not on loopback")
    with urllib.request.urlopen(url, timeout=120) as answer:  # noqa: S310 - the scheme and the host are checked above
        return str(answer.read().decode())


def walk(folder: Path, token: str) -> None:
    """Go the whole way with the copy of hello in `folder`."""
    say("prove, before anything stands")
    natless(folder, "check")

    say("an AWS on this machine")
    natless(folder, "lab", "up")

    say("build, push, deploy")
    output = natless(folder, "deploy", "--to", "lab")
    url = next((word for word in output.split() if word.startswith("http://127.0.0.1:")), "")
    holds("deploy says where the page is", true=bool(url))
    holds(f"the page has this run's token {token}", true=token in page(url))
    natless(folder, "status", "--to", "lab")

    say("break the S3 endpoint: what a new task meets")
    natless(folder, "lab", "break", "s3")
    said = natless(folder, "run", "web", "--to", "lab", expect=4)
    cause = next((line.strip() for line in said.splitlines() if "CannotPullContainerError" in line), "")
    holds("the task failed with ECS's own text", true="i/o timeout" in cause)
    natless(folder, "check", "lab:hello", expect=1)
    explained = natless(folder, "explain", cause)
    holds("the text alone leads to the S3 endpoint", true="S3" in explained)
    holds("the task that was running still serves", true=token in page(url))

    say("mend")
    natless(folder, "lab", "mend")
    natless(folder, "check", "lab:hello")
    natless(folder, "run", "web", "--to", "lab")


def main() -> int:
    """Run the demo; take the lab down whatever happened."""
    started = time.monotonic()
    token = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="natless-demo-") as scratch:
        folder = Path(scratch) / "hello"
        shutil.copytree(HELLO, folder)
        busybox = shutil.which("busybox")
        if busybox is None:
            sys.stderr.write("the demo needs busybox-static: tools/packages run\n")
            return 1
        shutil.copy(busybox, folder / "busybox")
        (folder / "token").write_text(f"{token}\n")
        try:
            walk(folder, token)
        except DemoError as error:
            sys.stderr.write(f"\nthe demo stopped: {error}\n")
            return 1
        finally:
            say("take everything down")
            natless(folder, "lab", "down")
    say(f"done in {time.monotonic() - started:.0f} s; nothing is left running")
    return 0


if __name__ == "__main__":
    sys.exit(main())
