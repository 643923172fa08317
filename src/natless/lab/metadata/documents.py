"""Task metadata version 4, from what the account's ECS says of the task.

Source: ECS developer guide, "Amazon ECS task metadata endpoint version 4 for tasks on Fargate". Read 2026-11.
Statistics (`/stats`) and what a Docker daemon would know are left out: the lab measures none.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_CPU_UNITS = 1024
"""CPU units of one virtual CPU."""


def container_id(task: str, name: str) -> str:
    """Give the id of a container as Fargate makes it: the task's id and a number of its own."""
    return f"{task.rpartition('/')[2]}-{zlib.crc32(name.encode())}"


def task_document(connect: Any, cluster: str, task: str) -> dict[str, Any]:
    """Give what `${ECS_CONTAINER_METADATA_URI_V4}/task` answers."""
    ecs = connect("ecs")
    (found,) = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
    definition = ecs.describe_task_definition(taskDefinition=found["taskDefinitionArn"])["taskDefinition"]
    network = _network(connect, found)
    written = {each["name"]: each for each in definition["containerDefinitions"]}
    document = {
        "Cluster": found["clusterArn"],
        "TaskARN": task,
        "Family": definition["family"],
        "Revision": str(definition["revision"]),
        "DesiredStatus": found["desiredStatus"],
        "KnownStatus": found["lastStatus"],
        "Limits": _limits(found),
        "PullStartedAt": _moment(found.get("pullStartedAt")),
        "PullStoppedAt": _moment(found.get("pullStoppedAt")),
        "AvailabilityZone": found.get("availabilityZone"),
        "LaunchType": found.get("launchType"),
        "VPCID": network.pop("vpc", None),
        "ServiceName": found["group"].removeprefix("service:") if found["group"].startswith("service:") else None,
        "Containers": [_container(found, each, written[each["name"]], network) for each in found["containers"]],
    }
    return _known(document)


def _container(
    task: Mapping[str, Any], found: Mapping[str, Any], written: Mapping[str, Any], network: Mapping[str, Any]
) -> dict[str, Any]:
    name = found["name"]
    logs = written.get("logConfiguration") or {}
    family = task["taskDefinitionArn"].rpartition("/")[2]
    document = {
        "DockerId": container_id(task["taskArn"], name),
        "Name": name,
        "DockerName": name,
        "Image": found["image"],
        "ImageID": found.get("imageDigest"),
        "Labels": {
            "com.amazonaws.ecs.cluster": task["clusterArn"],
            "com.amazonaws.ecs.container-name": name,
            "com.amazonaws.ecs.task-arn": task["taskArn"],
            "com.amazonaws.ecs.task-definition-family": family.partition(":")[0],
            "com.amazonaws.ecs.task-definition-version": family.partition(":")[2],
        },
        "DesiredStatus": task["desiredStatus"],
        "KnownStatus": found["lastStatus"],
        "Limits": {"CPU": int(written.get("cpu") or 0)},
        "CreatedAt": _moment(task.get("createdAt")),
        "StartedAt": _moment(task.get("startedAt")),
        "Type": "NORMAL",
        "LogDriver": logs.get("logDriver"),
        "LogOptions": logs.get("options"),
        "ContainerARN": found["containerArn"],
        "Networks": [{"NetworkMode": "awsvpc", **network}] if network else None,
    }
    return _known(document)


def _network(connect: Any, task: Mapping[str, Any]) -> dict[str, Any]:
    """Give the task's interface as containers see it, and its VPC under `vpc`."""
    details = {each["name"]: each["value"] for one in task.get("attachments", []) for each in one.get("details", [])}
    if "subnetId" not in details:
        return {}
    (subnet,) = connect("ec2").describe_subnets(SubnetIds=[details["subnetId"]])["Subnets"]
    return {
        "vpc": subnet["VpcId"],
        "IPv4Addresses": [details["privateIPv4Address"]],
        "AttachmentIndex": 0,
        "MACAddress": details.get("macAddress"),
        "IPv4SubnetCIDRBlock": subnet["CidrBlock"],
        "PrivateDNSName": details.get("privateDnsName"),
    }


def _limits(task: Mapping[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if str(task.get("cpu") or "").isdigit():
        limits["CPU"] = int(task["cpu"]) / _CPU_UNITS
    if str(task.get("memory") or "").isdigit():
        limits["Memory"] = int(task["memory"])
    return limits


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _known(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not known."""
    return {name: value for name, value in document.items() if value not in (None, "", {})}
