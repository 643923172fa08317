"""The proof: every need of every task, with verdicts, findings and gaps."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from natless.cloud import Cloud, EcsService, TaskDefinition
from natless.finding import Blocked, Finding, Gap, Outcome, Reachable, Severity, Unknown, Verdict
from natless.finding.rules import TASK_REACHES_INTERNET
from natless.prove.answers import Answer, No, Yes
from natless.prove.balancers import balanced
from natless.prove.extras import extras
from natless.prove.fixes import fix
from natless.prove.internet import exposure, to_internet
from natless.prove.lived import contradicted
from natless.prove.neighbours import neighbours
from natless.prove.order import races
from natless.prove.places import Place, places
from natless.prove.symptoms import ENVIRONMENT_FILE, symptom
from natless.prove.tasks import starting, worst
from natless.prove.truth import Maybe, distinct
from natless.prove.world import World

TO_INTERNET = "task->internet"


class Promises(msgspec.Struct, frozen=True):
    """What was promised beside starting and being reached: `private`, that no task reaches the internet."""

    private: bool = False


class Proof(msgspec.Struct, frozen=True):
    """What proof says. `gaps` are all that could not be read, also those on which no verdict leans."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]


def prove(cloud: Cloud, promises: Promises = Promises()) -> Proof:  # noqa: B008 - frozen
    """Prove that every task that a service runs can start and be reached."""
    world = World(cloud)
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    for name, task, services in _tasks(world):
        if task is None:
            gap = world.outside(name, "task definition")
            verdicts.append(Verdict(name, "image-source", Unknown((gap,)), gap.why, kept=False))
            continue
        said, found = _task(world, task, services, promises)
        verdicts.extend(said)
        findings.extend(found)
    return Proof(tuple(verdicts), _ordered(findings), _gaps(cloud, verdicts))


def _tasks(world: World) -> list[tuple[str, TaskDefinition | None, list[EcsService]]]:
    """Give each task definition that a service runs, with those services."""
    run: dict[str, list[EcsService]] = {}
    for service in world.cloud.services.values():
        name = service.task_definition
        run.setdefault(name.what if isinstance(name, Gap) else name, []).append(service)
    return [(name, world.cloud.task_definitions.get(name), services) for name, services in run.items()]


def _task(
    world: World, task: TaskDefinition, services: list[EcsService], promises: Promises
) -> tuple[list[Verdict], list[Finding]]:
    answers: dict[str, list[Answer]] = {}
    findings: list[Finding] = []
    spots: list[Place] = []
    for service in services:
        here = places(world, task, service)
        spots.extend(here)
        found = [
            *starting(world, task, service),
            *balanced(world, task, service, here),
            *neighbours(world, service, here),
        ]
        for need, answer in found:
            answers.setdefault(need, []).append(answer)
        findings.extend(races(world, service, found))
        findings.extend(exposure(world, here))
    findings.extend(extras(world, task))
    said = {need: worst(parts) for need, parts in answers.items()}
    if world.cloud.failed_starts:
        said, found_out = contradicted(world.cloud, task, said)
        findings.extend(found_out)
    verdicts = [_verdict(task.id, need, answer) for need, answer in said.items()]
    findings.extend(_findings(world, task, said))
    verdict, more = _isolation(task, to_internet(world, tuple(spots)), promises)
    return [*verdicts, verdict], [*findings, *more]


def _verdict(task: str, need: str, answer: Answer) -> Verdict:
    return Verdict(task, need, outcome(answer), _reason(answer), kept=isinstance(answer, Yes))


def outcome(answer: Answer) -> Outcome:
    """Give an answer as the verdict says it."""
    match answer:
        case Yes():
            return Reachable(answer.path, answer.degraded)
        case No():
            return Blocked(answer.path, answer.gate, answer.rule.code, answer.reason)
        case Maybe(gaps):
            return Unknown(gaps)


