"""The text of `natless check`: each need with its way, then each finding with its place and its fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from natless.finding import Blocked, Finding, Gap, Hop, Reachable, Unknown, Verdict
from natless.report.check_json import overall
from natless.report.paint import Paint

_INDENT = "    "


def check_text(
    source: str,
    verdicts: tuple[Verdict, ...],
    findings: tuple[Finding, ...],
    gaps: tuple[Gap, ...],
    paint: Paint,
) -> str:
    """Give the whole answer as text. `paint` colours words, or leaves them as they are."""
    lines: list[str] = []
    for task in dict.fromkeys(verdict.task for verdict in verdicts):
        lines.append(paint.strong(task))
        lines += [line for verdict in verdicts if verdict.task == task for line in _verdict(verdict, paint)]
        lines.append("")
    for finding in findings:
        lines += [*finding_lines(finding, paint), ""]
    if gaps:
        lines.append(paint.strong("could not be read"))
        lines += [f"  {gap.origin}: {gap.what}: {gap.why}" for gap in gaps]
        lines.append("")
    lines.append(_summary(source, verdicts, findings, paint))
    return "\n".join(lines)


def finding_lines(finding: Finding, paint: Paint) -> list[str]:
    """Give one finding: place, rule and message; what will be seen; what to write instead."""
    lines = [
        f"{finding.origin}: {paint.severity(finding.severity)} {finding.rule} {finding.name}"
        + (f" ({finding.subject})" if finding.subject else ""),
        f"{_INDENT}{finding.message}",
    ]
    if finding.symptom:
        lines.append(f"{_INDENT}you will see: {finding.symptom}")
    if finding.fix:
        first, *rest = finding.fix.text.splitlines() or [""]
        lines += [f"{_INDENT}to mend it: {first}", *(f"{_INDENT}            {line}" for line in rest)]
    return lines


def _verdict(verdict: Verdict, paint: Paint) -> Iterator[str]:
    match verdict.outcome:
        case Reachable(path=path, degraded=degraded):
            mark = paint.good("reachable") if verdict.kept else paint.bad("reachable")
            yield f"  {mark}  {verdict.need:<15} {_way(path.forward) or verdict.reason}"
            if degraded:
                yield f"  {'':9}  {'':<15} {paint.doubtful('degraded')}: {degraded}"
        case Blocked():
            mark = paint.good("blocked  ") if verdict.kept else paint.bad("blocked  ")
            yield f"  {mark}  {verdict.need:<15} {verdict.reason}"
        case Unknown(gaps=gaps):
            need = verdict.need
            said = paint.doubtful("unknown  ")
            # The reason is its gaps, one after the other: here each has a line, with its place.
            for gap in gaps:
                yield f"  {said}  {need:<15} {gap.origin}: {gap.what}: {gap.why}"
                need, said = "", " " * 9
            if not gaps:
                yield f"  {said}  {need:<15} {verdict.reason}"
        case never:
            assert_never(never)


def _way(hops: tuple[Hop, ...]) -> str:
    """Give the elements of a path in order, each once where one follows itself."""
    names: list[str] = []
    for hop in hops:
        if not names or names[-1] != hop.element:
            names.append(hop.element)
    return " → ".join(names)


def _summary(source: str, verdicts: tuple[Verdict, ...], findings: tuple[Finding, ...], paint: Paint) -> str:
    outcome = overall(verdicts)
    kept = sum(verdict.kept for verdict in verdicts)
    counted = f"{kept} of {len(verdicts)} promises hold" if verdicts else "no task was found to prove anything of"
    if findings:
        counted += f", {len(findings)} finding{'s' if len(findings) > 1 else ''}"
    match outcome:
        case "reachable":
            said = paint.good(outcome)
        case "blocked":
            said = paint.bad(outcome)
        case "unknown":
            said = paint.doubtful(outcome)
        case never:
            assert_never(never)
    return f"{source}: {said}: {counted}"
