"""What becomes reachable or blocked: proof of what stands, of the template that stands, and of the next one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, assert_never

import msgspec

from natless.design.names import ServiceIds
from natless.finding import Blocked, Reachable, Unknown, Verdict
from natless.spec.model import Spec

Word: TypeAlias = Literal["reachable", "blocked", "unknown", "absent"]


class Turn(msgspec.Struct, frozen=True):
    """A need of a service whose verdict is another than it would be. `kept`: `after` is what was promised.

    `drift`: the templates agree on it, so what stands was changed past its stack, and a deploy does not mend it.
    """

    service: str
    need: str
    before: Word
    after: Word
    reason: str
    kept: bool
    drift: bool


_Verdicts: TypeAlias = Mapping[tuple[str, str], Verdict]


def turns(
    spec: Spec, stands: Iterable[Verdict], template: Iterable[Verdict], following: Iterable[Verdict]
) -> tuple[Turn, ...]:
    """Compare three proofs, need by need; what stays as it is is left out.

    Args:
        spec: the services, by which tasks are told apart: a template names them otherwise than an account.
        stands: what was proved of the account.
        template: what was proved of the stack's template as it stands.
        following: what was proved of the template that would be deployed.
    """
    before, told, after = (_by_need(spec, each) for each in (stands, template, following))
    found = []
    for key in dict.fromkeys((*before, *after)):
        was, will = _word(before.get(key)), _word(after.get(key))
        drift = key in before and bool(told) and _word(told.get(key)) == will
        if was == will:
            continue
        verdict = before[key] if drift or key not in after else after[key]
        found.append(Turn(*key, was, will, verdict.reason, kept=key not in after or after[key].kept, drift=drift))
    return tuple(found)


def _by_need(spec: Spec, verdicts: Iterable[Verdict]) -> _Verdicts:
    """Give verdicts by service and need; of several revisions of one task the one that does not hold."""
    found: dict[tuple[str, str], Verdict] = {}
    for verdict in verdicts:
        key = (_service(spec, verdict.task), verdict.need)
        if key not in found or not verdict.kept:
            found[key] = verdict
    return found


def _service(spec: Spec, task: str) -> str:
    """Give the service whose task this is: `WebTaskDefinition` in a template, `hello-web:3` in an account."""
    family = task.partition(":")[0]
    for service in spec.services:
        if family in {ServiceIds(service).task_definition, f"{spec.name}-{service.name}"}:
            return service.name
    return family.removesuffix("TaskDefinition").removeprefix(f"{spec.name}-").lower()


def _word(verdict: Verdict | None) -> Word:
    match verdict.outcome if verdict is not None else None:
        case None:
            return "absent"
        case Reachable():
            return "reachable"
        case Blocked():
            return "blocked"
        case Unknown():
            return "unknown"
        case never:
            assert_never(never)
