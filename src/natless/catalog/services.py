"""AWS services that a VPC endpoint serves: short names, kinds, DNS names, and whether endpoint policies work.

The short name is what AWS gives after the region in the endpoint service's name: `ecr.api` for
`com.amazonaws.ap-northeast-2.ecr.api`.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from natless.catalog.source import Source

_TABLE = Source(
    "AWS PrivateLink guide, 'AWS services that integrate with AWS PrivateLink', and describe-vpc-endpoint-services",
    "2026-11",
)
_AGENT = Source(
    "Amazon ECS Developer Guide, 'Amazon ECS interface VPC endpoints'; reports of 2018 say no policy", "2026-11"
)
_GATEWAY = Source("AWS PrivateLink guide, 'Gateway endpoints'", "2026-11")


class EndpointService(msgspec.Struct, frozen=True):
    """One AWS service behind a VPC endpoint.

    `hosts` are the public DNS names that private DNS captures (interface) or that resolve to the prefix list's
    addresses (gateway), with `{region}`, `{account}` and `{suffix}` (`amazonaws.com`) to be filled in; a leading `*.`
    stands for one or more labels. `action` is the prefix of its IAM actions, "" where there are none.
    `policy` says whether the endpoint takes a policy (`VpcEndpointPolicySupported`).
    """

    short: str
    kind: Literal["interface", "gateway"]
    hosts: tuple[str, ...]
    action: str = ""
    policy: bool = True
    source: Source = _TABLE

    def host(self, region: str, account: str = "") -> str:
        """Give the name that a task asks for; the account is only used by `ecr.dkr`."""
        return (
            self.hosts[0]
            .replace("*.dkr", "{account}.dkr")
            .format(region=region, account=account, suffix=suffix(region))
        )


def suffix(region: str) -> str:
    """Give the DNS suffix of the region's partition."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _plain(short: str, label: str = "", action: str = "") -> EndpointService:
    label = label or short
    return EndpointService(short, "interface", (label + ".{region}.{suffix}",), action or short)


SERVICES: tuple[EndpointService, ...] = (
    EndpointService("ecr.api", "interface", ("api.ecr.{region}.{suffix}",), "ecr"),
    EndpointService("ecr.dkr", "interface", ("*.dkr.ecr.{region}.{suffix}",), "ecr"),
    EndpointService("s3", "gateway", ("s3.{region}.{suffix}", "*.s3.{region}.{suffix}"), "s3", source=_GATEWAY),
    EndpointService("dynamodb", "gateway", ("dynamodb.{region}.{suffix}",), "dynamodb", source=_GATEWAY),
    _plain("logs"),
    _plain("secretsmanager"),
    _plain("ssm"),
    _plain("ssmmessages"),
    _plain("ec2messages"),
    _plain("kms"),
    _plain("sts"),
    _plain("sqs"),
    _plain("sns"),
    _plain("events"),
    _plain("states"),
    _plain("xray"),
    _plain("lambda"),
    _plain("monitoring", action="cloudwatch"),
    _plain("kinesis-streams", "kinesis", "kinesis"),
    _plain("kinesis-firehose", "firehose", "firehose"),
    _plain("elasticfilesystem"),
    _plain("servicediscovery"),
    _plain("athena"),
    _plain("glue"),
    _plain("rds"),
    _plain("bedrock-runtime", action="bedrock"),
    _plain("ecs"),
    EndpointService("ecs-agent", "interface", ("ecs-a-*.{region}.{suffix}",), "", policy=False, source=_AGENT),
    EndpointService("ecs-telemetry", "interface", ("ecs-t-*.{region}.{suffix}",), "", policy=False, source=_AGENT),
)

_BY_SHORT = {service.short: service for service in SERVICES}


def service(short: str) -> EndpointService | None:
    """Give the service of a short name, or None where the catalog does not hold it."""
    return _BY_SHORT.get(short)


def by_action(prefix: str) -> EndpointService | None:
    """Give the service that answers IAM actions of a prefix (`sqs`), the first one where several do."""
    return next((found for found in SERVICES if found.action == prefix), None)


def by_host(host: str) -> EndpointService | None:
    """Give the service that answers at a DNS name (`api.ecr.eu-west-1.amazonaws.com`), or None."""
    host = host.lower().rstrip(".")
    for pattern, found in _patterns():
        if pattern.fullmatch(host):
            return found
    return None


def _patterns() -> tuple[tuple[re.Pattern[str], EndpointService], ...]:
    if not _PATTERNS:
        _PATTERNS.extend((_pattern(host), found) for found in SERVICES for host in found.hosts)
    return tuple(_PATTERNS)


_PATTERNS: list[tuple[re.Pattern[str], EndpointService]] = []


def _pattern(host: str) -> re.Pattern[str]:
    text = re.escape(host).replace(r"\*", "[a-z0-9.-]+").replace(r"\{region\}", "[a-z]{2}(-[a-z]+)+-[0-9]+")
    return re.compile(text.replace(r"\{suffix\}", r"amazonaws\.com(\.cn)?"))


def matches(found: EndpointService, host: str, region: str) -> bool:
    """Say whether private DNS of `found` in `region` answers for `host`."""
    host = host.lower().rstrip(".")
    return any(
        re.fullmatch(
            re.escape(text.format(region=region, account="", suffix=suffix(region))).replace(r"\*", "[a-z0-9.-]+"), host
        )
        for text in found.hosts
    )
