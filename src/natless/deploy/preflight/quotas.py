"""Quotas that have no room for what would be made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from natless.catalog.quotas import (
    BALANCERS_LIMIT,
    ELASTIC_ADDRESSES,
    FARGATE_CPUS,
    GATEWAY_ENDPOINTS,
    INTERNET_GATEWAYS,
    VPCS,
    Quota,
)
from natless.deploy.calls import pages
from natless.deploy.preflight.ground import Ground
from natless.finding import Finding
from natless.finding.rules import QUOTA_PASSED

_CPU_UNITS = 1024

_GATEWAY = [{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]

_COUNTED: tuple[tuple[Quota, str, str, str, dict[str, Any]], ...] = (
    (VPCS, "AWS::EC2::VPC", "describe_vpcs", "Vpcs", {}),
    (INTERNET_GATEWAYS, "AWS::EC2::InternetGateway", "describe_internet_gateways", "InternetGateways", {}),
    (ELASTIC_ADDRESSES, "AWS::EC2::EIP", "describe_addresses", "Addresses", {}),
    (GATEWAY_ENDPOINTS, "AWS::EC2::VPCEndpoint", "describe_vpc_endpoints", "VpcEndpoints", {"Filters": _GATEWAY}),
)
"""Quota, the type that counts against it, and the call that counts what stands."""


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding for each quota that would be passed."""
    for quota, kind, operation, result, arguments in _COUNTED:
        made = sum(_counts(body, kind, quota) for _, body in _new(ground))
        if made:
            limit = _quota(ground, quota)
            stands = ground.ask(quota.name, partial(_count, ground, operation, result, arguments))
            if limit is not None and stands is not None and stands + made > limit:
                yield _passed(ground, ground.types[kind], quota, f"{stands} stand, {made} more would", limit)
    yield from _balancers(ground)
    yield from _fargate(ground)


def _new(ground: Ground) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the resources of the main template that do not stand yet."""
    return ((name, body) for name, body in ground.design.main["Resources"].items() if name not in ground.standing)


def _counts(body: dict[str, Any], kind: str, quota: Quota) -> bool:
    if body["Type"] != kind:
        return False
    return quota is not GATEWAY_ENDPOINTS or body["Properties"].get("VpcEndpointType") == "Gateway"


def _count(ground: Ground, operation: str, result: str, arguments: dict[str, Any]) -> int:
    return sum(1 for _ in pages(ground.connect("ec2"), operation, result, **arguments))


def _quota(ground: Ground, quota: Quota) -> float | None:
    client = ground.connect("service-quotas")
    answer = ground.ask(
        f"the quota '{quota.name}'",
        lambda: client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code),
    )
    return float(answer["Quota"]["Value"]) if answer is not None else None


def _passed(ground: Ground, subject: str, quota: Quota, how: str, limit: float) -> Finding:
    return ground.finding(
        QUOTA_PASSED,
        subject,
        f"the quota '{quota.name}' is {limit:g} in {ground.region}: {how}",
        fix=f"aws service-quotas request-service-quota-increase --region {ground.region} "
        f"--service-code {quota.service} --quota-code {quota.code} --desired-value {limit + 5:g}",
    )


def _balancers(ground: Ground) -> Iterator[Finding]:
    made = [name for name, body in _new(ground) if body["Type"] == "AWS::ElasticLoadBalancingV2::LoadBalancer"]
    if not made:
        return
    client = ground.connect("elbv2")
    limits = ground.ask("load balancers' quotas", lambda: list(pages(client, "describe_account_limits", "Limits")))
    stand = ground.ask("load balancers", lambda: list(pages(client, "describe_load_balancers", "LoadBalancers")))
    limit = next((int(each["Max"]) for each in limits or () if each["Name"] == BALANCERS_LIMIT), None)
    if limit is None or stand is None:
        return
    stands = sum(each.get("Type") == "application" for each in stand)
    if stands + len(made) > limit:
        yield ground.finding(
            QUOTA_PASSED,
            made[0],
            f"the quota '{BALANCERS_LIMIT}' is {limit} in {ground.region}: {stands} stand, {len(made)} more would",
        )


def _fargate(ground: Ground) -> Iterator[Finding]:
    """Hold the tasks' CPUs against the quota: a new account's may be as small as 6, or less."""
    wanted = sum(service.count.max * service.cpu / _CPU_UNITS for service in ground.spec.services)
    limit = _quota(ground, FARGATE_CPUS)
    if limit is not None and wanted > limit:
        subject = ground.types["AWS::ECS::Service"]
        yield _passed(ground, subject, FARGATE_CPUS, f"the tasks alone may want {wanted:g} vCPU", limit)
