"""Endpoint services: names from the AWS PrivateLink guide and the endpoint tables of the AWS General Reference."""

from __future__ import annotations

import pytest

from natless.catalog.managed_policies import managed_policy
from natless.catalog.needs import NEEDS
from natless.catalog.services import SERVICES, by_action, by_host, matches, service


@pytest.mark.parametrize(
    ("host", "short"),
    [
        ("api.ecr.eu-west-1.amazonaws.com", "ecr.api"),
        ("123456789012.dkr.ecr.ap-northeast-2.amazonaws.com", "ecr.dkr"),
        ("prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com", "s3"),
        ("s3.us-gov-west-1.amazonaws.com", "s3"),
        ("LOGS.eu-central-1.amazonaws.com.", "logs"),
        ("firehose.us-east-2.amazonaws.com", "kinesis-firehose"),
        ("monitoring.us-east-2.amazonaws.com", "monitoring"),
        ("ecs-a-1.us-east-2.amazonaws.com", "ecs-agent"),
        ("api.ecr.cn-north-1.amazonaws.com.cn", "ecr.api"),
    ],
)
def test_a_host_leads_to_its_service(host: str, short: str) -> None:
    found = by_host(host)
    assert found is not None
    assert found.short == short


@pytest.mark.parametrize("host", ["example.com", "registry-1.docker.io", "public.ecr.aws", "amazonaws.com"])
def test_other_hosts_lead_nowhere(host: str) -> None:
    assert by_host(host) is None


def test_private_dns_answers_in_its_own_region_only() -> None:
    logs = service("logs")
    assert logs is not None
    assert matches(logs, "logs.eu-west-1.amazonaws.com", "eu-west-1")
    assert not matches(logs, "logs.us-east-1.amazonaws.com", "eu-west-1")


def test_every_service_answers_for_the_host_it_gives() -> None:
    for known in SERVICES:
        if "*" in known.host("eu-west-1", "123456789012"):
            continue
        assert by_host(known.host("eu-west-1", "123456789012")) == known


def test_short_names_are_unique_and_cover_every_need() -> None:
    shorts = [known.short for known in SERVICES]
    assert len(set(shorts)) == len(shorts)
    for need in NEEDS:
        known = service(need.endpoint)
        assert known is not None
        assert known.kind == need.kind


def test_actions_lead_to_the_endpoint_that_answers_them() -> None:
    names = {prefix: found.short for prefix in ("sqs", "cloudwatch", "firehose") if (found := by_action(prefix))}
    assert names == {"sqs": "sqs", "cloudwatch": "monitoring", "firehose": "kinesis-firehose"}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "${AWS::Partition}"])
def test_managed_policies_are_found_in_any_partition(partition: str) -> None:
    found = managed_policy(f"arn:{partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    assert found is not None
    assert "ecr:GetAuthorizationToken" in found.actions
    assert managed_policy(f"arn:{partition}:iam::123456789012:policy/AmazonECSTaskExecutionRolePolicy") is None
