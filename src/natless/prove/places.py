"""Where a task may stand, and which instances may host it: ends to walk from and to.

On Fargate, and in awsvpc mode everywhere, a task has an interface of its own. On the EC2 launch type the instance
pulls, logs, fetches secrets and reports, through its interface; in bridge and host mode the task has no other one.
"""

from __future__ import annotations

import msgspec

from natless.catalog.instances import DYNAMIC_PORTS
from natless.cloud import EcsService, InstanceGroup, Ports, Role, Subnet, TaskDefinition, cluster_name
from natless.cloud.text import is_symbolic, same
from natless.finding import Gap, Gate, Hop, Origin, Path
from natless.finding.rules import INSTANCE_CLUSTER_MISMATCH, INSTANCE_ROLE_MISSING, NO_CONTAINER_INSTANCE, Rule
from natless.prove.absence import Thing, absence
from natless.prove.answers import Mend, No
from natless.prove.calls import assumable, not_assumable
from natless.prove.ends import End
from natless.prove.truth import Maybe
from natless.prove.world import Who, World

OWN_NETWORK = "awsvpc"


class Place(msgspec.Struct, frozen=True):
    """Where a task may stand, or an instance that may host it: an end, or the gap that keeps it from being known.

    `bar` is why nothing runs there, or may not: the instance never registers. `group` are the instances whose end it
    is; then `ports` are those of the task there, as far as they are known.
    """

    service: EcsService
    end: End | Gap
    group: InstanceGroup | None = None
    bar: No | Maybe | None = None
    ports: tuple[Ports, ...] = ()


def places(world: World, task: TaskDefinition, service: EcsService) -> tuple[Place, ...]:
    """Give the places of a service: one a subnet, as ECS may put a task in any of them."""
    if service.launch == "ec2":
        if isinstance(task.network_mode, Gap):
            return (Place(service, task.network_mode),)
        if task.network_mode != OWN_NETWORK:
            ports = published(task)
            return tuple(msgspec.structs.replace(place, ports=ports) for place in hosts(world, service))
    if isinstance(service.subnets, Gap):
        return (Place(service, service.subnets),)
    if not service.subnets:
        why = "it has no subnets of its own: its tasks use the network of their hosts, which are not read"
        return (Place(service, Gap(f"network of {service.id}", service.origin, why)),)
    bar = _bar_of(world, service)
    found = []
    for subnet in service.subnets:
        label = f"a task of {service.id}" + (f" in {subnet}" if isinstance(subnet, str) else "")
        who = Who("task", service.id, label, service.origin, _public_ip(service))
        found.append(Place(service, world.end(who, subnet, service.groups, "all"), None, bar))
    return tuple(found)


def _public_ip(service: EcsService) -> bool | Gap:
    """Only Fargate gives an awsvpc task a public address (Amazon ECS Developer Guide, task networking)."""
    if service.launch == "ec2":
        return False
    if isinstance(service.launch, Gap) and service.public_ip is not False:
        return service.launch
    return service.public_ip


def _bar_of(world: World, service: EcsService) -> No | Maybe | None:
    """Give what keeps a service's tasks from being placed at all, where that is known or open."""
    if isinstance(service.launch, Gap):
        return Maybe((service.launch,))
    if service.launch != "ec2":
        return None
    bars = [place.bar for place in hosts(world, service)]
    refused = next((bar for bar in bars if isinstance(bar, No)), None)
    return refused or next((bar for bar in bars if bar is not None), None)


def published(task: TaskDefinition) -> tuple[Ports, ...]:
    """Give the instance's ports at which a task without an interface of its own answers."""
    found: dict[Ports, None] = {}
    for container in () if isinstance(task.containers, Gap) else task.containers:
        for port in container.ports:
            known = port if isinstance(port, Gap) or task.network_mode == "host" else container.host_ports.get(port)
            if isinstance(known, Gap):
                found[Ports()] = None
            else:
                found[Ports(*DYNAMIC_PORTS) if known is None else Ports(known, known)] = None
    return tuple(found)


def hosts(world: World, service: EcsService) -> tuple[Place, ...]:
    """Give the instances that may host a service's tasks: one place a subnet of each group; () but on EC2."""
    if service.launch != "ec2":
        return ()
    found: list[Place] = []
    groups, gaps = _of_providers(world, service) if service.providers else _of_cluster(world, service)
    for group in groups:
        found.extend(_places(world, service, group))
    found.extend(Place(service, gap, None, Maybe((gap,))) for gap in gaps)
    return tuple(found) or (_nothing(world, service),)


def _of_providers(world: World, service: EcsService) -> tuple[list[InstanceGroup], list[Gap]]:
    found: list[InstanceGroup] = []
    gaps: list[Gap] = []
    for name in service.providers:
        provider = None if isinstance(name, Gap) else world.cloud.capacity_providers.get(name)
        if provider is None:
            gaps.append(world.outside(name, "capacity provider"))
            continue
        wanted = provider.auto_scaling_group
        groups = [
            group
            for group in world.cloud.instance_groups.values()
            if isinstance(wanted, str) and group.auto_scaling_group == wanted
        ]
        found.extend(groups)
        if not groups:
            gaps.append(world.outside(wanted, "Auto Scaling group"))
    return found, gaps


def _of_cluster(world: World, service: EcsService) -> tuple[list[InstanceGroup], list[Gap]]:
    """Give the instances that register with a service's cluster, and the gaps of those that may."""
    found: list[InstanceGroup] = []
    gaps: list[Gap] = []
    for group in world.cloud.instance_groups.values():
        match _registers(world, service, group):
            case Maybe(more):
                gaps.extend(more)
            case True:
                found.append(group)
            case _:
                pass
    return found, gaps


