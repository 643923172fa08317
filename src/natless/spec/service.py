"""`[services.NAME]`: one table, checked against the words and against what Fargate and the load balancer take."""

from __future__ import annotations

import re
from typing import Any

from natless.catalog.fargate import SIZES, nearest
from natless.finding.rules import (
    COUNT_MIN_ABOVE_MAX,
    FARGATE_SIZE_IMPOSSIBLE,
    HEALTH_PATH_INVALID,
    IMAGE_REFERENCE_UNUSABLE,
    IMAGE_SOURCE_UNCLEAR,
    NAME_INVALID,
    VALUE_INVALID,
)
from natless.spec.image import ImageReferenceError, ecr_image
from natless.spec.instances import read_instances, refuse_without_ec2, task_size
from natless.spec.model import Count, Launch, Service
from natless.spec.network import check_partition
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted
from natless.spec.public_image import public_image
from natless.spec.routes import read_patterns, read_port
from natless.spec.table import Table, is_number, place, take
from natless.spec.uses import read_uses
from natless.spec.variables import read_environment, read_secrets
from natless.spec.words import (
    COUNT,
    FILLED_PATTERN,
    HEALTH_PATTERN,
    LAUNCH,
    NAME_LENGTH,
    SERVICE,
    SERVICE_NAME_PATTERN,
    USUAL_CPU,
    Key,
)

_KEYS = {key.name: key for key in SERVICE.keys}


def read_service(problems: Problems, name: str, given: dict[str, Any], region: str | None) -> Service:
    """Read one service; what is wrong is recorded, and a stand-in takes its place."""
    path = ("services", name)
    check_name(problems, path, name, SERVICE_NAME_PATTERN, least=1)
    table = take(problems, path, given, SERVICE)
    on_instances = table.values.get("launch") == "ec2"
    cpu, memory = (task_size if on_instances else _size)(problems, path, table)
    count = _count(problems, path, table)
    public = table.get(_KEYS["public"])
    environment = table.values.get("environment", {})
    return Service(
        name=name,
        build=_folder(problems, path, table),
        image=_image(problems, path, table, region),
        port=read_port(problems, path, table),
        public=public,
        cpu=cpu,
        memory=memory,
        architecture=table.get(_KEYS["architecture"]),
        launch=_launch(problems, path, table, (cpu, memory), count),
        health=_health(problems, path, table),
        count=count,
        environment=read_environment(problems, (*path, "environment"), environment),
        secrets=read_secrets(problems, (*path, "secrets"), table.values.get("secrets", {}), environment, region),
        exec=table.get(_KEYS["exec"]),
        uses=read_uses(problems, (*path, "uses"), table.values.get("uses", {}), region),
        calls=tuple(table.values.get("calls", ())),
        host=read_patterns(problems, path, table, _KEYS["host"]),
        path=read_patterns(problems, path, table, _KEYS["path"]),
    )


def check_name(problems: Problems, path: KeyPath, name: str, pattern: str, least: int) -> None:
    """Check a name that AWS's names are made from; `path` is where it stands."""
    if re.fullmatch(pattern, name):
        return
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    plain = re.sub(r"^[^a-z]+", "", plain)[:NAME_LENGTH].strip("-")
    near = plain if re.fullmatch(pattern, plain) else "web" if len(path) > 1 else "hello"
    message = (
        f"{quoted(name)} is no name that AWS takes for all that is made from it: "
        f"{least} to {NAME_LENGTH} small letters, digits and single hyphens, a letter first and no hyphen last"
    )
    problems.add(NAME_INVALID, path, message, f"[services.{near}]" if len(path) > 1 else f'name = "{near}"')


def _folder(problems: Problems, path: KeyPath, table: Table) -> str | None:
    if not {"build", "image"} & table.named:
        message = f"{place(path)} has neither build (a Dockerfile's folder) nor image: what is to run?"
        problems.add(IMAGE_SOURCE_UNCLEAR, path, message, _KEYS["build"].sample)
    if {"build", "image"} <= table.named:
        message = f"{place(path)} has both build and image: which is to run?"
        problems.add(IMAGE_SOURCE_UNCLEAR, (*path, "image"), message, "# image: remove this line, or build")
    return _filled(problems, path, table, _KEYS["build"])


def _filled(problems: Problems, path: KeyPath, table: Table, key: Key) -> str | None:
    text: str | None = table.values.get(key.name)
    if text is not None and not re.fullmatch(FILLED_PATTERN, text):
        message = f"{key.name} = {quoted(text)}: the text is empty, or holds a NUL character"
        problems.add(VALUE_INVALID, (*path, key.name), message, key.sample)
        return None
    return text


