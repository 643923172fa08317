"""Hello behind a network load balancer, worked out by hand.

Network load balancer guide: "Update the security groups for your Network Load Balancer" (one made without groups has
none, and targets then must let its addresses in), "Client IP preservation" (off for ip targets by TCP).
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from natless import load
from natless.finding import Blocked, Reachable, Unknown
from natless.prove import Promises, prove

HELLO = json.loads((Path(__file__).parents[2] / "golden" / "hello.main.json").read_text(encoding="utf-8"))
PARAMETERS = {"WebImageDigest": "${WebImageDigest}", "S3PrefixListId": "pl-78a54011"}
NEEDS = ("internet->alb", "alb->task")


def network(*, groups: bool, protocol: str = "TCP") -> dict[str, Any]:
    """Give hello's template with its load balancer made a network one."""
    template: dict[str, Any] = copy.deepcopy(HELLO)
    resources = template["Resources"]
    balancer = resources["Alb"]["Properties"]
    balancer["Type"] = "network"
    if not groups:
        del balancer["SecurityGroups"]
    resources["HttpListener"]["Properties"]["Protocol"] = protocol
    group = resources["WebTargetGroup"]["Properties"]
    group["Protocol"] = "TCP"
    for name in ("Matcher", "HealthCheckPath"):
        group.pop(name, None)
    return template


def outcomes(template: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(template, indent=1)
    cloud = load.cloudformation(text, "hello.json", PARAMETERS, "ap-northeast-2", None)
    found = prove(cloud, Promises(private=True))
    return {each.need: each.outcome for each in found.verdicts if each.need in NEEDS}


def let_in(template: dict[str, Any], cidr: str) -> None:
    rule = copy.deepcopy(template["Resources"]["WebTaskGroupIngressAlb"])
    del rule["Properties"]["SourceSecurityGroupId"]
    rule["Properties"]["CidrIp"] = cidr
    template["Resources"]["FromBalancer"] = rule


def test_with_groups_it_is_walked_as_any_other() -> None:
    found = outcomes(network(groups=True))
    assert {need: type(found[need]) for need in NEEDS} == dict.fromkeys(NEEDS, Reachable)


def test_without_groups_nothing_filters_at_it_and_tasks_must_name_its_addresses() -> None:
    template = network(groups=False)
    found = outcomes(template)
    assert isinstance(found["internet->alb"], Reachable)
    assert isinstance(found["alb->task"], Blocked)
    assert found["alb->task"].gate.element == "WebTaskGroup"
    let_in(template, "10.0.0.0/16")
    assert isinstance(outcomes(template)["alb->task"], Reachable)


def test_the_internet_meets_its_groups() -> None:
    template = network(groups=True)
    del template["Resources"]["AlbGroupIngressHttp"]
    found = outcomes(template)
    assert isinstance(found["internet->alb"], Blocked)
    assert found["internet->alb"].gate.element == "AlbGroup"


@pytest.mark.parametrize(("value", "kind"), [("true", Unknown), ("false", Reachable)])
def test_targets_that_see_clients_are_not_walked(value: str, kind: type) -> None:
    template = network(groups=True)
    attributes = template["Resources"]["WebTargetGroup"]["Properties"].setdefault("TargetGroupAttributes", [])
    attributes.append({"Key": "preserve_client_ip.enabled", "Value": value})
    assert isinstance(outcomes(template)["alb->task"], kind)


def test_udp_is_not_walked() -> None:
    assert isinstance(outcomes(network(groups=True, protocol="UDP"))["internet->alb"], Unknown)


@pytest.mark.parametrize(
    ("attributes", "kind"), [([("preserve_client_ip.enabled", "false")], bool), (None, type(None))]
)
def test_what_an_account_does_not_say_of_it_is_a_gap(attributes: list[tuple[str, str]] | None, kind: type) -> None:
    group = {
        "TargetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/w/1",
        "Protocol": "TCP",
        "Port": 80,
        "VpcId": "vpc-1",
        "TargetType": "ip",
    }
    if attributes is not None:
        group["Attributes"] = [{"Key": key, "Value": value} for key, value in attributes]
    cloud = load.describe({"TargetGroups": [group]}, "account")
    [found] = cloud.target_groups.values()
    assert (found.keeps_client is False) == (kind is bool)
