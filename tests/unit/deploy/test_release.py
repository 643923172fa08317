"""Whole deployments against the lab's account: its stack engine, and a scheduler that starts no containers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as PathOnDisk
from typing import Any

import pytest

from natless.deploy import Connect, DeployError, deploy, logs, stacks, status
from natless.deploy.progress import (
    Changes,
    Deployed,
    Destroyed,
    FatalStart,
    Kept,
    Progress,
    Pushed,
    Said,
    StackEvent,
    TargetEvent,
    TaskEvent,
    Unchanged,
)
from natless.finding import Blocked, Gate, Origin, Path, Verdict

GOOD, BROKEN, CRASHING, LEAVING, REFUSING = ("sha256:" + letter * 64 for letter in "abdef")
HERE = Origin("here", None, "")
Make = Callable[[str], Any]


def of(kind: type[Any], said: list[Progress]) -> list[Any]:
    return [event for event in said if isinstance(event, kind)]


def test_a_deployment_from_nothing_to_nothing(lab: Connect, deployment: Make) -> None:
    hello = deployment("hello")
    said = hello.deploy(GOOD)

    assert hello.pushed == ["hello/web"]
    kinds = [change.kind for change in of(Changes, said)]
    assert kinds == ["CREATE", "CREATE"]
    added = {change.resource: change.action for change in of(Changes, said)[1].changes}
    assert added["WebService"] == "Add"
    # The image lies there before anything of the main stack is made.
    assert said.index(of(Pushed, said)[0]) < said.index(of(Changes, said)[1])
    statuses = [(event.resource, event.status) for event in of(StackEvent, said)]
    assert statuses.index(("EcrApiEndpoint", "CREATE_COMPLETE")) < statuses.index(("WebService", "CREATE_IN_PROGRESS"))
    assert statuses[-1] == ("hello", "CREATE_COMPLETE")
    running = [event for event in of(TaskEvent, said) if event.status == "RUNNING"]
    assert running[0].address.startswith("10.0.")
    assert [event.state for event in of(TargetEvent, said)][-1] == "healthy"
    assert isinstance(said[-1], Deployed)
    assert said[-1].url.startswith("http://hello-Alb-")

    found = status(lab, "hello")
    assert (found.state, found.url) == ("CREATE_COMPLETE", said[-1].url)
    (service,) = found.services
    assert (service.cluster, service.desired, service.running, service.settled) == ("hello", 1, 1, True)
    assert [target.address for target in service.targets] == [task.address for task in service.tasks]

    again = hello.deploy(GOOD)
    assert [event.stack for event in of(Unchanged, again)] == ["hello-images", "hello"]
    assert isinstance(again[-1], Deployed)

    assert list(logs(lab, "hello", 0)) == []

    gone = hello.destroy()
    assert [event.what for event in of(Destroyed, gone)] == ["stack hello"]
    kept = [event.what for event in of(Kept, gone)]
    assert kept[0].startswith("log group hello-WebLogGroup-")
    assert kept[1] == "stack hello-images (repositories: hello/web)"
    assert stacks.find(lab, "hello") is None

    rest = hello.destroy(images=True, logs=True)
    assert [event.what.split("-")[0] for event in of(Destroyed, rest)] == ["log group hello", "stack hello"]
    assert status(lab, "hello").state == ""


def test_tasks_that_cannot_start_stop_a_creation_with_their_cause(deployment: Make) -> None:
    broken = deployment("broken")
    with pytest.raises(DeployError) as caught:
        broken.deploy(BROKEN)
    first = str(caught.value).splitlines()[0]
    assert "tasks cannot start: CannotPullContainerError: ref pull has been retried 5 time(s)" in first
    assert "52.218.0.1:443: i/o timeout" in first
    assert any("stopped: CannotPullContainerError" in line for line in caught.value.evidence)
    assert "is being deleted again" in caught.value.advice
    (fatal,) = of(FatalStart, broken.said)
    assert "S3" in fatal.meaning

    # The next deploy waits for the deletion, and goes on from there.
    said = broken.deploy(GOOD)
    assert isinstance(said[-1], Deployed)
    broken.destroy(images=True, logs=True)


def test_a_stack_that_failed_names_the_tasks_cause_and_is_cleaned_up(deployment: Make) -> None:
    crashing = deployment("crashing")
    with pytest.raises(DeployError) as caught:
        crashing.deploy(CRASHING)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("stack crashing was not deployed (ROLLBACK_COMPLETE): task ")
    assert lines[0].endswith("stopped: Essential container in task exited; web exited with 1")
    assert any(line.startswith("WebService (AWS::ECS::Service):") for line in lines)

    said = crashing.deploy(GOOD)
    assert Said("the last creation of stack crashing was rolled back: cleaning up what is left of it") in said
    assert isinstance(said[-1], Deployed)
    crashing.destroy(images=True, logs=True)


def test_a_release_whose_containers_exit_is_stopped_with_their_last_words(deployment: Make) -> None:
    leaving = deployment("leaving")
    leaving.deploy(GOOD)
    with pytest.raises(DeployError) as caught:
        leaving.deploy(LEAVING)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith(": tasks exit: Essential container in task exited; web exited with 1: no DATABASE_URL"), (
        lines[0]
    )
    assert [line.partition(" ")[2] for line in lines if " wrote: " in line] == [
        "wrote: starting",
        "wrote: no DATABASE_URL",
    ]
    assert "the update of stack leaving is being rolled back" in lines[-1]

    # What ran before is what runs after it.
    said = leaving.deploy(GOOD)
    assert isinstance(said[-1], Deployed)
    assert [each.stack for each in of(Unchanged, said)] == ["leaving-images", "leaving"]
    leaving.destroy(images=True, logs=True)


def test_a_release_that_answers_health_checks_wrongly_is_stopped_with_the_code(deployment: Make) -> None:
    refusing = deployment("refusing")
    blocked = Verdict(
        "refusing-web:1", "alb->task", Blocked(Path(), Gate("route", "t", HERE), "NL308", "shut"), "shut", kept=False
    )
    refusing.examine = lambda: (blocked,)
    with pytest.raises(DeployError) as caught:
        refusing.deploy(REFUSING)
    lines = str(caught.value).splitlines()
    assert ": tasks do not pass their health checks: Task failed ELB health checks in (target-group arn:" in lines[0]
    assert lines[0].endswith("): Health checks failed with these codes: [404]")
    assert lines[1] == "proof of what stands: refusing-web:1 alb->task is blocked (NL308): shut"
    assert any("is unhealthy: Health checks failed with these codes: [404]" in line for line in lines)
    refusing.destroy(images=True, logs=True)


def test_a_no_leaves_nothing_behind(lab: Connect, deployment: Make) -> None:
    shy = deployment("shy")
    said = shy.deploy(GOOD, approve=lambda changes: changes.stack == "shy-images")
    assert said[-1] == Said("stack shy stays as it was")
    assert of(Deployed, said) == []
    assert stacks.find(lab, "shy") is None
    shy.destroy(images=True)


def test_an_interrupted_deploy_is_continued(lab: Connect, deployment: Make, faults: PathOnDisk) -> None:
    cut = deployment("cut")

    def interrupted(_: Changes) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut.deploy(GOOD, approve=interrupted)
    left = stacks.find(lab, "cut-images")
    assert left is not None
    assert left.status == "REVIEW_IN_PROGRESS"

    # This time it is cut off while CloudFormation works, and that is not done before the next one looks.
    faults.write_text("~CreateService")
    for event in deploy(cut.design, cut.spec, lab, lambda _service, _repository: GOOD, pace=cut.pace):
        if isinstance(event, StackEvent) and event.resource == "Vpc":
            break
    waits = Said("stack cut is in CREATE_IN_PROGRESS: waiting for it")
    said: list[Progress] = []
    try:
        for event in cut.events(GOOD):
            said.append(event)
            if event == waits:
                faults.write_text("")
    finally:
        faults.write_text("")
    assert waits in said
    assert isinstance(said[-1], Deployed)
    cut.destroy(images=True, logs=True)


def test_a_repository_with_images_is_emptied_only_when_asked(lab: Connect, deployment: Make) -> None:
    full = deployment("full")
    full.deploy(GOOD)
    manifest = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'
    lab("ecr").put_image(repositoryName="full/web", imageManifest=manifest, imageTag="one")
    full.destroy()
    assert stacks.find(lab, "full-images") is not None
    gone = full.destroy(images=True)
    assert "1 images of repository full/web" in [event.what for event in of(Destroyed, gone)]
    assert stacks.find(lab, "full-images") is None
