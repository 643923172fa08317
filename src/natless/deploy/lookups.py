"""The main template's parameters, asked of the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from botocore.exceptions import ClientError

from natless.deploy import stacks
from natless.deploy.calls import Connect, about_who_asks, code, message, pages
from natless.deploy.error import DeployError
from natless.deploy.progress import LookedUp
from natless.design import Design, ImageDigest, InstanceImage, Parameter, PrefixListId, SecretArn
from natless.spec.model import Secret, Service, Spec


def resolve(
    design: Design, spec: Spec, connect: Connect, digests: Mapping[str, str], *, new_ami: bool = False
) -> tuple[LookedUp, ...]:
    """Give each parameter of the main template its value.

    Args:
        design: the templates and their parameters.
        spec: names the line that a value that is not there belongs to.
        connect: gives a service's boto3 client.
        digests: the digest of each service's image, as pushed.
        new_ami: take the AMI that is recommended now for instances, and not the one that the stack has.

    Raises:
        DeployError: the account has not what the spec names; all of it is said at once.
    """
    found: list[LookedUp] = []
    problems = list(_missing_parameters(spec, connect))
    standing = {} if new_ami else _standing(design, spec, connect)
    for parameter in design.parameters:
        try:
            value = _value(parameter, connect, digests, standing)
        except _LookupError as error:
            problems.append(f"{_place(design, spec, parameter.name)}: {error}")
        else:
            found.append(LookedUp(parameter.name, value, parameter.value))
    if problems:
        raise DeployError(problems[0], tuple(problems[1:]))
    return tuple(found)


class _LookupError(Exception):
    """The account has not what a parameter asks for."""


def _place(design: Design, spec: Spec, name: str) -> str:
    line = design.places.get(name)
    return spec.source if line is None else f"{spec.source}:{line}"


def _standing(design: Design, spec: Spec, connect: Connect) -> Mapping[str, str]:
    """Give the parameters of the main stack as it stands, where one of them is kept."""
    if not any(isinstance(each.lookup, InstanceImage) for each in design.parameters):
        return {}
    stack = stacks.find(connect, spec.name)
    return stack.parameters if stack is not None else {}


def _value(parameter: Parameter, connect: Connect, digests: Mapping[str, str], standing: Mapping[str, str]) -> str:
    match parameter.lookup:
        case ImageDigest(service):
            if service not in digests:
                raise _LookupError(f"the image of {service} was not pushed")
            return digests[service]
        case PrefixListId(service):
            return _prefix_list(connect, service)
        case SecretArn(identifier):
            return _secret(connect, identifier)
        case InstanceImage(name):
            return standing.get(parameter.name) or _instance_image(connect, name)
        case lookup:
            assert_never(lookup)


def _prefix_list(connect: Connect, service: str) -> str:
    client = connect("ec2")
    name = f"com.amazonaws.{client.meta.region_name}.{service}"
    filters = [{"Name": "prefix-list-name", "Values": [name]}]
    try:
        found = list(pages(client, "describe_managed_prefix_lists", "PrefixLists", Filters=filters))
    except ClientError as error:
        if about_who_asks(error):
            raise
        raise _LookupError(f"the prefix list {name} cannot be looked up: {message(error)}") from error
    if not found:
        raise _LookupError(f"this account has no prefix list {name}: is the region's name right?")
    return str(found[0]["PrefixListId"])


def _instance_image(connect: Connect, name: str) -> str:
    try:
        return str(connect("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if about_who_asks(error):
            raise
        raise _LookupError(f"the AMI {name} cannot be looked up: {message(error)}") from error


def _secret(connect: Connect, identifier: str) -> str:
    """Give the secret's full ARN; its value is never read."""
    client = connect("secretsmanager")
    region = client.meta.region_name
    try:
        about: Mapping[str, Any] = client.describe_secret(SecretId=identifier)
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            command = f"aws secretsmanager create-secret --region {region} --name {identifier} --secret-string ..."
            raise _LookupError(f"there is no secret {identifier} in {region}: make it by `{command}`") from error
        if about_who_asks(error):
            raise
        raise _LookupError(f"the secret {identifier} cannot be looked up: {message(error)}") from error
    if "DeletedDate" in about:
        command = f"aws secretsmanager restore-secret --region {region} --secret-id {identifier}"
        raise _LookupError(f"the secret {identifier} is being deleted: keep it by `{command}`")
    return str(about["ARN"])


def _missing_parameters(spec: Spec, connect: Connect) -> list[str]:
    """Say which SSM parameters do not stand. Their values are never read; who may not list them is not kept back."""
    wanted = [(service, secret) for service in spec.services for secret in service.secrets if secret.store == "ssm"]
    if not wanted:
        return []
    names = sorted({_parameter_name(secret) for _, secret in wanted})
    filters = [{"Key": "Name", "Option": "Equals", "Values": names}]
    try:
        found = pages(connect("ssm"), "describe_parameters", "Parameters", ParameterFilters=filters)
        standing = {each["Name"] for each in found}
    except ClientError:
        return []  # ECS asks with the execution role's own permissions: this one only warns early
    region = connect("ssm").meta.region_name
    return [
        f"{_secret_place(spec, service, secret)}: there is no SSM parameter {name} in {region}: make it by "
        f"`aws ssm put-parameter --region {region} --type SecureString --name {name} --value ...`"
        for service, secret in wanted
        if (name := _parameter_name(secret)) not in standing
    ]


def _parameter_name(secret: Secret) -> str:
    """Give the name in an ARN (`arn:...:parameter/prod/db` is `/prod/db`), or the name as written."""
    _, found, name = secret.identifier.partition(":parameter/")
    if not found:
        return secret.identifier
    return f"/{name}" if "/" in name else name


def _secret_place(spec: Spec, service: Service, secret: Secret) -> str:
    line = spec.lines.get(f"services.{service.name}.secrets.{secret.variable}")
    return spec.source if line is None else f"{spec.source}:{line}"
