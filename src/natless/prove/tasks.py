"""The needs of one task definition, over every place where a service may put it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from natless.cloud import EcsService, TaskDefinition
from natless.cloud.text import same
from natless.finding import Gap, Gate, Hop, Path
from natless.finding.rules import EXECUTION_ROLE_MISSING, IMAGE_NOT_PRIVATE, TASK_ROLE_DENIES
from natless.prove import flows
from natless.prove.answers import Answer, Mend, No, Yes, independent
from natless.prove.calls import identity
from natless.prove.demands import Demand, demands
from natless.prove.ends import End
from natless.prove.images import EcrImage, OpenImage, PublicImage, here, image
from natless.prove.places import Place, hosts, places
from natless.prove.reach import Goal, reach
from natless.prove.truth import Maybe, distinct
from natless.prove.world import World


def worst(answers: Iterable[Answer]) -> Answer:
    """Give the answer for a task that may stand at any of several places: a No at one place is a No."""
    open_: list[Gap] = []
    yes: list[Yes] = []
    undecided = False
    for answer in answers:
        match answer:
            case No():
                return answer
            case Maybe(gaps):
                undecided = True
                open_.extend(gaps)
            case Yes():
                yes.append(answer)
    if undecided or not yes:
        return Maybe(distinct(open_))
    remarks = tuple(dict.fromkeys(remark for answer in yes for remark in answer.remarks))
    degraded = "; ".join(dict.fromkeys(answer.degraded for answer in yes if answer.degraded))
    others = tuple(path for answer in yes[1:] for path in (answer.path, *answer.others))
    return msgspec.structs.replace(yes[0], remarks=remarks, degraded=degraded, others=(*yes[0].others, *others))


def starting(world: World, task: TaskDefinition, service: EcsService) -> list[tuple[str, Answer]]:
    """Give each need that a task has in order to start, and its answer over the places of one service.

    On instances a need may come twice: once from the instance, once from the container itself.
    """
    spots = places(world, task, service)
    pulling = hosts(world, service) or spots
    found = [("image-source", image_source(world, task, pulling))]
    for demand in demands(world, task, service):
        by_instance = _without_role(task, service, demand)
        answer = worst(_answer(world, task, spot, by_instance) for spot in (spots if demand.own else pulling))
        if demand.doubts and isinstance(answer, No):
            answer = Maybe(demand.doubts)
        found.append((demand.need, answer))
    if task.efs_volumes:
        gap = Gap("EFS mount targets", task.origin, "natless does not read mount targets")
        found.append(("efs", Maybe((gap,))))
    return found


def _answer(world: World, task: TaskDefinition, spot: Place, demand: Demand) -> Answer:
    if isinstance(spot.service.launch, Gap):
        return Maybe((spot.service.launch,))
    bar = Yes() if spot.bar is None else spot.bar
    if isinstance(bar, No):
        return bar
    if spot.service.launch == "external":
        why = "on this launch type machines outside AWS pull, log and report, and they are not read"
        way: Answer = Maybe((Gap(f"external instances of {spot.service.id}", spot.service.origin, why),))
    elif isinstance(spot.end, Gap):
        way = Maybe((spot.end,))
    elif spot.group is not None and spot.group.proxy is not None and not demand.own:
        way = Maybe((spot.group.proxy,))
    else:
        way = reach(world, spot.end, _signed(world, task, spot, demand.goal))
    return independent(way, _role(world, task, spot, demand, _endpoint(way)), bar)


def _endpoint(way: Answer) -> str | None:
    """Give the endpoint by which a service is reached, "" for public addresses, None where that is not known."""
    if not isinstance(way, Yes):
        return None
    return next((hop.element for hop in way.path.forward if hop.kind == "endpoint-policy"), "")


def _without_role(task: TaskDefinition, service: EcsService, demand: Demand) -> Demand:
    """Give a demand as the container instance's own role makes it, where tasks run on instances without an own role.

    Pulls and the awslogs driver fall back to it where the task names no execution role (catalog.instances); secrets do
    not.
    """
    falls_back = demand.need.startswith("ecr.") or demand.need == "logs"
    if service.launch == "fargate" or task.execution_role is not None or not falls_back:
        return demand
    if demand.by != "execution role":
        return demand
    calls = tuple(
        msgspec.structs.replace(call, by="instance") if call.by == "execution" else call for call in demand.goal.calls
    )
    goal = msgspec.structs.replace(demand.goal, calls=calls)
    return msgspec.structs.replace(demand, goal=goal, by="instance role")


def _signed(world: World, task: TaskDefinition, spot: Place, goal: Goal) -> Goal:
    """Give a goal whose calls carry the ARN of the role that makes them, which endpoint policies may ask for."""
    host = spot.group.role if spot.group is not None else None
    arns = {
        "execution": _arn(world, task.execution_role),
        "task": _arn(world, task.task_role),
        "instance": _arn(world, host),
        "aws": "",
    }
    calls = tuple(msgspec.structs.replace(call, role=arns[call.by]) for call in goal.calls)
    return msgspec.structs.replace(goal, calls=calls)


def _arn(world: World, identifier: str | Gap | None) -> str:
    """Give a role's ARN; where the role lies outside, its id is its ARN, or a symbol that stands for it."""
    if identifier is None or isinstance(identifier, Gap):
        return "${role}"
    role = world.role(identifier)
    return identifier if isinstance(role, Gap) else role.arn


