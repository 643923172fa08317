"""The sections of a snapshot: AWS's response keys, each a list of objects with an id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from natless.load.describe.item import Item, Reading

_T = TypeVar("_T")

_IDS: Mapping[str, tuple[str, ...]] = {
    "AutoScalingGroups": ("AutoScalingGroupName",),
    "CapacityProviders": ("name",),
    "Clusters": ("clusterArn",),
    "ContainerInstances": ("containerInstanceArn",),
    "DhcpOptions": ("DhcpOptionsId",),
    "InstanceProfiles": ("InstanceProfileName",),
    "Instances": ("InstanceId",),
    "InternetGateways": ("InternetGatewayId",),
    "LaunchConfigurations": ("LaunchConfigurationName",),
    "LaunchTemplateVersions": ("LaunchTemplateId", "VersionNumber"),
    "ListenerRules": ("RuleArn",),
    "Listeners": ("ListenerArn",),
    "LoadBalancers": ("LoadBalancerArn",),
    "LogGroups": ("logGroupName",),
    "NatGateways": ("NatGatewayId",),
    "NetworkAcls": ("NetworkAclId",),
    "NetworkInterfaces": ("NetworkInterfaceId",),
    "Policies": ("Arn",),
    "PrefixLists": ("PrefixListId",),
    "Repositories": ("repositoryName",),
    "Roles": ("RoleName",),
    "RouteTables": ("RouteTableId",),
    "SecurityGroupRules": ("SecurityGroupRuleId",),
    "SecurityGroups": ("GroupId",),
    "Services": ("serviceArn",),
    "StoppedTasks": ("taskArn",),
    "Subnets": ("SubnetId",),
    "TargetGroups": ("TargetGroupArn",),
    "TaskDefinitions": ("family", "revision"),
    "Tasks": ("taskArn",),
    "VpcAttributes": ("VpcId",),
    "VpcEndpoints": ("VpcEndpointId",),
    "Vpcs": ("VpcId",),
}

HOSTING = frozenset(
    {
        "AutoScalingGroups",
        "CapacityProviders",
        "ContainerInstances",
        "InstanceProfiles",
        "Instances",
        "LaunchConfigurations",
        "LaunchTemplateVersions",
    }
)
"""Sections that only tasks on the EC2 launch type lean on: without such a service nobody misses them."""

_ANNEXES = HOSTING | {
    "Clusters",
    "DhcpOptions",
    "Policies",
    "SecurityGroupRules",
    "StoppedTasks",
    "Tasks",
    "VpcAttributes",
}
"""Sections that only fill in fields of others: where they are missing, those fields say so."""


class Sections:
    """A snapshot's sections. What is missing or was denied becomes a Gap named by its key."""

    def __init__(self, reading: Reading, snapshot: Mapping[str, Any]) -> None:
        """Take a snapshot, and its "Denied": key to AWS's refusal."""
        self.reading = reading
        self._snapshot = _with_instances(snapshot)
        self._items: dict[str, tuple[Item, ...]] = {}
        denied = snapshot.get("Denied") or {}
        if not isinstance(denied, Mapping):
            reading.malformed("Denied", "expected an object of refusals by key")
            denied = {}
        self._denied: Mapping[str, Any] = denied

    @property
    def denied(self) -> Mapping[str, Any]:
        """Give the refusals by key."""
        return self._denied

    def given(self, key: str) -> bool:
        """Say whether a section was read whole, so that what is not in it does not stand."""
        return isinstance(self._snapshot.get(key), list) and key not in self._denied

    def why(self, key: str) -> str:
        """Say why a section is not whole."""
        if key in self._denied:
            return f"AWS refused: {self._denied[key]}"
        return f"the snapshot has no {key}"

    def items(self, key: str) -> tuple[Item, ...]:
        """Give a section's objects by id, so that the order of listing never matters."""
        if key not in self._items:
            self._items[key] = self._read(key)
        return self._items[key]

    def note(self, key: str) -> None:
        """Write down that a section which something leans on was not read whole."""
        if not self.given(key):
            self.reading.not_read(key, self.why(key))

    def _read(self, key: str) -> tuple[Item, ...]:
        if key not in _ANNEXES:
            self.note(key)
        section = self._snapshot.get(key)
        if section is None:
            return ()
        if not isinstance(section, list):
            self.reading.malformed(key, "expected a list of objects")
            return ()
        found: dict[str, Item] = {}
        for index, data in enumerate(section):
            item = self._item(key, index, data)
            if item is None:
                continue
            if item.id in found and found[item.id].data() != data:
                self.reading.malformed(f"{key}[{item.id}]", "it stands here twice, with different contents")
            found[item.id] = item
        return tuple(found[identifier] for identifier in sorted(found))

    def each(self, key: str, build: Callable[[Item], _T | None]) -> dict[str, _T]:
        """Build a fact from each object of a section; None leaves it out."""
        built = ((item.id, build(item)) for item in self.items(key))
        return {identifier: fact for identifier, fact in built if fact is not None}

    def _item(self, key: str, index: int, data: Any) -> Item | None:
        if not isinstance(data, dict):
            self.reading.malformed(f"{key}[{index}]", "expected an object")
            return None
        parts = [data.get(name) for name in _IDS[key]]
        if any(part is None or isinstance(part, (dict, list)) or part == "" for part in parts):
            self.reading.malformed(f"{key}[{index}]", f"it has no {' and '.join(_IDS[key])}")
            return None
        identifier = ":".join(str(part) for part in parts)
        return Item(self.reading, f"{key}[{identifier}]", data, identifier)


def _with_instances(snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the snapshot with `Instances`, which DescribeInstances lists by reservation."""
    reservations = snapshot.get("Reservations")
    if "Instances" in snapshot or not isinstance(reservations, list):
        return snapshot
    lists = (each.get("Instances") for each in reservations if isinstance(each, Mapping))
    return {**snapshot, "Instances": [each for some in lists if isinstance(some, list) for each in some]}
