"""The JSON of `natless check --json`. Others read it: docs/check-json.md is its contract, keep both in step."""

from __future__ import annotations

from typing import Any, Literal, assert_never

import msgspec

from natless.finding import Blocked, Finding, Gap, Reachable, Unknown, Verdict

Word = Literal["reachable", "blocked", "unknown"]


def word(verdict: Verdict) -> Word:
    """Give the one word of a verdict."""
    match verdict.outcome:
        case Reachable():
            return "reachable"
        case Blocked():
            return "blocked"
        case Unknown():
            return "unknown"
        case never:
            assert_never(never)


def overall(verdicts: tuple[Verdict, ...]) -> Word:
    """Give the worst over what was promised: blocked before unknown before reachable.

    A kept promise of isolation is *blocked* as an outcome and good news as a promise: it counts as reachable. A broken
    one counts as blocked: something that was promised does not hold. No verdict at all is unknown, never fine.
    """
    if not verdicts:
        return "unknown"
    if any(not verdict.kept and not isinstance(verdict.outcome, Unknown) for verdict in verdicts):
        return "blocked"
    if any(isinstance(verdict.outcome, Unknown) and not verdict.kept for verdict in verdicts):
        return "unknown"
    return "reachable"


def check_json(source: str, verdicts: tuple[Verdict, ...], findings: tuple[Finding, ...], gaps: tuple[Gap, ...]) -> str:
    """Give the whole answer as indented JSON, in the order in which it was proved."""
    answer = {
        "source": source,
        "verdict": overall(verdicts),
        "verdicts": [_verdict(verdict) for verdict in verdicts],
        "findings": [_finding(finding) for finding in findings],
        "gaps": [
            {"what": gap.what, "file": gap.origin.source, "line": gap.origin.line, "why": gap.why} for gap in gaps
        ],
    }
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


def _verdict(verdict: Verdict) -> dict[str, Any]:
    blocked = verdict.outcome if isinstance(verdict.outcome, Blocked) else None
    return {
        "task": verdict.task,
        "need": verdict.need,
        "verdict": word(verdict),
        "gate": blocked.gate.element if blocked else None,
        "rule": blocked.rule if blocked else None,
        "reason": verdict.reason,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": str(finding.severity),
        "subject": finding.subject,
        "file": finding.origin.source,
        "line": finding.origin.line,
        "message": finding.message,
        "symptom": finding.symptom,
        "fix": finding.fix.text if finding.fix else None,
    }
