"""The execution role: what ECS may do to start the tasks. The task role: what their containers use of AWS."""

from __future__ import annotations

from typing import Any

from natless.design.access import Ask, asks, statements
from natless.design.names import ServiceIds
from natless.design.piece import Piece, resource
from natless.spec.model import Service, Spec


def execution_role(spec: Spec, service: Service) -> Piece:
    """Give the execution role. Its policy is inline, so that it is complete before anything can refer to the role."""
    table = f"services.{service.name}"
    # Layers are fetched by URLs that ECR presigns: S3 asks nothing of the role.
    wanted = [ask for ask in asks(spec, service) if ask.by == "execution role"]
    return resource(
        ServiceIds(service).execution_role,
        "AWS::IAM::Role",
        _properties(f"Lets ECS start {service.name}: image, log stream, secrets", "start-tasks", wanted),
        causes=(f"{table}.secrets", table),
    )


def task_role(spec: Spec, service: Service) -> list[Piece]:
    """Give the task role; none where the containers use no AWS service."""
    table = f"services.{service.name}"
    wanted = [ask for ask in asks(spec, service) if ask.by == "task role"]
    if not wanted:
        return []
    properties = _properties(f"What the containers of {service.name} may use", "use-aws", wanted)
    causes = (f"{table}.uses", f"{table}.exec", table)
    return [resource(ServiceIds(service).task_role, "AWS::IAM::Role", properties, causes=causes)]


def _properties(description: str, policy: str, wanted: list[Ask]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": statements(wanted)}
    return {
        "Description": description,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": policy, "PolicyDocument": document}],
    }
