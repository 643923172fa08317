"""The text of `natless check`: each need with its way, then each finding with its place and its fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import assert_never

import msgspec

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
    *,
    called: Mapping[str, str] | None = None,
) -> str:
    """Give the whole answer as text. `paint` colours words, or leaves them as they are.

    `called` gives what people call a thing by its id: on a way it stands for the id, in a sentence behind it.
    """
    names = _Names(called or {})
    lines: list[str] = []
    for task in dict.fromkeys(verdict.task for verdict in verdicts):
        lines.append(paint.strong(task))
        lines += [line for verdict in verdicts if verdict.task == task for line in _verdict(verdict, paint, names)]
        lines.append("")
    for finding in findings:
        lines += [*finding_lines(_with_names(finding, names), paint), ""]
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


class _Names:
    """What people call the things of an account; a template's logical ids are names already."""

    def __init__(self, called: Mapping[str, str]) -> None:
        self._called = called
        self._known = re.compile("|".join(sorted(map(re.escape, called), reverse=True))) if called else None

    def short(self, element: str) -> str:
        """Give the name of an element, else its id; of an ARN what comes after its type."""
        found = self._called.get(element)
        if found is not None:
            return found
        return element.split(":", 5)[-1].partition("/")[2] or element if element.startswith("arn:") else element

    def explained(self, text: str) -> str:
        """Give text with the name behind each id that has one."""
        if self._known is None:
            return text
        return self._known.sub(lambda match: f"{match[0]} ({self._called[match[0]]})", text)


def _with_names(finding: Finding, names: _Names) -> Finding:
    """Give a finding for reading; its fix stays as it is to be typed."""
    explained = names.explained
    return msgspec.structs.replace(
        finding, message=explained(finding.message), subject=explained(finding.subject).replace(" (", ", ").rstrip(")")
    )


def _verdict(verdict: Verdict, paint: Paint, names: _Names) -> Iterator[str]:
    match verdict.outcome:
        case Reachable(path=path, degraded=degraded):
            mark = paint.good("reachable") if verdict.kept else paint.bad("reachable")
            yield f"  {mark}  {verdict.need:<15} {_way(path.forward, names) or verdict.reason}"
            if degraded:
                yield f"  {'':9}  {'':<15} {paint.doubtful('degraded')}: {names.explained(degraded)}"
        case Blocked():
            mark = paint.good("blocked  ") if verdict.kept else paint.bad("blocked  ")
            yield f"  {mark}  {verdict.need:<15} {names.explained(verdict.reason)}"
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


def _way(hops: tuple[Hop, ...], known: _Names) -> str:
    """Give the elements of a path in order, each once where one follows itself."""
    names: list[str] = []
    for hop in hops:
        name = known.short(hop.element)
        if not names or names[-1] != name:
            names.append(name)
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