def _reason(answer: Answer) -> str:
    match answer:
        case Yes():
            steps = (f"{hop.element} ({hop.detail})" if hop.detail else hop.element for hop in answer.path.forward)
            way = " > ".join(dict.fromkeys(steps))
            return f"{way}; degraded: {answer.degraded}" if answer.degraded else way
        case No():
            return answer.reason
        case Maybe(gaps):
            return "; ".join(dict.fromkeys(f"{gap.what}: {gap.why}" for gap in gaps))


def _findings(world: World, task: TaskDefinition, said: dict[str, Answer]) -> list[Finding]:
    """Give one finding a gate and cause, whatever number of needs it blocks, and the remarks of what is reached.

    What stands behind a gate comes after the gates: who mends one would meet it next.
    """
    met = [(need, need, answer) for need, answer in said.items() if isinstance(answer, No)]
    met += [(need, f"{need}, once it is reached", next_) for need, _, no in met for next_ in no.behind]
    grouped: dict[tuple[str, str, str], list[tuple[str, str, No]]] = {}
    for need, shown, no in met:
        grouped.setdefault((no.rule.code, no.gate.element, _cause(no)), []).append((need, shown, no))
    found = _joined([remark for answer in said.values() if isinstance(answer, Yes) for remark in answer.remarks])
    for group in grouped.values():
        need, _, no = group[0]
        message = f"{', '.join(dict.fromkeys(shown for _, shown, _ in group))}: {no.reason}"
        mend = fix(no.mend, no.gate.origin)
        shown = ENVIRONMENT_FILE if need == "s3" and _waits_for_files(task) else need
        found.append(no.rule.finding(no.gate.element, no.gate.origin, message, symptom(world.cloud, shown, no), mend))
    return found


def _waits_for_files(task: TaskDefinition) -> bool:
    containers = task.containers
    return not isinstance(containers, Gap) and any(each.environment_files for each in containers)


def _joined(remarks: list[Finding]) -> list[Finding]:
    """Give one remark for all that one change mends, whichever of a service's places and endpoints it was met at."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for remark in remarks:
        key = (remark.rule, remark.subject, remark.fix.text if remark.fix is not None else remark.message)
        alike.setdefault(key, []).append(remark)
    return [
        msgspec.structs.replace(same[0], message="; ".join(dict.fromkeys(one.message for one in same)))
        for same in alike.values()
    ]


def _cause(no: No) -> str:
    """Give what tells two causes at one element apart: what mends them."""
    return repr(no.mend)


def _isolation(task: TaskDefinition, answer: Answer, promises: Promises) -> tuple[Verdict, list[Finding]]:
    """Say whether the task reaches the internet; that is broken only where the opposite was promised."""
    match answer:
        case No():
            return Verdict(task.id, TO_INTERNET, outcome(answer), answer.reason, kept=True), []
        case Maybe():
            return Verdict(task.id, TO_INTERNET, outcome(answer), _reason(answer), kept=not promises.private), []
        case Yes():
            verdict = Verdict(task.id, TO_INTERNET, outcome(answer), _reason(answer), kept=not promises.private)
            if not promises.private:
                return verdict, []
            route = next((hop for hop in answer.path.forward if hop.kind == "route"), None)
            subject, origin = (route.element, route.origin) if route is not None else (task.id, task.origin)
            message = f"{task.id} reaches the internet: {_reason(answer)}"
            return verdict, [TASK_REACHES_INTERNET.finding(subject, origin, message)]


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give each finding once, errors first, in the order in which they were met."""
    severities = list(Severity)
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: severities.index(finding.severity)))


def _gaps(cloud: Cloud, verdicts: list[Verdict]) -> tuple[Gap, ...]:
    leaned = (gap for verdict in verdicts if isinstance(verdict.outcome, Unknown) for gap in verdict.outcome.gaps)
    return distinct((*leaned, *cloud.gaps))
