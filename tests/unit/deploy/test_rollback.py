"""Back to an earlier release: on the lab's account, whose stack is changed as on AWS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from natless.deploy import Connect, DeployError, stacks, status
from natless.deploy.progress import Changes, Deployed, Said
from natless.deploy.releases import Release, releases
from natless.deploy.rollback import choose, line, rollback

Make = Callable[[str], Any]
LEAVING = "sha256:" + "e" * 64
AT = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)


def pushed(lab: Connect, repository: str, number: int) -> str:
    """Put an image into a repository and give its digest."""
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = f'{{"schemaVersion": 2, "mediaType": "{kind}", "number": {number}}}'
    made = lab("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=f"v{number}")
    return str(made["image"]["imageId"]["imageDigest"])


def shown(lab: Connect, deployment: Any) -> list[tuple[str, bool, bool, bool]]:
    stack = stacks.find(lab, deployment.name)
    assert stack is not None
    found = releases(lab, deployment.design, deployment.spec, stack)
    return [(each.digest, each.runs, each.came_up, each.there) for each in found]


def test_the_image_goes_back_past_a_release_that_never_came_up(lab: Connect, deployment: Make) -> None:
    back = deployment("back")
    back.deploy("sha256:" + "a" * 64)
    first, second = pushed(lab, "back/web", 1), pushed(lab, "back/web", 2)
    back.deploy(first)
    with pytest.raises(DeployError):
        back.deploy(LEAVING)
    back.deploy(second)
    assert shown(lab, back) == [
        (second, True, True, True),
        (LEAVING, False, False, False),
        (first, False, True, True),
        ("sha256:" + "a" * 64, False, True, False),
    ]

    back.change("cpu = 512\nmemory = 1024\n")  # what is written since is not what a rollback is asked for
    said = list(rollback(back.design, back.spec, lab, pace=back.pace))
    assert isinstance(said[-1], Deployed)
    [changes] = [event for event in said if isinstance(event, Changes)]
    assert {each.resource for each in changes.changes} == {"WebTaskDefinition", "WebService"}
    assert shown(lab, back)[0] == (first, True, True, True)
    assert status(lab, "back").services[0].settled
    definition = lab("ecs").describe_task_definition(
        taskDefinition=status(lab, "back").services[0].tasks[-1].definition
    )
    assert definition["taskDefinition"]["cpu"] == "256"

    # And forward again, by name; what a person does not agree to does not happen.
    named = list(rollback(back.design, back.spec, lab, second[7:19], pace=back.pace, approve=lambda _: False))
    assert named[-1] == Said("stack back stays as it was")
    assert shown(lab, back)[0][0] == first
    back.destroy(images=True, logs=True)


def release(revision: int, letter: str, *, runs: bool = False, came_up: bool = True, there: bool = True) -> Release:
    return Release("web", f"hello-web:{revision}", "sha256:" + letter * 64, AT, runs, came_up, there)


RUNNING, FAILED, GONE, OLD = (
    release(9, "a", runs=True),
    release(8, "b", came_up=False),
    release(7, "c", there=False),
    release(6, "d"),
)
ALL = (RUNNING, FAILED, GONE, OLD)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(None, OLD), ("6", OLD), ("hello-web:8", FAILED), ("sha256:" + "d" * 12, OLD), ("b" * 64, FAILED)],
)
def test_a_release_is_chosen_by_revision_or_digest_or_is_the_newest_that_came_up(
    wanted: str | None, expected: Release
) -> None:
    assert choose(ALL, wanted) == expected


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        (ALL, "9", "hello-web:9 is what runs"),
        (ALL, "7", "the image of hello-web:7 .* is no longer in its repository"),
        (ALL, "5", "5 names 0 releases"),
        (ALL, "dddd", "dddd names 0 releases"),
        ((RUNNING, FAILED, GONE), None, "there is no other release that came up and whose image is there"),
    ],
)
def test_what_cannot_be_gone_back_to_is_said_with_what_can(
    found: tuple[Release, ...], wanted: str | None, words: str
) -> None:
    with pytest.raises(DeployError, match=words) as caught:
        choose(found, wanted)
    assert caught.value.evidence == tuple(line(each) for each in found)


def test_releases_are_listed_with_what_is_known_of_each() -> None:
    assert [line(each) for each in ALL] == [
        "2026-11-24 08:05 hello-web:9 sha256:aaaaaaaaaaaa runs",
        "2026-11-24 08:05 hello-web:8 sha256:bbbbbbbbbbbb not known to have come up",
        "2026-11-24 08:05 hello-web:7 sha256:cccccccccccc its image is gone",
        "2026-11-24 08:05 hello-web:6 sha256:dddddddddddd",
    ]


def test_a_deployment_that_does_not_stand_has_nothing_to_go_back_to(lab: Connect, deployment: Make) -> None:
    never = deployment("never")
    with pytest.raises(DeployError, match="there is no deployment never here"):
        list(rollback(never.design, never.spec, lab, pace=never.pace))
