"""Killed after each call that changes something, a deploy is finished by the next one, and leaves nothing.

Calls that only read change nothing: a kill at one of them, or before the next that changes something, is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from natless.deploy import Connect, stacks, status
from natless.deploy.progress import Deployed

Make = Callable[[str], Any]
GOOD, OTHER = ("sha256:" + letter * 64 for letter in "ac")

CREATION = [
    "CreateChangeSet",  # NAME-images
    "ExecuteChangeSet",
    "CreateChangeSet",  # NAME
    "ExecuteChangeSet",
]
UPDATE = ["CreateChangeSet", "DeleteChangeSet", "CreateChangeSet", "ExecuteChangeSet"]
"""NAME-images has nothing to change, so its empty change set is taken away again."""


class Killed(BaseException):
    """Stands for SIGKILL: nothing that waits for an error takes it."""


class Killer:
    """Clients that kill who uses them once the `at`th changing call is made; `made` are those calls."""

    def __init__(self, connect: Connect, at: int) -> None:
        self._connect, self._at = connect, at
        self.made: list[str] = []

    def __call__(self, service: str) -> Any:
        client = self._connect(service)
        return _Client(client, self) if service == "cloudformation" else client

    def make(self, name: str, call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        if name.startswith(("Describe", "List", "Get")):
            return call(**arguments)
        self.made.append(name)
        answer = call(**arguments)
        if len(self.made) == self._at:
            raise Killed
        return answer


class _Client:
    def __init__(self, client: Any, killer: Killer) -> None:
        self._client, self._killer = client, killer

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self._client, operation)
        name = self._client.meta.method_to_api_mapping.get(operation)
        if name is None:
            return found
        return lambda **arguments: self._killer.make(name, found, arguments)


def told(lab: Connect, name: str) -> list[tuple[str, str, str]]:
    """Give what the account has of a deployment, without what is generated."""
    found = [("state", status(lab, name).state, "")]
    for each in (name, f"{name}-images"):
        found += [(one.resource, one.type, one.status.rpartition("_")[2]) for one in stacks.resources(lab, each)]
    [service] = status(lab, name).services
    definition = lab("ecs").describe_task_definition(taskDefinition=service.tasks[-1].definition)["taskDefinition"]
    found.append((str(service.settled), definition["containerDefinitions"][0]["image"].rpartition("@")[2], ""))
    return sorted(found)


def must_be_empty(lab: Connect, name: str) -> None:
    standing = [each["StackName"] for each in lab("cloudformation").describe_stacks()["Stacks"]]
    assert [each for each in standing if each.startswith(name)] == []
    assert lab("logs").describe_log_groups(logGroupNamePrefix=f"{name}-")["logGroups"] == []
    assert [each for each in lab("ecr").describe_repositories()["repositories"] if name in each["repositoryName"]] == []
    tagged = [{"Name": "tag:natless", "Values": [name]}]
    assert lab("ec2").describe_vpcs(Filters=tagged)["Vpcs"] == []


def killed(deployment: Any, lab: Connect, digest: str, at: int) -> list[str]:
    """Deploy until killed, and give the changing calls that were made."""
    killer = deployment.connect = Killer(lab, at)
    with pytest.raises(Killed):
        deployment.deploy(digest)
    deployment.connect = lab
    return killer.made


@pytest.mark.parametrize("at", range(1, len(CREATION) + 1))
def test_a_creation_that_was_killed_is_finished_by_the_next(lab: Connect, deployment: Make, at: int) -> None:
    name = f"ka{at}"
    made = deployment(name)
    assert killed(made, lab, GOOD, at) == CREATION[:at]
    assert isinstance(made.deploy(GOOD)[-1], Deployed)
    whole = told(lab, name)
    assert ("True", GOOD, "") in whole
    assert ("state", "CREATE_COMPLETE", "") in whole
    assert {kind for _, _, kind in whole} == {"", "COMPLETE"}
    made.destroy(images=True, logs=True)
    must_be_empty(lab, name)


@pytest.mark.parametrize("at", range(1, len(UPDATE) + 1))
def test_an_update_that_was_killed_is_finished_by_the_next(lab: Connect, deployment: Make, at: int) -> None:
    name = f"ua{at}"
    made = deployment(name)
    made.deploy(GOOD)
    assert killed(made, lab, OTHER, at) == UPDATE[:at]
    assert isinstance(made.deploy(OTHER)[-1], Deployed)
    whole = told(lab, name)
    assert ("True", OTHER, "") in whole
    assert ("state", "UPDATE_COMPLETE", "") in whole
    made.destroy(images=True, logs=True)
    must_be_empty(lab, name)
