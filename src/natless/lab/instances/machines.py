"""The EC2 instances that stand, and the container instances that they became, as the account says it now."""

from __future__ import annotations

from typing import Any

import msgspec
from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ecs.models import ecs_backends

from natless.lab.services.ledger import LEDGER
from natless.load.user_data import decoded, user_data


class Machine(msgspec.Struct, frozen=True):
    """A running EC2 instance. `cluster` is what its user data names, `role` its profile's ARN of one; "" without."""

    id: str
    interface: str
    address: str
    subnet: str
    zone: str
    cluster: str
    role: str
    auto_scaling_group: str = ""
    type: str = ""


class Host(msgspec.Struct, frozen=True):
    """A container instance: the machine, its ARN, the cluster, and whether its agent is connected."""

    machine: Machine
    arn: str
    cluster: str
    connected: bool


class ScalingGroup(msgspec.Struct, frozen=True):
    """An Auto Scaling group that a capacity provider may scale."""

    name: str
    desired: int
    most: int


class Machines:
    """The instances of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        """Name the account and region."""
        self._account = account
        self._region = region

    def running(self) -> dict[str, Machine]:
        """Give the running instances that stand in a subnet, by id."""
        with LEDGER.lock:
            backend: Any = ec2_backends[self._account][self._region]
            every = [each for reservation in backend.reservations.values() for each in reservation.instances]
            roles = {each.instance.id: _role(each) for each in backend.iam_instance_profile_associations.values()}
            standing = (each for each in every if each.state == "running" and each.subnet_id)
            return {each.id: _machine(each, roles) for each in standing}

    def hosts(self) -> tuple[Host, ...]:
        """Give the container instances whose machines run, in the order in which they registered."""
        running = self.running()
        with LEDGER.lock:
            backend: Any = ecs_backends[self._account][self._region]
            return tuple(
                Host(running[each.ec2_instance_id], each.container_instance_arn, cluster, bool(each.agent_connected))
                for cluster, instances in backend.container_instances.items()
                for each in instances.values()
                if each.ec2_instance_id in running and each.status == "ACTIVE"
            )

    def provided(self, provider: str) -> ScalingGroup | None:
        """Give the Auto Scaling group of a capacity provider, where ECS scales it."""
        with LEDGER.lock:
            backend: Any = ecs_backends[self._account][self._region]
            found = backend._get_provider(provider)  # noqa: SLF001 - moto has no public one
            if found is None:
                return None
            name = str(found.auto_scaling_group_provider["autoScalingGroupArn"]).rpartition("/")[2]
            group: Any = autoscaling_backends[self._account][self._region].autoscaling_groups.get(name)
            managed = (found.auto_scaling_group_provider.get("managedScaling") or {}).get("status") == "ENABLED"
            if group is None:
                return None
            desired = int(group.desired_capacity or 0)
            return ScalingGroup(name, desired, int(group.max_size or 0) if managed else desired)


def _role(association: Any) -> str:
    return next((str(role.arn) for role in association.iam_instance_profile.roles), "")


def _machine(record: Any, roles: dict[str, str]) -> Machine:
    text = str(record.user_data or "")
    said = user_data(decoded(text) or text)
    group = getattr(record, "autoscaling_group", None)
    nic = record.nics[0]
    return Machine(
        id=record.id,
        interface=nic.id,
        address=nic.private_ip_address,
        subnet=record.subnet_id,
        zone=record.placement.zone,
        cluster=said.cluster or "",
        role=roles.get(record.id, ""),
        auto_scaling_group=group.name if group is not None else "",
        type=str(record.instance_type or ""),
    )
