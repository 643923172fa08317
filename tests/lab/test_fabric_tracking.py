"""Which flows outlive the rule that let them in.

Expected by hand from the EC2 user guide, "Amazon EC2 security group connection tracking": "Untracked connections",
"Automatically tracked connections" and the paragraph on network ACLs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, str]:
    found: dict[str, str] = run("scenario_fabric_tracking.py")
    return found


INGRESS = "security-group-ingress sg-web"
CLIENT = "security-group-egress sg-task"
BY_RULES = {
    "open both ways, then ingress goes": INGRESS,
    "open both ways, then egress goes": "security-group-egress sg-web",
    "ingress from a CIDR goes": "passes",
    "ingress from a group goes": "passes",
    "answers to some ports only, ingress goes": "passes",
    "no egress at all, ingress goes": "passes",
    "open ingress becomes narrow, flow included": "passes",
    "open ingress becomes narrow, flow left out": INGRESS,
    "open at the client, then its egress goes": CLIENT,
    "tracked at the client, then its egress goes": "passes",
}
BY_INTERFACES = {
    "to an endpoint": "passes",
    "from a network load balancer": "passes",
    "from an application load balancer": INGRESS,
    "to S3's gateway endpoint": CLIENT,
    "to DynamoDB's gateway endpoint": "passes",
    "by a NAT gateway": "passes",
}
BY_PROTOCOL = {
    "udp, open": INGRESS,
    "icmp, open": "arrives",
    "50, open": "arrives",
    "udp, narrow": "arrives",
    "icmp, narrow": "arrives",
    "50, narrow": "arrives",
}


def test_a_flow_is_untracked_where_rules_are_open_both_ways(seen: dict[str, str]) -> None:
    assert {title: seen[title] for title in BY_RULES} == BY_RULES


def test_some_interfaces_have_all_their_flows_tracked(seen: dict[str, str]) -> None:
    assert {title: seen[title] for title in BY_INTERFACES} == BY_INTERFACES


def test_only_tcp_and_udp_are_ever_untracked(seen: dict[str, str]) -> None:
    assert {title: seen[title] for title in BY_PROTOCOL} == BY_PROTOCOL


def test_a_network_acl_cuts_what_is_tracked(seen: dict[str, str]) -> None:
    assert seen["tracked, then the network ACL denies"] == "network-acl-out acl-1"


def test_a_cut_flow_goes_on_when_its_rule_is_back(seen: dict[str, str]) -> None:
    assert (seen["cut"], seen["and mended"]) == (INGRESS, "?")
