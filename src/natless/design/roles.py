"""The execution role: what ECS may do to start the tasks, and nothing else."""

from __future__ import annotations

from natless.design.access import asks, statements
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
        {
            "Description": f"Lets ECS start {service.name}: image, log stream, secrets",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "start-tasks",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": statements(wanted)},
                }
            ],
        },
        causes=(f"{table}.secrets", table),
    )
