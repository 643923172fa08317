"""What the tasks may ask of AWS: the same least statements for the roles and for the endpoints' policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from natless.catalog.needs import LAYER_BUCKET, Feature, Need, needs
from natless.catalog.services import service as endpoint_service
from natless.catalog.uses import usable
from natless.design.images import repository_arn
from natless.design.names import CLUSTER, ServiceIds, word
from natless.design.piece import attribute, ref, sub
from natless.spec.model import Secret, Service, Spec, Use

Statement = dict[str, Any]
Resources = list[dict[str, Any]]

_VEILED = re.compile("secret|password", re.IGNORECASE)


class Ask(msgspec.Struct, frozen=True):
    """What a service's tasks ask at one endpoint.

    `anywhere` are the actions that know no resource, `named` those on `resources`; `by` is the role that is asked for
    them. `causes` are dotted paths into the spec, the nearest first.
    """

    service: str
    endpoint: str
    kind: Literal["interface", "gateway"]
    why: str
    by: str
    causes: tuple[str, ...]
    anywhere: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    resources: tuple[Any, ...] = ()


def asks(spec: Spec, service: Service) -> tuple[Ask, ...]:
    """Give what the service's tasks ask of AWS: what they need in order to start, then what their containers use."""
    table = f"services.{service.name}"
    keys = {"secretsmanager": "secrets", "ssm": "secrets", "ssmmessages": "exec"}
    started = tuple(
        Ask(
            service.name,
            need.endpoint,
            need.kind,
            need.why,
            need.asked_by,
            (f"{table}.{keys[need.endpoint]}", table) if need.endpoint in keys else (table,),
            need.anywhere,
            need.named,
            tuple(_resources(spec, service, need)) if need.named else (),
        )
        for need in needs(features(service))
    )
    return (*started, *(ask for use in service.uses for ask in _used(service, use)))


def _used(service: Service, use: Use) -> Iterator[Ask]:
    """Give what the containers ask of one thing that they use, by the task role."""
    known, endpoint = usable(use.service), endpoint_service(use.service)
    table = f"services.{service.name}"
    arn = use.name if use.name.startswith("arn:") else known.named.replace("{name}", use.name.removeprefix("/"))
    for grant in known.grants(use.access):
        yield Ask(
            service.name,
            use.service,
            endpoint.kind if endpoint is not None else "interface",
            f"the containers use {known.thing}s here",
            "task role",
            (f"{table}.uses.{use.service}", f"{table}.uses", table),
            named=grant.actions,
            resources=tuple(_plain_or_sub(f"{arn}{ending}") for ending in grant.on),
        )


def _plain_or_sub(arn: str) -> Any:
    # Validators take Fn::Sub without a variable for a mistake.
    return sub(arn) if "${" in arn else arn


def all_asks(spec: Spec) -> dict[str, tuple[Ask, ...]]:
    """Give what all services ask, by endpoint."""
    found: dict[str, tuple[Ask, ...]] = {}
    for service in spec.services:
        for ask in asks(spec, service):
            found[ask.endpoint] = (*found.get(ask.endpoint, ()), ask)
    return found


def gateways(asked: Iterable[Ask]) -> tuple[Ask, ...]:
    """Give the first ask at each gateway endpoint."""
    found: dict[str, Ask] = {}
    for ask in asked:
        if ask.kind == "gateway":
            found.setdefault(ask.endpoint, ask)
    return tuple(found.values())


def features(service: Service) -> frozenset[Feature]:
    """Give what the service uses. Its image always lies in private ECR, and its log driver is always awslogs."""
    stores = {secret.store for secret in service.secrets}
    used = {Feature.ECR_IMAGE, Feature.AWSLOGS}
    if service.launch.instances is not None:
        used.add(Feature.CONTAINER_INSTANCE)
    if service.exec:
        used.add(Feature.EXEC)
    if "secretsmanager" in stores:
        used.add(Feature.SECRETSMANAGER_SECRET)
    if "ssm" in stores:
        used.add(Feature.SSM_PARAMETER)
    return frozenset(used)


def secret_parameters(spec: Spec) -> Mapping[tuple[str, str], str]:
    """Give the parameter that holds the ARN of each Secrets Manager secret, by service and identifier.

    Two identifiers may make the same word (`a/b` and `a-b`), also of two services (`web` with `api-a`, `web-api` with
    `a`): the later one gets a number. The words `secret` and `password` are left out: validators ask for NoEcho where
    a parameter's name has them, and that would hide the ARN, which is no secret, from whoever reviews the change.
    """
    found: dict[tuple[str, str], str] = {}
    for service in spec.services:
        for secret in service.secrets:
            key = (service.name, secret.identifier)
            if secret.store != "secretsmanager" or key in found:
                continue
            plain = _VEILED.sub("", word(secret.identifier.rpartition(":secret:")[2]))
            wanted = f"{ServiceIds(service).prefix}{plain}Arn"
            taken, number = set(found.values()), 2
            name = wanted
            while name in taken:
                name, number = f"{wanted}{number}", number + 1
            found[key] = name
    return found


def parameter_arn(identifier: str) -> str:
    """Give the ARN (with pseudo parameters) of an SSM parameter by its name or ARN."""
    if identifier.startswith("arn:"):
        return identifier
    path = identifier.removeprefix("/")
    return f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/{path}"


def value_from(spec: Spec, service: Service, secret: Secret) -> dict[str, str]:
    """Give a secret as a container definition has it.

    `ARN:KEY::` picks a JSON key, with no version stage and no version id.
    """
    match secret.store:
        case "secretsmanager":
            parameter = secret_parameters(spec)[service.name, secret.identifier]
            # `${!` is how Fn::Sub writes a `${` that is meant as it stands.
            key = secret.key.replace("${", "${!")
            return sub(f"${{{parameter}}}:{key}::") if key else ref(parameter)
        case "ssm":
            return sub(parameter_arn(secret.identifier))


def statements(wanted: Iterable[Ask]) -> list[Statement]:
    """Give the statements of a policy that allow what is asked and no more.

    An action that knows no resource stands in a statement of its own on `*`: scoped to a resource it is denied.
    """
    anywhere: dict[str, None] = {}
    named: dict[tuple[str, ...], list[Any]] = {}
    for ask in wanted:
        anywhere |= dict.fromkeys(ask.anywhere)
        if ask.named:
            resources = named.setdefault(ask.named, [])
            resources += [each for each in ask.resources if each not in resources]
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
            return [ref(name) for (of, _), name in secret_parameters(spec).items() if of == service.name]
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
