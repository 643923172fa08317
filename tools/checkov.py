"""Run checkov on the templates of every option of the format and hold what fails against docs/decisions.md, both ways.

The options are those of tests/options.py; each failed check has its reason there, or is mended.

checkov pins versions of boto3 that conflict with natless's, so it lives in an environment of its own, .venv-checkov.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from tests.options import OPTIONS  # noqa: E402 - the checkout is on the path only now

from natless import design  # noqa: E402 - as above
from natless.spec.read import read  # noqa: E402 - as above

# Another version has other checks: it is raised by hand, together with the table of reasons.
VERSION = "3.3.30"
HOME = TOP / ".venv-checkov"
PYTHON = HOME / "bin" / "python"


def install() -> None:
    """Make the environment, once for a version."""
    ready = HOME / f"{VERSION}.ready"
    if ready.exists():
        return
    sys.stderr.write(f"installing checkov {VERSION} in {HOME.name}\n")
    venv.create(HOME, clear=True, with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", f"checkov=={VERSION}"], check=True)
    ready.touch()


def failed(folder: Path) -> dict[str, set[str]]:
    """Give the failed checks of a folder's templates: the resources of each check's id."""
    # --skip-download: nothing is asked of checkov's platform.
    command = [str(HOME / "bin" / "checkov"), "-d", str(folder), "--framework", "cloudformation"]
    command += ["-o", "json", "--skip-download", "--quiet", "--soft-fail"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    results = json.loads(run.stdout)["results"]
    if results.get("parsing_errors"):
        raise SystemExit(f"checkov cannot read {results['parsing_errors']}")
    found: dict[str, set[str]] = {}
    for check in results["failed_checks"]:
        place = f"{check['resource']} of {Path(check['file_path']).stem} ({check['check_name']})"
        found.setdefault(check["check_id"], set()).add(place)
    return found


def write_all(folder: Path) -> int:
    """Write both templates of every option; give how many."""
    written = 0
    for number, (option, text) in enumerate(OPTIONS.items()):
        designed = design.write(read(text, option))
        for name, template in (("images", designed.images), ("main", designed.main)):
            if template is not None:
                words = re.sub(r"[^a-z0-9]+", "-", option.lower())
                (folder / f"{number:02}-{words}.{name}.json").write_text(design.text(template), "utf-8")
                written += 1
    return written


def main() -> int:
    """Compare; 1 where a check fails without a reason, or a reason is left whose check does not fail."""
    install()
    reasons = set(re.findall(r"^\| (CKV2?_\w+) \| \S", (TOP / "docs/decisions.md").read_text("utf-8"), re.MULTILINE))
    with tempfile.TemporaryDirectory(prefix="natless-checkov-") as folder:
        templates = write_all(Path(folder))
        found = failed(Path(folder))
    for check in sorted(found.keys() - reasons):
        sys.stderr.write(f"{check} fails and has no reason in docs/decisions.md: {', '.join(sorted(found[check]))}\n")
    for check in sorted(reasons - found.keys()):
        sys.stderr.write(f"{check} has a reason in docs/decisions.md and does not fail: remove its line\n")
    if found.keys() != reasons:
        return 1
    sys.stdout.write(f"checkov {VERSION}: {len(found)} checks fail on {templates} templates, each with its reason\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
