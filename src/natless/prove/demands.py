"""What a task demands: each service that it must reach, with the calls made there, from what its definition uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from natless.catalog.needs import LAYER_BUCKET, NEEDS, Feature, Need, needs
from natless.catalog.services import by_action
from natless.cloud import Container, ContainerSecret, EcsService, Role, TaskDefinition
from natless.cloud.text import same
from natless.finding import Gap
from natless.prove.calls import Call, role_policies
from natless.prove.images import EcrImage, OpenImage, here, image
from natless.prove.places import name_of_cluster
from natless.prove.reach import Goal
from natless.prove.truth import distinct
from natless.prove.world import World


class Demand(msgspec.Struct, frozen=True):
    """One need of a task. `doubts` are gaps for which the need may not exist, or may be another one.

    `by` says whose policies must allow the calls. `own` says that the container itself makes them, where tasks run on
    instances: from the task's network and not from the instance's.
    `by` says whose policies must allow the calls. `behind` are calls that the service makes for that role on its own
    side: no endpoint sees them, and a policy of what they are made to may allow them as well.
    """

    need: str
    goal: Goal
    why: str
    by: str = "nobody"
    doubts: tuple[Gap, ...] = ()
    behind: tuple[Call, ...] = ()
    own: bool = False


_SECRET = re.compile(
    r"(arn:(?:\$\{[^}]*\}|[^:])*:secretsmanager:(?:\$\{[^}]*\}|[^:])*:(?:\$\{[^}]*\}|[^:])*:secret:(?:\$\{[^}]*\}|[^:])+)"
)


_JSON_KEY = re.compile(r"\$\{[^}]*\}:[^:]*:[^:]*:[^:]*")
"""An ARN that is not resolved, with a JSON key, version stage and version id: a parameter takes none of these."""


def demands(world: World, task: TaskDefinition, service: EcsService) -> tuple[Demand, ...]:
    """Give the needs of a task as one service runs it, each need once, in the order in which ECS meets them.

    On instances, where it makes a difference who asks, once for each who does.
    """
    found: dict[tuple[str, str, bool], Demand] = {}
    for demand in _all(world, task, service):
        # One service asked in two regions is reached on two ways, as one asked by instance and container is.
        key = (demand.need, demand.goal.region, demand.own and service.launch != "fargate")
        known = found.get(key)
        found[key] = demand if known is None else _joined(known, demand)
    return tuple(found.values())


def _joined(one: Demand, other: Demand) -> Demand:
    """Give one need for two uses: without doubt where either is."""
    calls = tuple(dict.fromkeys((*one.goal.calls, *other.goal.calls)))
    goal = msgspec.structs.replace(one.goal, calls=calls)
    doubts = distinct((*one.doubts, *other.doubts)) if one.doubts and other.doubts else ()
    by = one.by if one.by != "nobody" else other.by
    behind = tuple(dict.fromkeys((*one.behind, *other.behind)))
    return msgspec.structs.replace(one, goal=goal, doubts=doubts, by=by, behind=behind)


def _all(world: World, task: TaskDefinition, service: EcsService) -> Iterator[Demand]:
    containers = () if isinstance(task.containers, Gap) else task.containers
    yield from (demand for container in containers for demand in _secrets(world, container))
    yield from (demand for container in containers for demand in _image(world, container))
    yield from (demand for container in containers for demand in _logs(world, container))
    yield from (demand for container in containers for demand in _files(container))
    if service.exec_enabled is not False:
        yield from _of(Feature.EXEC, "*", _doubts(service.exec_enabled))
        if service.exec_key is not None:
            key = "${unread}" if isinstance(service.exec_key, Gap) else service.exec_key
            yield from _of(Feature.EXEC_KEY, key, _doubts(service.exec_enabled, service.exec_key))
    if service.service_connect is not False:
        yield from _of(Feature.SERVICE_CONNECT, "*", _doubts(service.service_connect))
    if service.launch == "ec2":
        yield from _registration(world, service)
    if task.task_role is not None:
        yield from _declared(world, task.task_role)


def _doubts(*values: object) -> tuple[Gap, ...]:
    return tuple(value for value in values if isinstance(value, Gap))


def _of(feature: Feature, resource: str, doubts: tuple[Gap, ...], **goal: str) -> Iterator[Demand]:
    """Give the catalog's needs of a feature, its named actions asked on `resource`."""
    for need in NEEDS:
        if need.feature is feature:
            name = "s3-layers" if need.endpoint == "s3" and feature is Feature.ECR_IMAGE else need.endpoint
            target = Goal(need.endpoint, _calls(need, resource), name == "s3-layers", goal.get("region", ""))
            yield Demand(name, target, need.why, need.asked_by, doubts, own=need.by_container)


