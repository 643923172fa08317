"""Where a deployment's subnets are to lie: in zones that offer every endpoint service which it needs.

A spec that says how many zones leaves to CloudFormation which: the region's first ones. Where one of these lacks a
service, others are taken by their names, and a stack that stands in zones by name stays in them: what AWS offers
tomorrow moves no subnet.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from natless.deploy.calls import Connect, about_who_asks, code, message
from natless.deploy.error import DeployError
from natless.deploy.preflight import zones
from natless.deploy.stacks import Stack
from natless.design import write
from natless.design.names import ZONES
from natless.spec.model import Spec
from natless.spec.problems import quoted


def settled(spec: Spec, connect: Connect, main: Stack | None, *, ask_first: bool) -> tuple[Spec, tuple[str, ...]]:
    """Give the spec with the names of its zones, where these are not the region's first ones.

    Args:
        spec: what a person wrote. One that names its zones is given back as it is.
        connect: gives a service's boto3 client.
        main: the main stack, where there is one.
        ask_first: ask the account which zones offer what.

    Returns:
        The spec, and what a person is told of it.
    """
    if spec.network.zone_names:
        return spec, ()
    stands = main is not None and main.status not in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
    kept = [name for name in main.parameters.get(ZONES, "").split(",") if name] if main is not None else []
    wanted = spec.network.zones
    if len(kept) >= wanted:
        return _named(spec, kept[:wanted]), ()
    if not kept and (stands or not ask_first):
        return spec, ()
    try:
        return _chosen(spec, connect, kept)
    except ClientError as error:
        if about_who_asks(error):
            raise
        return _unasked(spec, kept, f"{code(error)}: {message(error)}")
    except BotoCoreError as error:
        return _unasked(spec, kept, str(error))


def _unasked(spec: Spec, kept: Sequence[str], why: str) -> tuple[Spec, tuple[str, ...]]:
    """Leave the choice to CloudFormation, where that moves nothing that stands."""
    said = f"which zones offer the endpoints could not be asked: {why}"
    if kept:
        advice = f"name the zones: those that stand are {', '.join(kept)}"
        raise DeployError(f"{spec.source} asks for {spec.network.zones} zones, and {said}", (), advice)
    return spec, (said,)


def _chosen(spec: Spec, connect: Connect, kept: Sequence[str]) -> tuple[Spec, tuple[str, ...]]:
    """Choose the first zones that offer all services, after those that are kept."""
    region = str(connect("ec2").meta.region_name)
    offered = zones.offers(connect)
    wanted = sorted(set(zones.services(write(spec), region).values()))
    usual = zones.of_region(connect)
    lacking = {zone: [each for each in wanted if zone not in offered.get(each, usual)] for zone in usual}
    count = spec.network.zones
    whole = [zone for zone in usual if not lacking[zone] and zone not in kept]
    # Where too few are whole, one that is not is refused by the preflight, with what it lacks.
    rest = [zone for zone in usual if lacking[zone] and zone not in kept]
    names = [*kept, *whole, *rest][:count]
    if names == usual[:count] or (len(whole) < count and not kept):
        return spec, ()
    passed = [zone for zone in rest if zone < names[-1] and zone not in names]
    words = [f"{zone} is left out: it does not offer {', '.join(lacking[zone])}" for zone in passed]
    said = f"the zones are {', '.join(names)}; to keep it so whatever happens to the stack: zones = ["
    return _named(spec, names), (*words, f"{said}{', '.join(map(quoted, names))}]")


def _named(spec: Spec, names: Sequence[str]) -> Spec:
    network = msgspec.structs.replace(spec.network, zone_names=tuple(names))
    return msgspec.structs.replace(spec, network=network)
