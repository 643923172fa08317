"""The main template's parameters: what only an account (or a push) knows."""

from __future__ import annotations

from typing import Any

from natless.catalog.instance_types import instance_type
from natless.catalog.instances import image_parameter
from natless.catalog.partitions import partition_of
from natless.catalog.prefix_lists import GATEWAY_NAMES, PREFIX_LISTS_UNKNOWN, s3_prefix_list
from natless.design import names
from natless.design.access import Ask, asks, gateways, secret_parameters
from natless.design.design import ImageDigest, InstanceImage, Lookup, Parameter, PrefixListId, SecretArn
from natless.design.images import given_image
from natless.design.names import ServiceIds
from natless.design.piece import Piece
from natless.spec.model import Service, Spec


def parameters(spec: Spec) -> list[tuple[Piece, Parameter]]:
    """Give each parameter as the template declares it, and with the value that `check` proves with."""
    # Where the group lets HTTPS out to anywhere, no rule names a service's list.
    asked = {ask.endpoint: ask for service in reversed(spec.services) for ask in gateways(asks(spec, service))}
    lists = [_prefix_list(spec, ask) for ask in asked.values() if spec.network.egress == "endpoints"]
    images = [found for service in spec.services for found in _host_image(service)]
    return [*map(_image_digest, spec.services), *lists, *images, *_secrets(spec)]


def _parameter(
    name: str, declaration: dict[str, Any], value: str, lookup: Lookup, causes: tuple[str, ...]
) -> tuple[Piece, Parameter]:
    # No defaults: a guess that is deployed is worse than a parameter that is missing.
    return Piece(name, {"Type": "String", **declaration}, causes), Parameter(name, value, lookup)


def _image_digest(service: Service) -> tuple[Piece, Parameter]:
    name = ServiceIds(service).image_digest
    table = f"services.{service.name}"
    declaration = {
        "Description": f"Digest of the image of {service.name}",
        "AllowedPattern": "^sha256:[0-9a-f]{64}$",
        "ConstraintDescription": "sha256: and 64 hexadecimal digits",
    }
    causes = (f"{table}.image", f"{table}.build", table)
    given = given_image(service)
    value = given.digest if given and given.digest else f"${{{name}}}"
    return _parameter(name, declaration, value, ImageDigest(service.name), causes)


def _prefix_list(spec: Spec, ask: Ask) -> tuple[Piece, Parameter]:
    name = names.prefix_list(ask.endpoint)
    known = s3_prefix_list(spec.region) if spec.region and ask.endpoint == "s3" else None
    declaration = {
        "Description": f"Id of the managed prefix list of {GATEWAY_NAMES[ask.endpoint]} in this region",
        "AllowedPattern": "^pl-[0-9a-f]+$",
        "ConstraintDescription": "pl- and hexadecimal digits",
    }
    causes = ("region", *ask.causes)
    return _parameter(
        name, declaration, known or PREFIX_LISTS_UNKNOWN[ask.endpoint], PrefixListId(ask.endpoint), causes
    )


def _host_image(service: Service) -> list[tuple[Piece, Parameter]]:
    """Give the instances' AMI, where the spec does not pin one itself."""
    instances = service.launch.instances
    if instances is None or instances.ami is not None:
        return []
    name, table = ServiceIds(service).host_image, f"services.{service.name}"
    kind = instance_type(instances.type)
    parameter = image_parameter(arm=service.architecture == "arm64", gpu=kind is not None and kind.gpus > 0)
    # Its type has CloudFormation ask whether the image is there.
    declaration = {"Type": "AWS::EC2::Image::Id", "Description": f"AMI of the instances of {service.name}"}
    causes = (f"{table}.instance", f"{table}.launch", table)
    return [_parameter(name, declaration, f"${{{name}}}", InstanceImage(parameter), causes)]


def _secrets(spec: Spec) -> list[tuple[Piece, Parameter]]:
    region = spec.region or "${AWS::Region}"
    services = {service.name: service for service in spec.services}
    found = []
    for (of, identifier), name in secret_parameters(spec).items():
        table = f"services.{of}.secrets"
        declaration = {
            "Description": f"Full ARN of the secret {identifier}",
            "AllowedPattern": "^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$",
            "ConstraintDescription": "the secret's full ARN",
        }
        # What the account adds, six random characters, is symbolic: equal to itself in the role, the endpoint's
        # policy and the container, unknown against anything else.
        partition = partition_of(region).name
        value = f"arn:{partition}:secretsmanager:{region}:${{AWS::AccountId}}:secret:{identifier}"
        value = identifier if identifier.startswith("arn:") else f"{value}-${{{name}}}"
        variable = next(secret.variable for secret in services[of].secrets if secret.identifier == identifier)
        found.append(_parameter(name, declaration, value, SecretArn(identifier), (f"{table}.{variable}", table)))
    return found
