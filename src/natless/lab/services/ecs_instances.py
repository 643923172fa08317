"""Repair of moto's ECS: container instances register once, and are connected when their agent is.

The agent registers by the API; that it is connected, and what runs on an instance, only ECS itself can write.
"""

from __future__ import annotations

from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends

from natless.lab.services.ledger import LEDGER
from natless.lab.services.refusing import AccountError


class InstancesEcs(EC2ContainerServiceBackend):
    """ECS whose container instances are told by their agents."""

    def register_container_instance(self, cluster_str: str, ec2_instance_id: str) -> Any:
        """Register an instance, not yet connected; one that is registered already keeps its ARN."""
        name = (cluster_str or "default").split("/")[-1]
        if name not in self.clusters or self.clusters[name].status != "ACTIVE":
            raise AccountError("ClientException", "Cluster not found.")
        for known in self.container_instances.get(name, {}).values():
            if known.ec2_instance_id == ec2_instance_id:
                return known
        made: Any = super().register_container_instance(name, ec2_instance_id)
        made.agent_connected = False
        return made


class ContainerInstances:
    """The container instances of one region, as ECS itself writes them."""

    def __init__(self, region: str, account_id: str) -> None:
        """Open the door to `region` of `account_id`."""
        self._region = region
        self._account = account_id

    def connect(self, arn: str, *, connected: bool) -> None:
        """Say whether the agent of an instance is connected."""
        with LEDGER.lock:
            for instance in self._every():
                if instance.container_instance_arn == arn:
                    instance.agent_connected = connected

    def forget(self, ec2_instance: str) -> None:
        """Take the registration of an EC2 instance away: it was terminated."""
        with LEDGER.lock:
            backend: Any = ecs_backends[self._account][self._region]
            for cluster, instances in backend.container_instances.items():
                for key in [key for key, each in instances.items() if each.ec2_instance_id == ec2_instance]:
                    del instances[key]
                    backend.clusters[cluster].registered_container_instances_count -= 1

    def count(self, running: dict[str, int]) -> None:
        """Say how many tasks run on each instance, by its ARN."""
        with LEDGER.lock:
            for instance in self._every():
                instance.running_tasks_count = running.get(instance.container_instance_arn, 0)

    def _every(self) -> list[Any]:
        backend: Any = ecs_backends[self._account][self._region]
        return [each for instances in backend.container_instances.values() for each in instances.values()]
