"""The whole design: one spec in, two templates out."""

from __future__ import annotations

from typing import Any

from natless.design import names
from natless.design.access import service_needs
from natless.design.balancer import balancer
from natless.design.design import Design, Template
from natless.design.endpoints import endpoints
from natless.design.groups import groups
from natless.design.images import given_image, repository, repository_uri
from natless.design.names import ServiceIds, repository_name
from natless.design.network import network
from natless.design.parameters import parameters
from natless.design.piece import Piece, attribute, bodies, places, ref, sub
from natless.design.roles import execution_role
from natless.design.rule_ids import by_content
from natless.design.scaling import scaling
from natless.design.tasks import cluster, ecs_service, log_group, task_definition
from natless.spec.model import Service, Spec


def write(spec: Spec) -> Design:
    """Give the templates of `spec`: one public Fargate service. `spec.read` refuses every other spec, by line."""
    match spec.services:
        case (service,) if service.public:
            return _write(spec, service)
        case _:
            raise ValueError(f"{spec.source}: design writes exactly one public service")


def _write(spec: Spec, service: Service) -> Design:
    images = [repository(spec, service)] if given_image(service) is None else []
    declared = parameters(spec, service)
    pieces = by_content(_main(spec, service))
    return Design(
        images=_images(spec, images),
        main=_template(
            f"{spec.name}: ECS in private subnets with no NAT gateway",
            bodies(piece for piece, _ in declared),
            pieces,
            _outputs(spec, service),
        ),
        parameters=tuple(parameter for _, parameter in declared),
        repositories={service.name: repository_name(spec, service)} if images else {},
        places=places([*images, *(piece for piece, _ in declared), *pieces], spec.lines),
    )


def _images(spec: Spec, repositories: list[Piece]) -> Template | None:
    if not repositories:
        return None  # CloudFormation takes no template without resources
    pushed = _output("Where images are pushed", attribute(repositories[0].id, "RepositoryUri"))
    return _template(f"{spec.name}: image repositories", {}, repositories, {"RepositoryUri": pushed})


def _main(spec: Spec, service: Service) -> list[Piece]:
    return [
        *network(spec.network),
        *groups(spec, service, s3=any(need.kind == "gateway" for need in service_needs(service))),
        *endpoints(spec, service),
        *balancer(spec, service),
        log_group(service),
        execution_role(spec, service),
        cluster(spec),
        task_definition(spec, service),
        ecs_service(spec, service),
        *scaling(service),
    ]


def _template(description: str, declared: dict[str, Any], pieces: list[Piece], outputs: dict[str, Any]) -> Template:
    template: Template = {"AWSTemplateFormatVersion": "2010-09-09", "Description": description}
    if declared:
        template["Parameters"] = declared
    return {**template, "Resources": bodies(pieces), "Outputs": outputs}


def _outputs(spec: Spec, service: Service) -> dict[str, Any]:
    ids = ServiceIds(service)
    return {
        "Url": _output("Where the service answers", sub(f"http://${{{names.ALB}.DNSName}}")),
        "Cluster": _output("ECS cluster", ref(names.CLUSTER)),
        "Service": _output("ECS service", attribute(ids.service, "Name")),
        "LogGroup": _output("CloudWatch log group", ref(ids.log_group)),
        "RepositoryUri": _image_output(spec, service),
    }


def _image_output(spec: Spec, service: Service) -> dict[str, Any]:
    uri = repository_uri(spec, service)
    # Validators take Fn::Sub without a variable for a mistake.
    return _output("Where images are pushed", sub(uri)) if "${" in uri else _output("Where the image lies", uri)


def _output(description: str, value: object) -> dict[str, Any]:
    return {"Description": description, "Value": value}
