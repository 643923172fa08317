"""The two ends of a flow, and how far a gate lets them through."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from natless.cloud import SecurityGroup, Subnet
from natless.finding import Gap, Origin
from natless.prove.addresses import Ranges, meet, minus

Quantifier: TypeAlias = Literal["all", "some", "one"]
"""`all`: every address may occur, so all must pass. `some`: it is enough that one passes. `one`: a fixed address,
known only to lie in the ranges."""


Role: TypeAlias = Literal["task", "instance", "endpoint", "balancer", "service", "internet", "other"]


class End(msgspec.Struct, frozen=True):
    """One end of a flow.

    `groups` is None where no security group applies (the internet, AWS services); `subnet` is None outside the VPC.
    `role` says what stands there, `owner` is the element it belongs to, `service` the short name of the AWS service
    that answers there.
    `public_ip` says whether an internet gateway translates for it.
    """

    label: str
    owner: str
    origin: Origin
    ranges: Ranges
    quantifier: Quantifier
    role: Role
    subnet: Subnet | None = None
    groups: tuple[SecurityGroup | Gap, ...] | None = None
    service: str = ""
    public_ip: bool | Gap = False


class Coverage(msgspec.Struct, frozen=True):
    """The addresses of one end that a gate lets through: `sure`ly, and `possible` once `gaps` are read.

    `detail` says what let them through, `instead` what would have, `denier` what stopped the rest.
    """

    sure: Ranges
    possible: Ranges
    gaps: tuple[Gap, ...] = ()
    detail: str = ""
    denier: Origin | None = None
    instead: tuple[str, ...] = ()


def stopped(end: End, possible: Ranges) -> bool:
    """Say whether an end is stopped when only `possible` of its addresses may still pass."""
    if end.quantifier == "all":
        return bool(minus(end.ranges, possible))
    return not meet(end.ranges, possible)


def passed(end: End, sure: Ranges) -> bool:
    """Say whether an end passes for sure when `sure` of its addresses do."""
    if end.quantifier == "some":
        return bool(meet(end.ranges, sure))
    return not minus(end.ranges, sure)
