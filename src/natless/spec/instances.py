"""`launch = "ec2"`: the instances, and whether the tasks fit on them."""

from __future__ import annotations

import re

import msgspec

from natless.catalog.instance_types import InstanceType, instance_type, instance_types
from natless.finding.rules import (
    COUNT_MIN_ABOVE_MAX,
    INSTANCE_ARCHITECTURE_WRONG,
    INSTANCE_TYPE_MISSING,
    INSTANCE_TYPE_UNKNOWN,
    INSTANCE_WITHOUT_EC2,
    INSTANCES_TOO_FEW,
    NUMBER_OUT_OF_RANGE,
    TASK_LARGER_THAN_INSTANCE,
    VALUE_INVALID,
)
from natless.spec.model import Count, Instances
from natless.spec.positions import KeyPath
from natless.spec.problems import Problems, quoted
from natless.spec.table import Table, is_number, nearest_word, take
from natless.spec.words import IMAGE_ID_PATTERN, INSTANCES, SERVICE

_KEYS = {key.name: key for key in SERVICE.keys}
ONLY_ON_INSTANCES = ("instance", "instances", "network_mode", "gpu", "ami")
_STAND_IN = Instances("t3.small")

LEAST_CPU, LEAST_MEMORY = 128, 6
"""CPU units and MiB of a task on instances (RegisterTaskDefinition, ECS API reference: cpu; memory of a container)."""


class Task(msgspec.Struct, frozen=True):
    """What a task asks of an instance."""

    cpu: int
    memory: int
    gpu: int = 0
    network_mode: str = "awsvpc"


