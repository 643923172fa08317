"""Who visits a load balancer: the internet, or CloudFront on its behalf; no other service of AWS does.

By hand, from the Amazon VPC user guide ("AWS-managed prefix lists": address ranges "for AWS services") and the Amazon
CloudFront developer guide ("Use the CloudFront managed prefix list"). Each case is read twice: as a template, which
does not know the addresses in AWS's lists, and as an account, which does.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Network
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "pages"))

from fragments import base, cloud, merged

from natless.cloud import Cloud, PrefixList
from natless.finding import Blocked, Origin, Outcome, Reachable
from natless.prove import prove

HERE = Origin("hand")
S3, CLOUDFRONT, GROUND_STATION, OWN = "pl-6da54004", "pl-4fa04526", "pl-0ground", "pl-0own"
LISTS = (
    PrefixList(S3, HERE, "s3", (IPv4Network("52.216.0.0/15"),)),
    PrefixList(CLOUDFRONT, HERE, "cloudfront.origin-facing", (IPv4Network("13.32.0.0/15"),)),
    PrefixList(GROUND_STATION, HERE, "groundstation", (IPv4Network("3.2.16.0/28"),)),
    PrefixList(OWN, HERE, "", (IPv4Network("198.41.128.0/17"),)),
)


def network(*listed: str, account: bool) -> Cloud:
    """Give the small network with a load balancer that lets in these lists alone."""
    rules = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "SourcePrefixListId": each} for each in listed]
    group = {"Properties": {"SecurityGroupIngress": rules}}
    found = cloud(merged(base(), {"Resources": {"AlbGroup": group}}))
    return msgspec.structs.replace(found, prefix_lists={each.id: each for each in LISTS}) if account else found


def visited(known: Cloud) -> Outcome:
    return next(each.outcome for each in prove(known).verdicts if each.need == "internet->alb")


both = pytest.mark.parametrize("account", [False, True], ids=["template", "account"])


@both
def test_nobody_visits_from_the_addresses_of_s3(account: bool) -> None:  # noqa: FBT001
    outcome = visited(network(S3, account=account))
    assert isinstance(outcome, Blocked)
    assert (outcome.rule, outcome.gate.kind, outcome.gate.element) == (
        "NL306",
        "security-group-ingress",
        "AlbGroup",
    )


@both
def test_visitors_come_by_cloudfront_and_that_is_said(account: bool) -> None:  # noqa: FBT001
    outcome = visited(network(S3, CLOUDFRONT, account=account))
    assert isinstance(outcome, Reachable)
    assert "only CloudFront is let in" in outcome.path.forward[-1].detail


def test_another_service_of_aws_is_no_visitor() -> None:
    assert isinstance(visited(network(GROUND_STATION, account=True)), Blocked)


def test_a_list_of_ones_own_holds_visitors() -> None:
    outcome = visited(network(CLOUDFRONT, OWN, account=True))
    assert isinstance(outcome, Reachable)
    assert "CloudFront" not in outcome.path.forward[-1].detail