def _role(world: World, task: TaskDefinition, spot: Place, demand: Demand, endpoint: str | None) -> Answer:
    """Ask the role that makes the demand's calls, which go through `endpoint`."""
    match demand.by:
        case "execution role":
            identifier, by = task.execution_role, "execution"
        case "task role":
            identifier, by = task.task_role, "task"
        case "instance role":
            if spot.group is None:
                return Yes()  # its bar, or the gap in place of its end, says that no instance is known
            identifier, by = spot.group.role, "instance"
        case _:
            return Yes()
    calls = tuple(call for call in demand.goal.calls if call.by == by)
    if identifier is None:
        return _no_role(task, by)
    role = world.role(identifier)
    arn = _arn(world, identifier)
    calls = tuple(msgspec.structs.replace(call, role=arn) for call in calls)
    source = spot.end if isinstance(spot.end, End) else _nowhere(task)
    answer = identity(world, role, calls, source, endpoint)
    behind = tuple(msgspec.structs.replace(call, role=arn) for call in demand.behind)
    if not behind or not isinstance(answer, Yes) or isinstance(identity(world, role, behind, source, None), Yes):
        return answer
    why = f"{identifier} does not surely allow {behind[0].action} on it, and the key's own policy is not read"
    return Maybe((Gap(behind[0].resource, task.origin, why),))


def _nowhere(task: TaskDefinition) -> End:
    return End(task.id, task.id, task.origin, (), "all", "task")


def _no_role(task: TaskDefinition, by: str) -> No:
    field = "ExecutionRoleArn" if by == "execution" else "TaskRoleArn"
    rule = EXECUTION_ROLE_MISSING if by == "execution" else TASK_ROLE_DENIES
    reason = f"{task.id} names no {field}"
    hop = Hop("identity", task.id, reason, task.origin)
    mend = Mend(words=f"Set {field} of {task.id} to a role that ecs-tasks.amazonaws.com may assume.")
    return No(Path((hop,)), Gate("identity", task.id, task.origin), rule, reason, mend)


