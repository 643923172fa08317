"""`natless check` on hello, against cfn-lint on its template, and against a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import in_turn, table

ROOT = Path(__file__).resolve().parent.parent


def run(runs: int = 15) -> None:
    """Measure and print. The goals: 10 times faster than cfn-lint, under 7 times a bare Python."""
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch) / "hello.json"
        written = subprocess.run(
            [tools / "natless", "template", ROOT / "examples" / "hello"], capture_output=True, check=True
        )
        template.write_bytes(written.stdout)
        times = in_turn(
            {
                "python -c pass": [sys.executable, "-c", "pass"],
                "natless check examples/hello": [str(tools / "natless"), "check", str(ROOT / "examples" / "hello")],
                "cfn-lint on hello's template": [str(tools / "cfn-lint"), str(template)],
            },
            runs,
        )
    print("\n## check, whole process")
    table(times, "python -c pass")
