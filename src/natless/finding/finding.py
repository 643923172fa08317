"""A finding: one problem, its place, what the person will see, and how to mend it."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from natless.finding.origin import Origin
from natless.finding.verdict import Unknown, Verdict


class Severity(enum.StrEnum):
    """How bad it is. Kept apart from the rule's code, which never says it."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Fix(msgspec.Struct, frozen=True):
    """The change that mends a finding, written in the dialect of the finding's origin."""

    dialect: Literal["toml", "cloudformation", "terraform", "cli"]
    text: str


class Finding(msgspec.Struct, frozen=True):
    """One problem. `rule` is the code (NLnnn), `name` the rule's name (`route-missing`).

    `subject` is the element to change; `symptom` is the text ECS, CloudFormation or a browser shows
    when the problem is met in an account.
    """

    rule: str
    name: str
    severity: Severity
    subject: str
    origin: Origin
    message: str
    symptom: str = ""
    fix: Fix | None = None


def worst_exit_code(verdicts: tuple[Verdict, ...], findings: tuple[Finding, ...]) -> int:
    """Give the exit code of a proof: 1 for a broken promise or an error finding, 3 where unknown remains, else 0.

    A gap on which no verdict leans does not count: it is listed, and changes no verdict. Nor does an unknown of which
    nothing was promised (`kept`): whether a task reaches the internet, where isolation is no promise. Where there was
    nothing to prove, nothing is proved: that is unknown.
    """
    unknown = not verdicts or any(isinstance(verdict.outcome, Unknown) and not verdict.kept for verdict in verdicts)
    broken = any(not verdict.kept and not isinstance(verdict.outcome, Unknown) for verdict in verdicts)
    if broken or any(finding.severity is Severity.ERROR for finding in findings):
        return 1
    return 3 if unknown else 0