def image_source(world: World, task: TaskDefinition, spots: tuple[Place, ...]) -> Answer:
    """Say whether every image of a task lies where this network can fetch it."""
    if isinstance(task.containers, Gap):
        return Maybe((task.containers,))
    hops: list[Hop] = []
    open_: list[Gap] = []
    for container in task.containers:
        if isinstance(container.image, Gap):
            open_.append(container.image)
            continue
        found = image(container.image)
        why = _open(world, container.image, found)
        if why:
            open_.append(Gap(f"image of {container.name}", container.origin, why))
            continue
        cold = _cold_cache(world, container.image, found)
        if cold is not None and not isinstance(worst(_out(world, spot) for spot in spots), Yes):
            open_.append(cold)
            continue
        if isinstance(found, EcrImage) and here(found, world.cloud.region):
            hops.append(Hop("image-source", container.name, f"{container.image} in private ECR", container.origin))
            continue
        answer = worst(_fetch(world, task, spot, container.image, found) for spot in spots)
        if isinstance(answer, No):
            return answer
        if isinstance(answer, Maybe):
            open_.extend(answer.gaps)
        else:
            hops.extend(answer.path.forward)
    return Maybe(distinct(open_)) if open_ else Yes(Path(tuple(hops)))


def _cold_cache(world: World, reference: str, found: EcrImage | PublicImage | OpenImage) -> Gap | None:
    """Give the gap of an image that a pull-through cache may still have to fetch; None where no rule makes it one."""
    if not isinstance(found, EcrImage):
        return None
    for cache in world.cloud.pull_through_caches.values():
        prefix = cache.prefix
        if isinstance(prefix, Gap) or prefix == "ROOT" or found.repository.startswith(f"{prefix.rstrip('/')}/"):
            why = "the first pull through a cache goes out to the internet, and whether there was one is not known"
            return Gap(f"{reference} by {cache.id}", cache.origin, why)
    return None


def _out(world: World, spot: Place) -> Answer:
    """Walk out of the VPC (Amazon ECR user guide, 'Considerations for pull through cache rules')."""
    return Maybe((spot.end,)) if isinstance(spot.end, Gap) else flows.outward(world, spot.end, world.service_end(""))


def _open(world: World, reference: str, found: EcrImage | PublicImage | OpenImage) -> str:
    """Say why it is open whether an image can be fetched; "" where it is not open."""
    match found:
        case OpenImage():
            return f"which registry {reference} lies in is not resolved"
        case PublicImage():
            return ""
        case EcrImage(account=account):
            local = here(found, world.cloud.region)
            if local is None:
                return f"whether {reference} lies in this region is not resolved: give --region"
            if local and same(account, world.cloud.account) is False:
                return f"whether the policy of its repository, in account {account}, lets this account pull is not read"
            return ""
        case never:
            assert_never(never)


def _unread(spot: Place) -> tuple[Gap, ...]:
    """Give why it is not known from where an image is pulled."""
    proxy = spot.group.proxy if spot.group is not None else None
    bar = spot.bar.gaps if isinstance(spot.bar, Maybe) else ()
    why = f"where {spot.service.id} pulls from is not read"
    external = Gap(f"network of {spot.service.id}", spot.service.origin, why)
    return (*bar, *((proxy,) if proxy else ()), *((external,) if spot.service.launch == "external" else ()))


def _fetch(
    world: World, task: TaskDefinition, spot: Place, reference: str, found: EcrImage | PublicImage | OpenImage
) -> Answer:
    """Walk to a registry that no endpoint of this VPC serves."""
    if isinstance(spot.bar, No):
        return spot.bar
    hidden = _unread(spot)
    if hidden:
        return Maybe(hidden)
    if isinstance(spot.end, Gap):
        return Maybe((spot.end,))
    answer = flows.outward(world, spot.end, world.service_end(""))
    if not isinstance(answer, No):
        return answer
    where = f"region {found.region}" if isinstance(found, EcrImage) else getattr(found, "registry", "")
    reason = f"{task.id} pulls {reference} from {where}, which no endpoint here serves: {answer.reason}"
    gate = Gate("image-source", task.id, task.origin, answer.gate.stopped_at, answer.gate.stopped_kind)
    mend = Mend(words=f"Mirror {reference} into a private ECR repository of this region and name that in {task.id}.")
    return No(answer.path, gate, IMAGE_NOT_PRIVATE, reason, mend, public=True)
