"""Packets through the fabric are decided as AWS decides them.

Expected by hand from the VPC user guide ("Security groups", "Network ACLs", "Configure route tables", "Internet
gateways", "NAT gateways") and the PrivateLink guide ("Gateway endpoints"). `refused` is a TCP
reset: both ways are open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_fabric.py")
    return found


GROUPS = {
    "task to endpoint": "refused",
    "task to endpoint, other port": "silent security-group-egress sg-task",
    "task to S3": "refused",
    "task to anybody": "silent security-group-egress sg-task",
    "load balancer to task": "refused",
    "endpoint to task": "silent security-group-egress sg-endpoint",
    "one group on both ends, no rule": "silent security-group-egress sg-task",
    "visitor to load balancer": "refused",
    "visitor to load balancer, other port": "silent security-group-ingress sg-alb",
    "udp to endpoint": "silent",
    "wide udp to endpoint": "refused",
}
ROUTES = {
    "wide task to anybody": "silent route rtb-private",
    "wide task to nobody of its VPC": "silent no-interface",
    "wide load balancer to anybody": "refused",
    "S3 without endpoint": "silent route rtb-private",
    "S3 from the implicit main table": "silent route rtb-main",
    "S3 from the private table": "refused",
    "gateway route, no public address": "silent route rtb-private",
    "gateway taken off": "silent route rtb-public",
    "visitor, gateway taken off": "silent",
    "public task to the load balancer's public address": "refused",
    "by the NAT gateway": "refused",
    "address behind the NAT gateway": "54.214.0.7",
}
ACLS = {
    "acl both ways": "refused",
    "acl both ways, S3": "refused",
    "acl without the answer's ports": "silent network-acl-in acl-own",
    "acl is not asked within a subnet": "refused",
    "acl without the way out": "silent network-acl-out acl-own",
    "acl, a lower deny first": "silent network-acl-out acl-own",
    "acl, a higher deny is not reached": "refused",
    "acl of the other subnet, in": "silent network-acl-in acl-own",
    "acl of the other subnet, the answer": "silent network-acl-out acl-own",
}


def test_groups_filter_new_flows_of_their_members(seen: dict[str, Any]) -> None:
    assert {title: seen[title] for title in GROUPS} == GROUPS
    assert seen["unmodelled"] == []


def test_routes_lead_where_the_subnets_table_says_and_else_nowhere(seen: dict[str, Any]) -> None:
    assert {title: seen[title] for title in ROUTES} == ROUTES


def test_network_acls_see_both_directions_and_nothing_within_a_subnet(seen: dict[str, Any]) -> None:
    assert {title: seen[title] for title in ACLS} == ACLS


def test_a_change_leaves_flows_and_namespaces_that_stand(seen: dict[str, Any]) -> None:
    assert seen["a flow that stands"] == "still here"
    assert seen["the task's namespace was kept"] is True
    assert seen["a new flow after the rule went"] == "silent security-group-ingress sg-endpoint"
    assert seen["from a new interface"] == "refused"
    assert seen["after the change was undone"] == "refused"
    assert seen["a removed interface"] == "eni-new is no ENI or VPC that stands in the lab"


def test_a_drop_is_recorded_with_its_gate(seen: dict[str, Any]) -> None:
    assert seen["the record"] == ["tcp", "10.0.11.5", "10.0.12.5", 22, "security-group-egress", "sg-task"]


def test_two_vpcs_with_the_same_addresses_are_two_networks(seen: dict[str, Any]) -> None:
    assert seen["in the first VPC"] == "refused"
    assert seen["in its twin"] == "silent no-interface"
    assert (seen["S3 from the first"], seen["S3 from its twin"]) == ("refused", "refused")
    assert seen["whence, as S3 sees it"] == ["vpc-1", "vpc-2"]
    assert seen["the first, without its twin"] == "refused"


def test_rules_of_any_number_reach_the_kernel(seen: dict[str, Any]) -> None:
    assert seen["characters of rules"] > 300_000
    assert seen["through 6000 rules"] == "refused"
    assert seen["not through 6000 rules"] == "silent security-group-egress sg-task"
    assert seen["after 6000 rules"] == "silent security-group-egress sg-task"
