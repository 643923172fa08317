"""What ECS refuses of a task definition that is to run on Fargate."""

from __future__ import annotations

import re
from typing import Any

from natless.catalog import fargate, refusals
from natless.lab.services.refusing import AccountError, refuse

ECR_HOST = re.compile(r"^\d{12}\.dkr\.ecr(-fips)?\.")


def check_definition(containers: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    """Refuse what RegisterTaskDefinition refuses; `asked` holds its other parameters by moto's names."""
    _check_dependencies(containers)
    if "FARGATE" not in (asked.get("requires_compatibilities") or []):
        return
    if asked.get("network_mode") != "awsvpc":
        raise AccountError("ClientException", "Fargate only supports network mode 'awsvpc'.")
    cpu, memory = str(asked.get("cpu") or ""), str(asked.get("memory") or "")
    if not cpu or not memory:
        missing = "cpu" if not cpu else "memory"
        raise AccountError("ClientException", f"Fargate requires that '{missing}' be defined at the task level.")
    if not cpu.isdigit() or not memory.isdigit() or not fargate.possible(int(cpu), int(memory)):
        raise refuse(refusals.FARGATE_SIZE, cpu=cpu, memory=memory)
    if asked.get("execution_role_arn"):
        return
    if any(ECR_HOST.match(str(container.get("image"))) for container in containers):
        raise refuse(refusals.FARGATE_IMAGES_NEED_ROLE)
    if any((container.get("logConfiguration") or {}).get("logDriver") == "awslogs" for container in containers):
        raise refuse(refusals.FARGATE_LOGS_NEED_ROLE)


def _check_dependencies(containers: list[dict[str, Any]]) -> None:
    """Refuse what no order of the containers can meet."""
    named = {str(one.get("name")): one for one in containers}
    needs = {
        name: {str(each.get("containerName")): str(each.get("condition")) for each in one.get("dependsOn") or []}
        for name, one in named.items()
    }
    for other, condition in [pair for each in needs.values() for pair in each.items()]:
        if other not in named:
            raise refuse(refusals.DEPENDENCY_MISSING, container=other)
        if condition in {"SUCCESS", "COMPLETE"} and named[other].get("essential", True):
            raise refuse(refusals.ESSENTIAL_DEPENDENCY)
    while free := [name for name, others in needs.items() if not set(others) & set(needs)]:
        needs = {name: others for name, others in needs.items() if name not in free}
    if needs:
        # AWS refuses as well; its words for it were not found.
        raise AccountError("ClientException", f"The dependsOn of {', '.join(sorted(needs))} goes in a circle.")