_CALLERS: dict[str, Literal["execution", "task", "instance", "aws"]] = {
    "execution role": "execution",
    "task role": "task",
    "instance role": "instance",
}


def _calls(need: Need, resource: str) -> tuple[Call, ...]:
    by = _CALLERS.get(need.asked_by, "aws")
    pairs = [*((action, "*") for action in need.anywhere), *((action, resource) for action in need.named)]
    return tuple(Call(action, where, by) for action, where in pairs if need.demands(action))


def _registration(world: World, service: EcsService) -> Iterator[Demand]:
    """Give what an instance needs to host tasks: it registers with the cluster, then acts as the instance it became."""
    name = name_of_cluster(world, service)
    here_ = f"arn:{world.cloud.partition}:ecs:{world.cloud.region}:{world.cloud.account}"
    cluster = f"{here_}:cluster/{name}"
    for need in needs(frozenset({Feature.CONTAINER_INSTANCE})):
        resource = cluster if need.endpoint == "ecs" else f"{here_}:container-instance/{name}/${{instance}}"
        calls = tuple(
            msgspec.structs.replace(call, cluster="" if call.resource == "*" else cluster)
            for call in _calls(need, resource)
        )
        yield Demand(need.endpoint, Goal(need.endpoint, calls), need.why, need.asked_by)


def _image(world: World, container: Container) -> Iterator[Demand]:
    if isinstance(container.image, Gap):
        yield from _pull(world, "*", (container.image,))
        return
    match image(container.image):
        case EcrImage() as found:
            local = here(found, world.cloud.region)
            if local is False:
                return
            why = f"whether {container.image} lies in the region that was read leans on what is not resolved"
            doubts = () if local else (Gap(f"image of {container.name}", container.origin, why),)
            where = f"arn:{world.cloud.partition}:ecr:{found.region}:{found.account}:repository/{found.repository}"
            yield from _pull(world, where, doubts)
        case OpenImage():
            why = f"which registry {container.image} lies in is not resolved"
            yield from _pull(world, "*", (Gap(f"image of {container.name}", container.origin, why),))
        case _:
            return


def _pull(world: World, repository: str, doubts: tuple[Gap, ...]) -> Iterator[Demand]:
    for demand in _of(Feature.ECR_IMAGE, repository, doubts):
        if demand.need != "s3-layers":
            yield demand
            continue
        bucket = LAYER_BUCKET.format(region=world.cloud.region)
        call = Call("s3:GetObject", f"arn:{world.cloud.partition}:s3:::{bucket}/${{any}}", "aws")
        yield msgspec.structs.replace(demand, goal=msgspec.structs.replace(demand.goal, calls=(call,)))


def _logs(world: World, container: Container) -> Iterator[Demand]:
    if container.log_driver != "awslogs" and not isinstance(container.log_driver, Gap):
        return
    group, region = container.log_options.get("awslogs-group", ""), container.log_options.get("awslogs-region", "")
    doubts = _doubts(container.log_driver, region)
    name = "${unread}" if isinstance(group, Gap) else group
    where = region if isinstance(region, str) and region else world.cloud.region
    elsewhere = where if same(where, world.cloud.region) is False else ""
    resource = f"arn:{world.cloud.partition}:logs:{where}:{world.cloud.account}:log-group:{name}:log-stream:${{stream}}"
    yield from _of(Feature.AWSLOGS, resource, doubts, region=elsewhere)
    if container.log_options.get("awslogs-create-group") == "true":
        call = Call("logs:CreateLogGroup", resource)
        yield Demand("logs", Goal("logs", (call,), region=elsewhere), "the log group is created here", "execution role")


def _secrets(world: World, container: Container) -> Iterator[Demand]:
    for secret in container.secrets:
        if isinstance(secret, Gap):
            yield from _of(Feature.SECRETSMANAGER_SECRET, "*", (secret,))
            yield from _of(Feature.SSM_PARAMETER, "*", (secret,))
        else:
            yield from _secret(world, secret)
    credentials = container.repository_credentials
    if credentials is not None:
        where = "${unread}" if isinstance(credentials, Gap) else secret_arn(credentials)
        yield from _of(Feature.REGISTRY_CREDENTIALS, where, (), region=_elsewhere(world, where))


