"""Networks that others published, retold: right on each need, by an expectation worked out by hand.

`NAME.toml` says where NAME.yaml comes from, and the reason for each verdict. Nothing of the published text is here.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from natless.finding import Blocked, Reachable
from natless.load import cloudformation
from natless.prove import Promises, Proof, prove

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.toml"))


def proof_of(case: dict[str, Any], path: Path) -> Proof:
    text = path.with_suffix(".yaml").read_text(encoding="utf-8")
    cloud = cloudformation(text, path.stem, case.get("parameters", {}), case["region"], case["account"])
    return prove(cloud, Promises(private=False))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_need_is_judged_as_by_hand(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    found: dict[str, dict[str, object]] = {}
    for verdict in proof_of(case, path).verdicts:
        assert verdict.task == case["task"]
        outcome = verdict.outcome
        said: dict[str, object] = {"verdict": type(outcome).__name__.lower()}
        if isinstance(outcome, Blocked):
            said |= {"rule": outcome.rule, "gate": outcome.gate.element}
        if isinstance(outcome, Reachable) and outcome.degraded:
            said["degraded"] = True
        found[verdict.need] = said
    expected = {
        need: {key: value for key, value in row.items() if key != "why"} for need, row in case["verdicts"].items()
    }
    assert found == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_its_mistakes_are_found(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    said = {(finding.rule, finding.subject) for finding in proof_of(case, path).findings}
    assert {(row["rule"], row["subject"]) for row in case["findings"]} <= said


def test_there_are_two() -> None:
    assert [path.stem for path in CASES] == ["isolated", "narrow"]
