"""Proof and packets agree on every template that a test reads, verdict and gate.

The proof reads the template; the packets' fabric is built from the describe calls of the account in which the lab's
engine made a stack of its network. Templates whose networks are alike are asked once, and judged one by one. What has
no packets to ask has its reason in reasons.toml.

This runs after all other tests (tests/conftest.py): what they had the loader read is asked as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.readings import everybodys

sys.path.insert(0, str(Path(__file__).parent))

import judging
import templates
from bare import bare
from templates import Case

from natless import load
from natless.finding import Blocked, Outcome, Unknown
from natless.prove import Proof, prove

pytestmark = pytest.mark.lab
HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
PAGES = SOURCE / "natless" / "finding" / "pages"
REASONS = tomllib.loads((HERE / "reasons.toml").read_text(encoding="utf-8"))
SIDES, BATCH = 2, 30
"""Processes that make stacks at a time, and how many each makes in an account of its own: describing grows with it."""


class Job(msgspec.Struct):
    """One network, the templates that have it, and what the proof knows of each of them."""

    network: dict[str, Any]
    questions: list[dict[str, Any]]
    parameters: Mapping[str, str]
    proofs: list[tuple[Case, Proof]] = msgspec.field(default_factory=list)

    def asked(self) -> dict[str, Any]:
        """Give it as the packets' side takes it."""
        needs = {verdict.need for _, proof in self.proofs for verdict in proof.verdicts}
        return {
            "template": self.network,
            "questions": self.questions,
            "parameters": dict(self.parameters),
            "needs": sorted(needs),
        }


class Told(msgspec.Struct):
    """What is said of all of them together: figures, reasons that were met, disagreements."""

    figures: judging.Figures = msgspec.field(default_factory=judging.Figures)
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: list[str] = msgspec.field(default_factory=list)


def proof_of(case: Case) -> Proof:
    return prove(load.cloudformation(case.text, case.name, case.parameters, templates.REGION, templates.ACCOUNT))


def jobs_of(cases: list[Case], told: Told) -> dict[str, Job]:
    """Give what is to be asked, templates whose networks are alike together."""
    found: dict[str, Job] = {}
    for case in cases:
        template = json.loads(case.text)
        try:
            proof = proof_of(case)
        except load.LoadError:
            told.reasons["of its region alone"] += 1
            continue
        why = nothing_to_ask(case, proof, template)
        if why:
            told.reasons[why] += 1
            continue
        network, questions = bare(template)
        parameters = {key: value for key, value in case.parameters.items() if key in network.get("Parameters", {})}
        key = json.dumps([network, questions, parameters], sort_keys=True)
        found.setdefault(key, Job(network, questions, parameters)).proofs.append((case, proof))
    return found


def nothing_to_ask(case: Case, proof: Proof, template: Mapping[str, Any]) -> str:
    """Say by which reason nothing of a template can be asked, or ""."""
    if case.file in REASONS["files"]:
        return case.file
    kinds = {each.get("Type") for each in template["Resources"].values() if isinstance(each, dict)}
    if not proof.verdicts:
        return "no task"
    if "AWS::ECS::Service" not in kinds:
        return "no service"
    if not {"AWS::EC2::VPC", "AWS::EC2::Subnet"} <= kinds:
        return "network elsewhere"
    return ""


def packets_of(jobs: dict[str, Job]) -> dict[str, Any]:
    """Ask all networks; give what was seen by the jobs' keys."""
    names = list(jobs)
    batches = [names[first : first + BATCH] for first in range(0, len(names), BATCH)]
    found: dict[str, Any] = {"packets": {}, "refused": {}, "unmodelled": []}
    with ThreadPoolExecutor(SIDES) as pool:
        for seen in pool.map(lambda batch: asked({name: jobs[name].asked() for name in batch}), batches):
            found["packets"] |= seen["packets"]
            found["refused"] |= seen["refused"]
            found["unmodelled"] += seen["unmodelled"]
    return found


