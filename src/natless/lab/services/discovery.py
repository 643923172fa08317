"""Cloud Map as ECS and the VPC's DNS server use it: tasks are registered while they run, by names of their service.

moto keeps namespaces, services and instances; nothing of it is loaded where no stack made a namespace.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from moto.ecs.models import ecs_backends

from natless.lab.services.ledger import LEDGER

_MODELS = "moto.servicediscovery.models"
_ADDRESS = "AWS_INSTANCE_IPV4"


class Discovery:
    """The private names of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        """Name the account and region."""
        self._account = account
        self._region = region

    @property
    def _cloud_map(self) -> Any:
        """Moto's tables, or None where nobody has asked Cloud Map for anything yet."""
        models: Any = sys.modules.get(_MODELS)
        return None if models is None else models.servicediscovery_backends[self._account][self._region]

    def register(self) -> None:
        """Bring what is registered to the tasks that run now, as ECS does."""
        with LEDGER.lock:
            tables = self._cloud_map
            if tables is None or not tables.services:
                return
            models: Any = sys.modules[_MODELS]
            wanted = {arn: dict(addresses) for arn, addresses in self._registered()}
            for service in tables.services.values():
                running = wanted.get(service.arn, {})
                own = [each for each in service.instances if each.attributes.get("ECS_SERVICE_NAME")]
                others = [each for each in service.instances if each not in own]
                service.instances = [
                    *others,
                    *(
                        models.ServiceInstance(service.id, task, attributes=attributes)
                        for task, attributes in running.items()
                    ),
                ]

    def _registered(self) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
        """Give, by the registry's ARN, the tasks of each ECS service and what Cloud Map is told of them."""
        ecs: Any = ecs_backends[self._account][self._region]
        for service in ecs.services.values():
            for registry in getattr(service, "service_registries", None) or []:
                tasks = [task for task in ecs.tasks_of(service) if _serves(task)]
                yield str(registry.get("registryArn")), [(task.id, _attributes(service, task)) for task in tasks]

    def addresses(self, vpc: str | None, host: str) -> tuple[IPv4Address, ...] | None:
        """Give what a private name stands for in a VPC; None where it is none of a namespace of that VPC."""
        with LEDGER.lock:
            tables = self._cloud_map
            if tables is None or vpc is None:
                return None
            label, _, domain = host.lower().rstrip(".").partition(".")
            for service in tables.services.values():
                namespace = tables.namespaces.get(service.namespace_id)
                if namespace is None or namespace.type != "DNS_PRIVATE" or namespace.vpc != vpc:
                    continue
                if (service.name.lower(), namespace.name.lower().rstrip(".")) == (label, domain):
                    found = (each.attributes.get(_ADDRESS) for each in service.instances)
                    # Without one the name stands for nothing: Route 53 answers that there is none.
                    return tuple(IPv4Address(each) for each in found if each) or None
            return None


def _serves(task: Any) -> bool:
    """Say whether a task runs and is not found unhealthy (ECS developer guide, 'Service discovery')."""
    states = (task.last_status, task.desired_status)
    return states == ("RUNNING", "RUNNING") and bool(task.health_status != "UNHEALTHY")


def _attributes(service: Any, task: Any) -> dict[str, str]:
    details = {one["name"]: one["value"] for each in task.attachments for one in each["details"]}
    return {
        _ADDRESS: str(details.get("privateIPv4Address", "")),
        "AVAILABILITY_ZONE": str(task.availability_zone or ""),
        "ECS_CLUSTER_NAME": str(task.cluster_name),
        "ECS_SERVICE_NAME": str(service.name),
        "ECS_TASK_DEFINITION_FAMILY": str(task.task_definition_arn).rpartition("/")[2].partition(":")[0],
    }
