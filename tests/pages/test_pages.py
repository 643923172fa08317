"""Each rule has its page, and each page proves itself: its bad fragment gives the finding, its good one mends it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fragments import PAGES, base, cloud, fragments, merged

from natless.finding import Blocked, Severity
from natless.finding.rules import RULES, Rule
from natless.prove import Promises, Proof, prove

ASKED = ["NL809", "NL810", "NL811", "NL812", "NL813", "NL814", "NL817", "NL408"]
"""What only an account can tell: test_preflight_pages.py, test_lived_pages.py."""

PROVED = [rule for rule in RULES if rule.code[2] in "12345678" and rule.code not in ASKED]


def text_of(rule: Rule) -> str:
    return (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")


def errors(proof: Proof) -> list[str]:
    return [
        f"{found.rule} {found.subject}: {found.message}" for found in proof.findings if found.severity is Severity.ERROR
    ]


def test_the_base_template_is_whole() -> None:
    proof = prove(cloud(base()), Promises(private=True))
    assert proof.findings == ()
    assert all(verdict.kept for verdict in proof.verdicts)
    assert {verdict.need for verdict in proof.verdicts} == {
        "image-source",
        "ecr.api",
        "ecr.dkr",
        "s3-layers",
        "logs",
        "internet->alb",
        "alb->task",
        "task->internet",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_every_rule_has_a_page_of_its_name(rule: Rule) -> None:
    assert text_of(rule).startswith(f"# {rule.code} {rule.name}\n")


def test_every_page_has_its_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {rule.code for rule in RULES}


def test_the_template_on_instances_is_whole() -> None:
    proof = prove(cloud(base("ec2")), Promises(private=True))
    assert proof.findings == ()
    assert {verdict.need for verdict in proof.verdicts if verdict.kept} == {
        "image-source",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
        "ecr.api",
        "ecr.dkr",
        "s3-layers",
        "logs",
        "internet->alb",
        "alb->task",
        "task->internet",
    }
    assert all(verdict.kept for verdict in proof.verdicts)


@pytest.mark.parametrize("rule", PROVED, ids=lambda rule: str(rule.code))
def test_the_bad_fragment_gives_the_finding(rule: Rule) -> None:
    bad = fragments(text_of(rule))["bad"]
    whole = merged(base(bad.on), bad.patch)
    proof = prove(cloud(whole, bad.unavailable, account=bad.account), Promises(private=bad.promised))
    found = [finding for finding in proof.findings if finding.rule == rule.code]
    assert bad.subject in {finding.subject for finding in found}
    assert all(finding.origin.line for finding in found)
    blocked = [
        verdict.outcome for verdict in proof.verdicts if isinstance(verdict.outcome, Blocked) and not verdict.kept
    ]
    if blocked:
        assert {outcome.rule for outcome in blocked} >= {rule.code} or rule.severity is not Severity.ERROR


@pytest.mark.parametrize("rule", PROVED, ids=lambda rule: str(rule.code))
def test_the_good_fragment_mends_the_bad_one(rule: Rule) -> None:
    page = fragments(text_of(rule))
    bad, good = page["bad"], page["good"]
    whole = merged(merged(base(bad.on), bad.patch), good.patch)
    proof = prove(cloud(whole, good.unavailable, account=bad.account), Promises(private=bad.promised))
    assert [finding for finding in proof.findings if finding.rule == rule.code] == []
    assert errors(proof) == []


def broken(proof: Proof) -> set[str]:
    return {verdict.need for verdict in proof.verdicts if not verdict.kept}


@pytest.mark.parametrize("rule", PROVED, ids=lambda rule: str(rule.code))
def test_the_fix_removes_its_finding_and_breaks_nothing(rule: Rule) -> None:
    """Where the fix is resources to merge, it is merged, and the proof made again."""
    bad = fragments(text_of(rule))["bad"]
    whole = merged(base(bad.on), bad.patch)
    promises = Promises(private=bad.promised)
    before = prove(cloud(whole, bad.unavailable, account=bad.account), promises)
    for finding in before.findings:
        if finding.rule != rule.code or finding.fix is None or not finding.fix.text.startswith("{"):
            continue
        assert finding.fix.dialect == "cloudformation"
        mended = merged(whole, with_waits(whole, json.loads(finding.fix.text)))
        after = prove(cloud(mended, bad.unavailable, account=bad.account), promises)
        assert finding.message not in {other.message for other in after.findings}
        assert broken(after) <= broken(before)


def with_waits(whole: dict[str, object], patch: dict[str, object]) -> dict[str, object]:
    """Add to DependsOn instead of replacing it: the fix says what else to wait for."""
    resources = whole["Resources"]
    changes = patch["Resources"]
    assert isinstance(resources, dict)
    assert isinstance(changes, dict)
    for name, change in changes.items():
        if "DependsOn" in change and name in resources:
            change["DependsOn"] = [*resources[name].get("DependsOn", []), *change["DependsOn"]]
    return patch