def room(kind: InstanceType, task: Task) -> tuple[int, str]:
    """Give how many such tasks an instance takes, and what bounds them."""
    bounds = [
        (kind.cpu // task.cpu, f"{kind.cpu} CPU units"),
        (kind.usable_memory // task.memory, f"about {kind.usable_memory} MiB for tasks, of {kind.memory}"),
    ]
    if task.gpu:
        bounds.append((kind.gpus // task.gpu, f"{kind.gpus} GPUs" if kind.gpus else "no GPU"))
    if task.network_mode == "awsvpc":
        most = kind.interfaces - 1
        bounds.append((most, f"{kind.interfaces} network interfaces, its own and one for each of {most} tasks"))
    if task.network_mode == "host":
        bounds.append((1, "one port of that number"))
    return min(bounds, key=lambda bound: bound[0])


def refuse_without_ec2(problems: Problems, path: KeyPath, table: Table) -> None:
    """Record the keys that say nothing of tasks on Fargate."""
    for name in ONLY_ON_INSTANCES:
        if name in table.values:
            message = f'{name} is for tasks on EC2 instances: launch is not "ec2"'
            problems.add(INSTANCE_WITHOUT_EC2, (*path, name), message, 'launch = "ec2"')


def read_instances(problems: Problems, path: KeyPath, table: Table, size: tuple[int, int], count: Count) -> Instances:
    """Read the instances of a service; what is wrong is recorded, and a stand-in takes its place."""
    mode = table.get(_KEYS["network_mode"])
    task = Task(*size, table.get(_KEYS["gpu"]) or 0, mode)
    kind = _kind(problems, path, table)
    ami = _ami(problems, path, table)
    if kind is None:
        return _STAND_IN
    architecture = table.get(_KEYS["architecture"])
    if kind.architecture != architecture:
        message = f"{kind.name} has {kind.architecture} processors, and architecture is {architecture}"
        instead = f"architecture = {quoted(kind.architecture)}"
        problems.add(INSTANCE_ARCHITECTURE_WRONG, (*path, "instance"), message, instead)
    each, bound = room(kind, task)
    if not each:
        message = f"not one task of {_said(task)} fits on {kind.name}, which has {bound}"
        instead = f"instance = {quoted(_larger(kind, task))}"
        problems.add(TASK_LARGER_THAN_INSTANCE, (*path, "instance"), message, instead)
        return _STAND_IN
    least, most = _bounds(problems, path, table, count, each)
    if most * each <= count.max:
        needed = -(-(count.max + 1) // each)
        message = (
            f"{most} of {kind.name} take {most * each} tasks ({each} each: {bound}); count asks for {count.max}, and a "
            "release for one more"
        )
        problems.add(INSTANCES_TOO_FEW, (*path, "instances"), message, f"instances = {{ min = 1, max = {needed} }}")
    return Instances(kind.name, least, most, mode, task.gpu, ami)


def task_size(problems: Problems, path: KeyPath, table: Table) -> tuple[int, int]:
    """Read CPU and memory of a task on instances, which have no fixed pairs."""
    found = []
    for name, least in (("cpu", LEAST_CPU), ("memory", LEAST_MEMORY)):
        value: int = table.get(_KEYS[name])
        if value < least:
            message = f"{name} = {value}: a task on instances has at least {least}"
            problems.add(NUMBER_OUT_OF_RANGE, (*path, name), message, f"{name} = {least}")
            value = least
        found.append(value)
    return found[0], found[1]


def _said(task: Task) -> str:
    gpu = f" and {task.gpu} GPU" if task.gpu else ""
    return f"{task.cpu} CPU units, {task.memory} MiB{gpu}"


def _kind(problems: Problems, path: KeyPath, table: Table) -> InstanceType | None:
    if "instance" not in table.values:
        if "instance" not in table.named:
            message = 'launch = "ec2" without instance: on what type?'
            problems.add(INSTANCE_TYPE_MISSING, path, message, _KEYS["instance"].sample)
        return None
    name: str = table.values["instance"]
    kind = instance_type(name)
    if kind is None:
        near = nearest_word(name, tuple(instance_types())) or "t3.small"
        message = f"instance = {quoted(name[:40])} is no type that natless knows: is it {near}?"
        problems.add(INSTANCE_TYPE_UNKNOWN, (*path, "instance"), message, f"instance = {quoted(near)}")
    return kind


def _ami(problems: Problems, path: KeyPath, table: Table) -> str | None:
    text: str | None = table.values.get("ami")
    if text is not None and not re.fullmatch(IMAGE_ID_PATTERN, text):
        message = f"ami = {quoted(text[:40])}: an image's id has the form ami-0123456789abcdef0"
        problems.add(VALUE_INVALID, (*path, "ami"), message, _KEYS["ami"].sample)
    return text


def _larger(kind: InstanceType, task: Task) -> str:
    """Give the smallest type on which such a task fits, of the same family where there is one."""
    alike = (each for each in instance_types().values() if each.architecture == kind.architecture)
    fitting = [each for each in alike if room(each, task)[0]]
    family = kind.name.partition(".")[0]
    found = min(
        fitting, key=lambda each: (each.name.partition(".")[0] != family, each.memory, each.vcpus), default=kind
    )
    return found.name


def _bounds(problems: Problems, path: KeyPath, table: Table, count: Count, each: int) -> tuple[int, int]:
    """Give the least and the most instances: as said, or enough for the tasks, twice while a release runs."""
    if "instances" not in table.values:
        least, most = -(-count.min // each), -(-2 * count.max // each)
        # One more than the least: a new image for the instances comes up beside what stands.
        return least, max(most, least + 1)
    given = table.values["instances"]
    if is_number(given):
        return given, given
    place = (*path, "instances")
    bounds = take(problems, place, given, INSTANCES)
    least, most = bounds.values.get("min", 1), bounds.values.get("max", 1)
    if "min" in bounds.values and "max" in bounds.values and least > most:
        message = f"instances has min = {least} above max = {most}"
        problems.add(COUNT_MIN_ABOVE_MAX, (*place, "min"), message, f"instances = {{ min = {most}, max = {least} }}")
    return least, max(least, most)
