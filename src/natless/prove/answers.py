"""What one question about reaching yields: yes with its path, no with its gate, or maybe with its gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from natless.finding import Finding, Gap, Gate, Path
from natless.finding.rules import Rule
from natless.prove.truth import Maybe, distinct


class Mend(msgspec.Struct, frozen=True):
    """The change that mends: `resources` to merge into a template's Resources, and the same as AWS CLI commands.

    `words` says it where no fragment can.
    """

    resources: Mapping[str, Any] = {}
    commands: tuple[str, ...] = ()
    words: str = ""


class Yes(msgspec.Struct, frozen=True):
    """It is reached by `path`. `remarks` are findings that do not block; `degraded` names what is not reachable.

    `others` are the paths from the other places where the task may stand.
    """

    path: Path = Path()
    remarks: tuple[Finding, ...] = ()
    degraded: str = ""
    private: bool = True
    others: tuple[Path, ...] = ()


class No(msgspec.Struct, frozen=True):
    """It is not reached: `gate` says no, by `rule`; `public` says whether the name leads to a public address.

    `behind` are those that would say no next, whatever mends this one.
    """

    path: Path
    gate: Gate
    rule: Rule
    reason: str
    mend: Mend = Mend()
    public: bool = False
    behind: tuple[No, ...] = ()


Answer: TypeAlias = Yes | No | Maybe


def sequence(*answers: Answer) -> Answer:
    """Give the conjunction in the order in which a request meets the parts: the first No is the one to mend."""
    gaps: list[Gap] = []
    forward: list[Any] = []
    back: list[Any] = []
    remarks: list[Finding] = []
    degraded: list[str] = []
    private = True
    others: list[Path] = []
    for answer in answers:
        match answer:
            case No():
                path = Path((*forward, *answer.path.forward), (*back, *answer.path.back))
                return msgspec.structs.replace(answer, path=path)
            case Maybe():
                gaps.extend(answer.gaps)
            case Yes():
                forward.extend(answer.path.forward)
                back.extend(answer.path.back)
                remarks.extend(answer.remarks)
                degraded.extend(filter(None, (answer.degraded,)))
                private = private and answer.private
                others.extend(answer.others)
    if gaps:
        return Maybe(distinct(gaps))
    return Yes(Path(tuple(forward), tuple(back)), tuple(remarks), "; ".join(degraded), private, tuple(others))


def independent(*answers: Answer) -> Answer:
    """Give the same as `sequence` of parts of which none leans on another: a No then tells those behind it, too."""
    answer = sequence(*answers)
    if not isinstance(answer, No):
        return answer
    refusing = [each for each in answers if isinstance(each, No)]
    return msgspec.structs.replace(answer, behind=(*answer.behind, *refusing[1:]))


def either(left: Answer, right: Answer, gaps: tuple[Gap, ...]) -> Answer:
    """Give what holds whichever of two ways the world is; open, because of `gaps`, where the ways disagree."""
    if isinstance(left, Yes) and isinstance(right, Yes):
        return left
    if isinstance(left, No) and isinstance(right, No):
        return left
    return Maybe(distinct((*gaps, *_gaps(left), *_gaps(right))))


def _gaps(answer: Answer) -> tuple[Gap, ...]:
    return answer.gaps if isinstance(answer, Maybe) else ()
