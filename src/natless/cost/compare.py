"""Fargate, Fargate Spot and EC2 side by side for one service: what each is, what it costs, and which to take."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from natless.catalog.fargate import nearest, possible
from natless.catalog.instance_prices import BURSTABLE
from natless.catalog.instance_types import InstanceType, instance_type
from natless.catalog.instances import ROOT_GIB
from natless.catalog.launch import COMPARED, Launch
from natless.catalog.prices import HOURS_A_MONTH, SPOT_DISCOUNT, price
from natless.cloud import Cloud, EcsService
from natless.cost.instances import cheapest, hosting, needed, of_type
from natless.cost.sums import cents, of_size
from natless.cost.tasks import TaskSize, counts, size
from natless.finding import Gap

_FURTHER_ENDPOINTS = ("ecs-agent", "ecs-telemetry", "ecs")


class Option(msgspec.Struct, frozen=True):
    """One launch type for a service. `usd` is the range by the month, None where there is no price: `why` says which.

    `needs` says what is in the sum or comes besides. `reason` is set for the one to take, and says why.
    """

    launch: Launch
    usd: tuple[Decimal, Decimal] | None
    why: str = ""
    needs: str = ""
    reason: str = ""


def compare(cloud: Cloud, service: EcsService, hours: int = HOURS_A_MONTH) -> tuple[Option, ...]:
    """Give the options for one service: Fargate, Fargate Spot, EC2, one of them with the reason to take it."""
    often, found = counts(service), size(cloud, service)
    gap = often if isinstance(often, Gap) else found if isinstance(found, Gap) else None
    if gap is not None or isinstance(often, Gap) or isinstance(found, Gap):
        why = f"{gap.what} is not known: {gap.why}" if gap is not None else ""
        return tuple(Option(launch, None, why) for launch in COMPARED)
    fargate, spot = _serverless(cloud, service, found, often, hours)
    instances = _instances(cloud, service, hours)
    first, reason = _advice(cloud, service, fargate, instances)
    options = {"fargate": fargate, "ec2": instances}
    options[first] = msgspec.structs.replace(options[first], reason=reason)
    return options["fargate"], spot, options["ec2"]


def _serverless(
    cloud: Cloud, service: EcsService, found: TaskSize, often: tuple[int, int], hours: int
) -> tuple[Option, Option]:
    on_demand, spot, _ = COMPARED
    cpu, memory = int(found.vcpu * 1024), int(found.gb * 1024)
    larger = ""
    if not possible(cpu, memory):
        units, mib = nearest(cpu, memory)[-1]
        if units < cpu or mib < memory:
            why = f"Fargate has no task as large as {cpu} CPU units and {memory} MiB"
            return Option(on_demand, None, why), Option(spot, None, why)
        larger = f"as {units} CPU units and {mib} MiB, the nearest size of Fargate's that is enough"
        found = TaskSize(Decimal(units) / 1024, Decimal(mib) / 1024, found.arm)
    line = of_size(cloud, found, hours).line(service.id, "", service.origin, often)
    if line.usd is None:
        return Option(on_demand, None, line.why), Option(spot, None, line.why)
    least, most = line.usd, line.most or line.usd
    low, high = cents(least * (1 - SPOT_DISCOUNT[1])), cents(most * (1 - SPOT_DISCOUNT[0]))
    spare = "; ".join(filter(None, (larger, "50 to 70 % off, as AWS has spare")))
    return Option(on_demand, (least, most), needs=larger), Option(spot, (low, high), needs=spare)


def _instances(cloud: Cloud, service: EcsService, hours: int) -> Option:
    """Give EC2: the type that the tasks run on, or the one that costs least for them, with all that it asks for."""
    launch = COMPARED[2]
    kind, stands = _kind(cloud, service)
    if kind is None:
        return Option(launch, None, f"no price of an instance type that takes the tasks is held for {cloud.region}")
    many = needed(cloud, service, kind)
    if isinstance(many, Gap):
        return Option(launch, None, f"{many.what} is not known: {many.why}")
    one = of_type(cloud, kind.name, hours)
    one.add_month("gp3-gb-month", ROOT_GIB, "GiB gp3")
    line = one.line(service.id, "", service.origin, many)
    endpoints = _endpoints(cloud, hours)
    if line.usd is None or endpoints is None:
        return Option(launch, None, line.why or f"no price of interface-endpoint-hour is held for {cloud.region}")
    said = str(many[0]) if many[0] == many[1] else f"{many[0]} to {many[1]}"
    parts = [f"{said} {kind.name}{'' if stands else ', which costs least for these tasks'}, {ROOT_GIB} GiB each"]
    if kind.name.startswith(BURSTABLE):
        parts.append("long load above its CPU baseline costs more")
    if endpoints:
        parts.append(f"and the endpoints {', '.join(_FURTHER_ENDPOINTS)}, once for all services: {endpoints}")
    return Option(launch, (line.usd + endpoints, (line.most or line.usd) + endpoints), needs="; ".join(parts))


def _kind(cloud: Cloud, service: EcsService) -> tuple[InstanceType | None, bool]:
    """Give the instance type, and whether it is the one that the tasks have already."""
    if service.launch == "ec2":
        types = {group.type for group in hosting(cloud, service) if isinstance(group.type, str)}
        found = [kind for name in sorted(types) if (kind := instance_type(name)) is not None]
        if len(found) == 1:
            return found[0], True
    return cheapest(cloud, service), False


def _endpoints(cloud: Cloud, hours: int) -> Decimal | None:
    """Give what the agent's three endpoints cost in the zones of those that stand; nothing where none stand."""
    zones = max((len(each.subnets) for each in cloud.interface_endpoints.values()), default=0)
    hourly = price(cloud.region, "interface-endpoint-hour")
    if not zones:
        return Decimal(0)
    return None if hourly is None else cents(hourly.usd * zones * len(_FURTHER_ENDPOINTS) * hours)


def _advice(cloud: Cloud, service: EcsService, fargate: Option, instances: Option) -> tuple[str, str]:
    """Give which to take, and why. Fargate is first, as nobody patches it, but where figures or hardware say else."""
    kind, _ = _kind(cloud, service)
    if service.launch == "ec2" and kind is not None and kind.gpus:
        return "ec2", f"{kind.name} has GPUs, and Fargate has none"
    if fargate.usd is None or instances.usd is None:
        return "fargate", "nothing idles and nothing is patched; the figures to compare are not all held"
    less = instances.usd[0] - fargate.usd[0]
    if less >= 0:
        return "fargate", f"it costs {less} less a month than EC2, and there is no instance to patch or to fill"
    return "ec2", f"it costs {-less} less a month than Fargate, if you patch the instances and keep them full"
