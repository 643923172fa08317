"""Each option alone, and random combinations: python tests/updates/options.py --alone --combinations 300 --seed 1.

Each template is asked of cfn-lint and of AWS's own validator, and proved: every need reachable, nothing unread but what
a permissions boundary hides. What is not so is printed, and the figures at the end; exit code 1 where anything is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cloudformation_validate import CompositeEngine, Severity, TemplateContent
from combining import combination
from tests.options import OPTIONS

from natless import design, load
from natless.finding import Blocked, Unknown
from natless.finding import Severity as FindingSeverity
from natless.prove import Promises, prove
from natless.spec.model import Spec
from natless.spec.read import read

BY_NO_ROLE = {"image-source", "s3-layers", "internet->alb", "alb->task", "task->internet"}
"""Needs for which no role is asked, so that no boundary hides them."""


def wrong(engine: CompositeEngine, spec: Spec) -> Iterator[str]:
    """Give what a validator or the proof has against the design of a spec."""
    designed = design.write(spec)
    for template in (designed.images, designed.main):
        if template is not None:
            yield from _complaints(engine, design.text(template))
    values = {each.name: each.value for each in designed.parameters}
    cloud = load.cloudformation(design.text(designed.main), "mix", values, spec.region, None)
    proof = prove(cloud, Promises(private=not spec.network.nat))
    expected = set() if spec.network.nat else {"task->internet"}
    for verdict in proof.verdicts:
        hidden = spec.permissions_boundary is not None and verdict.need not in BY_NO_ROLE
        if isinstance(verdict.outcome, Blocked) != (verdict.need in expected):
            yield f"{verdict.task} {verdict.need}: {verdict.reason}"
        elif isinstance(verdict.outcome, Unknown) and not hidden:
            yield f"{verdict.task} {verdict.need} is unknown: {verdict.reason}"
    for found in proof.findings:
        # A single group lets visitors in before the tasks as well, and says so.
        if found.severity is FindingSeverity.ERROR or (
            found.severity is FindingSeverity.WARNING and found.rule != "NL310"
        ):
            yield f"{found.rule}: {found.message}"
    if spec.permissions_boundary is None:
        yield from (f"not read: {gap.what}: {gap.why}" for gap in proof.gaps)


def _complaints(engine: CompositeEngine, text: str) -> Iterator[str]:
    for match in lint(text, config=ManualArgs(regions=["us-east-1"])):
        if match.rule.id[0] in "EW":
            yield str(match)
    for one in engine.validate_template(TemplateContent(text, "template")).diagnostics:
        if one.severity is not Severity.INFO:
            yield f"{one.rule_id}: {one.message}"


def main() -> int:
    """Ask all of them, print what is wrong, and the figures."""
    parser = argparse.ArgumentParser(prog="python tests/updates/options.py", description=__doc__)
    parser.add_argument("--alone", action="store_true", help="each option alone")
    parser.add_argument("--combinations", type=int, default=0, help="how many random combinations [0]")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one [0]")
    given = parser.parse_args()
    engine, start, bad, asked = CompositeEngine(), time.monotonic(), 0, []
    if given.alone:
        asked += [(name, text, read(text, "natless.toml")) for name, text in OPTIONS.items()]
    numbers = range(given.seed, given.seed + given.combinations)
    asked += [(f"combination {number}", *combination(number)) for number in numbers]
    for name, text, spec in asked:
        said = list(wrong(engine, spec))
        bad += bool(said)
        for line in [name, *(f"    {each}" for each in text.splitlines()), *said] if said else []:
            print(line, flush=True)  # noqa: T201 - a command's answer
    alone = len(OPTIONS) if given.alone else 0
    seconds = time.monotonic() - start
    print(f"{alone} options alone, {given.combinations} combinations: {bad} with a fault, {seconds:.0f} s")  # noqa: T201 - as above
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
