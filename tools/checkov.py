"""Run checkov on hello's templates and hold what fails against the reasons in docs/decisions.md, both ways.

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

from natless import design
from natless.spec.read import read

TOP = Path(__file__).resolve().parent.parent
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


def failed(template: Path) -> dict[str, list[str]]:
    """Give the failed checks of a template: the resources of each check's id."""
    # --skip-download: nothing is asked of checkov's platform.
    command = [
        str(HOME / "bin" / "checkov"),
        "-f",
        str(template),
        "-o",
        "json",
        "--skip-download",
        "--quiet",
        "--soft-fail",
    ]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    report = json.loads(run.stdout)
    if report["results"].get("parsing_errors"):
        raise SystemExit(f"checkov cannot read {template.name}: {report['results']['parsing_errors']}")
    found: dict[str, list[str]] = {}
    for check in report["results"]["failed_checks"]:
        found.setdefault(check["check_id"], []).append(f"{check['resource']} ({check['check_name']})")
    return found


def main() -> int:
    """Compare; 1 where a check fails without a reason, or a reason is left whose check does not fail."""
    install()
    reasons = set(re.findall(r"^\| (CKV2?_\w+) \| \S", (TOP / "docs/decisions.md").read_text("utf-8"), re.MULTILINE))
    spec = TOP / "examples" / "hello" / "natless.toml"
    designed = design.write(read(spec.read_text("utf-8"), str(spec)))
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="natless-checkov-") as folder:
        for name, template in (("images", designed.images), ("main", designed.main)):
            if template is None:
                continue
            path = Path(folder) / f"hello.{name}.json"
            path.write_text(design.text(template), "utf-8")
            for check, resources in failed(path).items():
                found.setdefault(check, []).extend(resources)
    for check in sorted(found.keys() - reasons):
        sys.stderr.write(f"{check} fails and has no reason in docs/decisions.md: {', '.join(found[check])}\n")
    for check in sorted(reasons - found.keys()):
        sys.stderr.write(f"{check} has a reason in docs/decisions.md and does not fail: remove its line\n")
    if found.keys() != reasons:
        return 1
    sys.stdout.write(f"checkov {VERSION}: {len(found)} checks fail, each with its reason in docs/decisions.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
