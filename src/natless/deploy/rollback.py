"""Back to an earlier release: the stack as it stands, with the digest of an earlier image."""

from __future__ import annotations

import json
from collections.abc import Iterator

from natless.deploy import changes, stacks
from natless.deploy.calls import Connect, Pace
from natless.deploy.error import DeployError
from natless.deploy.progress import Progress, Said
from natless.deploy.releases import Release, releases
from natless.deploy.rollout import Approve, Examine, Rollout
from natless.design import Design, ImageDigest
from natless.spec.model import Spec

_SHORT = 12
"""Digits of a digest that a person has to type at least."""


def rollback(
    design: Design,
    spec: Spec,
    connect: Connect,
    wanted: str | None = None,
    *,
    approve: Approve = lambda _: True,
    pace: Pace | None = None,
    examine: Examine = tuple,
) -> Iterator[Progress]:
    """Bring a service back to an earlier image, by change set: its template and all else stay as they stand.

    Args:
        design: names the parameters that hold digests.
        spec: names the deployment.
        connect: gives a service's boto3 client.
        wanted: a revision (`hello-web:3`, or `3`) or the beginning of a digest; None takes the newest
            other one that came up.
        approve: is asked before the change set is executed.
        pace: how often the account is asked.
        examine: proves what stands, where the release cannot come up.

    Raises:
        DeployError: there is no such release, or its image is gone; or the release does not come up.
    """
    pace = pace or Pace()
    yield from changes.prepare(connect, spec.name, spec.name, pace)
    stack = stacks.find(connect, spec.name)
    if stack is None:
        raise DeployError(f"there is no deployment {spec.name} here", advice="`natless deploy` makes it")
    chosen = choose(releases(connect, design, spec, stack), wanted)
    yield Said(f"{chosen.service}: back to {chosen.revision} ({chosen.digest[:19]})")
    parameter = next(each.name for each in design.parameters if each.lookup == ImageDigest(chosen.service))
    proposed = changes.propose_values(connect, stack, {parameter: chosen.digest}, pace)
    body = connect("cloudformation").get_template(StackName=stack.id)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    rollout = Rollout(spec, connect, approve, pace, examine)
    if not (yield from rollout.carry_out(spec.name, proposed, template)):
        return
    yield from rollout.until_healthy()
    yield rollout.deployed()


def choose(found: tuple[Release, ...], wanted: str | None) -> Release:
    """Give the release that a person means; what runs already, or has no image any more, is no choice."""
    listed = tuple(line(each) for each in found)
    if wanted is None:
        chosen = next((each for each in found if each.came_up and each.there and not each.runs), None)
        if chosen is None:
            raise DeployError("there is no other release that came up and whose image is there", listed)
        return chosen
    fitting = [each for each in found if _is(each, wanted)]
    if len(fitting) != 1:
        raise DeployError(f"{wanted} names {len(fitting)} releases", listed, "give a revision, or more of the digest")
    [chosen] = fitting
    if chosen.runs:
        raise DeployError(f"{chosen.revision} is what runs", listed)
    if not chosen.there:
        raise DeployError(f"the image of {chosen.revision} ({chosen.digest}) is no longer in its repository", listed)
    return chosen


def _is(release: Release, wanted: str) -> bool:
    digest = wanted.removeprefix("sha256:")
    long_enough = len(digest) >= _SHORT and release.digest.removeprefix("sha256:").startswith(digest)
    return wanted in {release.revision, release.revision.rpartition(":")[2]} or long_enough


def line(release: Release) -> str:
    """Give a release as a line."""
    at = f"{release.at:%Y-%m-%d %H:%M} " if release.at is not None else ""
    state = "runs" if release.runs else "" if release.came_up else "not known to have come up"
    gone = "" if release.there else "its image is gone"
    said = ", ".join(part for part in (state, gone) if part)
    return f"{at}{release.revision} {release.digest[:19]} {said}".rstrip()
