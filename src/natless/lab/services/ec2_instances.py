"""Repair of moto's EC2: instances take free addresses, and stand as their launch template says.

moto's Auto Scaling puts every instance into the first subnet, and drops the template's interfaces and its profile; an
instance that is terminated leaves its interface behind.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.ec2.models import EC2Backend
from moto.iam.models import iam_backends

from natless.lab.services.ledger import LEDGER

RUNNING = "running"


class InstancesEc2(EC2Backend):
    """EC2 whose instances stand in their subnets with the groups, profile and public address that they were given."""

    def run_instances(self, image_id: Any, count: int, user_data: Any, security_group_names: Any, **kwargs: Any) -> Any:
        """Launch one instance after the other, each with an address of its own."""
        data = self._launch_data(kwargs)
        group: Any = kwargs.get("launch_config")
        nics = kwargs.pop("nics", None) or [one for one in (_first_interface(data),) if one]
        subnet = kwargs.get("subnet_id") or next((nic["SubnetId"] for nic in nics if "SubnetId" in nic), None)
        first: Any = None
        for _ in range(count):
            asked = {**kwargs, "nics": copy.deepcopy(nics)}
            asked["security_group_ids"] = list(kwargs.get("security_group_ids", []))
            if subnet and not any("NetworkInterfaceId" in nic for nic in nics):
                ec2: Any = self
                asked["private_ip"] = asked.get("private_ip") or ec2.free_address(self.get_subnet(subnet))
                asked["subnet_id"] = subnet
            names = [] if nics and nics[0].get("Groups") else security_group_names
            made = super().run_instances(image_id, 1, user_data, list(names), **asked)
            for instance in made.instances:
                instance.security_groups = instance.security_groups or list(instance.nics[0].group_set)
                profile = data.get("IamInstanceProfile") or getattr(group, "iam_instance_profile", None)
                if profile:
                    self._give_profile(instance.id, profile)
            first = first or made
            if made is not first:
                first.instances.extend(made.instances)
                self.reservations.pop(made.id)
        LEDGER.changed()
        return first

    def _launch_data(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not asked.get("launch_template"):
            return {}
        data: dict[str, Any] = self._get_template_from_args(asked["launch_template"]).data
        return data

    def _give_profile(self, instance: str, named: Any) -> None:
        """Associate an instance profile by its name or its ARN; EC2 refuses to launch with one that does not stand."""
        text = named if isinstance(named, str) else str(named.get("Name") or named.get("Arn") or "")
        profile = iam_backends[self.account_id]["aws"].get_instance_profile(text.rsplit("/", 1)[-1])
        self.associate_iam_instance_profile(instance, profile.name)

    def terminate_instances(self, instance_ids: list[str]) -> Any:
        """Terminate instances; their interfaces go with them."""
        ended = super().terminate_instances(instance_ids)
        for instance, _ in ended:
            for nic in list(instance.nics.values()):
                self.enis.pop(nic.id, None)
        LEDGER.changed()
        return ended


def _first_interface(data: dict[str, Any]) -> dict[str, Any] | None:
    """Give the primary interface of a launch template as RunInstances takes it."""
    for nic in data.get("NetworkInterfaces") or []:
        if int(nic.get("DeviceIndex") or 0) == 0:
            groups = nic.get("Groups") or nic.get("SecurityGroupId") or []
            public = nic.get("AssociatePublicIpAddress")
            said = {"DeviceIndex": 0, "Groups": list(groups)}
            if public is not None:
                said["AssociatePublicIpAddress"] = public is True or str(public).lower() == "true"
            return said | ({"SubnetId": nic["SubnetId"]} if nic.get("SubnetId") else {})
    return None


def spread_over_subnets() -> None:
    """Have Auto Scaling launch into the subnet with the fewest of its instances, as it does on AWS."""
    launch: Any = FakeAutoScalingGroup.replace_autoscaling_group_instances

    def spread(self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        every = self.vpc_zone_identifier
        try:
            for _ in range(count_needed):
                subnets = [one.strip() for one in (every or "").split(",")]
                busy = [state.instance.subnet_id for state in self.instance_states]
                self.vpc_zone_identifier = min(subnets, key=busy.count) or None
                launch(self, 1, propagated_tags)
        finally:
            self.vpc_zone_identifier = every

    FakeAutoScalingGroup.replace_autoscaling_group_instances = spread  # type: ignore[method-assign]  # moto calls it by this name