def _secret(world: World, secret: ContainerSecret) -> Iterator[Demand]:
    if isinstance(secret.value_from, Gap):
        yield from _of(Feature.SECRETSMANAGER_SECRET, "*", (secret.value_from,))
        yield from _of(Feature.SSM_PARAMETER, "*", (secret.value_from,))
    elif ":secretsmanager:" in secret.value_from or _JSON_KEY.fullmatch(secret.value_from):
        where = _elsewhere(world, secret.value_from)
        for demand in _of(Feature.SECRETSMANAGER_SECRET, secret_arn(secret.value_from), (), region=where):
            yield msgspec.structs.replace(demand, behind=_decrypting(secret))
    elif ":ssm:" in secret.value_from:
        yield from _of(Feature.SSM_PARAMETER, secret.value_from, (), region=_elsewhere(world, secret.value_from))
    elif secret.value_from.startswith("${"):
        why = f"whether {secret.value_from} is a secret or a parameter is not resolved"
        doubt = Gap(f"secret {secret.name}", secret.origin, why)
        yield from _of(Feature.SECRETSMANAGER_SECRET, secret_arn(secret.value_from), (doubt,))
        yield from _of(Feature.SSM_PARAMETER, secret.value_from, (doubt,))
    else:
        path = secret.value_from.removeprefix("/")
        here_ = f"{world.cloud.region}:{world.cloud.account}"
        yield from _of(Feature.SSM_PARAMETER, f"arn:{world.cloud.partition}:ssm:{here_}:parameter/{path}", ())


def _decrypting(secret: ContainerSecret) -> tuple[Call, ...]:
    """Give what a secret under a key of one's own asks of that key (Secrets Manager user guide, 'Encryption')."""
    if secret.key is None:
        return ()
    return (Call("kms:Decrypt", "${unread}" if isinstance(secret.key, Gap) else secret.key, "execution"),)


_PLACE = re.compile(r"arn:(?:\$\{[^}]*\}|[^:])*:(?:secretsmanager|ssm):(?P<region>(?:\$\{[^}]*\}|[^:])*):")


def _elsewhere(world: World, arn: str) -> str:
    """Give the region of an ARN where that is another one for sure: endpoints here do not serve it; else ""."""
    found = _PLACE.match(arn)
    return found["region"] if found is not None and same(found["region"], world.cloud.region) is False else ""


def secret_arn(value: str) -> str:
    """Give the secret's own ARN, without the JSON key, version stage and version id that ECS lets follow it."""
    found = _SECRET.match(value)
    if found is not None:
        return found[1]
    symbol = re.match(r"\$\{[^}]*\}", value)
    return symbol[0] if symbol else value


def _files(container: Container) -> Iterator[Demand]:
    for file in container.environment_files:
        where = "${unread}" if isinstance(file, Gap) else file
        yield from _of(Feature.ENVIRONMENT_FILE, where, ())


def _declared(world: World, identifier: str | Gap) -> Iterator[Demand]:
    """Give the services that the task role is allowed to call: what the containers mean to use."""
    role = world.role(identifier)
    if isinstance(role, Gap):
        return
    for action, resource in _allowed(role):
        prefix, colon, _ = action.partition(":")
        service = by_action(prefix.lower()) if colon else None
        # ECS Exec and pulls are demanded where they are used.
        if service is None or prefix.lower() in {"ssmmessages", "ecr"}:
            continue
        # SQS, S3 and others ask KMS on their own side; an endpoint for it says that the containers ask it themselves.
        if service.short == "kms" and not _has_endpoint(world, "kms"):
            continue
        call = Call(action.replace("*", "${any}"), resource.replace("*", "${any}"), "task")
        yield Demand(
            service.short, Goal(service.short, (call,)), f"the task role may call {action}", "task role", own=True
        )


def _has_endpoint(world: World, service: str) -> bool:
    return any(endpoint.service == service for endpoint in world.cloud.interface_endpoints.values())


def _allowed(role: Role) -> Iterator[tuple[str, str]]:
    for policy in role_policies(role):
        for statement in () if isinstance(policy, Gap) else policy.statements:
            if isinstance(statement, Gap) or statement.effect == "Deny":
                continue
            for action in statement.actions:
                for resource in statement.resources:
                    if isinstance(action, str):
                        yield action, resource if isinstance(resource, str) else "${unread}"
