"""What a deploy would do, asked of the account without changing it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from natless.catalog.replacement import CHECKED_ANEW, DATA, OUTSIDE
from natless.cost import Difference, difference, estimate
from natless.deploy import changes, digests, lookups, stacks
from natless.deploy.calls import Connect, Pace
from natless.deploy.digests import NOT_BUILT
from natless.deploy.error import DeployError
from natless.deploy.preflight import preflight
from natless.deploy.preflight.asking import of_what_stands
from natless.deploy.progress import Change, Changes, Unchanged
from natless.deploy.proving import cloud_of, cloud_of_stack, proof_of, proof_of_stack
from natless.deploy.reach import Turn, turns
from natless.deploy.stacks import Stack
from natless.deploy.undoing import changes_checks
from natless.deploy.zones import settled
from natless.design import Design, Template, compact, images_stack, stack_tags, write
from natless.finding import Finding, Severity, Verdict
from natless.spec.model import Spec

_CLEANED_UP = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}
"""States that hold nothing that runs: `deploy` deletes what is left, and makes the stack anew."""


class Loss(msgspec.Struct, frozen=True):
    """What a change costs. `data`: what is lost is data, and not merely noticed from outside."""

    stack: str
    resource: str
    id: str
    what: str
    data: bool


class Plan(msgspec.Struct, frozen=True):
    """What a deploy would do.

    `cost` is what it adds by the month, as far as templates say; None where what stands cannot be read.
    `findings` are promises that would be broken: with one that is an error, `deploy` refuses. `notes` say what a
    person should know beside it.
    """

    name: str
    stacks: tuple[Changes | Unchanged, ...]
    losses: tuple[Loss, ...]
    turns: tuple[Turn, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    cost: Difference | None = None

    @property
    def nothing(self) -> bool:
        """Say whether there is nothing to do, and nothing that would keep it from being done."""
        broken = any(found.severity is Severity.ERROR for found in self.findings)
        return not broken and all(isinstance(each, Unchanged) for each in self.stacks)


def plan(
    design: Design,
    spec: Spec,
    connect: Connect,
    stands: tuple[Verdict, ...],
    pace: Pace | None = None,
    *,
    ask_first: bool = False,
    new_ami: bool = False,
) -> Plan:
    """Say what a deploy would do, and change nothing: each change set that is made for that is taken away again.

    Args:
        design: the templates and parameters of `spec`.
        spec: what they were written from.
        connect: gives a service's boto3 client.
        stands: what was proved of the deployment as it stands; nothing where it does not.
        pace: how often the account is asked.
        new_ami: take the AMI that is recommended now for instances, and not the one that the stack has.
        ask_first: ask the account, too, for what would make the deployment fail half way (`preflight`).

    Raises:
        DeployError: the account has not what the spec names, or no change set can be made for a stack as it stands.
    """
    pace = pace or Pace()
    main = stacks.find(connect, spec.name)
    spec, placed = settled(spec, connect, main, ask_first=ask_first)
    design = write(spec) if spec.network.zone_names else design
    images = digests.standing(design, spec, connect, main.parameters if main is not None else {})
    found = lookups.resolve(design, spec, connect, images, new_ami=new_ami)
    values = {each.parameter: each.value for each in found}
    wanted: list[tuple[str, Template, Mapping[str, str]]] = [(spec.name, design.main, values)]
    if design.images is not None:
        wanted.insert(0, (images_stack(spec), design.images, {}))
    notes = list(placed)
    proposed = tuple(
        _proposed(connect, spec, name, template, parameters, pace=pace, notes=notes)
        for name, template, parameters in wanted
    )
    asked, unasked = preflight(connect, design, spec) if ask_first else (of_what_stands(connect, design, spec), ())
    notes += [f"preflight: {note}" for note in unasked]
    for service in spec.services:
        if service.name in design.repositories:
            digest = images[service.name]
            shown = "none was ever pushed" if digest == NOT_BUILT else digest
            anew = "builds it anew" if service.image is None else f"looks {service.image} up anew"
            notes.append(f"the image of {service.name} is taken as it stands ({shown}): `deploy` {anew}")
    after = proof_of(design, spec, connect, values)
    template = proof_of_stack(connect, main) if main is not None and stands else ()
    return Plan(
        spec.name,
        proposed,
        tuple(loss for each in proposed if isinstance(each, Changes) for loss in losses(each)),
        turns(spec, stands, template, after.verdicts),
        (*asked, *after.findings),
        tuple(notes),
        _cost(design, spec, connect, values, main),
    )


def _cost(
    design: Design, spec: Spec, connect: Connect, values: Mapping[str, str], main: Stack | None
) -> Difference | None:
    """Give what the change costs: the stack's template as it stands against the new one."""
    after = estimate(cloud_of(design, spec, connect, values))
    if main is None or main.status in _CLEANED_UP:
        return difference(None, after)
    stands = cloud_of_stack(connect, main)
    return difference(estimate(stands), after) if stands is not None else None


def _proposed(
    connect: Connect,
    spec: Spec,
    name: str,
    template: Template,
    parameters: Mapping[str, str],
    *,
    pace: Pace,
    notes: list[str],
) -> Changes | Unchanged:
    stack = stacks.find(connect, name)
    if stack is not None and stack.status in _CLEANED_UP:
        notes.append(f"stack {name} stands in {stack.status}: `deploy` deletes what is left of it, and makes it anew")
        return _all_new(name, template)
    if stack is not None:
        _must_rest(stack)
        changes.must_be_ours(stack, spec.name)
    made = changes.propose(connect, name, compact(template), parameters, tags=stack_tags(spec), pace=pace)
    if isinstance(made, Changes):
        changes.discard(connect, made, pace)
    return made


def _must_rest(stack: Stack) -> None:
    if stack.moving:
        raise DeployError(
            f"stack {stack.name} is in {stack.status}: what it would be changed from is not known yet",
            advice="wait for it (`natless status`), then plan again; `natless deploy` waits by itself",
        )
    if stack.status.endswith("_FAILED"):
        raise DeployError(
            f"stack {stack.name} stands in {stack.status}: {stack.reason}",
            advice="no change set can be made for it; `natless deploy` continues it, or says what is in the way",
        )


def _all_new(name: str, template: Template) -> Changes:
    added = (Change("Add", each, str(body["Type"]), "", "") for each, body in template["Resources"].items())
    return Changes(name, "", "CREATE", tuple(added))


def losses(changes: Changes) -> tuple[Loss, ...]:
    """Give what a change set's removals and replacements cost: data first, then what is noticed outside."""
    found = []
    for change in changes.changes:
        gone = change.action == "Remove" or change.replacement in {"True", "Conditional"}
        if not gone:
            if changes_checks(change):
                found.append(Loss(changes.stack, change.resource, change.id, CHECKED_ANEW, data=False))
            continue
        perhaps = "if it is replaced: " if change.replacement == "Conditional" else ""
        kept = change.policy.endswith(("Retain", "Snapshot"))
        if change.type in DATA:
            what = f"{DATA[change.type]} stay in {change.id}, outside the stack" if kept else DATA[change.type]
            found.append(Loss(changes.stack, change.resource, change.id, perhaps + what, data=not kept))
        elif change.type in OUTSIDE:
            found.append(Loss(changes.stack, change.resource, change.id, perhaps + OUTSIDE[change.type], data=False))
    return tuple(sorted(found, key=lambda loss: not loss.data))
