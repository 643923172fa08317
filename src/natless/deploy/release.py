"""Spec and design into a running service: proof, repositories, image, main stack, healthy targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from natless.catalog.scans import Severity
from natless.deploy import digests, lookups, stacks
from natless.deploy.calls import Connect, Pace
from natless.deploy.digests import Push
from natless.deploy.images.platform import platform_of, require_platform
from natless.deploy.preflight import preflight
from natless.deploy.preflight.asking import of_what_stands, refuse_errors
from natless.deploy.progress import Found, Kept, Progress, Said
from natless.deploy.proving import prove_again, prove_first
from natless.deploy.rollout import Approve, Examine, Rollout
from natless.deploy.scan import await_scan
from natless.deploy.zones import settled
from natless.design import Design, images_stack, write
from natless.design.images import given_image
from natless.spec.model import Spec


def deploy(
    design: Design,
    spec: Spec,
    connect: Connect,
    push: Push,
    *,
    approve: Approve = lambda _: True,
    pace: Pace | None = None,
    examine: Examine = tuple,
    ask_first: bool = False,
    scan_threshold: Severity | None = None,
    new_ami: bool = False,
) -> Iterator[Progress]:
    """Deploy a design, step by step, and give what happens as it happens.

    Interrupted anywhere, what CloudFormation has begun goes on, and the next call waits for it and continues.

    Args:
        design: the templates and parameters of `spec`.
        spec: what they were written from.
        connect: gives a service's boto3 client, of AWS or of the lab.
        push: gets the image of each service that is built into its repository.
        approve: is asked before a change set is executed; False ends the deployment with nothing more changed.
        pace: how often the account is asked.
        examine: proves what stands, where a release cannot come up; what is blocked there is part of the evidence.
        ask_first: ask the account for what would make it fail half way (`preflight`), and make service-linked roles.
        new_ami: take the AMI that is recommended now for instances, and not the one that the stack has.
        scan_threshold: wait for ECR's scan of what was pushed, and stop where it finds something so severe.

    Yields:
        What happens; `Deployed` last, where everything runs and is healthy.

    Raises:
        ProofError: a promise would be broken, or the account has no room: nothing is deployed.
        DeployError: the account refused, or the service does not start: its cause in the first line.
    """
    pace = pace or Pace()
    prove_first(design, spec)
    spec, placed = settled(spec, connect, stacks.find(connect, spec.name), ask_first=ask_first)
    design = write(spec) if spec.network.zone_names else design
    yield from map(Said, placed)
    if ask_first:
        yield from _asked_first(design, spec, connect)
    else:
        refuse_errors(of_what_stands(connect, design, spec))
    rollout = Rollout(spec, connect, approve, pace, examine, make_roles=ask_first)
    if design.images is not None and not (yield from rollout.stack(images_stack(spec), design.images, {})):
        return
    images = yield from digests.pushed(design, spec, connect, push)
    if ask_first:
        yield from _fitting(spec, connect, images)
    if scan_threshold is not None:
        for service, repository in design.repositories.items():
            yield from await_scan(connect, repository, images[service], scan_threshold, pace)
    values = lookups.resolve(design, spec, connect, images, new_ami=new_ami)
    yield from values
    parameters = {each.parameter: each.value for each in values}
    yield from prove_again(design, spec, connect, parameters)
    if not (yield from rollout.stack(spec.name, design.main, parameters)):
        return
    yield from rollout.until_healthy()
    if design.images is None and stacks.find(connect, images_stack(spec)) is not None:
        yield Kept(f"stack {images_stack(spec)}, whose images nothing runs any more", "natless destroy --images")
    yield rollout.deployed()


def _fitting(spec: Spec, connect: Connect, images: Mapping[str, str]) -> Iterator[Said]:
    """Hold what given images are made for against what the tasks run on; what was built or copied is right already."""
    for service in spec.services:
        image = given_image(service)
        if image is not None:
            unseen = require_platform(image, images[service.name], connect, platform_of(service))
            if unseen:
                yield Said(unseen)


def _asked_first(design: Design, spec: Spec, connect: Connect) -> Iterator[Progress]:
    findings, notes = preflight(connect, design, spec)
    yield from (Said(f"preflight: {note}") for note in notes)
    refuse_errors(findings)
    yield from (Found(finding) for finding in findings)
