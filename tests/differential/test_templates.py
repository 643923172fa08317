"""Proof and packets agree on templates: those of the tests, what each rule's page makes of them, and mutations.

The proof reads the template; the packets' fabric is built from the describe calls of the account in which the lab's
engine made a stack of it. What AWS refuses to make has no packets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import judging
import templates

from natless import load
from natless.finding import Blocked, Outcome, Unknown
from natless.prove import prove

pytestmark = pytest.mark.lab
HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
PAGES = SOURCE / "natless" / "finding" / "pages"
CORPUS = templates.corpus(PAGES)
ACCOUNT = "123456789012"


NOT_PACKETS: dict[tuple[str, str], str] = {
    ("NL201", "logs"): "the page asks for Logs in another region; the packets ask for it in their own",
    ("NL405", "s3-layers"): "packets pass an S3 interface endpoint; it is ECR that does not use it",
}
"""What no packet can tell, by page and need, and why."""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    places = os.pathsep.join([str(SOURCE), sysconfig.get_path("purelib")])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "stacks.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=840, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verdicts(name: str) -> dict[str, Outcome]:
    template = CORPUS[name]
    text = json.dumps(template, indent=1)
    cloud = load.cloudformation(text, name, templates.given(template), templates.REGION, ACCOUNT)
    return {verdict.need: verdict.outcome for verdict in prove(cloud).verdicts}


def tried(answer: str) -> dict[str, Any]:
    """Give one knock as the judge takes it: `silent KIND ELEMENT` names the gate that dropped it."""
    if not answer.startswith("silent"):
        return {"open": True}
    return {"open": False, "gates": [answer.removeprefix("silent").strip()]}


def disagreements(name: str, asked: Mapping[str, Any], figures: judging.Figures) -> Iterator[str]:
    for need, outcome in verdicts(name).items():
        if need not in asked or _by_request(outcome) or (name, need) in NOT_PACKETS:
            continue
        figures.needs += 1
        ways = [[tried(answer) for answer in way] for way in asked[need]["ways"]]
        for each in judging.planned(outcome, ways, figures):
            yield f"{name}: {need}: {each}"


def _by_request(outcome: Outcome) -> bool:
    """Say whether it is a request that is refused, or an image that lies elsewhere: packets pass."""
    return isinstance(outcome, Blocked) and outcome.gate.kind in {"identity", "endpoint-policy", "image-source"}


def test_every_template_is_judged_as_its_packets_are(seen: dict[str, Any]) -> None:
    figures = judging.Figures()
    found = [line for name, asked in seen["packets"].items() for line in disagreements(name, asked, figures)]
    sys.__stderr__.write(f"\n{len(seen['packets'])} templates: {figures.lines()[0]}\n")  # type: ignore[union-attr] # printed, whatever pytest captures
    assert found == [], "\n".join(found)
    assert {"base", "hello"} <= set(seen["packets"])
    # Most of them are made: what AWS refuses is a part of the pages and of the mutations.
    assert len(seen["packets"]) > len(CORPUS) / 2, Counter(str(each) for each in seen["refused"].values())
    assert not any(isinstance(each, Unknown) for each in verdicts("base").values())