def _registers(world: World, service: EcsService, group: InstanceGroup) -> bool | Maybe:
    """Say whether a group's instances register with a service's cluster.

    Where nothing names a cluster, only the AMI could: `default`, or a name of its own, which is not looked for.
    """
    if isinstance(service.cluster, Gap):
        return Maybe((service.cluster,))
    if isinstance(group.cluster, Gap):
        return Maybe((group.cluster,))
    wanted = _name(world, service.cluster)
    if group.cluster is None:
        return Maybe((_unnamed(group),)) if same(wanted, "default") is not False else False
    named = _name(world, group.cluster)
    found = same(named, wanted)
    if found is not None or _differ(world, named, wanted):
        return found is True
    why = f"whether {group.cluster} is the cluster of {service.id} is not resolved"
    return Maybe((Gap(f"cluster of {group.id}", group.origin, why),))


def _differ(world: World, one: str, other: str) -> bool:
    """Say whether two names are surely those of two clusters: each of its own, or one that CloudFormation invents."""
    names = {cluster.name for cluster in world.cloud.clusters.values()}
    invented = {cluster.name for cluster in world.cloud.clusters.values() if cluster.name == f"${{{cluster.id}}}"}
    plain = {name for name in (one, other) if not is_symbolic(name)}
    return {one, other} <= names or (len(plain) == 1 and len({one, other} & invented) == 1)


def _unnamed(group: InstanceGroup) -> Gap:
    why = "its user data names no ECS_CLUSTER: its instances register with `default`, unless their AMI says another"
    return Gap(f"cluster of {group.id}", group.origin, why)


def _name(world: World, written: str | None) -> str:
    known = world.cloud.clusters.get(written) if written is not None else None
    return cluster_name(written) if known is None else known.name


def name_of_cluster(world: World, service: EcsService) -> str:
    """Give the name of a service's cluster, maybe symbolic."""
    return "${cluster}" if isinstance(service.cluster, Gap) else _name(world, service.cluster)


def _places(world: World, service: EcsService, group: InstanceGroup) -> list[Place]:
    bar = _bar(world, service, group)
    found = []
    for subnet in group.subnets:
        label = f"an instance of {group.id}" + (f" in {subnet}" if isinstance(subnet, str) else "")
        where = world.subnet(subnet)
        public = group.public_ip
        if public is None:
            public = where.map_public_ip if isinstance(where, Subnet) else False
        who = Who("instance", group.id, label, group.origin, public)
        found.append(Place(service, world.end(who, subnet, group.groups, "all"), group, bar))
    return found


def _bar(world: World, service: EcsService, group: InstanceGroup) -> No | Maybe | None:
    """Say why the agent of an instance never registers with the service's cluster, whatever the network is."""
    if service.providers:
        match _unknown_cluster(world, service, group):
            case Maybe() as open_:
                return open_
            case False:
                return _mismatch(world, service, group)
            case _:
                pass
    if group.role is None:
        reason = f"{group.id} names no instance profile with a role, so the ECS agent has no credentials to register"
        words = f"Give {group.id} an instance profile whose role has AmazonEC2ContainerServiceforEC2Role."
        return _refusal(group.id, group.origin, INSTANCE_ROLE_MISSING, reason, words)
    role = world.role(group.role)
    if isinstance(role, Gap):
        return Maybe((role,))
    return _trusted(role)


def _unknown_cluster(world: World, service: EcsService, group: InstanceGroup) -> bool | Maybe:
    if group.cluster is None:
        return Maybe((_unnamed(group),))
    return _registers(world, service, group)


def _trusted(role: Role) -> No | Maybe | None:
    match assumable(role, "ec2.amazonaws.com"):
        case Maybe() as open_:
            return open_
        case False:
            return not_assumable(role, by_instance=True)
        case _:
            return None


def _mismatch(world: World, service: EcsService, group: InstanceGroup) -> No:
    wanted = name_of_cluster(world, service)
    reason = f"the instances of {group.id} register with cluster {group.cluster}, and {service.id} runs in {wanted}"
    words = f"Write ECS_CLUSTER={wanted} to /etc/ecs/ecs.config in the user data of {group.id}."
    return _refusal(group.id, group.origin, INSTANCE_CLUSTER_MISMATCH, reason, words)


def _nothing(world: World, service: EcsService) -> Place:
    """Nothing that was read hosts the service: a template says nothing of other stacks, a whole account says it all."""
    wanted = name_of_cluster(world, service)
    hidden = absence(world.cloud, Thing.CONTAINER_INSTANCE)
    why = f"the container instances of cluster {wanted} lie outside what was read"
    gap = Gap(f"container instances of {service.id}", service.origin, why)
    if hidden or service.after is not None:
        return Place(service, gap, None, Maybe(hidden or (gap,)))
    reason = f"no container instance is registered with cluster {wanted}, and no Auto Scaling group launches one for it"
    words = f"Launch an instance whose user data writes ECS_CLUSTER={wanted} to /etc/ecs/ecs.config."
    bar = _refusal(service.id, service.origin, NO_CONTAINER_INSTANCE, reason, words)
    return Place(service, gap, None, bar)


def _refusal(element: str, origin: Origin, rule: Rule, reason: str, words: str) -> No:
    hop = Hop("placement", element, reason, origin)
    return No(Path((hop,)), Gate("placement", element, origin), rule, reason, Mend(words=words))