def asked(batch: dict[str, Any]) -> dict[str, Any]:
    places = os.pathsep.join([str(SOURCE), sysconfig.get_path("purelib")])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "stacks.py")]
    done = subprocess.run(
        command, input=json.dumps(batch), capture_output=True, text=True, check=False, timeout=840, env=environment
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


# --- judging ---


def tried(answer: str) -> dict[str, Any]:
    """Give one knock as the judge takes it: `silent KIND ELEMENT` names the gate that dropped it."""
    if not answer.startswith("silent"):
        return {"open": True}
    return {"open": False, "gates": [answer.removeprefix("silent").strip()]}


def judge(case: Case, proof: Proof, seen: list[dict[str, Any]], told: Told) -> None:
    for verdict in proof.verdicts:
        what = f"{case.name}: {verdict.task}: {verdict.need}"
        ways = [
            [tried(answer) for answer in way]
            for each in seen
            if each["task"] == verdict.task
            for way in each["ways"].get(verdict.need, [])
        ]
        why = not_by_packets(verdict.need, verdict.outcome, ways, case)
        if why:
            told.reasons[why] += 1
            continue
        wrong = list(judging.planned(verdict.need, verdict.outcome, ways, told.figures))
        rule = verdict.outcome.rule if isinstance(verdict.outcome, Blocked) else ""
        test = f"{case.name.partition(' ')[0].partition('[')[0]} {verdict.need}"
        known = [name for table, name in (("rules", rule), ("tests", test)) if name in REASONS[table]]
        if wrong and known:
            told.reasons.update(known)
            continue
        told.figures.needs += 1
        told.wrong += [f"{what}: {each}" for each in wrong]


def not_by_packets(need: str, outcome: Outcome, ways: judging.Ways, case: Case) -> str:
    """Say by which reason one verdict cannot be held against packets, or ""."""
    if isinstance(outcome, Blocked) and outcome.gate.kind in REASONS["gates"]:
        return outcome.gate.kind
    if need in REASONS["unasked"]:
        return need
    if isinstance(outcome, Unknown) and not case.made:
        return "unread"
    return "" if ways else "nobody asks"


# --- what holds ---


def test_every_template_is_judged_as_its_packets_are(request: pytest.FixtureRequest) -> None:
    readings = everybodys(len(request.session.items))
    start, told = time.monotonic(), Told()
    cases = [*templates.gathered(PAGES), *templates.seen_read(readings)]
    jobs = jobs_of(cases, told)
    seen = packets_of(jobs)
    asked = 0
    for key, job in jobs.items():
        for case, proof in job.proofs:
            if key in seen["refused"]:
                told.wrong += refused(case, seen["refused"][key], told)
            else:
                asked += 1
                judge(case, proof, seen["packets"][key], told)
    say(f"{asked} of {len(cases)} templates in {len(seen['packets'])} networks: {told.figures.lines()[0]}")
    say(f"{told.figures.lines()[1]}\nnot by packets: {dict(told.reasons)}")
    say(f"{len(seen['unmodelled'])} routes to what the lab does not model; {time.monotonic() - start:.0f} s")
    assert told.wrong == [], "\n".join(told.wrong)
    assert stale(told, {case.file for case in cases}) == []


def refused(case: Case, failures: list[str], told: Told) -> Iterator[str]:
    """Give a refusal that has no reason: what AWS refuses to make has no packets."""
    for name, reason in REASONS["refused"].items():
        if any(reason["says"] in each for each in failures):
            told.reasons[name] += 1
            return
    yield f"{case.name}: no stack could be made: {failures}"


def stale(told: Told, files: set[str]) -> list[str]:
    """Give the reasons that nothing met, though what they are about was read."""
    due = [
        name
        for name, reason in REASONS["refused"].items()
        if not reason.get("sometimes") and reason.get("of", "") in {"", *files}
    ]
    found = [name for name in due if not told.reasons[name]]
    found += [name for name in REASONS["files"] if name in files and not told.reasons[name]]
    found += [name for name in REASONS["rules"] if not told.reasons[name]]
    found += [name for name in REASONS["tests"] if name.partition("::")[0] in files and not told.reasons[name]]
    return found


def say(text: str) -> None:
    sys.__stderr__.write(f"\n{text}\n")  # type: ignore[union-attr] # the figures are printed, whatever pytest captures
