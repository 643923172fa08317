"""Repair of moto's EC2: security groups keep their descriptions and refuse to go while something uses them."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import security_groups
from moto.ec2.models.security_groups import SecurityGroupRule

from natless.catalog import refusals
from natless.lab.services.ec2_network import NetworkEc2
from natless.lab.services.refusing import refuse


class DescribedRule(SecurityGroupRule):
    """A rule that keeps the description whatever its peer is; moto keeps it for CIDRs only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take moto's arguments; the prefix list is the eighth of them or named."""
        super().__init__(*args, **kwargs)
        position = 7
        listed = args[position] if len(args) > position else kwargs.get("prefix_list_id")
        self.prefix_list = dict(listed or {})

    @property
    def description(self) -> str | None:
        """What a person wrote of the rule."""
        for peer in (self.ip_range, self.source_group, self.prefix_list):
            if peer.get("Description"):
                return str(peer["Description"])
        return None


class GroupsEc2(NetworkEc2):
    """EC2 whose security groups know who uses them."""

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Delete a group that no interface carries and no other group's rule names."""
        group = self.get_security_group_from_id(group_id) if group_id else None
        if group is not None:
            if group.name == "default" and group.vpc_id in self.vpcs and self._kept(group.vpc_id):
                raise refuse(refusals.DEFAULT_GROUP_KEPT, group=group.id)
            if self._carried(group.id) or self._named(group.id):
                raise refuse(refusals.GROUP_IN_USE, group=group.id)
        super().delete_security_group(name, group_id)

    def delete_vpc(self, vpc_id: str) -> Any:
        """Delete a VPC; only this may delete its default group."""
        self._leaving = vpc_id
        try:
            return super().delete_vpc(vpc_id)
        finally:
            self._leaving = ""

    _leaving = ""

    def _kept(self, vpc_id: str) -> bool:
        return self._leaving != vpc_id

    def _carried(self, group_id: str) -> bool:
        return any(group.id == group_id for eni in self.enis.values() for group in eni.group_set)

    def _named(self, group_id: str) -> bool:
        return any(
            rule.source_group.get("GroupId") == group_id
            for groups in self.groups.values()
            for group in groups.values()
            if group.id != group_id
            for rule in (*group.ingress_rules, *group.egress_rules)
        )


def keep_rule_descriptions() -> None:
    """Make moto build `DescribedRule`s."""
    security_groups.SecurityGroupRule = DescribedRule  # type: ignore[misc]  # moto looks the class up by this name
