"""What the values of a stack lean on: its parameters and resources, the account, the exports of other stacks."""

from __future__ import annotations

from typing import Any

from natless.lab.engine.intrinsics import NO_VALUE
from natless.lab.engine.resources.making import Connect
from natless.lab.engine.stacks import Stack, Stacks
from natless.lab.engine.template import TemplateError


class Values:
    """Where the names in one stack's template lead (`intrinsics.Surroundings`)."""

    def __init__(self, stack: Stack, stacks: Stacks, connect: Connect) -> None:
        """Take the stack, its neighbours, and the account."""
        self._stack = stack
        self._stacks = stacks
        self._connect = connect

    def ref(self, name: str) -> Any:
        """Give what Ref gives: a parameter's value, a resource's physical id, a pseudo parameter."""
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self._stack.parameters:
            return self._stack.parameters[name]
        resource = self._stack.resources.get(name)
        if resource is None or resource.physical_id is None:
            raise TemplateError(f"Template error: resource {name} is not there to be referred to")
        return resource.physical_id

    def attribute(self, name: str, attribute: str) -> Any:
        """Give an attribute of a resource that stands."""
        resource = self._stack.resources.get(name)
        if resource is None or resource.physical_id is None:
            raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        if attribute not in resource.attributes:
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
        return resource.attributes[attribute]

    def zones(self, region: str) -> list[str]:
        """Give the availability zones of the stack's region; the lab has no other."""
        if region not in {"", self._stacks.region}:
            raise TemplateError(f"Template error: the lab has one region, {self._stacks.region}, and not {region}")
        zones = self._connect("ec2").describe_availability_zones()["AvailabilityZones"]
        return [str(zone["ZoneName"]) for zone in zones]

    def imported(self, name: str) -> str:
        """Give another stack's export, and remember that this stack leans on it."""
        for export, value, _ in self._stacks.exports():
            if export == name:
                self._stack.imports.add(name)
                return value
        raise TemplateError(f"No export named {name} found.")

    def _pseudo(self, name: str) -> Any:
        values: dict[str, Any] = {
            "AWS::AccountId": self._stacks.account_id,
            "AWS::Region": self._stacks.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self._stack.name,
            "AWS::StackId": self._stack.id,
            "AWS::NotificationARNs": [],
        }
        return values.get(name, NO_VALUE)
