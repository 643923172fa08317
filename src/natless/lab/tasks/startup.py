"""The steps of a task's start, in Fargate's order, each from the task's own address."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from natless.lab.services.identities import Session
from natless.lab.tasks import words
from natless.lab.tasks.calls import Caller, CallError, retried
from natless.lab.tasks.environment_files import fetch_environment
from natless.lab.tasks.logs import LogTarget, log_target, make_stream
from natless.lab.tasks.plan import TaskPlan
from natless.lab.tasks.ports import House
from natless.lab.tasks.process import Process, first_process
from natless.lab.tasks.pull import Image, Puller
from natless.lab.tasks.reference import ImageReference, read_reference
from natless.lab.tasks.runner import Mount
from natless.lab.tasks.secret_values import fetch_secrets
from natless.lab.tasks.traits import Traits, read_traits
from natless.lab.tasks.trees import Trees
from natless.lab.tasks.way import Way

_CA = "/etc/natless/ca.pem"


class Prepared(msgspec.Struct, frozen=True):
    """A container that has everything it needs to run."""

    name: str
    traits: Traits
    process: Process
    image: Image
    log: LogTarget | None
    mounts: tuple[Mount, ...] = ()


class Startup:
    """Prepares the containers of one task."""

    def __init__(
        self, house: House, plan: TaskPlan, way: Way, trees: Trees, keys: Callable[[], Session] | None
    ) -> None:
        """Take the lab, the task, its way out of its ENI, where images are kept, and its execution role's keys."""
        self._house = house
        self._plan = plan
        self._way = way
        self._trees = trees
        self.caller = Caller(way, house.region, keys or _no_keys)

    def prepare(self, variables: Mapping[str, Mapping[str, str]]) -> tuple[Prepared, ...]:
        """Fetch registry token, secrets, environment files, log streams and images.

        Raises words.StartError at the first that fails.

        `variables` are what ECS adds to each container's environment.
        """
        containers = self._plan.containers
        references = {each["name"]: read_reference(str(each["image"])) for each in containers}
        authorization = self._token(tuple(references.values()))
        secrets = {each["name"]: fetch_secrets(self.caller, each.get("secrets") or []) for each in containers}
        files = {each["name"]: fetch_environment(self.caller, self._environment_files(each)) for each in containers}
        logs = {each["name"]: self._log(each) for each in containers}
        images: dict[str, Image] = {}
        for each in containers:
            reference = references[each["name"]]
            if reference.text not in images:
                images[reference.text] = self._pull(reference, authorization)
        return tuple(
            self._prepared(
                each,
                images[references[each["name"]].text],
                files[each["name"]],
                {**secrets[each["name"]], **variables.get(each["name"], {})},
                logs[each["name"]],
            )
            for each in containers
        )

    def _token(self, references: tuple[ImageReference, ...]) -> str:
        """Get the registry's token, where an image is in ECR; "" otherwise."""
        if not any(_is_ecr(reference) for reference in references):
            return ""
        try:
            answer = retried(self.caller, lambda: self.caller.call("ecr", "GetAuthorizationToken", {}))
        except CallError as error:
            raise words.registry_auth(error) from error
        return f"Basic {answer['authorizationData'][0]['authorizationToken']}"

    def _log(self, container: Mapping[str, Any]) -> LogTarget | None:
        target = log_target(container, self._plan.id)
        if target is not None:
            options = container["logConfiguration"].get("options") or {}
            make_stream(self.caller, target, create_group=options.get("awslogs-create-group") == "true")
        return target

    def _environment_files(self, container: Mapping[str, Any]) -> list[Mapping[str, str]]:
        """Give the files that a container's variables come from: RunTask's instead of the definition's."""
        overrides = self._plan.overridden(str(container["name"]))
        return overrides.get("environmentFiles") or container.get("environmentFiles") or []

    def _pull(self, reference: ImageReference, authorization: str) -> Image:
        header = authorization if _is_ecr(reference) else ""
        puller = Puller(self._way, header, self._plan.architecture, self._trees, self._house.scratch)
        return puller.pull(reference)

    def _prepared(
        self,
        container: Mapping[str, Any],
        image: Image,
        files: Mapping[str, str],
        secrets: Mapping[str, str],
        log: LogTarget | None,
    ) -> Prepared:
        name = str(container["name"])
        process = first_process(container, self._plan.overridden(name), image, secrets, files)
        trusted = {variable: process.environment.get(variable, _CA) for variable in ("AWS_CA_BUNDLE", "SSL_CERT_FILE")}
        region = {"AWS_REGION": self._house.region, "AWS_DEFAULT_REGION": self._house.region}
        environment = {**region, **trusted, **process.environment}
        process = msgspec.structs.replace(process, environment=environment)
        return Prepared(name, read_traits(container), process, image, log, self._mounts(container))

    def _mounts(self, container: Mapping[str, Any]) -> tuple[Mount, ...]:
        """Give the volumes that a container sees: its own mount points, and those that it takes from others."""
        found = [
            Mount(
                volume_folder(self._house, self._plan, str(each["sourceVolume"])),
                str(each["containerPath"]),
                bool(each.get("readOnly")),
            )
            for each in container.get("mountPoints") or []
        ]
        others = {str(each["name"]): each for each in self._plan.containers}
        for each in container.get("volumesFrom") or []:
            taken = self._mounts(others.get(str(each["sourceContainer"]), {}))
            only_read = bool(each.get("readOnly"))
            found += [msgspec.structs.replace(one, read_only=one.read_only or only_read) for one in taken]
        return tuple(found)


def _no_keys() -> Session:
    raise words.no_execution_role()


def task_folder(house: House, plan: TaskPlan) -> Path:
    """Give the folder on scratch that holds everything a task writes."""
    return Path(house.scratch, "containers", plan.id)


def container_folder(house: House, plan: TaskPlan, name: str, starts: int) -> Path:
    """Give the folder that a container writes into; it starts again with an empty one."""
    return task_folder(house, plan) / f"{_encoded(name)}.{starts}"


def volume_folder(house: House, plan: TaskPlan, name: str) -> Path:
    """Give the folder of a volume that the task's containers share."""
    return task_folder(house, plan) / "volumes" / _encoded(name)


def _encoded(name: str) -> str:
    """Give a name that is one folder's, whatever stands in it."""
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _is_ecr(reference: ImageReference) -> bool:
    return ".dkr.ecr." in reference.host
