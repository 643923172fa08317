"""What the tasks may ask of AWS: the same least statements for the execution role and for the endpoints' policies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from natless.catalog.needs import LAYER_BUCKET, Feature, Need, needs
from natless.design.images import repository_arn
from natless.design.names import CLUSTER, ServiceIds, word
from natless.design.piece import attribute, ref, sub
from natless.spec.model import Secret, Service, Spec

Resources = list[dict[str, Any]]

_VEILED = re.compile("secret|password", re.IGNORECASE)


def features(service: Service) -> frozenset[Feature]:
    """Give what the service uses. Its image always lies in private ECR, and its log driver is always awslogs."""
    stores = {secret.store for secret in service.secrets}
    used = {Feature.ECR_IMAGE, Feature.AWSLOGS}
    if service.launch.instances is not None:
        used.add(Feature.CONTAINER_INSTANCE)
    if "secretsmanager" in stores:
        used.add(Feature.SECRETSMANAGER_SECRET)
    if "ssm" in stores:
        used.add(Feature.SSM_PARAMETER)
    return frozenset(used)


def service_needs(service: Service) -> tuple[Need, ...]:
    """Give what the service's tasks must reach, in the catalog's order."""
    return needs(features(service))


def secret_parameters(service: Service) -> dict[str, str]:
    """Give the parameter that holds the ARN of each Secrets Manager secret, by the secret's identifier.

    Two identifiers may make the same word (`a/b` and `a-b`): the later one gets a number. The words `secret` and
    `password` are left out: validators ask for NoEcho where a parameter's name has them, and that would hide the ARN,
    which is no secret, from whoever reviews the change.
    """
    found: dict[str, str] = {}
    for secret in service.secrets:
        if secret.store != "secretsmanager" or secret.identifier in found:
            continue
        plain = _VEILED.sub("", word(secret.identifier.rpartition(":secret:")[2]))
        wanted = f"{ServiceIds(service).prefix}{plain}Arn"
        taken, number = set(found.values()), 2
        name = wanted
        while name in taken:
            name, number = f"{wanted}{number}", number + 1
        found[secret.identifier] = name
    return found


def parameter_arn(identifier: str) -> str:
    """Give the ARN (with pseudo parameters) of an SSM parameter by its name or ARN."""
    if identifier.startswith("arn:"):
        return identifier
    path = identifier.removeprefix("/")
    return f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/{path}"


def value_from(service: Service, secret: Secret) -> dict[str, str]:
    """Give a secret as a container definition has it.

    `ARN:KEY::` picks a JSON key, with no version stage and no version id.
    """
    match secret.store:
        case "secretsmanager":
            parameter = secret_parameters(service)[secret.identifier]
            # `${!` is how Fn::Sub writes a `${` that is meant as it stands.
            key = secret.key.replace("${", "${!")
            return sub(f"${{{parameter}}}:{key}::") if key else ref(parameter)
        case "ssm":
            return sub(parameter_arn(secret.identifier))


def statements(spec: Spec, service: Service, wanted: Iterable[Need]) -> list[dict[str, Any]]:
    """Give the statements of an identity policy that allow these needs and no more.

    An action that knows no resource stands in a statement of its own on `*`: scoped to a resource it is denied.
    """
    anywhere: dict[str, None] = {}
    named: dict[tuple[str, ...], Resources] = {}
    for need in wanted:
        anywhere |= dict.fromkeys(need.anywhere)
        if need.named:
            named[need.named] = _resources(spec, service, need)
    first = [{"Effect": "Allow", "Action": list(anywhere), "Resource": "*"}] if anywhere else []
    return [*first, *({"Effect": "Allow", "Action": list(a), "Resource": r} for a, r in named.items())]


def _resources(spec: Spec, service: Service, need: Need) -> Resources:  # noqa: PLR0911 - one answer a feature
    """Give the resources of `service` on which the named actions of `need` are asked."""
    match need.feature, need.endpoint:
        case Feature.ECR_IMAGE, "s3":
            bucket = LAYER_BUCKET.format(region="${AWS::Region}")
            return [sub(f"arn:${{AWS::Partition}}:s3:::{bucket}/*")]
        case Feature.ECR_IMAGE, _:
            return [repository_arn(spec, service)]
        case Feature.AWSLOGS, _:
            here = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
            return [sub(f"{here}:log-group:${{{ServiceIds(service).log_group}}}:*")]
        case Feature.SECRETSMANAGER_SECRET, _:
            return [ref(parameter) for parameter in secret_parameters(service).values()]
        case Feature.SSM_PARAMETER, _:
            used = dict.fromkeys(secret.identifier for secret in service.secrets if secret.store == "ssm")
            return [sub(parameter_arn(identifier)) for identifier in used]
        case Feature.CONTAINER_INSTANCE, "ecs":
            return [attribute(CLUSTER, "Arn")]
        case Feature.CONTAINER_INSTANCE, _:
            # The instance is numbered when it registers.
            here = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}"
            return [sub(f"{here}:container-instance/${{{CLUSTER}}}/*")]
        case _:
            raise ValueError(f"no resource is known for {need.feature}")