def _image(problems: Problems, path: KeyPath, table: Table, region: str | None) -> str | None:
    text = _filled(problems, path, table, _KEYS["image"])
    if text is None:
        return None
    public = public_image(text)
    if public is not None:
        if not public.reference:
            message = f"image {quoted(text)} names neither a tag nor a digest, so it could mean another image tomorrow"
            problems.add(IMAGE_REFERENCE_UNUSABLE, (*path, "image"), message, f'image = "{text}:TAG"')
        return text
    try:
        found = ecr_image(text)
    except ImageReferenceError as error:
        problems.add(IMAGE_REFERENCE_UNUSABLE, (*path, "image"), error.message, error.instead)
        return text
    if region is None:
        check_partition(problems, (*path, "image"), found.region)
    elif found.region != region:
        message = f"image lies in {found.region}, and no VPC endpoint in {region} reaches there"
        problems.add(
            IMAGE_REFERENCE_UNUSABLE, (*path, "image"), message, f'image = "{text.replace(found.region, region, 1)}"'
        )
    return text


def _size(problems: Problems, path: KeyPath, table: Table) -> tuple[int, int]:
    cpu, memory = (_size_part(table, key) for key in ("cpu", "memory"))
    if any(cpu in (None, size.cpu) and (memory is None or memory in size.memory) for size in SIZES):
        return cpu or _KEYS["cpu"].default, memory or _KEYS["memory"].default
    near = nearest(cpu or _KEYS["cpu"].default, memory or _KEYS["memory"].default)
    listed = " or ".join(f"cpu = {units}, memory = {mib}" for units, mib in near)
    said = " and ".join(
        f"{key} = {value}" + ("" if key in table.values else " (the default)")
        for key, value in (("cpu", cpu), ("memory", memory))
        if value is not None
    )
    message = f"Fargate has no task with {said}; nearest: {listed} (CPU units, 1024 a vCPU; MiB)"
    where = "cpu" if "cpu" in table.values else "memory"
    problems.add(FARGATE_SIZE_IMPOSSIBLE, (*path, where), message, f"cpu = {near[0][0]}\nmemory = {near[0][1]}")
    return near[0]


def _size_part(table: Table, key: str) -> int | None:
    """Give the CPU or memory, or None where the file has one that could not be read: it fits anything."""
    found: int = table.get(_KEYS[key])
    return None if key in table.named and key not in table.values else found


def _health(problems: Problems, path: KeyPath, table: Table) -> str:
    text: str = table.get(_KEYS["health"])
    if not re.fullmatch(HEALTH_PATTERN, text):
        plain = re.sub(r"^https?://[^/]*", "", text.strip())
        plain = f"/{plain.lstrip('/')}"
        near = plain if re.fullmatch(HEALTH_PATTERN, plain) else "/"
        message = f"health = {quoted(text[:60])}: a path with a slash in front, no spaces, at most 1024 characters"
        problems.add(HEALTH_PATH_INVALID, (*path, "health"), message, f"health = {quoted(near)}")
    return text


def _launch(problems: Problems, path: KeyPath, table: Table, size: tuple[int, int], count: Count) -> Launch:
    given = table.get(_KEYS["launch"])
    if given == "ec2":
        return Launch(0, instances=read_instances(problems, path, table, size, count))
    refuse_without_ec2(problems, path, table)
    if isinstance(given, str):
        return Launch(0, 1) if given == "fargate-spot" else Launch()
    shares = take(problems, (*path, "launch"), given, LAUNCH)
    fargate, spot, base = (shares.get(key) for key in LAUNCH.keys)
    if fargate == spot == 0:
        message = "launch gives no share to Fargate and none to Fargate Spot: where would tasks run?"
        problems.add(VALUE_INVALID, (*path, "launch"), message, "launch = { base = 1, fargate = 1, fargate-spot = 3 }")
    return Launch(fargate, spot, base)


def _count(problems: Problems, path: KeyPath, table: Table) -> Count:
    given = table.get(_KEYS["count"])
    if is_number(given):
        return Count(given, given)
    place_ = (*path, "count")
    bounds = take(problems, place_, given, COUNT)
    least, most = bounds.values.get("min", 1), bounds.values.get("max", 1)
    if "min" in bounds.values and "max" in bounds.values and least > most:
        message = f"count has min = {least} above max = {most}"
        problems.add(COUNT_MIN_ABOVE_MAX, (*place_, "min"), message, f"count = {{ min = {most}, max = {least} }}")
    cpu, memory, requests = (bounds.values.get(name) for name in ("cpu", "memory", "requests"))
    if requests is not None and not table.values.get("public", True):
        message = f"count has requests = {requests}, and no load balancer counts those of {path[-1]}: it is not public"
        problems.add(VALUE_INVALID, (*place_, "requests"), message, "count = { min = 1, max = 4, cpu = 60 }")
    if least >= most:
        return Count(least, most)  # bounds that leave no room scale nothing
    aims = (cpu, memory, requests)
    return Count(least, most, *(aims if any(aim is not None for aim in aims) else (USUAL_CPU,)))
