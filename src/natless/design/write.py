"""The whole design: one spec in, two templates out."""

from __future__ import annotations

from typing import Any

from natless.design import names
from natless.design.balancer import balancer, faces_internet, public_services
from natless.design.design import Design, Template
from natless.design.discovery import discovery
from natless.design.endpoints import endpoints
from natless.design.flow_logs import flow_logs
from natless.design.groups import groups
from natless.design.hosts import hosted, hosts, providers
from natless.design.images import given_image, repository, repository_uri
from natless.design.marks import marked
from natless.design.names import ServiceIds, repository_name
from natless.design.network import named_zones, network
from natless.design.parameters import parameters
from natless.design.piece import Piece, attribute, bodies, places, ref, sub
from natless.design.roles import execution_role, task_role
from natless.design.rule_ids import by_content
from natless.design.scaling import scaling
from natless.design.tasks import cluster, ecs_service, log_group, task_definition
from natless.spec.model import Service, Spec


def write(spec: Spec) -> Design:
    """Give the templates of `spec`, as `spec.read` gives it."""
    if not spec.services:
        raise ValueError(f"{spec.source}: there is no service to design for")
    pushed = [service for service in spec.services if given_image(service) is None]
    images = marked(spec, [repository(spec, service) for service in pushed])
    declared = parameters(spec)
    pieces = marked(spec, by_content(_main(spec)))
    return Design(
        images=_images(spec, pushed, images),
        main=_template(
            f"{spec.name}: ECS in private subnets with no NAT gateway",
            bodies([*(piece for piece, _ in declared), *named_zones(spec.network)]),
            pieces,
            _outputs(spec),
        ),
        parameters=tuple(parameter for _, parameter in declared),
        repositories={service.name: repository_name(spec, service) for service in pushed},
        places=places([*images, *(piece for piece, _ in declared), *pieces], spec.lines),
    )


def _images(spec: Spec, pushed: list[Service], repositories: list[Piece]) -> Template | None:
    if not repositories:
        return None  # CloudFormation takes no template without resources
    where = "Where images are pushed"
    outputs = {
        _of_service(spec, service, "RepositoryUri"): _output(where, attribute(piece.id, "RepositoryUri"))
        for service, piece in zip(pushed, repositories, strict=True)
    }
    return _template(f"{spec.name}: image repositories", {}, repositories, outputs)


def _main(spec: Spec) -> list[Piece]:
    pieces = [
        *network(spec.network, public=faces_internet(spec) or spec.network.nat),
        *flow_logs(spec.network),
        *groups(spec),
        *endpoints(spec),
        *balancer(spec),
    ]
    for service in spec.services:
        pieces += [log_group(service), execution_role(spec, service), *task_role(spec, service)]
    pieces.append(cluster(spec))
    pieces += discovery(spec)
    for service in hosted(spec):
        pieces += hosts(spec, service)
    pieces += providers(spec)
    for service in spec.services:
        pieces += [task_definition(spec, service), ecs_service(spec, service), *scaling(spec, service)]
    return pieces


def _template(description: str, declared: dict[str, Any], pieces: list[Piece], outputs: dict[str, Any]) -> Template:
    template: Template = {"AWSTemplateFormatVersion": "2010-09-09", "Description": description}
    if declared:
        template["Parameters"] = declared
    return {**template, "Resources": bodies(pieces), "Outputs": outputs}


def _outputs(spec: Spec) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if public_services(spec):
        scheme = "https" if spec.network.certificates else "http"
        found["Url"] = _output("Where the service answers", sub(f"{scheme}://${{{names.ALB}.DNSName}}"))
    found["Cluster"] = _output("ECS cluster", ref(names.CLUSTER))
    for service in spec.services:
        ids = ServiceIds(service)
        found |= {
            _of_service(spec, service, "Service"): _output("ECS service", attribute(ids.service, "Name")),
            _of_service(spec, service, "LogGroup"): _output("CloudWatch log group", ref(ids.log_group)),
            _of_service(spec, service, "RepositoryUri"): _image_output(spec, service),
        }
    return found


def _of_service(spec: Spec, service: Service, what: str) -> str:
    """Give an output's name: with the service's where there are several, as `Output` ends it apart from resources."""
    return what if len(spec.services) == 1 else f"{ServiceIds(service).prefix}{what}Output"


def _image_output(spec: Spec, service: Service) -> dict[str, Any]:
    uri = repository_uri(spec, service)
    # Validators take Fn::Sub without a variable for a mistake.
    return _output("Where images are pushed", sub(uri)) if "${" in uri else _output("Where the image lies", uri)


def _output(description: str, value: object) -> dict[str, Any]:
    return {"Description": description, "Value": value}
